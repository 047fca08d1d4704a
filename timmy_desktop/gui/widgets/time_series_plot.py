"""The one place that knows pyqtgraph: tracks over a common time axis, drawn from a ready picture.

Importing it takes a second: import it off the GUI thread (gui/panels/router/chart_page).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QGraphicsSimpleTextItem, QToolTip, QVBoxLayout, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.plot_overlays import BarsOverlay, LanesOverlay, MarksOverlay, Overlay, PixelMap
from timmy_desktop.gui.widgets.time_series import ChartPicture, Curve
from timmy_desktop.gui.widgets.time_ticks import time_ticks, time_words

LEFT_ROOM = 70
_TIME_HEIGHT, _LANE_HEIGHT, _LANES_EDGE = 22, 15, 6
_RATE_SHARE, _BARS_SHARE = (0.15, 38, 76), (0.10, 26, 48)
"""Share of the height, and between how many pixels."""
_PIXELS_A_TICK = 72
_CALM_POINTS = 4_000
"""Below this many points lines are smoothed; above, smoothing costs more than it shows."""
_LEAST_SPAN, _MOST_SPAN = 5.0, 45 * 86_400.0


class TimeSeriesPlot(QWidget):
    """Latency above, throughput, failures and circuits beneath; wheel zooms, dragging pans, pointing reads.

    Keys: arrows move the crosshair, plus and minus zoom, Page Up and Down pan, Home returns to now.
    """

    looked_at = Signal(float, float)
    """The person zoomed or panned: the seconds now in view."""
    pointed_at = Signal(int)
    """The step under the crosshair; -1 when it left."""
    home_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Latency over time")
        self.picture: ChartPicture | None = None
        self.shown: frozenset[str] | None = None
        """The names of the curves to draw; None for all."""
        self._second = True
        self._step = -1
        self._at_mark = False
        self._ticks: dict[int, tuple[tuple[float, str], ...]] = {}
        self._lines: dict[str, tuple[_Line, _Line, _Line, _Band]] = {}
        self._view = pg.GraphicsView(useOpenGL=False)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setAntialiasing(False)
        self._grid = pg.GraphicsLayout()
        self._view.setCentralItem(self._grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self._build_tracks()
        self._wire()
        Theme.current().changed.connect(self._restyle)
        self._restyle()

    # What the panel tells

    def show_picture(self, picture: ChartPicture, *, move: bool = True) -> None:
        """Draws another picture; with `move` the time axis goes to the picture's own span."""
        self.picture = picture
        if move:
            self.look_at(picture.since, picture.until)
        self._top.setYRange(picture.low, picture.high, padding=0)
        self._rate.setYRange(0, picture.rate_high, padding=0)
        self._show_ticks(0, picture.ticks)
        self._show_ticks(1, picture.rate_ticks)
        self._draw_curves()
        self._bars.show_bars(picture.bars)
        self._lanes.show_lanes(picture.lanes)
        self._show_lane_names(picture)
        self._marks.show_marks(picture.marks)
        self._fit_rows()
        if self._step >= len(picture.steps):
            self._point_at(-1)
        elif self._step >= 0:
            self._place_cross()

    def show_only(self, names: frozenset[str] | None) -> None:
        """Draws these curves alone; None brings back all."""
        self.shown = names
        if self.picture is not None:
            self._draw_curves()

    def show_second(self, on: bool) -> None:
        """Draws or leaves out the second line (time to first token)."""
        self._second = on
        if self.picture is not None:
            self._draw_curves()

    def look_at(self, since: float, until: float) -> None:
        """Moves the time axis."""
        self._top.setXRange(since, until, padding=0)

    @property
    def span(self) -> tuple[float, float]:
        """The seconds in view."""
        since, until = self._top.viewRange()[0]
        return float(since), float(until)

    @property
    def step(self) -> int:
        """The step under the crosshair, or -1."""
        return self._step

    @property
    def plot_width(self) -> int:
        """Pixels between the ends of the time axis: more steps than this can't be seen."""
        return max(1, int(self._top.width()))

    def frame(self) -> None:
        """Paints now, as benchmarks want it."""
        self._view.viewport().repaint()

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 180)

    def sizeHint(self) -> QSize:
        return QSize(380, 320)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_rows()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(0.5)
        elif key == Qt.Key.Key_Minus:
            self._zoom(2.0)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._pan(0.5 if key == Qt.Key.Key_PageDown else -0.5)
        elif key == Qt.Key.Key_Home:
            self.home_requested.emit()
        elif key == Qt.Key.Key_Escape and self._step >= 0:
            self._point_at(-1)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: Any) -> None:  # noqa: ARG002
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(Theme.current().color("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def eventFilter(self, watched: Any, event: QEvent) -> bool:  # noqa: ARG002
        if event.type() == QEvent.Type.Leave:
            self._point_at(-1)
            self._hide_mark()
        return False

    # Building

    def _build_tracks(self) -> None:
        grid = self._grid
        grid.setContentsMargins(1, 1, 1, 1)
        grid.setSpacing(0)
        self._tracks = [_Track() for _ in range(4)]
        self._top, self._rate, self._share, self._circuit = self._tracks
        self._axes: list[Any] = []
        for place, track in enumerate(self._tracks):
            axis = pg.AxisItem("left", linkView=track, maxTickLength=0)
            axis.setWidth(LEFT_ROOM)
            axis.setStyle(tickTextOffset=6, autoExpandTextSpace=False, hideOverlappingLabels=False)
            self._axes.append(axis)
            grid.addItem(axis, row=place, col=0)
            grid.addItem(track, row=place, col=1)
            if place:
                track.setXLink(self._top)
        self._time = _TimeAxis("bottom", linkView=self._circuit, maxTickLength=-4)
        self._time.setHeight(_TIME_HEIGHT)
        grid.addItem(self._time, row=4, col=1)
        self._share.setYRange(0, 1, padding=0)
        self._axes[2].setTicks([[(1.0, "100 %")]])
        self._axes[0].setTicks([[]])
        self._axes[1].setTicks([[]])
        self._bars = BarsOverlay(self._share)
        self._lanes = LanesOverlay(self._circuit)
        self._marks = MarksOverlay(self._top)
        self._captions = [
            _caption(track, words)
            for track, words in zip(
                self._tracks[:3], ("p50, to p95 and p99", "tokens a second", "failed"), strict=True
            )
        ]
        self._cross = self._view.scene().addLine(0, 0, 0, 0)
        self._cross.setZValue(50)
        self._cross.hide()
        layout = grid.layout
        layout.setRowStretchFactor(0, 1)
        self._fit_rows()

    def _wire(self) -> None:
        self._top.sigRangeChangedManually.connect(lambda *_: self.looked_at.emit(*self.span))
        for track in self._tracks[1:]:
            track.sigRangeChangedManually.connect(lambda *_: self.looked_at.emit(*self.span))
        self._top.sigXRangeChanged.connect(lambda *_: self._place_cross())
        self._view.scene().sigMouseMoved.connect(self._moved)
        self._view.viewport().installEventFilter(self)

    def _fit_rows(self) -> None:
        lanes = len(self.picture.lanes) if self.picture is not None else 1
        layout = self._grid.layout
        rate, bars = (
            min(max(round(self.height() * share), least), most)
            for share, least, most in (_RATE_SHARE, _BARS_SHARE)
        )
        for place, height in ((1, rate), (2, bars), (3, max(lanes, 1) * _LANE_HEIGHT + _LANES_EDGE)):
            layout.setRowFixedHeight(place, height)

    def _restyle(self) -> None:
        theme = Theme.current()
        self._view.setBackground(theme.color("surface"))
        font = theme.font("small")
        for axis in [*self._axes, self._time]:
            axis.setPen(theme.color("border"))
            axis.setTextPen(theme.color("muted"))
            axis.setTickFont(font)
        for axis in self._axes[:2]:
            axis.setGrid(34 if theme.is_dark else 46)
        for caption in self._captions:
            caption.setFont(font)
            caption.setBrush(theme.color("muted"))
        self._cross.setPen(pg.mkPen(theme.color("text"), width=1, style=Qt.PenStyle.DotLine))
        for overlay in (self._bars, self._lanes, self._marks):
            overlay.update()
        if self.picture is not None:
            self._draw_curves()
        self.update()

    # Drawing

    def _draw_curves(self) -> None:
        picture = self.picture
        if picture is None:
            return
        calm = sum(len(curve.x) for curve in picture.curves) < _CALM_POINTS
        for name in tuple(self._lines):
            if name not in {curve.name for curve in picture.curves}:
                for item in self._lines.pop(name):
                    self._view.scene().removeItem(item)
        for curve in picture.curves:
            self._draw_curve(curve, calm)

    def _draw_curve(self, curve: Curve, calm: bool) -> None:
        theme = Theme.current()
        if curve.name not in self._lines:
            self._lines[curve.name] = self._new_lines()
        line, second, rate, band = self._lines[curve.name]
        on = self.shown is None or curve.name in self.shown
        for item in (line, rate, band):
            item.setVisible(on)
        second.setVisible(on and self._second)
        if not on:
            return
        color = theme.color(curve.role)
        band.show_band(curve, color, theme.is_dark)
        line.show_line(curve.x, curve.line, color, smooth=calm)
        rate.show_line(curve.rate_x, curve.rate, color, smooth=calm)
        if self._second:
            faint = QColor(color)
            faint.setAlpha(205)
            second.show_line(curve.x, curve.second, faint, smooth=calm, dotted=calm)

    def _show_lane_names(self, picture: ChartPicture) -> None:
        metrics = QFontMetrics(Theme.current().font("small"))
        right = Qt.TextElideMode.ElideRight
        names = [metrics.elidedText(lane.name, right, LEFT_ROOM - 8) for lane in picture.lanes]
        self._circuit.setYRange(-max(len(names), 1), 0, padding=0)
        self._show_ticks(3, tuple((-(place + 0.5), name) for place, name in enumerate(names)))

    def _show_ticks(self, axis: int, ticks: tuple[tuple[float, str], ...]) -> None:
        if self._ticks.get(axis) != ticks:
            self._ticks[axis] = ticks
            self._axes[axis].setTicks([list(ticks)])

    def _new_lines(self) -> tuple[_Line, _Line, _Line, _Band]:
        band = _Band(self._top)
        line, second, rate = _Line(self._top), _Line(self._top), _Line(self._rate)
        return line, second, rate, band

    # The person

    def _moved(self, place: QPointF) -> None:
        track = self._top.sceneBoundingRect()
        if not track.left() <= place.x() <= track.right():
            self._point_at(-1)
            self._hide_mark()
            return
        moment = self._top.mapSceneToView(place).x()
        if self.picture is not None:
            self._point_at(self.picture.step_at(moment))
        words = self._marks.words_at(self._top.mapFromScene(place)) or self._lanes.words_at(
            self._circuit.mapFromScene(place)
        )
        if words:
            self._at_mark = True
            spot = self._view.viewport().mapToGlobal(self._view.mapFromScene(place))
            QToolTip.showText(spot, words, self)
        else:
            self._hide_mark()

    def _hide_mark(self) -> None:
        if self._at_mark:
            self._at_mark = False
            QToolTip.hideText()

    def _walk(self, by: int) -> None:
        if self.picture is None or not self.picture.steps:
            return
        last = len(self.picture.steps) - 1
        start = self._step if self._step >= 0 else (last + 1 if by < 0 else -1)
        self._point_at(min(max(start + by, 0), last))

    def _zoom(self, factor: float) -> None:
        since, until = self.span
        middle, half = (since + until) / 2, (until - since) / 2 * factor
        half = min(max(half, _LEAST_SPAN / 2), _MOST_SPAN / 2)
        self.look_at(middle - half, middle + half)
        self.looked_at.emit(*self.span)

    def _pan(self, share: float) -> None:
        since, until = self.span
        by = (until - since) * share
        self.look_at(since + by, until + by)
        self.looked_at.emit(*self.span)

    def _point_at(self, step: int) -> None:
        if step == self._step:
            return
        self._step = step
        self._place_cross()
        self.pointed_at.emit(step)

    def _place_cross(self) -> None:
        picture = self.picture
        if picture is None or not 0 <= self._step < len(picture.steps):
            self._cross.hide()
            return
        x = PixelMap(self._top).x(picture.steps[self._step] + picture.width / 2)
        place = self._top.mapToScene(QPointF(x, 0))
        inside = self._top.sceneBoundingRect()
        bottom = self._circuit.sceneBoundingRect().bottom()
        self._cross.setLine(round(place.x()) + 0.5, inside.top(), round(place.x()) + 0.5, bottom)
        self._cross.setVisible(inside.left() - 1 <= place.x() <= inside.right() + 1)


class _Track(pg.ViewBox):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0)
        self.setMouseEnabled(x=True, y=False)
        self.setMenuEnabled(False)
        self.disableAutoRange()
        self.setLimits(minXRange=_LEAST_SPAN, maxXRange=_MOST_SPAN)


class _TimeAxis(pg.AxisItem):  # type: ignore[misc]
    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        ticks = time_ticks(low, high, max(2, int(size / _PIXELS_A_TICK)))
        step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
        return [(step, ticks)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002
        return time_words(values, spacing)


class _Line(Overlay):
    """A line with gaps. The picture holds no more points than can be told apart, so none are thinned here."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self.setZValue(0)
        self._x = self._y = np.empty(0)
        self._pen = QPen()
        self._smooth = False

    def show_line(self, x: Any, y: Any, color: QColor, *, smooth: bool, dotted: bool = False) -> None:
        self._x, self._y, self._smooth = x, y, smooth
        # Width 1: anything wider is many times as slow.
        self._pen = QPen(color, 1, Qt.PenStyle.DotLine if dotted else Qt.PenStyle.SolidLine)
        self._pen.setCosmetic(True)
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        if len(self._x) < 2:
            return
        place, seen = PixelMap(self._track), np.isfinite(self._y)
        connect = np.zeros(len(seen), np.int32)
        connect[:-1] = seen[:-1] & seen[1:]
        height = np.where(seen, place.y(self._y), 0.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._smooth)
        painter.setPen(self._pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(pg.arrayToQPath(place.x(self._x), height, connect=connect, finiteCheck=False))


class _Band(Overlay):
    """From the line up to the band's middle, and from there to its top, in two strengths.

    One upright stroke for each column of pixels: filling the same area as polygons takes ten times as long.
    """

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self.setZValue(-10)
        self._curve: Curve | None = None
        self._colors = (QColor(), QColor())
        self._rects = pg.Qt.internals.PrimitiveArray(QRectF, 4)

    def show_band(self, curve: Curve, color: QColor, dark: bool) -> None:
        near, far = QColor(color), QColor(color)
        near.setAlphaF(0.26 if dark else 0.22)
        far.setAlphaF(0.11 if dark else 0.10)
        self._curve, self._colors = curve, (near, far)
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        curve = self._curve
        if curve is None or not len(curve.band_x):
            return
        place = PixelMap(self._track)
        columns = np.arange(np.floor(place.left), np.ceil(place.left + place.width))
        moments = place.since + (columns + 0.5 - place.left) / place.width * (place.until - place.since)
        edges = (curve.band_low, curve.band_middle, curve.band_high)
        heights = [
            place.y(np.interp(moments, curve.band_x, edge, left=np.nan, right=np.nan)) for edge in edges
        ]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        for below, above, color in zip(heights, heights[1:], self._colors, strict=False):
            seen = np.isfinite(below) & np.isfinite(above) & (above < place.height) & (below > 0)
            bottom, top = np.round(below[seen]), np.round(np.maximum(above[seen], 0))
            if not seen.any():
                continue
            rects = self._rects
            rects.resize(int(seen.sum()))
            array = rects.ndarray()
            array[:, 0], array[:, 1], array[:, 2], array[:, 3] = columns[seen], top, 1, bottom - top
            painter.setBrush(color)
            painter.drawRects(*rects.drawargs())


def _caption(track: Any, words: str) -> QGraphicsSimpleTextItem:
    caption = QGraphicsSimpleTextItem(words, track)
    caption.setPos(6, 2)
    caption.setZValue(40)
    return caption
