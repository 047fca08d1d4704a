"""A table of any length: knows how many rows there are, holds the pages that are looked at, asks for more."""

from __future__ import annotations

from collections import OrderedDict
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

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()
PAGE = 256
"""Rows of a page."""
_KEPT = 64
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class WindowedModel(QAbstractTableModel):
    """Subclasses say what a row shows in `cell`, and what stands there while it is not here in `waiting`.

    Places are counted from the bottom, so that rows which come on top move none of those that are held:
    page `p` holds the places from `p * PAGE`.
    """

    pages_wanted = Signal(list)
    """Numbers of pages, the one looked at last first; once in a turn of the loop."""

    def __init__(
        self, titles: Sequence[str], parent: QObject | None = None, *, numbers: Sequence[int] = ()
    ) -> None:
        """`numbers` are the columns that hold numbers, and stand at the right."""
        super().__init__(parent)
        self._titles, self._numbers = tuple(titles), frozenset(numbers)
        self._count = 0
        self._pages: OrderedDict[int, Sequence[Any]] = OrderedDict()
        self._stale: set[int] = set()
        self._wanted: dict[int, None] = {}
        self._asking = QTimer(self)
        self._asking.setSingleShot(True)
        self._asking.setInterval(0)
        self._asking.timeout.connect(self._ask)

    # What the panel tells

    def show_count(self, count: int) -> None:
        """Another question's answer: so many rows, none of them here yet."""
        self.beginResetModel()
        self._count = count
        self._forget()
        self.endResetModel()

    def add_on_top(self, many: int) -> None:
        """So many rows came above all others."""
        if many <= 0:
            return
        self.beginInsertRows(QModelIndex(), 0, many - 1)
        self._stale.add(self._count // PAGE)  # it may have been held before it was full
        self._count += many
        self.endInsertRows()

    def put_page(self, page: int, rows: Sequence[Any]) -> None:
        """The rows of a page, the bottom one first."""
        self._pages[page] = tuple(rows)
        self._pages.move_to_end(page)
        self._stale.discard(page)
        self._wanted.pop(page, None)
        while len(self._pages) > _KEPT:
            self._pages.popitem(last=False)
        top, bottom = self._position(page * PAGE + len(rows) - 1), self._position(page * PAGE)
        if rows and bottom >= 0:
            self.dataChanged.emit(self.index(max(top, 0), 0), self.index(bottom, len(self._titles) - 1))

    def refresh(self) -> None:
        """What is held may have changed: it stays on screen, and is asked for again when looked at."""
        self._stale.update(self._pages)
        if self._count:
            self.dataChanged.emit(self.index(0, 0), self.index(self._count - 1, len(self._titles) - 1))

    def row_at(self, position: int) -> Any:
        """The row, or None while it is not here; then it is asked for."""
        if not 0 <= position < self._count:
            return None
        page, within = divmod(self._count - 1 - position, PAGE)
        held = self._pages.get(page)
        if held is not None:
            self._pages.move_to_end(page)
        if held is None or page in self._stale or within >= len(held):
            self._want(page)
        return held[within] if held is not None and within < len(held) else None

    @property
    def asking(self) -> bool:
        """Whether rows were looked at that are about to be asked for."""
        return self._asking.isActive()

    def stop(self) -> None:
        """Asks for nothing any more."""
        self._asking.stop()
        self._wanted.clear()

    # What a subclass says

    def cell(self, row: Any, column: int, role: int) -> Any:
        """What Qt asks about a row that is here."""
        raise NotImplementedError

    def waiting(self, column: int, role: int) -> Any:
        """What stands in place of a row that is not here yet."""
        if role == Qt.ItemDataRole.DisplayRole:
            return "…" if column == 0 else ""
        return "not read yet" if role == Qt.ItemDataRole.AccessibleTextRole and column == 0 else None

    # Qt

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._titles):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in self._numbers:
            return _RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in self._numbers else None
        row = self.row_at(index.row())
        return self.waiting(column, role) if row is None else self.cell(row, column, role)

    # Its own parts

    def _position(self, place: int) -> int:
        return self._count - 1 - place

    def _forget(self) -> None:
        self._pages.clear()
        self._stale.clear()
        self._wanted.clear()

    def _want(self, page: int) -> None:
        # Asked again and again while it is painted: last asked is looked at now.
        self._wanted.pop(page, None)
        self._wanted[page] = None
        if not self._asking.isActive():
            self._asking.start()

    def _ask(self) -> None:
        wanted, self._wanted = list(reversed(self._wanted)), {}
        if wanted:
            self.pages_wanted.emit(wanted)
