"""A table that can be read and copied, and nothing else."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from timmy_desktop.gui.scrubber.content import Row, Table
from timmy_desktop.gui.theme import ROOM, Theme
from timmy_desktop.inert import inert_line

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_LEAST_WIDE = 130
_STATE_COLUMNS = frozenset({"Status", "State", "Circuit", "Event", "Outcome"})


class ThenModel(QAbstractTableModel):
    """Rows of a Table."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    @property
    def table(self) -> Table:
        return self._table

    def show_table(self, table: Table) -> None:
        """Other rows; the columns stay."""
        if table != self._table:
            self.beginResetModel()
            self._table = table
            self.endResetModel()

    def row(self, number: int) -> Row:
        return self._table.rows[number]

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._table.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._table.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._table.columns[section]
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._table.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return inert_line(row.cells[index.column()], 200)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and row.tone:
            is_state = self._table.columns[index.column()] in _STATE_COLUMNS
            return Theme.current().color(row.tone) if is_state else None
        return None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in self._table.numbers else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class _Roomy(QStyledItemDelegate):
    """Keeps neighbouring columns apart."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return super().sizeHint(option, index) + QSize(ROOM, 0)


class ThenTable(QTableView):
    """Shows one Table; the chosen row's detail goes out."""

    told = Signal(str)

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._model = ThenModel(table)
        self.setModel(self._model)
        self.setAccessibleName(f"{table.title}, as they were")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        # As far in as the words of the head.
        self.setStyleSheet("QTableView::item { padding: 0 5px; }")
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.setMinimumSize(80, 60)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(table.wide, QHeaderView.ResizeMode.Fixed)
        head.setMinimumSectionSize(72)
        # Beside what it belongs to: in a narrow dock what stands at the right is out of sight.
        if "Amount" in table.columns:
            head.moveSection(table.columns.index("Amount"), 1)
        self.setItemDelegate(_Roomy(self))
        self.selectionModel().currentRowChanged.connect(self._chosen)

    @property
    def table(self) -> Table:
        return self._model.table

    def show_table(self, table: Table) -> None:
        """Shows other rows, scrolled to where it was."""
        place = self.verticalScrollBar().value()
        self._model.show_table(table)
        self._widen()
        self.verticalScrollBar().setValue(place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._widen()

    def _widen(self) -> None:
        """The widest column takes what the others leave, and keeps what it needs to be read."""
        head, wide = self.horizontalHeader(), self.table.wide
        others = sum(head.sectionSize(place) for place in range(head.count()) if place != wide)
        head.resizeSection(wide, max(_LEAST_WIDE, self.viewport().width() - others))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self.currentIndex().isValid():
            QGuiApplication.clipboard().setText(self._words(self.currentIndex().row()))
            return
        super().keyPressEvent(event)

    def _words(self, row: int) -> str:
        return "\t".join(inert_line(cell, 200) for cell in self._model.row(row).cells)

    def _chosen(self, current: QModelIndex) -> None:
        self.told.emit(self._model.row(current.row()).detail if current.isValid() else "")
