"""A scroll bar that shows where in the whole list the errors stand.

A list that scrolls paints its bar in every frame, and each of Qt's calls gives up the interpreter's lock, for
which a busy thread can make it wait: so the marks are drawn once, and painting them is one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from timmy_desktop.gui.theme import Theme

_LEAST = 2
_WIDE = 4
_FAINTEST = 0.3


class _Drawn(NamedTuple):
    """The marks at one height, in one colour."""

    height: int
    color: int
    places: dict[int, int]
    image: QImage


class MarkedScrollBar(QScrollBar):
    """Marks are rows; `rows` is how long the list is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._rows, self._marks = 0, list[tuple[int, int]]()
        self._drawn: _Drawn | None = None

    def show_marks(self, rows: int, marks: Sequence[tuple[int, int]]) -> None:
        """Rows, and how many errors stand about there. The more of them, the stronger the mark."""
        self._rows, self._marks, self._drawn = rows, list(marks), None
        self.setAccessibleDescription(f"{len(marks)} places with errors" if marks else "")
        self.update()

    def shift(self, rows: int) -> None:
        """So many rows came on top."""
        self._rows += rows
        self._marks, self._drawn = [(mark + rows, errors) for mark, errors in self._marks], None
        self.update()

    @property
    def places(self) -> Mapping[int, int]:
        """The pixels that are marked, and how many errors each stands for."""
        return self._now().places

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._marks:
            QPainter(self).drawImage(self.width() - _WIDE, 0, self._now().image)

    def _now(self) -> _Drawn:
        height, bad = self.height(), Theme.current().color("bad")
        if self._drawn is None or self._drawn[:2] != (height, bad.rgba()):
            places = self._places(max(1, height - _LEAST))
            self._drawn = _Drawn(height, bad.rgba(), places, _image(places, height, bad))
        return self._drawn

    def _places(self, height: int) -> dict[int, int]:
        found = Counter[int]()
        for row, errors in self._marks:
            if row < self._rows:
                found[row * height // self._rows // _LEAST * _LEAST] += errors
        return dict(found)


def _image(places: Mapping[int, int], height: int, color: QColor) -> QImage:
    """A strip of the bar's height, put together without asking Qt for each mark."""
    line = _WIDE * 4
    pixels, most = bytearray(line * max(height, _LEAST)), max(places.values(), default=1)
    rgb = bytes((color.red(), color.green(), color.blue()))
    for top, errors in places.items():
        alpha = round(255 * max(_FAINTEST, errors / most))
        pixels[top * line : (top + _LEAST) * line] = (rgb + bytes((alpha,))) * _WIDE * _LEAST
    # The image only looks at the bytes; a copy has its own.
    return QImage(bytes(pixels), _WIDE, height, line, QImage.Format.Format_RGBA8888).copy()
