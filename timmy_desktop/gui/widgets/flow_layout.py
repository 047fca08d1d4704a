"""Widgets side by side that go on in the next line where the room ends."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from timmy_desktop.gui.theme import GAP, TIGHT


class FlowLayout(QLayout):
    """Each line is as high as its highest part, and centred; hidden parts take no room."""

    def __init__(self, *parts: QWidget, gap: int = GAP, line_gap: int = TIGHT) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap, self._line_gap = gap, line_gap
        self.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            self.addWidget(part)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        edges = self.contentsMargins()
        shown = [item.minimumSize() for item in self._items if not item.isEmpty()]
        width = max((size.width() for size in shown), default=0)
        height = max((size.height() for size in shown), default=0)
        return QSize(width + edges.left() + edges.right(), height + edges.top() + edges.bottom())

    def _place(self, rect: QRect, *, move: bool) -> int:
        """Lays the parts out in `rect`; returns the height that they need."""
        edges = self.contentsMargins()
        left, top = rect.left() + edges.left(), rect.top() + edges.top()
        right, high = rect.right() - edges.right(), 0
        x = left
        line: list[tuple[QLayoutItem, QRect]] = []
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            size.setWidth(min(size.width(), max(right - left + 1, 1)))
            if x > left and x + size.width() > right + 1:
                _settle(line, top, high, move=move)
                x, top, high, line = left, top + high + self._line_gap, 0, []
            line.append((item, QRect(QPoint(x, top), size)))
            x, high = x + size.width() + self._gap, max(high, size.height())
        _settle(line, top, high, move=move)
        return top + high + edges.bottom() - rect.top()


def _settle(line: list[tuple[QLayoutItem, QRect]], top: int, high: int, *, move: bool) -> None:
    """The parts of a line stand on its middle."""
    for item, place in line:
        if move:
            item.setGeometry(QRect(QPoint(place.left(), top + (high - place.height()) // 2), place.size()))
