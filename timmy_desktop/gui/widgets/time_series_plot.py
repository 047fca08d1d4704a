"""The one place that knows pyqtgraph: tracks over a common time axis, drawn from a ready picture.

Importing it takes a second: import it off the GUI thread (gui/panels/router/chart_page).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QPainter, QPen, QResizeEvent, QStaticText
from PySide6.QtWidgets import QGraphicsSimpleTextItem, QToolTip, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.column_reach import edges_of, reach_above, reach_beneath
from timmy_desktop.gui.widgets.plot_columns import ColumnCanvas
from timmy_desktop.gui.widgets.plot_overlays import BarsOverlay, LanesOverlay, MarksOverlay, Overlay, PixelMap
from timmy_desktop.gui.widgets.time_series import ChartPicture, Curve
from timmy_desktop.gui.widgets.time_ticks import time_ticks, time_words

LEFT_ROOM = 70
_TIME_HEIGHT, _LANE_HEIGHT, _LANES_EDGE = 22, 15, 6
_RATE_SHARE, _BARS_SHARE = (0.15, 38, 76), (0.10, 26, 48)
"""Share of the height, and between how many pixels."""
_LEAST_TOP = 56
"""Below this the latency can't be read: what stands beneath it then gives up its row, the failures first."""
_PIXELS_A_TICK = 72
_MOST_TEXTS = 200
_TICK = 4
"""How long a tick of the time axis is."""
_BAND = {True: (0.26, 0.11), False: (0.22, 0.10)}
"""How strong a band is up to its middle and above it, on dark and on light."""
_FAINT = 0.8
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
        self._lane_names: tuple[str, ...] | None = None
        self._view = pg.GraphicsView(self, useOpenGL=False)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setAntialiasing(False)
        self._grid = pg.GraphicsLayout()
        self._view.setCentralItem(self._grid)
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
        for axis, grid, ticks in zip(
            self._axes, self._grids, (picture.ticks, picture.rate_ticks), strict=False
        ):
            axis.show_words(ticks)
            grid.show_ticks(ticks)
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
        return max(1, math.ceil(float(self._top.width())))

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
        # The rows first, and by hand for that: those of the size before keep the picture as high as it was.
        self._fit_rows()
        self._view.setGeometry(self.rect())

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
        self._axes: list[_HeightAxis] = []
        for place, track in enumerate(self._tracks):
            axis = _HeightAxis(track, 0 if place == 2 else 6)
            axis.setWidth(LEFT_ROOM)
            self._axes.append(axis)
            grid.addItem(axis, row=place, col=0)
            grid.addItem(track, row=place, col=1)
            if place:
                track.setXLink(self._top)
        self._time = _TimeAxis(self._circuit)
        self._time.setHeight(_TIME_HEIGHT)
        grid.addItem(self._time, row=4, col=1)
        self._share.setYRange(0, 1, padding=0)
        self._axes[2].show_words(((1.0, "100 %"),))
        self._grids = [_Grid(self._top), _Grid(self._rate)]
        self._curves, self._rates = _Curves(self._top), _Curves(self._rate, beneath=True)
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
        circuits = max(lanes, 1) * _LANE_HEIGHT + _LANES_EDGE
        spare = self.height() - _TIME_HEIGHT - _LEAST_TOP - circuits - rate - bars
        bars, spare = (bars, spare) if spare >= 0 else (0, spare + bars)
        rate, spare = (rate, spare) if spare >= 0 else (0, spare + rate)
        circuits = circuits if spare >= 0 else 0
        for place, height in ((1, rate), (2, bars), (3, circuits)):
            layout.setRowFixedHeight(place, height)
            self._tracks[place].setVisible(height > 0)
            self._axes[place].setVisible(height > 0)

    def _restyle(self) -> None:
        theme = Theme.current()
        self._view.setBackground(theme.color("surface"))
        font = theme.font("small")
        axes: list[Any] = [*self._axes, self._time]
        for axis in axes:
            axis.setPen(theme.color("border"))
            axis.setTextPen(theme.color("muted"))
            axis.setTickFont(font)
        for caption in self._captions:
            caption.setFont(font)
            caption.setBrush(theme.color("muted"))
        self._cross.setPen(pg.mkPen(theme.color("text"), width=1, style=Qt.PenStyle.DotLine))
        for overlay in (self._bars, self._lanes, self._marks, *self._grids):
            overlay.update()
        if self.picture is not None:
            self._draw_curves()
        self.update()

    # Drawing

    def _draw_curves(self) -> None:
        picture = self.picture
        if picture is None:
            return
        theme = Theme.current()
        calm = sum(len(curve.x) for curve in picture.curves) < _CALM_POINTS
        curves = [
            (curve, theme.color(curve.role))
            for curve in picture.curves
            if self.shown is None or curve.name in self.shown
        ]
        span = (picture.since, picture.until)
        self._curves.show_curves(curves, span, smooth=calm, second=self._second)
        self._rates.show_curves(curves, span, smooth=calm)

    def _show_lane_names(self, picture: ChartPicture) -> None:
        names = tuple(lane.name for lane in picture.lanes)
        if names == self._lane_names:
            return
        self._lane_names = names
        metrics = QFontMetrics(Theme.current().font("small"))
        right = Qt.TextElideMode.ElideRight
        words = [metrics.elidedText(name, right, LEFT_ROOM - 8) for name in names]
        self._circuit.setYRange(-max(len(names), 1), 0, padding=0)
        self._axes[3].show_words(tuple((-(place + 0.5), word) for place, word in enumerate(words)))

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


