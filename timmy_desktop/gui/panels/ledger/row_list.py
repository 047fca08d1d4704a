"""A list of painted rows beside the lines: replaced as a whole, opened by Return or the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QListView

from timmy_desktop.gui.panels.ledger.keys import is_for_all
from timmy_desktop.gui.widgets.two_line_rows import quiet_list

_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
T = TypeVar("T")
ROW_ROLE = Qt.ItemDataRole.UserRole


class RowsModel(QAbstractListModel, Generic[T]):
    """Gives a row itself under `ROW_ROLE`; what it says in words, those that inherit know."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[T] = []

    def show_rows(self, rows: Sequence[T]) -> None:
        if list(rows) != self.rows:
            self.beginResetModel()
            self.rows = list(rows)
            self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        return row if role == ROW_ROLE else self.words(row, role)

    def words(self, row: T, role: int) -> str | None:
        """What is shown, read aloud or told under the mouse."""
        raise NotImplementedError


class RowList(QListView):
    """The keys of the whole dock are left to it."""

    opened = Signal(object)
    """The row."""

    def __init__(self, model: QAbstractListModel, delegate: QAbstractItemDelegate, name: str) -> None:
        super().__init__()
        self.setModel(model)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        quiet_list(self, name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open(self.currentIndex())
        elif is_for_all(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 60)

    def open(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if row is not None:
            self.opened.emit(row)
