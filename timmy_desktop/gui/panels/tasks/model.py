"""The tasks on screen as a Qt model, changed by batches; and the order and filter a person chose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.panels.tasks.reduce import after, created
from timmy_desktop.gui.panels.tasks.status_look import LOOKS
from timmy_desktop.gui.panels.tasks.tellers import Names
from timmy_desktop.gui.widgets.safe_document import plain_first_line
from timmy_desktop.gui.wording import duration, exact_time, sats
from timmy_desktop.inert import inert_line
from timmy_desktop.swarm.task import TaskStatus, TaskView

VIEW_ROLE = Qt.ItemDataRole.UserRole
SORT_ROLE = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class Column(IntEnum):
    """The columns; a list shows the first and paints the others into it."""

    TASK = 0
    STATUS = 1
    AGENT = 2
    PRICE = 3
    AGE = 4
    DURATION = 5


_TITLES = ("Task", "Status", "Agent", "Price", "Posted", "Duration")
_ORDER = {status: place for place, status in enumerate(TaskStatus)}


class TasksModel(QAbstractTableModel):
    """Rows in the order in which they came. Asks for older ones when a view reaches the end."""

    older_wanted = Signal()

    def __init__(self, name_of: Names, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name_of = name_of
        self._rows: list[TaskView] = []
        self._place: dict[str, int] = {}
        self.more_to_come = False

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _TITLES[section] if 0 <= section < len(_TITLES) else None
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        view = self._rows[index.row()]
        if role == VIEW_ROLE:
            return view
        if role == SORT_ROLE:
            return _SORTED[index.column()](view)
        if role == Qt.ItemDataRole.DisplayRole:
            return _SHOWN[index.column()](view)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(view)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(view)
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self.more_to_come

    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent):
            self.more_to_come = False  # until the answer says whether there are more still
            self.older_wanted.emit()

    @property
    def under_way(self) -> int:
        """How many of the tasks here are not over."""
        return sum(not view.status.is_terminal for view in self._rows)

    def view_of(self, task_id: str) -> TaskView | None:
        place = self._place.get(task_id)
        return None if place is None else self._rows[place]

    def index_of(self, task_id: str) -> QModelIndex:
        place = self._place.get(task_id)
        return QModelIndex() if place is None else self.index(place, Column.TASK)

    def put(self, views: Iterable[TaskView]) -> None:
        """Adds the tasks that are not here and replaces those that are, unless they are older."""
        fresh: dict[str, TaskView] = {}
        for view in views:
            known = self.view_of(view.id)
            if known is None:
                fresh[view.id] = view
            elif view.updated_us >= known.updated_us and view != known:
                self._replace(self._place[view.id], view)
        self._append(list(fresh.values()))

    def take(self, records: Sequence[EventRecord]) -> set[str]:
        """Lets a batch of events do what it does to the tasks; returns the ids of tasks not known here."""
        changed: dict[str, TaskView] = {}
        unknown: set[str] = set()
        for record in records:
            task_id = record.event.task_id
            if not task_id:
                continue
            view = changed.get(task_id) or self.view_of(task_id) or created(record)
            if view is None:
                unknown.add(task_id)
            else:
                changed[task_id] = after(view, record, self._name_of)
        for task_id, view in changed.items():
            place = self._place.get(task_id)
            if place is not None and self._rows[place] is not view:
                self._replace(place, view)
        self._append([view for task_id, view in changed.items() if task_id not in self._place])
        return unknown

    def _append(self, views: list[TaskView]) -> None:
        if not views:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(views) - 1)
        self._rows.extend(views)
        self._place.update({view.id: first + offset for offset, view in enumerate(views)})
        self.endInsertRows()

    def _replace(self, place: int, view: TaskView) -> None:
        self._rows[place] = view
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))


class TasksProxy(QSortFilterProxyModel):
    """Shows the tasks that hold the words and have the status, in the chosen order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._status = ""
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)

    def show_only(self, text: str, status: str) -> None:
        """Every word of `text` must occur; `status` is a status, `open` for those under way, or ""."""
        self.beginFilterChange()
        self._words, self._status = tuple(text.casefold().split()), status
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, row: int, parent: _Index) -> bool:  # noqa: ARG002 - Qt's signature
        source = self.sourceModel()
        view = source.index(row, 0).data(VIEW_ROLE)
        return matches(view, self._words, self._status)


def matches(view: TaskView, words: Sequence[str], status: str) -> bool:
    """Whether the filter lets the task through."""
    if status == "open":
        if view.status.is_terminal:
            return False
    elif status and view.status != status:
        return False
    if not words:
        return True
    text = f"{view.text}\n{view.agent_name}\n{view.id}\n{view.result}".casefold()
    return all(word in text for word in words)


def money_of(view: TaskView) -> str:
    """What it cost, else what was agreed, else nothing."""
    if view.paid_msat:
        return sats(view.paid_msat)
    return sats(view.price_msat) if view.price_msat and not view.status.is_terminal else ""


def title_of(view: TaskView) -> str:
    return plain_first_line(view.text)


def spoken(view: TaskView) -> str:
    """The row as a screen reader says it."""
    parts = (LOOKS[view.status].word, title_of(view), inert_line(view.agent_name, 60), money_of(view))
    return ", ".join(part for part in parts if part)


def _tooltip(view: TaskView) -> str:
    lines = [inert_line(view.text, 400), f"{LOOKS[view.status].word} · posted {exact_time(view.created_us)}"]
    if view.reason:
        lines.append(inert_line(view.reason, 400))
    return "\n".join(lines)


_SHOWN: tuple[Callable[[TaskView], str], ...] = (
    title_of,
    lambda view: LOOKS[view.status].word,
    lambda view: inert_line(view.agent_name, 60),
    money_of,
    lambda view: exact_time(view.created_us),
    lambda view: duration(view.duration_ms) if view.duration_ms else "",
)
_SORTED: tuple[Callable[[TaskView], Any], ...] = (
    lambda view: title_of(view).casefold(),
    lambda view: _ORDER[view.status],
    lambda view: view.agent_name.casefold(),
    # Qt compares Python integers as C ints: money in millisatoshi would overflow, text does not.
    lambda view: f"{view.paid_msat or view.price_msat:024d}",
    lambda view: f"{view.created_us:020d}{view.id}",
    lambda view: f"{view.duration_ms:020d}",
)