class _Texts:
    """Words laid out once, and drawn many times."""

    def __init__(self) -> None:
        self._known: dict[str, QStaticText] = {}
        Theme.current().changed.connect(self._known.clear)

    def of(self, words: str) -> QStaticText:
        """The words in the small font, ready to be drawn."""
        if words not in self._known:
            if len(self._known) > _MOST_TEXTS:
                self._known.clear()
            text = QStaticText(words)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(font=Theme.current().font("small"))
            self._known[words] = text
        return self._known[words]


class _HeightAxis(pg.AxisItem):  # type: ignore[misc]
    """Words beside a track, drawn as they are: pyqtgraph's own way takes many times as long."""

    def __init__(self, track: Any, room: float) -> None:
        """`room`: how near to an end, in pixels, words may stand."""
        super().__init__("left", linkView=track, maxTickLength=0)
        self._room = room
        self._texts = _Texts()
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


class _TimeAxis(pg.AxisItem):  # type: ignore[misc]
    """The common axis of time, beneath all tracks; drawn as it is, again with each move."""

    def __init__(self, track: Any) -> None:
        super().__init__("bottom", linkView=track, maxTickLength=-_TICK)
        self._texts = _Texts()

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


class _Grid(Overlay):
    """Faint lines behind a track, one for each tick of its height."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self.setZValue(-20)
        self._heights: tuple[float, ...] = ()

    def show_ticks(self, ticks: tuple[tuple[float, str], ...]) -> None:
        self._heights = tuple(height for height, _ in ticks)
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        place, color = PixelMap(self._track), QColor(Theme.current().color("border"))
        color.setAlpha(34 if Theme.current().is_dark else 46)
        painter.setPen(color)
        for height in self._heights:
            if place.low <= height <= place.high:
                painter.drawLine(QPointF(place.left, place.y(height)), QPointF(place.width, place.y(height)))


class _Curves(Overlay):
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
                _draw_line(painter, place, curve.rate_x, curve.rate, QPen(color, 1))
                continue
            _draw_line(painter, place, curve.x, curve.line, QPen(color, 1))
            if self._second:
                faint = QPen(_see_through(color, _FAINT), 1, Qt.PenStyle.DotLine)
                _draw_line(painter, place, curve.x, curve.second, faint)
        painter.end()


def _draw_line(painter: QPainter, place: PixelMap, x: Any, y: Any, pen: QPen) -> None:
    """A line with gaps. Its pen is 1 wide: anything wider is many times as slow."""
    if len(x) < 2:
        return
    seen = np.isfinite(y)
    connect = np.zeros(len(seen), np.int32)
    connect[:-1] = seen[:-1] & seen[1:]
    painter.setPen(pen)
    height = np.where(seen, place.y(y), 0.0)
    painter.drawPath(pg.arrayToQPath(place.x(x), height, connect=connect, finiteCheck=False))


def _see_through(color: QColor, share: float) -> QColor:
    made = QColor(color)
    made.setAlphaF(share)
    return made


def _caption(track: Any, words: str) -> QGraphicsSimpleTextItem:
    caption = QGraphicsSimpleTextItem(words, track)
    caption.setPos(6, 2)
    caption.setZValue(40)
    return caption
