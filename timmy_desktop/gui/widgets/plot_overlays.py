"""What lies over a track in pixels, not in data: a grid, bars, lanes of states, marks. Shapes and colours."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.time_series import Bar, Lane, Mark

_REACH = 7.0
_MARK_SIDE = 9.0


class PixelMap:
    """From seconds to pixels of a track, as it stands now."""

    def __init__(self, track: Any) -> None:
        (self.since, self.until), (self.low, self.high) = track.viewRange()
        rect = track.rect()
        self.left, self.width, self.height = rect.left(), rect.width(), rect.height()

    def y(self, heights: Any) -> Any:
        """Pixels from the top; takes arrays too."""
        return self.height * (1 - (heights - self.low) / max(self.high - self.low, 1e-9))

    def x(self, moment: Any) -> Any:
        """Pixels from the left; takes arrays too."""
        return self.left + (moment - self.since) / max(self.until - self.since, 1e-9) * self.width


class Overlay(QGraphicsItem):
    """Painted in the pixels of its track, again whenever the time axis moves."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self._track = track
        self.setZValue(20)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsToShape, True)
        track.sigXRangeChanged.connect(lambda *_: self.update())
        track.sigResized.connect(lambda *_: self._resized())

    def boundingRect(self) -> QRectF:
        return QRectF(self._track.rect())

    def _resized(self) -> None:
        self.prepareGeometryChange()
        self.update()


class GridOverlay(Overlay):
    """Faint lines behind a track, one for each tick of its height."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self.setZValue(-20)
        self._heights: tuple[float, ...] = ()

    def show_ticks(self, ticks: tuple[tuple[float, str], ...]) -> None:
        self._heights = tuple(height for height, _ in ticks)
        self.update()

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:  # noqa: ARG002
        place, color = PixelMap(self._track), QColor(Theme.current().color("border"))
        color.setAlpha(34 if Theme.current().is_dark else 46)
        painter.setPen(color)
        for height in self._heights:
            if place.low <= height <= place.high:
                painter.drawLine(QPointF(place.left, place.y(height)), QPointF(place.width, place.y(height)))


class BarsOverlay(Overlay):
    """Shares from 0 to 1 as bars; never thinner than can be seen."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self._bars: tuple[Bar, ...] = ()

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        self._bars = bars
        self.update()

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:  # noqa: ARG002
        place, color = PixelMap(self._track), Theme.current().color("bad")
        base, room, scale = place.height, place.height - 2, place.width / max(place.until - place.since, 1e-9)
        bars = []
        for bar in self._bars:
            height = max(2.0, bar.share * room)
            wide = max(2.0, (bar.end - bar.start) * scale - 0.5)
            bars.append(QRectF((bar.start - place.since) * scale, base - height, wide, height))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRects(bars)


class LanesOverlay(Overlay):
    """One lane for each name: closed is a thin line, half-open a hollow block, open a full one."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self._lanes: tuple[Lane, ...] = ()

    def show_lanes(self, lanes: tuple[Lane, ...]) -> None:
        self._lanes = lanes
        self.update()

    def words_at(self, place: QPointF) -> str:
        """What the interval under the pointer tells."""
        if not self._lanes or not self.boundingRect().contains(place):
            return ""
        map_ = PixelMap(self._track)
        lane = self._lanes[min(int(place.y() / self._lane_height()), len(self._lanes) - 1)]
        hits = [
            words
            for start, end, _, words in lane.spans
            if map_.x(start) - 3 <= place.x() <= map_.x(end) + 3 and words
        ]
        return hits[-1] if hits else ""

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:  # noqa: ARG002
        place, height, theme = PixelMap(self._track), self._lane_height(), Theme.current()
        for number, lane in enumerate(self._lanes):
            top = number * height
            box = QRectF(place.left, top, place.width, height)
            self._paint_states(painter, box, lane, place)
            painter.setPen(theme.color("border"))
            painter.drawLine(QPointF(0, top), QPointF(place.width, top))

    def _paint_states(self, painter: QPainter, box: QRectF, lane: Lane, place: PixelMap) -> None:
        theme, middle = Theme.current(), box.center().y()
        for start, end, state, _ in lane.spans:
            left, right = max(place.x(start), box.left()), min(place.x(end), box.right())
            if right < box.left() or left > box.right():
                continue
            block = QRectF(left, box.top() + 3, max(3.0, right - left), box.height() - 6)
            if state == "OPEN":
                painter.fillRect(block, theme.color("bad"))
            elif state == "HALF_OPEN":
                painter.setPen(QPen(theme.color("warn"), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(block.adjusted(0.5, 0.5, -0.5, -0.5))
            else:
                painter.setPen(QPen(theme.color(lane.role), 1))
                painter.drawLine(QPointF(left, middle), QPointF(right, middle))

    def _lane_height(self) -> float:
        return float(self._track.rect().height()) / max(len(self._lanes), 1)


class MarksOverlay(Overlay):
    """Small triangles at the top, each with a thread down; several at one place carry their number."""

    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self._marks: tuple[Mark, ...] = ()

    def show_marks(self, marks: tuple[Mark, ...]) -> None:
        self._marks = marks
        self.update()

    def words_at(self, place: QPointF) -> str:
        """What the mark within reach of the pointer tells."""
        if not self._marks or not self.boundingRect().contains(place):
            return ""
        map_ = PixelMap(self._track)
        near = min(self._marks, key=lambda mark: abs(map_.x(mark.at) - place.x()))
        return near.words if abs(map_.x(near.at) - place.x()) <= _REACH else ""

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:  # noqa: ARG002
        place, theme = PixelMap(self._track), Theme.current()
        color, thread = theme.color("warn"), theme.tint("warn", 0.4)
        metrics = QFontMetrics(theme.font("small"))
        painter.setFont(theme.font("small"))
        top = metrics.height() + 5
        for mark in self._marks:
            x = round(place.x(mark.at)) + 0.5
            if not 0 <= x <= place.width:
                continue
            painter.setPen(QPen(thread, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, top + _MARK_SIDE), QPointF(x, place.height))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            half = _MARK_SIDE / 2
            painter.drawPolygon(
                QPolygonF([QPointF(x - half, top), QPointF(x + half, top), QPointF(x, top + _MARK_SIDE)])
            )
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            if mark.count > 1:
                painter.setPen(theme.color("muted"))
                words = str(mark.count)
                painter.drawText(QPointF(min(x + half + 2, place.width - 14), top + _MARK_SIDE - 1), words)
