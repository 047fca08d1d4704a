"""A scroll bar that shows where in the whole list the errors stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from timmy_desktop.gui.theme import Theme

_LEAST = 2
_FAINTEST = 0.3


class MarkedScrollBar(QScrollBar):
    """Marks are rows; `rows` is how long the list is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._rows, self._marks = 0, list[tuple[int, int]]()
        self._places: tuple[int, dict[int, int]] | None = None
        """Counted once for each height: a list that scrolls paints its bar in every frame."""

    def show_marks(self, rows: int, marks: Sequence[tuple[int, int]]) -> None:
        """Rows, and how many errors stand about there. The more of them, the stronger the mark."""
        self._rows, self._marks, self._places = rows, list(marks), None
        self.setAccessibleDescription(f"{len(marks)} places with errors" if marks else "")
        self.update()

    def shift(self, rows: int) -> None:
        """So many rows came on top."""
        self._rows += rows
        self._marks, self._places = [(mark + rows, errors) for mark, errors in self._marks], None
        self.update()

    @property
    def places(self) -> dict[int, int]:
        """The pixels that are marked, and how many errors each stands for."""
        height, found = max(1, self.height() - _LEAST), Counter[int]()
        if self._places is not None and self._places[0] == height:
            return self._places[1]
        for row, errors in self._marks:
            if row < self._rows:
                found[row * height // self._rows // _LEAST * _LEAST] += errors
        self._places = height, dict(found)
        return self._places[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, places, bad = QPainter(self), self.places, Theme.current().color("bad")
        most = max(places.values(), default=1)
        for top, errors in places.items():
            color = QColor(bad)
            color.setAlphaF(max(_FAINTEST, errors / most))
            painter.fillRect(QRect(self.width() - 4, top, 4, _LEAST), color)
