"""The Events dock: the list, a task's story, the summary and the chain, and the ways between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.system import LogPruned
from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenTask, Panel
from timmy_desktop.gui.panels.events.asking import conditions_of
from timmy_desktop.gui.panels.events.chain_desk import ChainParts
from timmy_desktop.gui.panels.events.chain_wiring import ChainWiring
from timmy_desktop.gui.panels.events.columns import Names
from timmy_desktop.gui.panels.events.deeds import Deeds
from timmy_desktop.gui.panels.events.list_desk import ListDesk
from timmy_desktop.gui.panels.events.list_page import ListPage
from timmy_desktop.gui.panels.events.model import EventsModel
from timmy_desktop.gui.panels.events.reader import EventReader
from timmy_desktop.gui.panels.events.relations import LEADING_TYPES, Relation
from timmy_desktop.gui.panels.events.story import story_of
from timmy_desktop.gui.panels.events.story_view import StoryPage
from timmy_desktop.gui.panels.events.summary_page import SummaryPage, lines_of
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.parts import glyph_button
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_filter import Condition, EventFilter, severity_of
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_positions import Order
from timmy_desktop.storage.event_rows import LogRow
from timmy_desktop.supervisor import TaskSupervisor

LOG, SUMMARY, CHAIN = range(3)
_MOST_WAITING = 100_000
_HISTOGRAM_SECONDS = 3
_MINUTE_US = 60_000_000


class EventsPanel(Panel):
    """Follows while it is on screen; everything that reads runs off the window's thread."""

    def __init__(
        self,
        *,
        bus: Bus,
        database: Database,
        index: EventIndex,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        names: Names,
        now_us: Callable[[], int],
        chain: ChainParts,
    ) -> None:
        super().__init__()
        self._names, self._now_us, self._keepsakes = dict(names), now_us, keepsakes
        self._tasks = SlotTasks.of(self, supervisor, "events")
        self._log_reader = EventReader(database)
        self.model = EventsModel(self._names, self)
        self.desk = ListDesk(self.model, self._log_reader, self._tasks)
        self.deeds = Deeds(self, self._tasks, chain)
        self.chain = ChainWiring(self, self._tasks, chain)
        self._chips, self._typed = EventFilter(), tuple[Condition, ...]()
        self._following, self._ticks, self._fault, self._stale = True, 0, "", False
        self._build()
        self._wire()
        self.page.bar.offers_proof = self.deeds.can_prove
        self._stop_index = index.on_progress(self._index_moved)
        self.bridge = EventBridge(bus, self, batch=100)
        self.bridge.batch_ready.connect(self._happened)
        self._ask()
        self._refresh_choices()

    # What the window calls

    def title_tools(self) -> list[QWidget]:
        return [self.verify_tool]

    def focus_first(self) -> None:
        self.page.table.setFocus()

    def palette_actions(self) -> list[QAction]:
        return self._actions

    def settle(self) -> bool:
        return not (self._tasks.running() or self.page.bar.waiting or self.model.waiting)

    def show_part(self, part: str) -> bool:
        """`search:TEXT` as it would be typed, `story:TASK`, `summary`, `chain` (verified)."""
        name, _, rest = part.partition(":")
        if name == "search":
            self._keep_words(conditions_of(rest))
        elif name == "story":
            self.show_story(rest)
        elif name == "summary":
            self.tabs.setCurrentIndex(SUMMARY)
        elif name == "chain":
            self.chain.show_and_verify()
        return name in ("search", "story", "summary", "chain")

    def stop(self) -> None:
        self._keep_columns()
        self.bridge.stop()
        self._stop_index()
        self._tasks.stop()
        self.model.stop()
        self.page.bar.stop()
        self.page.busy.finish()
        self.deeds.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._stale = False
            self.desk.follow()

    # Asking

    @property
    def wanted(self) -> EventFilter:
        """The chips, and what is typed."""
        return replace(self._chips, conditions=(*self._chips.conditions, *self._typed))

    @property
    def following(self) -> bool:
        return self._following and self.page.table.at_top and self.desk.can_follow

    @property
    def reader(self) -> EventReader:
        """Of the log, or of the archive that is open."""
        return self.desk.reader

    def filter_by(self, wanted: EventFilter) -> None:
        """These chips and no others."""
        self._chips = wanted
        self.page.chips.show_filter(wanted)
        self.tabs.setCurrentIndex(LOG)
        self.pages.setCurrentWidget(self.page)
        self._ask()

    def add_filter(self, condition: Condition) -> None:
        """One chip more."""
        self.filter_by(self._chips.with_condition(condition))

    def clear_filters(self) -> None:
        self.page.bar.field.clear()
        self._typed = ()
        self.filter_by(EventFilter())

    def sort_by(self, order: Order) -> None:
        self.page.table.show_order(order)
        self.desk.ask(self.wanted, order)
        self.page.table.scrollToTop()

    def resume(self) -> None:
        """Back to the newest, and on from there."""
        if not self.desk.order.is_newest_first:
            self.sort_by(Order())
        self._following = True
        self.page.bar.follow_button.setChecked(True)
        self.page.table.scrollToTop()
        self.page.show_new(0, _MOST_WAITING)
        self._show_following()
        self.desk.follow()

    def read_from(self, reader: EventReader, words: str = "") -> None:
        """Another log in the place of this one; `words` say which, and are shown while it is there."""
        self.desk.reader = reader
        self.page.bar.offers_proof = self.deeds.can_prove and self.reads_log
        self.page.table.delegate.forget()
        self.page.notice.say(words, "info", action="Back to the log" if words else None)
        self._typed = ()
        self.page.bar.field.clear()
        self.page.show_detail(False)
        self.filter_by(EventFilter())
        self._refresh_choices()

    def read_log(self) -> None:
        """This log again."""
        self.deeds.close_archive()
        self.read_from(self._log_reader)

    @property
    def reads_log(self) -> bool:
        return self.desk.reader is self._log_reader

    def show_event(self, seq: int) -> None:
        """Its details; and its row, where it stands in the list."""
        self.pages.setCurrentWidget(self.page)
        self._read_detail(seq)
        self._tasks.start("jump", self.desk.row_of(seq), self._jump)

    def show_story(self, task_id: str) -> None:
        """In the place of the list."""

        def show(rows: Sequence[LogRow]) -> None:
            self.story.show_story(task_id, story_of(rows, self._names), len(rows))
            self.tabs.setCurrentIndex(LOG)
            self.pages.setCurrentWidget(self.story)
            self.story.list.setFocus()

        self._tasks.start("story", self.reader.task(task_id), show)

    def _ask(self) -> None:
        self.page.busy.start("Looking through the log")
        self._fault = ""
        self.page.table.delegate.words = self.wanted.words
        self.desk.ask(self.wanted, self.desk.order)
        self.page.table.scrollToTop()

    def _refresh_choices(self) -> None:
        self._tasks.start("choices", self.reader.choices(), self._show_choices)
        self._tasks.start("saved", self._log_reader.saved(), self.page.bar.show_saved)

    def _show_choices(self, choices: object) -> None:
        self.page.bar.show_choices(choices)  # type: ignore[arg-type]
        if self.reads_log:
            self.chain.offer_types([one.type for one in choices.types])  # type: ignore[attr-defined]

    # Following

    def _happened(self, records: Sequence[EventRecord]) -> None:
        if not self.reads_log:
            return
        if any(isinstance(record.event, LogPruned) for record in records):
            self.desk.ask_again()
        elif self.isVisible():
            self.desk.follow()
        else:
            self._stale = True

    def _index_moved(self) -> None:
        if self.desk.wanted.words and self.reads_log and self.isVisible():
            self.desk.follow()

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _HISTOGRAM_SECONDS == 0 and self.following and self.bridge.total:
            self.desk.ask_histogram()
        if self.tabs.currentIndex() == SUMMARY and self._ticks % _HISTOGRAM_SECONDS == 0:
            self._refresh_summary()
        if self.tabs.currentIndex() == CHAIN:
            self.chain.show_head()

    def _show_following(self) -> None:
        """The button says what is so, wherever the list was scrolled to."""
        with QSignalBlocker(self.page.bar.follow_button):
            self.page.bar.follow_button.setChecked(self.following)

    def _scrolled(self) -> None:
        self._show_following()
        if self.page.table.at_top and self.desk.can_follow and self._following and self._waiting:
            self.desk.follow()

    def _show_waiting(self, number: int) -> None:
        self._waiting = number
        self.page.show_new(number, _MOST_WAITING)

    _waiting = 0

    # Showing

    def _show_counted(self, total: int, complete: bool) -> None:
        words = count(total, "event")
        self.page.total.setText(words if complete else f"{words} so far…")
        self.subtitle_changed.emit(f"{total:,}" if complete else "")
        if complete:
            self.page.busy.finish()
            self._show_state()

    def _show_shown(self) -> None:
        self._show_following()
        self._show_state()

    def _show_state(self) -> None:
        if self.model.rowCount():
            self.page.show_list()
            return
        if not self.desk.complete:
            return
        if self.wanted.is_empty:
            text = "All that the swarm, the models, the ledger and the memory do is written here, for good."
            self.page.state.show_state("events", "The log is empty", text)
        else:
            choices = [("Show everything", self.clear_filters)]
            self.page.state.show_state(
                "filter", "Nothing matches", "No event passes all of these filters.", choices
            )
        self.page.show_state()

    def _show_fault(self, words: str) -> None:
        self.page.busy.finish()
        self._fault = words
        self.page.state.show_state(
            "bad", "The log can't be read", words, [("Try again", self._ask)], tone="bad"
        )
        self.page.show_state()

    def _show_marks(self, marks: list[tuple[int, int]]) -> None:
        self.page.table.marks.show_marks(self.model.rowCount(), marks)

    def _show_histogram(self, histogram: object) -> None:
        zoomed = self._chips.has_range and not self._chips.outside
        self.page.histogram.show_histogram(histogram, zoomed=zoomed)  # type: ignore[arg-type]

    def _zoom(self, since_us: int | None, until_us: int | None) -> None:
        self.filter_by(self._chips.over(since_us, until_us))

    def _came(self, rows: int) -> None:
        self.page.table.marks.shift(rows)
        self._show_counted(self.model.rowCount(), self.desk.complete)

    def _show_current(self) -> None:
        index = self.page.table.currentIndex()
        row = self.model.row(index.row()) if index.isValid() else None
        if row is not None:
            self._following = self._following and self.page.table.at_top
            if self.page.detail.isVisible():
                self._read_detail(row.seq)

    def _open_current(self) -> None:
        self.page.show_detail(True)
        self._show_current()

    def _read_detail(self, seq: int) -> None:
        self._tasks.start("detail", self.reader.with_kin(seq, LEADING_TYPES), self._show_row)

    def _show_row(self, found: tuple[LogRow | None, list[LogRow]]) -> None:
        self.page.detail.show_row(*found)
        self.page.show_detail(True)

    def _jump(self, row: int) -> None:
        if row >= 0:
            self.page.table.selectRow(row)
            self.page.table.scrollTo(self.model.index(row, 0))

    def _refresh_summary(self) -> None:
        work = self._log_reader.summaries(self._now_us())
        self._tasks.start("summary", work, lambda found: self.summary.show_lines(lines_of(found)))

    def _turn_to(self, tab: int) -> None:
        self.pages.setCurrentWidget((self.page, self.summary, self.chain.page)[tab])
        if tab == SUMMARY:
            self._refresh_summary()
        elif tab == CHAIN:
            self.chain.refresh()

    # What the person does

    def follow_relation(self, relation: Relation) -> None:
        if relation.story:
            self.show_story(relation.story)
        elif relation.condition is not None:
            self.add_filter(relation.condition)
        elif relation.wish is not None:
            self.wished.emit(relation.wish)

    def row_menu(self, row: LogRow) -> QMenu:
        """What can be done with an event."""
        menu = QMenu(self)
        kind = inert_line(row.type, 40)
        menu.addAction("Show all of it", self._open_current)
        if row.task_id:
            menu.addAction("Story of its task", lambda: self.show_story(row.task_id))
            menu.addAction("Open its task", lambda: self.wished.emit(OpenTask(row.task_id)))
            menu.addAction("Only this task", lambda: self.add_filter(Condition("task", row.task_id)))
        menu.addSeparator()
        menu.addAction(f"Only {kind}", lambda: self.add_filter(Condition("type", row.type)))
        menu.addAction(f"Not {kind}", lambda: self.add_filter(Condition("type", row.type, include=False)))
        severity = severity_of(row.type)
        menu.addAction(f"Only {severity}", lambda: self.add_filter(Condition("severity", severity)))
        if row.agent_id:
            menu.addAction("Only this agent", lambda: self.add_filter(Condition("agent", row.agent_id)))
        menu.addSeparator()
        menu.addAction("Copy as a table", lambda: self.copy_chosen("csv"))
        menu.addAction("Copy as JSON lines", lambda: self.copy_chosen("jsonl"))
        return menu

    def copy_chosen(self, form: str) -> None:
        """The chosen rows, whether they are here or not."""
        self.deeds.copy(self.page.table.chosen_runs(), form)

    def _offer(self, point: QPoint) -> None:
        index = self.page.table.indexAt(point)
        row = self.model.row(index.row()) if index.isValid() else None
        if row is not None:
            menu = self.row_menu(row)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.page.table.viewport().mapToGlobal(point))

    def _type_words(self, conditions: tuple[Condition, ...]) -> None:
        if conditions != self._typed:
            self._typed = conditions
            self._ask()

    def _keep_words(self, conditions: tuple[Condition, ...]) -> None:
        self._typed = ()
        wanted = self._chips
        for condition in conditions:
            wanted = wanted.with_condition(condition)
        self.filter_by(wanted)

    def _choose_range(self, minutes: int) -> None:
        self.filter_by(self._chips.over(self._now_us() - minutes * _MINUTE_US, None))

    def _follow_toggled(self, follows: bool) -> None:
        self._following = follows
        if follows:
            self.resume()

    def _keep_columns(self) -> None:
        self._keepsakes.put("columns", ",".join(self.page.table.column_names))
        self._keepsakes.save()

    def _offer_columns(self, place: QPoint) -> None:
        menu = self.page.table.columns_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    # Building

    def _build(self) -> None:
        self.page, self.story, self.summary = ListPage(self.model, self._names), StoryPage(), SummaryPage()
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Views of the log")
        self.tabs.setExpanding(False)
        for title in ("Log", "Summary", "Chain"):
            self.tabs.addTab(title)
        self.pages = QStackedWidget()
        for page in (self.page, self.story, self.summary, self.chain.page):
            self.pages.addWidget(page)
        self.verify_tool = glyph_button("shield", "Verify the chain", self.chain.show_and_verify, side=26)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.pages, 1)
        self.page.table.show_columns([name for name in self._keepsakes.text("columns").split(",") if name])
        follow, clear = (
            QAction("Follow the newest events", self),
            QAction("Clear the filters of Events", self),
        )
        verify, export = QAction("Verify the event log", self), QAction("Export events as JSON lines", self)
        follow.triggered.connect(self.resume)
        clear.triggered.connect(self.clear_filters)
        verify.triggered.connect(self.chain.show_and_verify)
        export.triggered.connect(lambda: self.deeds.export("jsonl"))
        self._actions = [follow, clear, verify, export]

    def _wire(self) -> None:
        bar, table, detail, desk = self.page.bar, self.page.table, self.page.detail, self.desk
        desk.is_following = lambda: self.following
        desk.shown.connect(self._show_shown)
        desk.counted.connect(self._show_counted)
        desk.failed.connect(self._show_fault)
        desk.marks_ready.connect(self._show_marks)
        desk.histogram_ready.connect(self._show_histogram)
        desk.came.connect(self._came)
        desk.waiting_changed.connect(self._show_waiting)
        bar.typed.connect(self._type_words)
        bar.kept.connect(self._keep_words)
        bar.chosen.connect(self.add_filter)
        bar.range_chosen.connect(self._choose_range)
        bar.clear_wanted.connect(self.clear_filters)
        bar.export_wanted.connect(self.deeds.export)
        bar.save_wanted.connect(self.deeds.ask_name)
        bar.saved_chosen.connect(self.deeds.use_saved)
        bar.forget_wanted.connect(self.deeds.forget_saved)
        bar.columns_wanted.connect(self._offer_columns)
        bar.follow_button.toggled.connect(self._follow_toggled)
        bar.field.left.connect(table.setFocus)
        self.page.chips.changed.connect(self.filter_by)
        self.page.histogram.range_chosen.connect(self._zoom)
        self.page.new_button.clicked.connect(self.resume)
        self.page.notice.action_button.clicked.connect(self.read_log)
        table.resume_wanted.connect(self.resume)
        table.search_wanted.connect(bar.field.setFocus)
        table.open_wanted.connect(self._open_current)
        table.doubleClicked.connect(self._open_current)
        table.copy_wanted.connect(lambda: self.copy_chosen("csv"))
        table.menu_wanted.connect(self._offer)
        table.order_chosen.connect(self.sort_by)
        table.columns_chosen.connect(self._keep_columns)
        table.selectionModel().currentRowChanged.connect(self._show_current)
        table.verticalScrollBar().valueChanged.connect(self._scrolled)
        detail.related.connect(self.follow_relation)
        detail.condition_wanted.connect(self.add_filter)
        detail.closed.connect(lambda: self.page.show_detail(False))
        self.story.back_wanted.connect(lambda: self.pages.setCurrentWidget(self.page))
        self.story.task_wanted.connect(lambda task_id: self.wished.emit(OpenTask(task_id)))
        self.story.event_wanted.connect(self.show_event)
        self.summary.type_chosen.connect(lambda kind: self.filter_by(EventFilter((Condition("type", kind),))))
        self.tabs.currentChanged.connect(self._turn_to)
        TickWhileVisible(self, self._tick)
        QTimer.singleShot(0, self, self._show_state)
