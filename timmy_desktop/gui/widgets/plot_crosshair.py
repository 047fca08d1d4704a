"""The crosshair of a chart: which step it stands on, and the line through all tracks."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QPen

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.plot_overlays import PixelMap
from timmy_desktop.gui.widgets.plot_tracks import PlotTracks
from timmy_desktop.gui.widgets.time_series import ChartPicture

_OVER_ALL = 50


class Crosshair(QObject):
    """On one step of the picture, or on none."""

    moved = Signal(int)
    """The step; -1 when it left."""

    def __init__(self, tracks: PlotTracks, parent: QObject) -> None:
        super().__init__(parent)
        self._tracks = tracks
        self._picture: ChartPicture | None = None
        self.step = -1
        self._line = tracks.view.scene().addLine(0, 0, 0, 0)
        self._line.setZValue(_OVER_ALL)
        self._line.hide()

    def show_picture(self, picture: ChartPicture) -> None:
        """Stays on its step, where the picture has it still."""
        self._picture = picture
        if self.step >= len(picture.steps):
            self.point_at(-1)
        elif self.step >= 0:
            self.place()

    def point_at(self, step: int) -> None:
        """Puts it on a step; -1 takes it away."""
        if step == self.step:
            return
        self.step = step
        self.place()
        self.moved.emit(step)

    def point_at_moment(self, moment: float) -> None:
        """Puts it on the step in which a second lies."""
        if self._picture is not None:
            self.point_at(self._picture.step_at(moment))

    def walk(self, by: int) -> None:
        """On by some steps; from nowhere it enters at the end that it would come from."""
        if self._picture is None or not self._picture.steps:
            return
        last = len(self._picture.steps) - 1
        start = self.step if self.step >= 0 else (last + 1 if by < 0 else -1)
        self.point_at(min(max(start + by, 0), last))

    def place(self) -> None:
        """Draws it where its step is now."""
        picture, top = self._picture, self._tracks.top
        if picture is None or not 0 <= self.step < len(picture.steps):
            self._line.hide()
            return
        x = PixelMap(top).x(picture.steps[self.step] + picture.width / 2)
        place = top.mapToScene(QPointF(x, 0))
        inside, bottom = top.sceneBoundingRect(), self._tracks.lanes.sceneBoundingRect().bottom()
        self._line.setLine(round(place.x()) + 0.5, inside.top(), round(place.x()) + 0.5, bottom)
        self._line.setVisible(inside.left() - 1 <= place.x() <= inside.right() + 1)

    def restyle(self) -> None:
        """Takes the colour of the theme."""
        pen = QPen(Theme.current().color("text"), 1, Qt.PenStyle.DotLine)
        pen.setCosmetic(True)
        self._line.setPen(pen)
