"""Draws the money's picture: a stepped line over its ground, bars up and down from a middle, times."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPolygonF

from timmy_desktop.gui.panels.ledger.snapshot import Bar, MoneyPicture
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.time_ticks import time_ticks, time_words

LEFT = 46
_AXIS, _BETWEEN = 20, 8
_SHARE = 0.6
_PIXELS_A_TICK = 64
_LEAST_BAR, _WIDEST_BAR = 2.0, 22.0


class ChartCanvas:
    """One picture in one size; `read` is the bar under the pointer, -1 for none."""

    def __init__(self, picture: MoneyPicture, width: int, height: int, read: int = -1) -> None:
        self._picture, self._width, self._height_px, self._read = picture, width, height, read

    def paint(self, painter: QPainter) -> None:
        """All of it."""
        upper, lower = self.tracks()
        self._paint_ground(painter, upper, lower)
        self._paint_line(painter, upper)
        self._paint_bars(painter, lower)
        self._paint_times(painter, lower)

    def tracks(self) -> tuple[QRectF, QRectF]:
        """Where the line goes, and where the bars stand."""
        room = QRectF(LEFT, GAP, self._width - LEFT - GAP, self._height_px - _AXIS - GAP)
        split = room.height() * _SHARE
        upper = QRectF(room.left(), room.top(), room.width(), split - _BETWEEN / 2)
        rest = room.height() - split - _BETWEEN / 2
        lower = QRectF(room.left(), upper.bottom() + _BETWEEN, room.width(), rest)
        return upper, lower

    def x(self, moment: float) -> float:
        """The pixel at a moment."""
        picture = self._picture
        room = self._width - LEFT - GAP
        return LEFT + (moment - picture.since) / max(picture.until - picture.since, 1e-9) * room

    def moment(self, x: float) -> float:
        """The seconds at a pixel."""
        picture = self._picture
        room = max(self._width - LEFT - GAP, 1)
        return picture.since + (x - LEFT) / room * (picture.until - picture.since)

    def _height(self, track: QRectF, msat: float) -> float:
        picture = self._picture
        share = (msat - picture.low) / max(picture.high - picture.low, 1e-9)
        return track.bottom() - share * track.height()

    def _paint_ground(self, painter: QPainter, upper: QRectF, lower: QRectF) -> None:
        theme, picture = Theme.current(), self._picture
        painter.setFont(theme.font("small"))
        middle = lower.center().y()
        heights = [(self._height(upper, value), words) for value, words in picture.ticks]
        half = lower.height() / 2
        for value, words in picture.bar_ticks:
            share = value / picture.bar_high * half
            heights += [(middle - share, words), (middle + share, words)]
        metrics = QFontMetrics(painter.font())
        taken = -100.0
        for y, words in sorted(heights):
            painter.setPen(QPen(theme.color("border"), 1))
            painter.drawLine(QPointF(LEFT, round(y) + 0.5), QPointF(upper.right(), round(y) + 0.5))
            if y - taken >= metrics.height() * 0.9:
                taken = y
                painter.setPen(theme.color("muted"))
                box = QRectF(0, y - 10, LEFT - TIGHT - 2, 20)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        painter.setPen(QPen(theme.color("outline"), 1))
        painter.drawLine(QPointF(LEFT, round(middle) + 0.5), QPointF(lower.right(), round(middle) + 0.5))

    def _paint_line(self, painter: QPainter, track: QRectF) -> None:
        theme, picture = Theme.current(), self._picture
        points: list[QPointF] = []
        for moment, msat in picture.line:
            x, y = self.x(moment), self._height(track, msat)
            if points:
                points.append(QPointF(x, points[-1].y()))
            points.append(QPointF(x, y))
        painter.save()
        painter.setClipRect(track.adjusted(0, -2, 1, 2))
        area = QPainterPath()
        area.addPolygon(QPolygonF([QPointF(points[0].x(), track.bottom()), *points]))
        area.lineTo(points[-1].x(), track.bottom())
        painter.fillPath(area, _see_through(theme.color("series1"), 0.13))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_see_through(theme.color("series1"), 0.28))
        for since, until, least, most in picture.swing:
            left, right = self.x(since), max(self.x(until), self.x(since) + 1)
            top, bottom = self._height(track, most), self._height(track, least)
            painter.drawRect(QRectF(left, top, right - left, max(bottom - top, 1)))
        painter.setPen(QPen(theme.color("series1"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)
        painter.restore()

    def _paint_bars(self, painter: QPainter, track: QRectF) -> None:
        theme, picture = Theme.current(), self._picture
        painter.setPen(Qt.PenStyle.NoPen)
        for place, bar in enumerate(picture.bars):
            if place == self._read:
                left, right = max(self.x(bar.since), float(LEFT)), self.x(bar.until)
                painter.setBrush(_see_through(theme.color("accent"), 0.12))
                painter.drawRect(QRectF(left, GAP, right - left, track.bottom() - GAP))
            for msat, role, way in ((bar.in_msat, "series3", -1), (bar.out_msat, "series2", 1)):
                if msat:
                    painter.setBrush(theme.color(role))
                    painter.drawRect(self._bar_rect(track, bar, msat, way))

    def _bar_rect(self, track: QRectF, bar: Bar, msat: int, way: int) -> QRectF:
        """In goes up from the middle, out goes down: told apart by more than their colour."""
        left, right = max(self.x(bar.since), float(LEFT)), min(self.x(bar.until), track.right())
        width = max(_LEAST_BAR, min((right - left) * 0.72, _WIDEST_BAR))
        height = max(1.5, msat / self._picture.bar_high * track.height() / 2)
        middle = track.center().y()
        return QRectF((left + right - width) / 2, middle - height if way < 0 else middle + 1, width, height)

    def _paint_times(self, painter: QPainter, track: QRectF) -> None:
        theme, picture = Theme.current(), self._picture
        ticks = time_ticks(picture.since, picture.until, max(2, int(track.width() / _PIXELS_A_TICK)))
        step = ticks[1] - ticks[0] if len(ticks) > 1 else picture.until - picture.since
        painter.setFont(theme.font("small"))
        metrics = QFontMetrics(painter.font())
        painter.setPen(theme.color("muted"))
        for moment, words in zip(ticks, time_words(ticks, step), strict=True):
            x, half = self.x(moment), metrics.horizontalAdvance(words) / 2
            if track.left() - 8 <= x - half and x + half <= track.right() + 4:
                painter.drawText(QPointF(x - half, track.bottom() + metrics.ascent() + TIGHT), words)


def _see_through(color: QColor, share: float) -> QColor:
    made = QColor(color)
    made.setAlphaF(share)
    return made
