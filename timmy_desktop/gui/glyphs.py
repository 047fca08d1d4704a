"""Stroke glyphs drawn by code on a 24 grid, tinted by role when painted, so that they follow the theme.

A glyph is a list of strokes in a small notation: `M x y`, `L x y`, `Q cx cy x y` and `Z` as in SVG,
`O cx cy r` for a circle, `D cx cy r` for a filled dot, `R x y w h r` for a rounded rectangle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPainterPath, QPen, QPixmap

from timmy_desktop import own_process
from timmy_desktop.gui.theme import Theme

GLYPHS = {
    # Panels
    "activity": "M 3 12 L 7 12 L 10 5 L 14 19 L 17 12 L 21 12",
    "tasks": "R 4 4 16 16 4 M 8 12 L 11 15 L 16 9",
    "chat": "M 8 18 L 4 21 L 4 8 Q 4 4 8 4 L 16 4 Q 20 4 20 8 L 20 14 Q 20 18 16 18 Z",
    "router": "O 5 12 2 O 19 5 2 O 19 19 2 M 7 12 Q 12 12 12 8.5 Q 12 5 17 5 M 7 12 Q 12 12 12 15.5 "
    "Q 12 19 17 19",
    "ledger": "R 4 4 16 16 3 M 8 9 L 16 9 M 8 13 L 16 13 M 8 17 L 12 17",
    "memory": "O 12 12 8 O 12 12 3.5 D 12 12 1",
    "events": "M 9 6 L 20 6 M 9 12 L 20 12 M 9 18 L 20 18 D 4.5 6 1.2 D 4.5 12 1.2 D 4.5 18 1.2",
    "upgrades": "O 6 6 2.2 O 6 18 2.2 O 18 8 2.2 M 6 8.2 L 6 15.8 M 18 10.2 Q 18 15 8.2 17.5",
    # Topics
    "agent": "R 5 8 14 11 4 M 12 8 L 12 4 D 12 3.6 1.2 D 9.3 13 1.1 D 14.7 13 1.1",
    "tool": "M 14 6 Q 16 3.5 19.5 4.5 L 16.5 7.5 L 18 9 L 21 6 Q 21.5 10 18 11.5 Q 16 12.2 14.5 11.5 "
    "L 7 19.5 Q 5.5 20.5 4.2 19.2 Q 3 18 4.5 16.5 L 12.2 9.3 Q 12 7.5 14 6",
    "bid": "M 6 20 L 14 20 M 4 15 L 13 6 M 10 3 L 16 9 M 13 6 L 21 14",
    "sats": "M 13 2 L 5 14 L 11 14 L 10 22 L 19 9 L 12.5 9 Z",
    "system": "O 12 12 3 M 12 3 L 12 6 M 12 18 L 12 21 M 3 12 L 6 12 M 18 12 L 21 12 M 5.6 5.6 L 7.7 7.7 "
    "M 16.3 16.3 L 18.4 18.4 M 18.4 5.6 L 16.3 7.7 M 7.7 16.3 L 5.6 18.4",
    "log": "M 9.5 14.5 L 14.5 9.5 M 8 11 L 5.5 13.5 Q 3 16 5.5 18.5 Q 8 21 10.5 18.5 L 13 16 M 16 13 "
    "L 18.5 10.5 Q 21 8 18.5 5.5 Q 16 3 13.5 5.5 L 11 8",
    "unknown": "O 12 12 8.5 M 9.5 9.5 Q 9.8 7.5 12 7.5 Q 14.5 7.5 14.5 9.8 Q 14.5 11.5 12 12.5 L 12 13.8 "
    "D 12 16.6 1",
    # States
    "good": "O 12 12 8.5 M 8 12.5 L 11 15.2 L 16 9.3",
    "warn": "M 12 4 L 21 19.5 L 3 19.5 Z M 12 10 L 12 14 D 12 16.8 0.9",
    "bad": "M 8.2 3.5 L 15.8 3.5 L 20.5 8.2 L 20.5 15.8 L 15.8 20.5 L 8.2 20.5 L 3.5 15.8 L 3.5 8.2 Z "
    "M 9 9 L 15 15 M 15 9 L 9 15",
    "info": "O 12 12 8.5 M 12 11 L 12 16 D 12 8 1",
    "offline": "M 4 4 L 20 20 M 5 11 Q 7 9.2 9.2 8.3 M 13.5 8 Q 16.5 8.6 19 11 M 8.5 14.5 Q 10 13.2 12 13 "
    "D 12 18 1.2",
    "clock": "O 12 12 8.5 M 12 7 L 12 12 L 15.5 14",
    "shield": "M 12 3 L 20 6 L 20 11 Q 20 18 12 21 Q 4 18 4 11 L 4 6 Z M 8.5 12 L 11 14.3 L 15.5 9.5",
    # Actions
    "plus": "M 12 5 L 12 19 M 5 12 L 19 12",
    "minus": "M 5 12 L 19 12",
    "close": "M 6.5 6.5 L 17.5 17.5 M 17.5 6.5 L 6.5 17.5",
    "float": "R 4 8 12 12 2.5 M 9 4 L 17.5 4 Q 20 4 20 6.5 L 20 15",
    "search": "O 10.5 10.5 6 M 15 15 L 20 20",
    "copy": "R 8 8 12 12 2.5 M 5 16 Q 4 16 4 14.5 L 4 6.5 Q 4 4 6.5 4 L 14.5 4 Q 16 4 16 5",
    "check": "M 5 12.5 L 10 17 L 19 7",
    "pause": "M 9 6 L 9 18 M 15 6 L 15 18",
    "play": "M 8 5 L 19 12 L 8 19 Z",
    "stop": "R 6 6 12 12 2",
    "step_back": "M 7 6 L 7 18 M 18 6 L 11 12 L 18 18",
    "step_on": "M 17 6 L 17 18 M 6 6 L 13 12 L 6 18",
    "send": "M 12 19 L 12 5 M 6 11 L 12 5 L 18 11",
    "retry": "M 20 12 Q 20 20 12 20 Q 4 20 4 12 Q 4 4 12 4 Q 16 4 19 8 M 19 3.5 L 19 8 L 14.5 8",
    "top": "M 5 4 L 19 4 M 12 20 L 12 9 M 7 13.5 L 12 8.5 L 17 13.5",
    "folder": "M 3.5 18 L 3.5 6.5 Q 3.5 5 5 5 L 9.5 5 L 12 7.5 L 19 7.5 Q 20.5 7.5 20.5 9 L 20.5 17.5 "
    "Q 20.5 19 19 19 L 4.5 19 Q 3.5 19 3.5 18",
    "gear": "O 12 12 3 O 12 12 6.5 M 12 3 L 12 5.5 M 12 18.5 L 12 21 M 3 12 L 5.5 12 M 18.5 12 L 21 12",
    "filter": "M 4 6 L 20 6 M 7 12 L 17 12 M 10 18 L 14 18",
    "more": "D 6 12 1.4 D 12 12 1.4 D 18 12 1.4",
    "down": "M 6 9.5 L 12 15.5 L 18 9.5",
    "right": "M 9.5 6 L 15.5 12 L 9.5 18",
    "keyboard": "R 3 6 18 12 2.5 D 7 10 0.9 D 11 10 0.9 D 15 10 0.9 M 8 14 L 16 14",
    "key": "O 8 15 4 M 11 12 L 19.5 3.5 M 16 7 L 19 10",
    "model": "R 6 6 12 12 2.5 R 10 10 4 4 1 M 9 6 L 9 3 M 15 6 L 15 3 M 9 21 L 9 18 M 15 21 L 15 18 "
    "M 6 9 L 3 9 M 6 15 L 3 15 M 21 9 L 18 9 M 21 15 L 18 15",
    "moon": "M 20 14 Q 16 16 12.5 12.5 Q 8.5 8.5 10.5 4 Q 4 5.5 4 12 Q 4 20 12 20 Q 18.5 20 20 14 Z",
    "pin": "M 9 4 L 15 4 L 14.5 10 L 17.5 13.5 L 6.5 13.5 L 9.5 10 Z M 12 13.5 L 12 20.5",
    "fact": "M 7 4 L 17 4 L 17 20.5 L 12 16.5 L 7 20.5 Z",
    "document": "M 6 3.5 L 14 3.5 L 18.5 8 L 18.5 20.5 L 6 20.5 Z M 14 3.5 L 14 8 L 18.5 8 "
    "M 9 12.5 L 15.5 12.5 M 9 16 L 15.5 16",
    "timmy": "O 12 12 8.5 D 9 11 1.2 D 15 11 1.2 M 8.5 14.5 Q 12 17.5 15.5 14.5",
}

_STROKE = 1.6
_ARGUMENTS = {"M": 2, "L": 2, "Q": 4, "Z": 0, "O": 3, "D": 3, "R": 5}


def paint_glyph(painter: QPainter, name: str, rect: QRect | QRectF, color: QColor) -> None:
    """Draws the glyph called `name` (a name nobody knows draws as `unknown`) into the square `rect`."""
    strokes, dots = _paths(name)
    target = QRectF(rect)
    side = min(target.width(), target.height())
    scale = side / 24
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(target.center() - QPointF(side / 2, side / 2))
    painter.scale(scale, scale)
    # A stroke keeps its weight on small glyphs: thin lines vanish at 14 pixels.
    pen = QPen(color, max(_STROKE, 1.25 / scale if scale else _STROKE))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(strokes, pen)
    painter.fillPath(dots, color)
    painter.restore()


def icon(name: str, role: str = "muted", active: str = "text") -> QIcon:
    """A glyph as an icon; it takes the role's colour of whatever theme is in use when painted."""
    return QIcon(_GlyphEngine(name, role, active))


