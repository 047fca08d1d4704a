"""A scroll bar that shows where in the whole list the errors stand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from timmy_desktop.gui.theme import Theme

_LEAST = 2


class MarkedScrollBar(QScrollBar):
    """Marks are rows; `rows` is how long the list is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._rows, self._marks = 0, list[int]()

    def show_marks(self, rows: int, marks: Sequence[int]) -> None:
        """One mark for each pixel at most."""
        self._rows, self._marks = rows, list(marks)
        self.setAccessibleDescription(f"{len(marks)} places with errors" if marks else "")
        self.update()

    def shift(self, rows: int) -> None:
        """So many rows came on top."""
        self._rows += rows
        self._marks = [mark + rows for mark in self._marks]
        self.update()

    @property
    def places(self) -> list[int]:
        """The pixels that are marked."""
        if not self._rows:
            return []
        height = max(1, self.height() - _LEAST)
        return sorted({mark * height // self._rows for mark in self._marks if mark < self._rows})

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, color = QPainter(self), Theme.current().color("bad")
        for top in self.places:
            painter.fillRect(QRect(self.width() - 4, top, 4, _LEAST), color)
