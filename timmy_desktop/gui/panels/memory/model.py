"""The memories on screen as a Qt model: slim rows, changed only where they changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from timmy_desktop.gui.panels.memory.rows import Row, spoken, tooltip

ROW_ROLE = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class ResultsModel(QAbstractListModel):
    """In the order in which the memory gave them. Asks for more when a view reaches the end."""

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._places: dict[str, int] = {}
        self.more_to_come = False

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(row)
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self.more_to_come

    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent):
            self.more_to_come = False  # until the answer says whether there are more still
            self.more_wanted.emit()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def row_of(self, entry_id: str) -> Row | None:
        place = self._places.get(entry_id)
        return None if place is None else self._rows[place]

    def index_of(self, entry_id: str) -> QModelIndex:
        place = self._places.get(entry_id)
        return QModelIndex() if place is None else self.index(place)

    def start_anew(self, rows: Sequence[Row], more_to_come: bool) -> None:
        """The answer to another question."""
        self.beginResetModel()
        self._rows = list(rows)
        self._number()
        self.more_to_come = more_to_come
        self.endResetModel()

    def bring_up(self, rows: Sequence[Row], more_to_come: bool) -> None:
        """The answer to the same question as it is now: what stays keeps its selection and its place."""
        old = self._rows
        head = _common(old, rows)
        tail = _common(old[head:][::-1], rows[head:][::-1])
        self._remove(head, len(old) - tail)
        self._insert(head, rows[head : len(rows) - tail])
        changed = [place for place, row in enumerate(rows) if self._rows[place] != row]
        self._rows = list(rows)
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
        self.more_to_come = more_to_come

    def append(self, rows: Iterable[Row], more_to_come: bool) -> None:
        """Further answers, without those that are here already."""
        self._insert(len(self._rows), [row for row in rows if row.id not in self._places])
        self.more_to_come = more_to_come

    def drop(self, ids: Iterable[str]) -> None:
        """Entries that are gone."""
        gone = frozenset(ids)
        if any(row.id in gone for row in self._rows):
            self.bring_up([row for row in self._rows if row.id not in gone], self.more_to_come)

    def _remove(self, first: int, end: int) -> None:
        if end > first:
            self.beginRemoveRows(QModelIndex(), first, end - 1)
            del self._rows[first:end]
            self._number()
            self.endRemoveRows()

    def _insert(self, first: int, rows: Sequence[Row]) -> None:
        if rows:
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows[first:first] = rows
            self._number()
            self.endInsertRows()

    def _number(self) -> None:
        self._places = {row.id: place for place, row in enumerate(self._rows)}


def _common(one: Sequence[Row], other: Sequence[Row]) -> int:
    """How many rows both begin with, by their identifiers."""
    count = 0
    for here, there in zip(one, other, strict=False):
        if here.id != there.id:
            break
        count += 1
    return count
