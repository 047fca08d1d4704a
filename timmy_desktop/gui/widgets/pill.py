"""A status in a word, told by tone *and* by shape, as a widget and for delegates to paint."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.inert import inert_line

_MARK, _SIDE, _PAD_X, _PAD_Y = 7, 5, 8, 3

# tone: a role of the theme; shape: dot, ring, half, triangle, cross, square, none.
SHAPES = {"good": "dot", "warn": "triangle", "bad": "cross", "accent": "half", "muted": "ring"}


def pill_width(text: str, *, shape: str = "dot") -> int:
    """How wide `paint_pill` will draw `text`."""
    metrics = QFontMetrics(Theme.current().font("small"))
    return metrics.horizontalAdvance(text) + 2 * _PAD_X + (_MARK + _SIDE if shape != "none" else 0)


def pill_height() -> int:
    """How high every pill is."""
    return QFontMetrics(Theme.current().font("small")).height() + 2 * _PAD_Y


def paint_pill(
    painter: QPainter, rect: QRectF, text: str, tone: str, *, shape: str = "", over: str = "surface"
) -> None:
    """Draws a pill into `rect`. `shape` follows from the tone where none is given; `over` is the ground."""
    theme = Theme.current()
    shape = shape or SHAPES.get(tone, "dot")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.tint(tone, 0.13, over))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    left = rect.left() + _PAD_X
    if shape != "none":
        paint_mark(painter, QRectF(left, rect.center().y() - _MARK / 2, _MARK, _MARK), tone, shape)
        left += _MARK + _SIDE
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("text" if tone == "muted" else tone))
    words = QRectF(left, rect.top(), rect.right() - left - _PAD_X + 2, rect.height())
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.restore()


def paint_mark(painter: QPainter, rect: QRectF, tone: str, shape: str = "") -> None:
    """Draws only the status mark: a shape of its own for each tone, so that colour is never alone."""
    color = Theme.current().color(tone)
    shape = shape or SHAPES.get(tone, "dot")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if shape == "triangle":
        painter.drawPolygon([QPointF(rect.center().x(), rect.top()), rect.bottomRight(), rect.bottomLeft()])
    elif shape == "square":
        painter.drawRoundedRect(rect, 1.5, 1.5)
    elif shape in ("cross", "ring", "half"):
        _outlined(painter, rect, shape)
    else:
        painter.drawEllipse(rect)
    painter.restore()


def _outlined(painter: QPainter, rect: QRectF, shape: str) -> None:
    pen = painter.pen()
    pen.setColor(painter.brush().color())
    pen.setWidthF(1.6)
    pen.setStyle(Qt.PenStyle.SolidLine)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    inner = rect.adjusted(0.8, 0.8, -0.8, -0.8)
    if shape == "cross":
        painter.setPen(pen)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
        return
    if shape == "half":
        path = QPainterPath(rect.center())
        path.arcTo(inner, 90, -180)
        painter.drawPath(path)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(inner)


class Pill(QWidget):
    """A status chip. Screen readers hear its text."""

    def __init__(self, text: str = "", tone: str = "muted", *, shape: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_status(text, tone, shape=shape)

    def show_status(self, text: str, tone: str, *, shape: str = "") -> None:
        """Changes word, tone and shape."""
        self._text, self._tone, self._shape = inert_line(text, 40), tone, shape
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        return self._text

    def sizeHint(self) -> QSize:
        return QSize(pill_width(self._text, shape=self._shape or "dot"), pill_height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        paint_pill(QPainter(self), QRectF(self.rect()), self._text, self._tone, shape=self._shape)
