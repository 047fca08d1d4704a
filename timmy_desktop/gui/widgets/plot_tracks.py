"""The one place that knows pyqtgraph: tracks over a common time axis, and how a line is drawn in one.

Importing it takes a second: see gui/panels/router/chart_page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsSimpleTextItem, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.plot_overlays import PixelMap
from timmy_desktop.gui.widgets.static_texts import StaticTexts
from timmy_desktop.gui.widgets.time_ticks import time_ticks, time_words

LEFT_ROOM = 70
TIME_HEIGHT = 22
LEAST_SPAN, MOST_SPAN = 5.0, 45 * 86_400.0
"""Seconds between which the time axis zooms."""
_PIXELS_A_TICK = 72
_TICK = 4
"""How long a tick of the time axis is."""


class PlotTracks:
    """Four tracks below each other, each with words beside it, over one axis of time.

    `top` and `rate` are scaled by the picture, `share` goes from 0 to 1, `lanes` holds a row for each name.
    """

    def __init__(self, parent: QWidget) -> None:
        self.view = pg.GraphicsView(parent, useOpenGL=False)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setAntialiasing(False)
        self._grid = pg.GraphicsLayout()
        self.view.setCentralItem(self._grid)
        self._grid.setContentsMargins(1, 1, 1, 1)
        self._grid.setSpacing(0)
        self.all = [Track() for _ in range(4)]
        self.top, self.rate, self.share, self.lanes = self.all
        self.axes = [self._axis_of(place, track) for place, track in enumerate(self.all)]
        self.time = TimeAxis(self.lanes)
        self.time.setHeight(TIME_HEIGHT)
        self._grid.addItem(self.time, row=len(self.all), col=1)
        self._grid.layout.setRowStretchFactor(0, 1)
        self.share.setYRange(0, 1, padding=0)
        self.axes[2].show_words(((1.0, "100 %"),))
        self._captions = [
            _caption(track, words)
            for track, words in zip(
                self.all[:3], ("p50, to p95 and p99", "tokens a second", "failed"), strict=True
            )
        ]

    def _axis_of(self, place: int, track: Track) -> HeightAxis:
        axis = HeightAxis(track, 0 if place == 2 else 6)
        axis.setWidth(LEFT_ROOM)
        self._grid.addItem(axis, row=place, col=0)
        self._grid.addItem(track, row=place, col=1)
        if place:
            track.setXLink(self.top)
        return axis

    def fit_rows(self, heights: tuple[int, ...]) -> None:
        """How high the tracks beneath the top one are; one without height is not there."""
        for place, height in enumerate(heights, start=1):
            self._grid.layout.setRowFixedHeight(place, height)
            self.all[place].setVisible(height > 0)
            self.axes[place].setVisible(height > 0)

    def restyle(self) -> None:
        """Takes the colours and the font of the theme."""
        theme = Theme.current()
        self.view.setBackground(theme.color("surface"))
        font = theme.font("small")
        axes: list[Any] = [*self.axes, self.time]
        for axis in axes:
            axis.setPen(theme.color("border"))
            axis.setTextPen(theme.color("muted"))
            axis.setTickFont(font)
        for caption in self._captions:
            caption.setFont(font)
            caption.setBrush(theme.color("muted"))


class Track(pg.ViewBox):  # type: ignore[misc]
    """One plot without axes; dragging and the wheel move it along the time only."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0)
        self.setMouseEnabled(x=True, y=False)
        self.setMenuEnabled(False)
        self.disableAutoRange()
        self.setLimits(minXRange=LEAST_SPAN, maxXRange=MOST_SPAN)


class HeightAxis(pg.AxisItem):  # type: ignore[misc]
    """Words beside a track, drawn as they are: pyqtgraph's own way takes many times as long."""

    def __init__(self, track: Any, room: float) -> None:
        """`room`: how near to an end, in pixels, words may stand."""
        super().__init__("left", linkView=track, maxTickLength=0)
        self._room = room
        self._texts = StaticTexts()
        self.words: tuple[tuple[float, str], ...] = ()

    def show_words(self, words: tuple[tuple[float, str], ...]) -> None:
        if self.words != words:
            self.words = words
            self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        (low, high), width, height = self.range, self.width(), self.height()
        painter.setPen(self.pen())
        painter.drawLine(QPointF(width - 1, -1), QPointF(width - 1, height + 1))
        painter.setPen(self.textPen())
        painter.setFont(self.style["tickFont"])
        for value, words in self.words:
            middle = height * (high - value) / max(high - low, 1e-9)
            if self._room <= middle <= height - self._room:
                text = self._texts.of(words)
                size = text.size()
                painter.drawStaticText(QPointF(width - 6 - size.width(), middle - size.height() / 2), text)


class TimeAxis(pg.AxisItem):  # type: ignore[misc]
    """The common axis of time, beneath all tracks; drawn as it is, again with each move."""

    def __init__(self, track: Any) -> None:
        super().__init__("bottom", linkView=track, maxTickLength=-_TICK)
        self._texts = StaticTexts()

    def paint(self, painter: QPainter, *_: Any) -> None:
        (since, until), width = self.range, self.width()
        ticks = time_ticks(since, until, max(2, int(width / _PIXELS_A_TICK)))
        step = ticks[1] - ticks[0] if len(ticks) > 1 else until - since
        places = [(moment - since) / max(until - since, 1e-9) * width for moment in ticks]
        painter.setPen(self.pen())
        painter.drawLine(QPointF(-1, 1), QPointF(width + 1, 1))
        for place in places:
            painter.drawLine(QPointF(place, 0), QPointF(place, -_TICK))
        painter.setPen(self.textPen())
        painter.setFont(self.style["tickFont"])
        for place, words in zip(places, time_words(ticks, step), strict=True):
            text = self._texts.of(words)
            half = text.size().width() / 2
            if half <= place <= width - half:
                painter.drawStaticText(QPointF(place - half, 2), text)


def draw_line(painter: QPainter, place: PixelMap, x: Any, y: Any, pen: QPen) -> None:
    """A line with gaps. Its pen is 1 wide: anything wider is many times as slow."""
    if len(x) < 2:
        return
    seen = np.isfinite(y)
    connect = np.zeros(len(seen), np.int32)
    connect[:-1] = seen[:-1] & seen[1:]
    painter.setPen(pen)
    height = np.where(seen, place.y(y), 0.0)
    painter.drawPath(pg.arrayToQPath(place.x(x), height, connect=connect, finiteCheck=False))


def _caption(track: Any, words: str) -> QGraphicsSimpleTextItem:
    caption = QGraphicsSimpleTextItem(words, track)
    caption.setPos(6, 2)
    caption.setZValue(40)
    return caption
