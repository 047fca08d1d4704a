"""The curves of a track: bands and lines, in one image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.column_reach import edges_of, reach_above, reach_beneath
from timmy_desktop.gui.widgets.plot_columns import ColumnCanvas
from timmy_desktop.gui.widgets.plot_overlays import Overlay, PixelMap
from timmy_desktop.gui.widgets.plot_tracks import draw_line
from timmy_desktop.gui.widgets.time_series import Curve

_BAND = {True: (0.26, 0.11), False: (0.22, 0.10)}
"""How strong a band is up to its middle and above it, on dark and on light."""
_FAINT = 0.8


class CurvesOverlay(Overlay):
    """All bands and lines of a track, in one image, painted again only when something about it changes.

    A calm line is drawn smooth. A restless one is drawn as what it covers of each column of pixels, which
    looks the same, loses no peak and is many times as fast. Bands are columns always.
    """

    def __init__(self, track: Any, *, beneath: bool = False) -> None:
        super().__init__(track)
        self.setZValue(0)
        self._beneath = beneath
        self._curves: list[tuple[Curve, QColor]] = []
        self._span = (0.0, 0.0)
        self._smooth = self._second = False
        self._image: tuple[tuple[Any, ...], QImage] | None = None
        self._canvas: ColumnCanvas | None = None

    def show_curves(
        self,
        curves: list[tuple[Curve, QColor]],
        span: tuple[float, float],
        *,
        smooth: bool,
        second: bool = False,
    ) -> None:
        """`span`: the seconds that what the curves already know of their reach is meant for."""
        self._curves, self._span, self._smooth, self._second = curves, span, smooth, second
        self._image = None
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        place, scale = PixelMap(self._track), painter.deviceTransform().m11()
        known = (place.since, place.until, place.low, place.high, place.width, place.height, scale)
        if self._image is None or self._image[0] != known:
            self._image = known, self._painted(place, scale)
        painter.drawImage(QPointF(place.left, 0), self._image[1])

    def _painted(self, place: PixelMap, scale: float) -> QImage:
        width, height = (max(1, math.ceil(side * scale)) for side in (place.width, place.height))
        if self._canvas is None or self._canvas.size != (width, height):
            self._canvas = ColumnCanvas(width, height)
        canvas = self._canvas
        canvas.begin()
        if self._curves and not (self._smooth and self._beneath):
            self._stroke(canvas, place.y(self._reach(place, scale, width)) * scale, max(1, round(scale)))
        image = canvas.finish()
        image.setDevicePixelRatio(scale)
        if self._smooth:
            self._draw_smooth(image, place)
        return image

    def _reach(self, place: PixelMap, scale: float, width: int) -> Any:
        """Heights by curve, row of `column_reach` and column: the picture's own, or made for this view."""
        ready = [curve.reach[self._beneath] for curve, _ in self._curves if curve.reach is not None]
        fits = self._span == (place.since, place.until) and all(rows.shape[1] == width for rows in ready)
        if not fits or len(ready) < len(self._curves):
            edges = edges_of(place.since, place.until, width, place.width * scale)
            reach = reach_beneath if self._beneath else reach_above
            ready = [reach(curve, edges) for curve, _ in self._curves]
        return np.stack(ready)

    def _stroke(self, canvas: ColumnCanvas, y: Any, thick: int) -> None:
        def layers(rows: list[int]) -> Any:
            return y[:, rows].reshape(-1, y.shape[2])

        if not self._beneath:
            shades = [
                _see_through(color, share)
                for _, color in self._curves
                for share in _BAND[Theme.current().is_dark]
            ]
            canvas.strokes(np.round(layers([1, 2])), np.round(layers([0, 1])), shades)
        if self._smooth:
            return
        lows, highs, strengths = ([0], [1], (1.0,)) if self._beneath else ([3, 5], [4, 6], (1.0, _FAINT))
        many = 2 if self._second else 1
        colors = [_see_through(color, share) for _, color in self._curves for share in strengths[:many]]
        canvas.strokes(np.floor(layers(highs[:many])), np.floor(layers(lows[:many])) + thick, colors)

    def _draw_smooth(self, image: QImage, place: PixelMap) -> None:
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-place.left, 0)
        for curve, color in self._curves:
            if self._beneath:
                draw_line(painter, place, curve.rate_x, curve.rate, QPen(color, 1))
                continue
            draw_line(painter, place, curve.x, curve.line, QPen(color, 1))
            if self._second:
                faint = QPen(_see_through(color, _FAINT), 1, Qt.PenStyle.DotLine)
                draw_line(painter, place, curve.x, curve.second, faint)
        painter.end()


def _see_through(color: QColor, share: float) -> QColor:
    made = QColor(color)
    made.setAlphaF(share)
    return made
