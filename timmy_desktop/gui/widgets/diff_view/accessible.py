"""A diff for screen readers: its rows as one text with a caret, and every move told."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleInterface,
    QAccessibleTextCursorEvent,
    QAccessibleTextInterface,
)

from timmy_desktop.gui.widgets.diff_view.spoken import prefix_length, spoken_row

if TYPE_CHECKING:
    from timmy_desktop.gui.widgets.diff_view.reader import DiffReader

# Qt keeps one factory for all widgets; the interfaces are kept here as long as their views live.
_made: dict[int, DiffAccessible] = {}


class DiffText(QAccessibleTextInterface):
    """Every row is a line. Nothing is put together before somebody asks."""

    def __init__(self, view: DiffReader) -> None:
        super().__init__()
        self._view = view
        self._starts: list[int] = []
        self._of: object = None

    def characterCount(self) -> int:
        return self._begins()[-1]

    def text(self, start: int, end: int) -> str:
        begins = self._begins()
        end = begins[-1] if end < 0 else end
        first = max(bisect_right(begins, start) - 1, 0)
        pieces, place = "", begins[first]
        for row in range(first, len(begins) - 1):
            if begins[row] >= end:
                break
            pieces += spoken_row(self._view.document, row) + "\n"
        return pieces[start - place : end - place]

    def cursorPosition(self) -> int:
        return self.offset_of(self._view.caret.row, self._view.caret.index)

    def setCursorPosition(self, position: int) -> None:
        self._view.go_to(self._row_of(position))

    def selectionCount(self) -> int:
        return int(self._view.caret.selection is not None)

    def selection(self, index: int) -> tuple[int, int]:
        chosen = self._view.caret.selection
        if chosen is None or index:
            return 0, 0
        return self.offset_of(*chosen[0]), self.offset_of(*chosen[1])

    def addSelection(self, start: int, end: int) -> None:
        self.setSelection(0, start, end)

    def removeSelection(self, index: int) -> None:  # noqa: ARG002
        self._view.go_to(self._view.caret.row, self._view.caret.index)

    def setSelection(self, index: int, start: int, end: int) -> None:  # noqa: ARG002
        self._view.go_to(self._row_of(start))
        self._view.go_to(self._row_of(end), hold=True)

    def characterRect(self, offset: int) -> QRect:
        return self._view.row_rect(self._row_of(offset))

    def offsetAtPoint(self, point: QPoint) -> int:
        row = self._view.row_at(self._view.viewport().mapFromGlobal(point))
        return self._begins()[row] if row < len(self._begins()) else -1

    def scrollToSubstring(self, start: int, end: int) -> None:  # noqa: ARG002
        self._view.go_to(self._row_of(start))

    def attributes(self, offset: int) -> tuple[str, int, int]:
        return "", offset, offset

    def offset_of(self, row: int, index: int) -> int:
        begins = self._begins()
        row = min(row, len(begins) - 2)
        most = begins[row + 1] - begins[row] - 1
        return begins[row] + min(prefix_length(self._view.document, row) + index, most)

    def _row_of(self, offset: int) -> int:
        return max(bisect_right(self._begins(), offset) - 1, 0)

    def _begins(self) -> list[int]:
        document = self._view.document
        if self._of != (id(document), id(document.parts)):
            rows = range(document.rows)
            self._starts = [0, *accumulate(len(spoken_row(document, row)) + 1 for row in rows)]
            self._of = (id(document), id(document.parts))
        return self._starts


class DiffAccessible(QAccessibleInterface):
    """The view as a screen reader meets it."""

    def __init__(self, view: DiffReader) -> None:
        super().__init__()
        self._view = view
        self._text = DiffText(view)

    def isValid(self) -> bool:
        return True

    def object(self) -> QObject:
        return self._view

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> Any:  # noqa: ARG002
        return None

    def childAt(self, x: int, y: int) -> Any:  # noqa: ARG002
        return None

    def indexOfChild(self, child: Any) -> int:  # noqa: ARG002
        return -1

    def parent(self) -> Any:
        parent = self._view.parentWidget()
        return QAccessible.queryAccessibleInterface(parent) if parent is not None else None

    def rect(self) -> QRect:
        return QRect(self._view.mapToGlobal(QPoint(0, 0)), self._view.size())

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Document

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.focusable = state.readOnly = state.multiLine = 1
        state.focused = int(self._view.hasFocus())
        return state

    def text(self, kind: QAccessible.Text) -> str:
        if kind == QAccessible.Text.Name:
            return self._view.accessibleName()
        if kind == QAccessible.Text.Value and self._view.document.rows:
            return spoken_row(self._view.document, self._view.caret.row)
        return ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Nothing here is written."""

    def interface_cast(self, kind: QAccessible.InterfaceType) -> Any:
        return self._text if kind == QAccessible.InterfaceType.TextInterface else None


def install() -> None:
    """Lets Qt find the interface of a diff view. Once is enough; doing it again does no harm."""
    QAccessible.installFactory(_factory)


def caret_moved(view: DiffReader) -> None:
    """Tells a screen reader, where one listens, what the caret is on now."""
    if QAccessible.isActive():
        made = _interface(view)
        QAccessible.updateAccessibility(QAccessibleTextCursorEvent(view, made._text.cursorPosition()))


def announce(view: DiffReader, words: str) -> None:
    """Has words spoken that are on screen for a moment only."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(view, words))


def _factory(name: str, thing: QObject) -> QAccessibleInterface | None:
    from timmy_desktop.gui.widgets.diff_view.reader import DiffReader

    del name
    return _interface(thing) if isinstance(thing, DiffReader) else None


def _interface(view: DiffReader) -> DiffAccessible:
    key = id(view)
    if key not in _made:
        _made[key] = DiffAccessible(view)
        view.destroyed.connect(lambda *_: _made.pop(key, None))
    return _made[key]
