"""The person's facts as an editable table: proposed ones first, then those in use, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.memory.rows import Row, row_of
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.wording import exact_time, relative_time
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.memory.types import Entry

_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
LONGEST_IN_PLACE = 400
FACT_ROLE = Qt.ItemDataRole.UserRole


class Column(IntEnum):
    """The columns."""

    FACT = 0
    SOURCE = 1
    USED = 2
    SINCE = 3


_TITLES = ("Fact", "From", "Last used", "Since")


@dataclass(frozen=True, slots=True)
class FactRow:
    """`content` is empty where the fact is too long to be changed in its row."""

    row: Row
    content: str
    source: str
    used_us: int

    @property
    def id(self) -> str:
        return self.row.id


def fact_row(entry: Entry) -> FactRow:
    """An entry as the table shows it."""
    source = "you" if entry.source == "told by you" else entry.source
    if entry.conversation_id or entry.message_id:
        source = "a conversation"
    content = entry.content if len(entry.content) <= LONGEST_IN_PLACE else ""
    return FactRow(row_of(entry), content, inert_line(source, 60), entry.used_us)


class FactsModel(QAbstractTableModel):
    """Editing in place only wishes: the row changes when the memory has."""

    edit_requested = Signal(str, str)
    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[FactRow] = []
        self.more_to_come = False

    @property
    def proposed(self) -> list[Row]:
        """Those that wait for a nod."""
        return [fact.row for fact in self.rows if fact.row.is_proposed]

    def show_facts(self, facts: Sequence[FactRow], more_to_come: bool) -> None:
        """What the memory answered."""
        self.more_to_come = more_to_come
        if list(facts) == self.rows:
            return
        if [fact.id for fact in facts] == [fact.id for fact in self.rows]:
            self.rows = list(facts)
            self.dataChanged.emit(self.index(0, 0), self.index(len(facts) - 1, len(_TITLES) - 1))
            return
        self.beginResetModel()
        self.rows = list(facts)
        self.endResetModel()

    def append(self, facts: Iterable[FactRow], more_to_come: bool) -> None:
        """Older ones."""
        known = {fact.id for fact in self.rows}
        fresh = [fact for fact in facts if fact.id not in known]
        if fresh:
            first = len(self.rows)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self.rows.extend(fresh)
            self.endInsertRows()
        self.more_to_come = more_to_come

    def place_of(self, entry_id: str) -> int:
        """Its row, -1 for none."""
        return next((place for place, fact in enumerate(self.rows) if fact.id == entry_id), -1)

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _TITLES[section] if 0 <= section < len(_TITLES) else None
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self.more_to_come

    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent):
            self.more_to_come = False
            self.more_wanted.emit()

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.isValid() and index.column() == Column.FACT and self.rows[index.row()].content:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        fact, text = self.rows[index.row()], str(value).strip()
        if text and text != fact.content:
            self.edit_requested.emit(fact.id, text)
        return False

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        fact, column = self.rows[index.row()], index.column()
        if role == FACT_ROLE:
            return fact
        if role == Qt.ItemDataRole.DisplayRole:
            return _words(fact, column)
        if role == Qt.ItemDataRole.EditRole and column == Column.FACT:
            return fact.content
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(fact, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return Theme.current().color("text" if column == Column.FACT else "muted")
        if role == Qt.ItemDataRole.DecorationRole and column == Column.FACT and fact.row.pinned:
            return icon("pin", "accent", "accent")
        if role == Qt.ItemDataRole.AccessibleTextRole and column == Column.FACT:
            state = "Proposed: " if fact.row.is_proposed else ""
            return f"{state}{fact.row.text}{', pinned' if fact.row.pinned else ''}"
        return None


def _words(fact: FactRow, column: int) -> str:
    if column == Column.FACT:
        return fact.row.text
    if column == Column.SOURCE:
        return fact.source
    if column == Column.USED:
        return relative_time(fact.used_us) if fact.used_us else "never"
    return relative_time(fact.row.created_us)


def _tip(fact: FactRow, column: int) -> str:
    if column == Column.USED and fact.used_us:
        return exact_time(fact.used_us)
    if column == Column.SINCE:
        return exact_time(fact.row.created_us)
    return inert(fact.content) or fact.row.text
