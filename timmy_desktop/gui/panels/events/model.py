"""Rows of the log as a Qt model that knows how many there are and where each stands without holding them.

A row that is asked for and not here is asked for in turn (`rows_wanted`); until it comes its place is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from timmy_desktop.gui.panels.events.columns import COLUMNS, Names
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_filter import severity_of
from timmy_desktop.storage.event_positions import Positions, Segment
from timmy_desktop.storage.event_rows import LogRow

ROW_ROLE = Qt.ItemDataRole.UserRole
PAGE = 200
_MOST_HELD = 12_000
_MOST_TAIL_SEGMENTS = 64
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class EventsModel(QAbstractTableModel):
    """Rows are held by their place from where the list began: what comes on top moves none of them."""

    rows_wanted = Signal(int, int)
    """First row and how many, to be given to `put`."""

    def __init__(self, names: Names, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.names = names
        self.positions = Positions(())
        self._above = 0
        self._held: dict[int, LogRow] = {}
        self._asked: tuple[int, int] | None = None
        self._asking = QTimer(self)
        self._asking.setSingleShot(True)
        self._asking.timeout.connect(self._ask)

    # What Qt asks

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.positions)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.row(index.row())
        if role == ROW_ROLE:
            return row
        if row is None:
            return "" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[index.column()].text(row, self.names)
        if role == Qt.ItemDataRole.TextAlignmentRole and COLUMNS[index.column()].right:
            return _RIGHT
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[index.column()].text(row, self.names)}, {severity_of(row.type)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"Event {row.seq:,}: {inert_line(row.type, 60)}\n{exact_time(row.time_us)}"
        return None

    # What the list is

    def row(self, number: int) -> LogRow | None:
        """The row at a place; asked for where it is not here."""
        found = self._held.get(number - self._above)
        if found is None:
            self._want(number)
        return found

    def show(self, positions: Positions) -> None:
        """Another list, of which nothing is held yet."""
        self.beginResetModel()
        self.positions, self._above, self._asked = positions, 0, None
        self._held.clear()
        self.endResetModel()

    def extend(self, positions: Positions) -> None:
        """The same list, known further down."""
        before, after = len(self.positions), len(positions)
        if after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self.positions = positions
            self.endInsertRows()

    def prepend(self, segments: Sequence[Segment], rows: Sequence[LogRow]) -> None:
        """What came on top; `rows` are the first of it."""
        count = sum(segment.matches for segment in segments)
        if not count:
            return
        self.beginInsertRows(QModelIndex(), 0, count - 1)
        self._above += count
        self.positions = Positions(_merged([*segments, *self.positions.segments]))
        self._hold(0, rows)
        self.endInsertRows()

    def put(self, first: int, rows: Sequence[LogRow]) -> None:
        """Rows that were asked for."""
        self._hold(first, rows)
        if rows:
            last = min(first + len(rows), self.rowCount()) - 1
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    def stop(self) -> None:
        self._asking.stop()

    @property
    def waiting(self) -> bool:
        """Whether rows were asked for and have not come."""
        return self._asked is not None

    @property
    def above(self) -> int:
        """How many rows came on top since the list began; a place that was asked for has moved by as many."""
        return self._above

    def came(self) -> None:
        """What was asked for last has come, or will not."""
        self._asked = None

    def _hold(self, first: int, rows: Sequence[LogRow]) -> None:
        if len(self._held) > _MOST_HELD:
            near = first - self._above
            self._held = {
                place: row for place, row in self._held.items() if abs(place - near) < _MOST_HELD // 4
            }
        for place, row in enumerate(rows, start=first - self._above):
            self._held[place] = row

    def _want(self, number: int) -> None:
        low, high = self._asked or (number, number)
        if number < low - PAGE or number > high + PAGE:
            low = high = number
        self._asked = min(low, number), max(high, number)
        if not self._asking.isActive():
            self._asking.start()

    def _ask(self) -> None:
        if self._asked is not None:
            low, high = self._asked
            first = max(0, low - PAGE // 2)
            self.rows_wanted.emit(first, min(high + PAGE, first + 3 * PAGE) - first)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Many small segments at the top, as a list that follows gets them, made few."""
    head = [place for place, one in enumerate(segments) if not one.indexed]
    if len(head) < _MOST_TAIL_SEGMENTS:
        return segments
    top, rest = segments[: len(head)], segments[len(head) :]
    joined: list[Segment] = []
    for one in top:
        if joined and joined[-1].matches + one.matches <= 1000:
            last = joined.pop()
            joined.append(Segment(one.low, last.high, last.matches + one.matches, False, 0))
        else:
            joined.append(one)
    return [*joined, *rest]
