"""What a line or a band covers in each column of pixels, and a canvas that paints such columns fast."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from shiboken6 import wrapInstance

from timmy_desktop.gui.widgets.time_series import Array

_FORMAT = QImage.Format.Format_ARGB32_Premultiplied


class Columns:
    """How low and how high lines over the same `x` go between each two edges. No point is left out.

    The answers are NaN where a line does not go.
    """

    def __init__(self, x: Array, edges: Array) -> None:
        self._empty = len(x) < 2
        self._nothing = np.full(len(edges), np.nan)
        self._filled = np.empty(0, int)
        if self._empty:
            return
        starts = np.searchsorted(x, edges)
        self._filled = np.flatnonzero(starts[1:] > starts[:-1])
        self._begins, self._end = starts[self._filled], starts[-1]
        # Between which two points an edge lies, and how near to the second.
        self._after = np.clip(starts, 1, len(x) - 1)
        before = x[self._after - 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (edges - before) / (x[self._after] - before)
        self._share = np.where((edges < x[0]) | (edges > x[-1]), np.nan, share)

    def both(self, y: Array) -> tuple[Array, Array]:
        """The lowest and the highest of a line in each column."""
        at = self._at(y)
        return self._furthest(np.fmin, y, at), self._furthest(np.fmax, y, at)

    def low(self, y: Array) -> Array:
        """The lowest alone."""
        return self._furthest(np.fmin, y, self._at(y))

    def high(self, y: Array) -> Array:
        """The highest alone."""
        return self._furthest(np.fmax, y, self._at(y))

    def _at(self, y: Array) -> Array:
        if self._empty:
            return self._nothing
        before = y[self._after - 1]
        return before + (y[self._after] - before) * self._share

    def _furthest(self, further: Any, y: Array, at: Array) -> Array:
        found = further(at[:-1], at[1:])
        if len(self._filled):
            of_points = further.reduceat(y[: self._end], self._begins)
            found[self._filled] = further(found[self._filled], of_points)
        return found


class ColumnCanvas:
    """Paints upright strokes a pixel wide, and hands over the image of them all.

    It works on its side, as strokes along the rows of memory take a seventh of the time of those across them.
    """

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._lying, self._upright = QImage(height, width, _FORMAT), QImage(width, height, _FORMAT)
        self._columns = np.arange(width)
        self._rects = np.empty((width, 4), np.int32)
        self._painter = QPainter()

    def begin(self) -> None:
        """Starts anew. The image handed over before must not be used any longer: its memory is."""
        self._lying.fill(Qt.GlobalColor.transparent)
        self._painter.begin(self._lying)
        self._painter.setPen(Qt.PenStyle.NoPen)

    def stroke(self, tops: Array, bottoms: Array, color: QColor) -> None:
        """In each column from one row to just above another, from the top; none where either is NaN."""
        seen = np.flatnonzero((bottoms > 0) & (tops < self.size[1]) & (bottoms > tops))
        many = len(seen)
        if not many:
            return
        rects = self._rects
        rects[:many, 0] = np.maximum(tops[seen], 0)
        rects[:many, 1] = rects[:many, 3] = self._columns[seen]
        rects[:many, 2] = np.minimum(bottoms[seen], self.size[1]) - 1
        if color.alpha() == 255:
            # Qt fills opaque rectangles one by one, which takes twice as long; nobody sees this little.
            color = QColor(color)
            color.setAlpha(254)
        self._painter.setBrush(color)
        # Qt reads them straight from the array: left, top, right, bottom, the last two within.
        self._painter.drawRects(wrapInstance(rects.ctypes.data, QRect), many)

    def finish(self) -> QImage:
        """The image, upright."""
        self._painter.end()
        width, height = self.size
        lying = np.frombuffer(self._lying.constBits(), np.uint32).reshape(width, height)
        np.copyto(np.frombuffer(self._upright.bits(), np.uint32).reshape(height, width), lying.T)
        return self._upright
