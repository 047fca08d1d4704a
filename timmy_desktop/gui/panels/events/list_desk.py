"""Answers the list: counts and reads off the window's thread, follows what comes, drops what is late."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from timmy_desktop.gui.panels.events.model import EventsModel
from timmy_desktop.gui.panels.events.reader import EventReader, Newer
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.storage.event_counts import Histogram
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.storage.event_positions import Order, Positions, Query, Segment, parts
from timmy_desktop.storage.event_rows import LogRow

MOST_AT_ONCE = 50_000
"""More than this came at once: the list is asked for anew."""
_MOST_COUNTED = 100_000


class ListDesk(QObject):
    """One list at a time; `ask` begins another one."""

    shown = Signal()
    """The beginning of the list is there."""
    counted = Signal(int, bool)
    """How many match, and whether all were counted."""
    failed = Signal(str)
    histogram_ready = Signal(object)
    marks_ready = Signal(list)
    """Rows at which errors stand, and how many."""
    came = Signal(int)
    """So many rows came on top."""
    waiting_changed = Signal(int)
    """So many wait above the list, which is not at its top."""

    def __init__(self, model: EventsModel, reader: EventReader, tasks: SlotTasks) -> None:
        super().__init__()
        self._model, self._tasks = model, tasks
        self.reader = reader
        self.wanted, self.order = EventFilter(), Order()
        self._query: Query | None = None
        self._seen, self._stale = 0, False
        self.complete = False
        self.is_following: Callable[[], bool] = lambda: True
        model.rows_wanted.connect(self._read_rows)

    @property
    def query(self) -> Query | None:
        """What the list answers."""
        return self._query

    @property
    def can_follow(self) -> bool:
        return self.order.is_newest_first and (self.wanted.until_us is None or self.wanted.outside)

    def ask(self, wanted: EventFilter, order: Order) -> None:
        """Another list; what was under way for the one before is dropped."""
        self.wanted, self.order, self.complete = wanted, order, False
        for name in ("page", "newer", "marks", "histogram"):
            self._tasks.cancel(name)
        self._tasks.start("list", self._list(wanted, order), self._listed, failed=self._fail)

    def ask_again(self) -> None:
        self.ask(self.wanted, self.order)

    def follow(self) -> None:
        """Something happened: shows it, or counts it where the person is reading further down."""
        if self._query is None or not self.can_follow or not self.complete:
            self._stale = True
            return
        if self._tasks.running("newer"):
            self._stale = True
            return
        self._stale = False
        self._tasks.start(
            "newer", self.reader.newer(self._query, self._seen), self._show_newer, failed=self._fail
        )

    def ask_histogram(self) -> None:
        """The bars for what is asked for, over its range or all of the log."""
        if self._query is not None and not self._tasks.running("histogram"):
            self._tasks.start("histogram", self._histogram(self._query), self.histogram_ready.emit)

    async def row_of(self, seq: int) -> int:
        """Where an event stands in the list; -1 where it does not, or the list is not by time."""
        if self._query is None or self.order.key != "time":
            return -1
        wanted, positions = self._query.wanted, self._model.positions
        for place, segment in enumerate(positions.segments):
            if segment.low <= seq <= segment.high:
                start = positions.before(place)
                rows = await self.reader.page(self._query, positions, start, segment.matches)
                found = next((at for at, row in enumerate(rows) if row.seq == seq), -1)
                return start + found if found >= 0 and wanted == self.wanted else -1
        return -1

    async def _list(self, wanted: EventFilter, order: Order) -> tuple[Query, list[Segment]]:
        query = await self.reader.query(wanted, order)
        segments: list[Segment] = []
        is_first = True
        for low, high in parts(query):
            segments += await self.reader.count(query, low, high)
            if is_first and not segments:
                continue
            if is_first:
                is_first = False
                self._begin(query, segments)
            else:
                self._model.extend(Positions(segments))
            self.counted.emit(self._model.rowCount(), False)
        if is_first:
            self._begin(query, segments)
        return query, segments

    def _begin(self, query: Query, segments: list[Segment]) -> None:
        self._query, self._seen = query, query.last
        self._model.show(Positions(segments))
        self.shown.emit()

    def _listed(self, _: object) -> None:
        self.complete = True
        self.counted.emit(self._model.rowCount(), True)
        if self._query is not None and self.order.is_newest_first:
            self._tasks.start("marks", self.reader.errors(self._query), self._show_marks)
        else:
            self.marks_ready.emit([])
        self.ask_histogram()
        if self._stale:
            self.follow()

    def _show_marks(self, segments: list[Segment]) -> None:
        self.marks_ready.emit(self._model.positions.rows_of(segments))

    async def _histogram(self, query: Query) -> Histogram:
        extent = await self.reader.extent()
        wanted = EventFilter() if query.wanted.outside else query.wanted
        since = wanted.since_us if wanted.since_us is not None else extent.since_us
        until = wanted.until_us if wanted.until_us is not None else extent.until_us + 1
        return await self.reader.histogram(query, since, max(until, since + 1))

    def _show_newer(self, newer: Newer) -> None:
        if not self.is_following():
            self.waiting_changed.emit(min(newer.count, _MOST_COUNTED))
        elif newer.count > MOST_AT_ONCE:
            self.ask_again()
        else:
            self._seen = newer.last
            self._model.prepend(newer.segments, newer.rows)
            self.waiting_changed.emit(0)
            self.came.emit(newer.count)
        if self._stale:
            self.follow()

    def _read_rows(self, first: int, count: int) -> None:
        if self._query is None:
            return
        anchor = self._model.above
        work = self.reader.page(self._query, self._model.positions, first, count)

        def put(rows: Sequence[LogRow]) -> None:
            self._model.came()
            self._model.put(first + self._model.above - anchor, rows)

        self._tasks.start("page", work, put, failed=self._fail)

    def _fail(self, error: Exception) -> None:
        self._model.came()
        self.failed.emit(str(error))
