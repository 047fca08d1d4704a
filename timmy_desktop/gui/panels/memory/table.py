"""Plain tables of ready words: columns keep the widths that a person gave them; Return opens a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from timmy_desktop.gui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_ROW = 30
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Cells:
    """One row: what opens it, its words, the tone of the first column, and what the pointer tells."""

    key: str
    words: tuple[str, ...]
    tone: str = ""
    tip: str = ""


class CellsModel(QAbstractTableModel):
    """Replaced as a whole; rows are ready."""

    def __init__(self, titles: Sequence[str], numbers: Sequence[int], parent: QObject | None = None) -> None:
        """`numbers` are the columns that hold numbers, and stand at the right."""
        super().__init__(parent)
        self._titles, self._numbers = tuple(titles), frozenset(numbers)
        self.rows: tuple[Cells, ...] = ()

    def show_rows(self, rows: Sequence[Cells]) -> None:
        """Shows other rows."""
        if tuple(rows) != self.rows:
            self.beginResetModel()
            self.rows = tuple(rows)
            self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._titles):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in self._numbers:
            return _RIGHT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.words[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip or row.words[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in self._numbers:
            return _RIGHT
        if role == Qt.ItemDataRole.FontRole and column in self._numbers:
            return Theme.current().font("small", mono=True)
        if role == Qt.ItemDataRole.ForegroundRole:
            return Theme.current().color(
                row.tone if column == 0 and row.tone else "text" if column == 0 else "muted"
            )
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(word for word in row.words if word) if column == 0 else row.words[column]
        return None


class Table(QTableView):
    """One row is chosen at a time. `stretch` is the column that takes the room that is left."""

    opened = Signal(str)

    def __init__(
        self, name: str, titles: Sequence[str], *, numbers: Sequence[int] = (), stretch: int = 0
    ) -> None:
        super().__init__()
        self.cells = CellsModel(titles, numbers, self)
        self.setModel(self.cells)
        self._stretch = stretch
        set_up_table(self, name, stretch)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.cells.rows[index.row()].key))

    @property
    def current_key(self) -> str:
        """The chosen row's key, "" for none."""
        index = self.currentIndex()
        return self.cells.rows[index.row()].key if index.isValid() else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_key:
            self.opened.emit(self.current_key)
        elif event.matches(QKeySequence.StandardKey.Copy) and self.currentIndex().isValid():
            words = self.cells.rows[self.currentIndex().row()].words
            QGuiApplication.clipboard().setText("\t".join(words))
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 2 * _ROW)


def set_up_table(table: QTableView, name: str, stretch: int) -> None:
    """The house's look of a table whose columns can be pulled."""
    table.setAccessibleName(name)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setStyleSheet("QTableView::item { padding: 0 4px; }")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setMouseTracking(True)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setMinimumSectionSize(48)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def widths_of(table: QTableView) -> str:
    """The columns' widths as a text to keep."""
    header = table.horizontalHeader()
    return ",".join(str(header.sectionSize(place)) for place in range(header.count()))


def set_widths(table: QTableView, kept: str) -> None:
    """Gives the columns the widths of last time; what does not fit the table is left."""
    header = table.horizontalHeader()
    widths = [int(part) for part in kept.split(",") if part.isdecimal()]
    if len(widths) == header.count():
        for place, width in enumerate(widths):
            if header.sectionResizeMode(place) == QHeaderView.ResizeMode.Interactive:
                header.resizeSection(place, max(48, min(width, 900)))