def pixmap(name: str, size: int, role: str = "muted", ratio: float = 2.0) -> QPixmap:
    """A glyph as a picture of `size` logical pixels; ask again after a switch of theme."""
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    paint_glyph(painter, name, QRectF(0, 0, size, size), Theme.current().color(role))
    painter.end()
    return picture


def application_icon() -> QIcon:
    """The application's own picture, the same in both themes; drawn when it is first shown."""
    return QIcon(str(own_process.shared_file("icon.svg")))


class _GlyphEngine(QIconEngine):
    def __init__(self, name: str, role: str, active: str) -> None:
        super().__init__()
        self._name, self._role, self._active = name, role, active

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role = self._role
        if mode == QIcon.Mode.Disabled:
            role = "outline"
        elif mode in (QIcon.Mode.Active, QIcon.Mode.Selected) or state == QIcon.State.On:
            role = self._active
        paint_glyph(painter, self._name, rect, Theme.current().color(role))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._name, self._role, self._active)


@lru_cache(maxsize=128)
def _paths(name: str) -> tuple[QPainterPath, QPainterPath]:
    strokes, dots = QPainterPath(), QPainterPath()
    draw: dict[str, Callable[..., object]] = {
        "M": strokes.moveTo,
        "L": strokes.lineTo,
        "Q": strokes.quadTo,
        "Z": strokes.closeSubpath,
        "O": lambda x, y, r: strokes.addEllipse(QPointF(x, y), r, r),
        "D": lambda x, y, r: dots.addEllipse(QPointF(x, y), r, r),
        "R": lambda x, y, w, h, r: strokes.addRoundedRect(QRectF(x, y, w, h), r, r),
    }
    for command, numbers in _commands(GLYPHS.get(name, GLYPHS["unknown"])):
        draw[command](*numbers)
    return strokes, dots


def _commands(notation: str) -> Iterator[tuple[str, list[float]]]:
    tokens = iter(notation.split())
    for command in tokens:
        yield command, [float(next(tokens)) for _ in range(_ARGUMENTS[command])]
