"""How often each type was there in the last hour, day and week; a click filters by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.panels.events.delegate import TONES
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_counts import TypeCount

SPANS = (("hour", "Last hour"), ("day", "Last day"), ("week", "Last week"))
_TITLES = ("Type", "Severity", *(title for _, title in SPANS))
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_SHARE_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Line:
    """One type and its counts, in the order of SPANS."""

    type: str
    severity: str
    counts: tuple[int, ...]


def lines_of(summaries: Mapping[str, Sequence[TypeCount]]) -> list[Line]:
    """The most frequent of the week first."""
    by_span = {name: {one.type: one.count for one in summaries.get(name, ())} for name, _ in SPANS}
    severities = {one.type: one.severity for some in summaries.values() for one in some}
    lines = [
        Line(kind, severity, tuple(by_span[name].get(kind, 0) for name, _ in SPANS))
        for kind, severity in severities.items()
    ]
    return sorted(lines, key=lambda line: (-line.counts[-1], line.type))


class SummaryModel(QAbstractTableModel):
    """Types by spans."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: list[Line] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        if [line.type for line in lines] == [line.type for line in self.lines]:
            self.lines = list(lines)
            if lines:
                self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(_TITLES) - 1))
            return
        self.beginResetModel()
        self.lines = list(lines)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section >= 2 else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if column < 2:
                return (inert_line(line.type, 60), line.severity)[column]
            return f"{line.counts[column - 2]:,}" if line.counts[column - 2] else "–"
        if role == _SHARE_ROLE and column >= 2:
            most = max((one.counts[column - 2] for one in self.lines), default=0)
            return line.counts[column - 2] / most if most else 0.0
        if role == Qt.ItemDataRole.TextAlignmentRole and column >= 2:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column == 1:
            return Theme.current().color(TONES[line.severity])
        return None


class _Bars(QStyledItemDelegate):
    """A bar below each count."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        share = index.data(_SHARE_ROLE)
        if share:
            room = option.rect.adjusted(GAP, 4, -2, -4)
            width = max(2, int(room.width() * share))
            bar = QRect(room.right() - width + 1, room.top(), width, room.height())
            painter.fillRect(bar, Theme.current().tint("series1", 0.18))
        super().paint(painter, option, index)


class SummaryTable(QTableView):
    """Return filters by the type."""

    type_chosen = Signal(str)

    def __init__(self, model: SummaryModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(_Bars(self))
        self.setAccessibleName("Events by type")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        head.setFont(Theme.current().font("small"))
        self.setFont(Theme.current().font("small"))
        self.doubleClicked.connect(self._choose)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        model = self.model()
        if index.isValid() and isinstance(model, SummaryModel):
            self.type_chosen.emit(model.lines[index.row()].type)


class SummaryPage(QWidget):
    """From counters: it costs the same however long the log is."""

    type_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model = SummaryModel(self)
        self.table = SummaryTable(self.model)
        self.table.type_chosen.connect(self.type_chosen)
        self.empty = EmptyState("events", "Nothing in a week", "What happens is counted here by its type.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(TIGHT, TIGHT, TIGHT, 0)
        layout.addWidget(self.table)
        layout.addWidget(self.empty)
        self.show_lines([])

    def show_lines(self, lines: Sequence[Line]) -> None:
        self.model.show_lines(lines)
        self.table.setVisible(bool(lines))
        self.empty.setVisible(not lines)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 80)
