"""Latency, throughput, failures and circuits over a common time axis, drawn from a ready picture.

Importing it takes a second, by what it draws with: see gui/panels/router/chart_page.
"""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.plot_crosshair import Crosshair
from timmy_desktop.gui.widgets.plot_curves import CurvesOverlay
from timmy_desktop.gui.widgets.plot_overlays import BarsOverlay, GridOverlay, LanesOverlay, MarksOverlay
from timmy_desktop.gui.widgets.plot_rows import rows_beneath
from timmy_desktop.gui.widgets.plot_tracks import LEAST_SPAN, LEFT_ROOM, MOST_SPAN, TIME_HEIGHT, PlotTracks
from timmy_desktop.gui.widgets.time_series import ChartPicture

_CALM_POINTS = 4_000
"""Below this many points lines are smoothed; above, smoothing costs more than it shows."""


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
        self._at_mark = False
        self._lane_names: tuple[str, ...] | None = None
        self.tracks = PlotTracks(self)
        self._grids = [GridOverlay(self.tracks.top), GridOverlay(self.tracks.rate)]
        self._curves = CurvesOverlay(self.tracks.top)
        self._rates = CurvesOverlay(self.tracks.rate, beneath=True)
        self._bars = BarsOverlay(self.tracks.share)
        self._lanes = LanesOverlay(self.tracks.lanes)
        self._marks = MarksOverlay(self.tracks.top)
        self._cross = Crosshair(self.tracks, self)
        self._fit_rows()
        self._wire()
        Theme.current().changed.connect(self._restyle)
        self._restyle()

    # What the panel tells

    def show_picture(self, picture: ChartPicture, *, move: bool = True) -> None:
        """Draws another picture; with `move` the time axis goes to the picture's own span."""
        self.picture = picture
        if move:
            self.look_at(picture.since, picture.until)
        self.tracks.top.setYRange(picture.low, picture.high, padding=0)
        self.tracks.rate.setYRange(0, picture.rate_high, padding=0)
        both = (picture.ticks, picture.rate_ticks)
        for axis, grid, ticks in zip(self.tracks.axes, self._grids, both, strict=False):
            axis.show_words(ticks)
            grid.show_ticks(ticks)
        self._draw_curves()
        self._bars.show_bars(picture.bars)
        self._lanes.show_lanes(picture.lanes)
        self._show_lane_names(picture)
        self._marks.show_marks(picture.marks)
        self._fit_rows()
        self._cross.show_picture(picture)

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
        self.tracks.top.setXRange(since, until, padding=0)

    @property
    def span(self) -> tuple[float, float]:
        """The seconds in view."""
        since, until = self.tracks.top.viewRange()[0]
        return float(since), float(until)

    @property
    def step(self) -> int:
        """The step under the crosshair, or -1."""
        return self._cross.step

    @property
    def plot_width(self) -> int:
        """Pixels between the ends of the time axis: more steps than this can't be seen."""
        return max(1, math.ceil(float(self.tracks.top.width())))

    def frame(self) -> None:
        """Paints now, as benchmarks want it."""
        self.tracks.view.viewport().repaint()

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 180)

    def sizeHint(self) -> QSize:
        return QSize(380, 320)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The rows first, and by hand for that: those of the size before keep the picture as high as it was.
        self._fit_rows()
        self.tracks.view.setGeometry(self.rect())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._cross.walk(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(0.5)
        elif key == Qt.Key.Key_Minus:
            self._zoom(2.0)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._pan(0.5 if key == Qt.Key.Key_PageDown else -0.5)
        elif key == Qt.Key.Key_Home:
            self.home_requested.emit()
        elif key == Qt.Key.Key_Escape and self.step >= 0:
            self._cross.point_at(-1)
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
            self._cross.point_at(-1)
            self._hide_mark()
        return False

    # Building

    def _wire(self) -> None:
        tracks = self.tracks
        for track in tracks.all:
            track.sigRangeChangedManually.connect(lambda *_: self.looked_at.emit(*self.span))
        tracks.top.sigXRangeChanged.connect(lambda *_: self._cross.place())
        tracks.view.scene().sigMouseMoved.connect(self._moved)
        tracks.view.viewport().installEventFilter(self)
        self._cross.moved.connect(self.pointed_at)

    def _fit_rows(self) -> None:
        lanes = len(self.picture.lanes) if self.picture is not None else 1
        self.tracks.fit_rows(rows_beneath(self.height(), lanes, TIME_HEIGHT))

    def _restyle(self) -> None:
        self.tracks.restyle()
        self._cross.restyle()
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
        self.tracks.lanes.setYRange(-max(len(names), 1), 0, padding=0)
        self.tracks.axes[3].show_words(tuple((-(place + 0.5), word) for place, word in enumerate(words)))

    # The person

    def _moved(self, place: QPointF) -> None:
        top = self.tracks.top
        room = top.sceneBoundingRect()
        if not room.left() <= place.x() <= room.right():
            self._cross.point_at(-1)
            self._hide_mark()
            return
        self._cross.point_at_moment(top.mapSceneToView(place).x())
        words = self._marks.words_at(top.mapFromScene(place)) or self._lanes.words_at(
            self.tracks.lanes.mapFromScene(place)
        )
        if words:
            self._at_mark = True
            view = self.tracks.view
            QToolTip.showText(view.viewport().mapToGlobal(view.mapFromScene(place)), words, self)
        else:
            self._hide_mark()

    def _hide_mark(self) -> None:
        if self._at_mark:
            self._at_mark = False
            QToolTip.hideText()

    def _zoom(self, factor: float) -> None:
        since, until = self.span
        middle, half = (since + until) / 2, (until - since) / 2 * factor
        half = min(max(half, LEAST_SPAN / 2), MOST_SPAN / 2)
        self.look_at(middle - half, middle + half)
        self.looked_at.emit(*self.span)

    def _pan(self, share: float) -> None:
        since, until = self.span
        by = (until - since) * share
        self.look_at(since + by, until + by)
        self.looked_at.emit(*self.span)
