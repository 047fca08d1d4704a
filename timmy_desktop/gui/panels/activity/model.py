"""The rows of the feed: newest first, capped, filtered here, sentences made only for rows that are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from timmy_desktop.events.agents import AgentJoined
from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.panels.activity.sentences import (
    Names,
    Sentence,
    joined_sentence,
    sentence,
    tone_of,
    topic_of,
    who,
)
from timmy_desktop.gui.wording import exact_time, short_id
from timmy_desktop.inert import inert

CAPACITY = 5_000

Index = QModelIndex | QPersistentModelIndex


class Row:
    """One event, and its sentence once somebody looked. Agents that join together are one row."""

    __slots__ = ("_joined", "_sentence", "oldest_seq", "record")

    def __init__(self, record: EventRecord) -> None:
        self.record = record
        self.oldest_seq = record.seq
        self._joined: tuple[AgentJoined, ...] = (
            (record.event,) if isinstance(record.event, AgentJoined) else ()
        )
        self._sentence: Sentence | None = None

    @property
    def is_of_several(self) -> bool:
        """Whether it tells of more than one event."""
        return len(self._joined) > 1

    def takes(self, older: EventRecord) -> bool:
        """Whether the event before this row's was another agent's joining; it is then told of here."""
        if not self._joined or not isinstance(older.event, AgentJoined) or older.seq != self.oldest_seq - 1:
            return False
        self._joined, self.oldest_seq = (older.event, *self._joined), older.seq
        return True

    def sentence(self, names: Names) -> Sentence:
        if self._sentence is None:
            self._sentence = (
                joined_sentence(self._joined) if self.is_of_several else sentence(self.record, names)
            )
        return self._sentence


def rows_of(newest_first: Iterable[EventRecord]) -> list[Row]:
    """A row for each record, but for what is told of by the one above it."""
    rows: list[Row] = []
    for record in newest_first:
        if not rows or not rows[-1].takes(record):
            rows.append(Row(record))
    return rows


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown: nothing chosen in `topics` means all of them."""

    text: str = ""
    topics: frozenset[str] = field(default_factory=frozenset)
    only_urgent: bool = False

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return not (self.text or self.topics or self.only_urgent)


class ActivityModel(QAbstractListModel):
    """What lies beyond the capacity is dropped here; the log has it."""

    def __init__(self, names: Names, parent: QObject | None = None, *, capacity: int = CAPACITY) -> None:
        super().__init__(parent)
        self.names = names
        self._capacity = capacity
        self._all: list[Row] = []
        self._shown: list[Row] = []
        self._filter = Filter()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.sentence(self.names).text
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._hint(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.sentence(self.names).text}, {exact_time(row.record.time_us)}"
        return row if role == Qt.ItemDataRole.UserRole else None

    def row(self, index: Index) -> Row:
        """The row at `index`, which must be valid."""
        return self._shown[index.row()]

    @property
    def held(self) -> int:
        """Events kept, shown or filtered away."""
        return len(self._all)

    @property
    def is_full(self) -> bool:
        return len(self._all) >= self._capacity

    @property
    def newest_seq(self) -> int:
        """0 without events."""
        return self._all[0].record.seq if self._all else 0

    @property
    def oldest_seq(self) -> int:
        """0 without events."""
        return self._all[-1].oldest_seq if self._all else 0

    def add_newer(self, records: Sequence[EventRecord]) -> None:
        """Puts what just happened (in the order of the log) on top, at once; drops what is too old."""
        newest = self.newest_seq
        rows = rows_of(record for record in reversed(records) if record.seq > newest)[: self._capacity]
        self._all[:0] = rows
        passing = self._passing(rows)
        if passing:
            self.beginInsertRows(QModelIndex(), 0, len(passing) - 1)
            self._shown[:0] = passing
            self.endInsertRows()
        self._drop_excess()

    def add_older(self, records: Sequence[EventRecord]) -> None:
        """Puts what was read back from the log (newest first) below, as far as there is room."""
        oldest = self.oldest_seq
        room = self._capacity - len(self._all)
        rows = rows_of(record for record in records if not oldest or record.seq < oldest)[:room]
        self._all += rows
        passing = self._passing(rows)
        if passing:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(passing) - 1)
            self._shown += passing
            self.endInsertRows()

    def show_only(self, wanted: Filter) -> None:
        """Filters what is held and what comes."""
        if wanted == self._filter:
            return
        self.beginResetModel()
        self._filter = wanted
        self._shown = self._passing(self._all)
        self.endResetModel()

    def text_of(self, rows: Iterable[int]) -> str:
        """Rows as lines for the clipboard, oldest first."""
        chosen = [self._shown[row] for row in sorted(rows, reverse=True)]
        return "\n".join(
            f"{exact_time(row.record.time_us)}\t{inert(row.record.type)}\t{row.sentence(self.names).text}"
            for row in chosen
        )

    def _passing(self, rows: list[Row]) -> list[Row]:
        wanted = self._filter
        if wanted.is_open:
            return list(rows)
        tests: list[Callable[[Row], bool]] = []
        if wanted.topics:
            tests.append(lambda row: topic_of(row.record.type) in wanted.topics)
        if wanted.only_urgent:
            tests.append(lambda row: tone_of(row.record.event) in ("warn", "bad"))
        if wanted.text:
            words = wanted.text.casefold().split()
            tests.append(lambda row: all(word in self._searched(row) for word in words))
        return [row for row in rows if all(test(row) for test in tests)]

    def _searched(self, row: Row) -> str:
        event = row.record.event
        agent = who(event.agent_id, self.names)
        return f"{row.sentence(self.names).text} {row.record.type} {agent} {event.task_id}".casefold()

    def _drop_excess(self) -> None:
        excess = len(self._all) - self._capacity
        if excess <= 0:
            return
        oldest_kept = self._all[self._capacity - 1].record.seq
        del self._all[self._capacity :]
        keep = len(self._shown)
        while keep and self._shown[keep - 1].record.seq < oldest_kept:
            keep -= 1
        if keep < len(self._shown):
            self.beginRemoveRows(QModelIndex(), keep, len(self._shown) - 1)
            del self._shown[keep:]
            self.endRemoveRows()

    def _hint(self, row: Row) -> str:
        record = row.record
        lines = [
            row.sentence(self.names).text,
            f"{exact_time(record.time_us)}  ·  event {record.seq:,}  ·  {inert(record.type)}",
        ]
        if record.event.task_id:
            lines.append(f"task {short_id(record.event.task_id)}, Return opens it")
        return "\n".join(lines)
