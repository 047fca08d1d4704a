"""Paints the map of memories: hover tells, click opens, the wheel zooms, arrow keys go to the next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from timmy_desktop.gui.panels.memory import map_geometry as geometry
from timmy_desktop.gui.panels.memory.map_geometry import Lens, Place
from timmy_desktop.gui.panels.memory.wording import TYPES
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Point

_REACH, _SPRITE, _STEP = 12.0, 14, 1.25
_ARROWS: dict[int, Place] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class MapView(QWidget):
    """Points as they come from the memory; those of hidden types are neither painted nor reached."""

    opened = Signal(str)
    current_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(160, 90))
        self.lens = Lens()
        self.points: Sequence[Point] = ()
        self.hidden: frozenset[str] = frozenset()
        self.current = -1
        self._hovered = -1
        self._pressed: QPoint | None = None
        self._dragged = False
        self._places: list[Place] = []
        self._sprites: dict[str, QPixmap] = {}
        Theme.current().changed.connect(self._restyle)
        self._tell()

    def show_points(self, points: Sequence[Point]) -> None:
        """Other points; the one that is chosen stays so where it is still there."""
        chosen = self.current_id
        self.points = points
        self.current = next((i for i, point in enumerate(points) if point.entry_id == chosen), -1)
        self._hovered = -1
        self._place()
        self._tell()

    def hide_types(self, hidden: frozenset[str]) -> None:
        """Leaves these types out."""
        self.hidden = hidden
        self._place()

    @property
    def current_id(self) -> str:
        """The chosen entry, "" for none."""
        return self.points[self.current].entry_id if 0 <= self.current < len(self.points) else ""

    def choose(self, entry_id: str) -> None:
        """Puts the ring around an entry's point and brings it in sight."""
        place = next((i for i, point in enumerate(self.points) if point.entry_id == entry_id), -1)
        if place >= 0 and place != self.current:
            self._go_to(place, tell=False)

    def place_of(self, entry_id: str) -> QPoint:
        """Where an entry's point stands on screen."""
        index = next(i for i, point in enumerate(self.points) if point.entry_id == entry_id)
        return QPointF(*self._places[index]).toPoint()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Nearer or further."""
        centre = at or QPointF(self.rect().center())
        self._look(geometry.zoomed(self.lens, self.width(), self.height(), (centre.x(), centre.y()), factor))

    def zoom_out_whole(self) -> None:
        """The whole map."""
        self._look(Lens())

    # The person

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom(_STEP**steps, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position().toPoint(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._pressed is not None:
            by = at - self._pressed
            if self._dragged or by.manhattanLength() > 4:
                self._dragged = True
                self._pressed = at
                self._look(geometry.moved(self.lens, self.width(), self.height(), by.x(), by.y()))
            return
        hovered = self._at(event.position())
        if hovered != self._hovered:
            self._hovered = hovered
            shape = Qt.CursorShape.PointingHandCursor if hovered >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was_click = self._pressed is not None and not self._dragged
        self._pressed = None
        if was_click and (index := self._at(event.position())) >= 0:
            self._go_to(index)
            self.opened.emit(self.points[index].entry_id)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in _ARROWS and self._shown():
            self._step(_ARROWS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current_id:
            self.opened.emit(self.current_id)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_STEP, self._focus_point())
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP, self._focus_point())
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.zoom_out_whole()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            index = self._at(QPointF(event.pos()))
            if index >= 0:
                QToolTip.showText(event.globalPos(), self.words_of(index), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def words_of(self, index: int) -> str:
        """What is told of a point: its type and how it begins."""
        point = self.points[index]
        return f"{TYPES[point.type].word}: {inert_line(point.label, 160)}"

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("sunken"))
        self._paint_cross(painter)
        half = _SPRITE / 2
        width, height = self.width(), self.height()
        for index in self._shown():
            x, y = self._places[index]
            if -half < x < width + half and -half < y < height + half:
                painter.drawPixmap(QPointF(x - half, y - half), self._sprite(self.points[index].type))
        for index, role in ((self._hovered, "text"), (self.current, "accent")):
            if 0 <= index < len(self._places) and self.points[index].type not in self.hidden:
                painter.setPen(QPen(theme.color(role), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(QPointF(*self._places[index]), 9, 9)
        self._paint_label(painter, self._hovered if self._hovered >= 0 else self.current)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_cross(self, painter: QPainter) -> None:
        x, y = geometry.to_screen(self.lens, self.width(), self.height(), (0.0, 0.0))
        painter.setPen(QPen(Theme.current().color("border"), 1))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.drawLine(QPointF(0, y), QPointF(self.width(), y))

    def _paint_label(self, painter: QPainter, index: int) -> None:
        """The words of the point under the pointer or the ring, beside it."""
        if not 0 <= index < len(self._places) or self.points[index].type in self.hidden:
            return
        theme = Theme.current()
        font = theme.font("small")
        metrics = QFontMetrics(font)
        room = min(360, self.width() - 4 * GAP)
        words = metrics.elidedText(
            inert_line(self.points[index].label, 160), Qt.TextElideMode.ElideRight, room
        )
        width, height = metrics.horizontalAdvance(words) + 2 * GAP, metrics.height() + 2 * TIGHT
        x, y = self._places[index]
        left = min(max(x + 14, TIGHT), self.width() - width - TIGHT)
        top = y - height - 10 if y > height + 20 else y + 14
        box = QRectF(left, top, width, height)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _sprite(self, kind: str) -> QPixmap:
        """Painted once for each type: thousands of points are copies of it."""
        if kind not in self._sprites:
            self._sprites[kind] = map_mark(kind, self.devicePixelRatioF())
        return self._sprites[kind]

    def _restyle(self) -> None:
        self._sprites.clear()
        self.update()

    # Points

    def _shown(self) -> list[int]:
        if not self.hidden:
            return list(range(len(self.points)))
        return [index for index, point in enumerate(self.points) if point.type not in self.hidden]

    def _place(self) -> None:
        width, height, lens = self.width(), self.height(), self.lens
        self._places = [geometry.to_screen(lens, width, height, (point.x, point.y)) for point in self.points]
        self.update()

    def _look(self, lens: Lens) -> None:
        self.lens = lens
        self._place()

    def _at(self, place: QPointF) -> int:
        shown = self._shown()
        found = geometry.nearest([self._places[index] for index in shown], (place.x(), place.y()), _REACH)
        return shown[found] if found >= 0 else -1

    def _step(self, towards: Place) -> None:
        shown = self._shown()
        if self.current not in shown:
            centre = (self.width() / 2, self.height() / 2)
            found = geometry.nearest([self._places[index] for index in shown], centre, 1e6)
            self._go_to(shown[found])
            return
        found = geometry.neighbour(self._places, self.current, towards, shown)
        if found >= 0:
            self._go_to(found)

    def _go_to(self, index: int, *, tell: bool = True) -> None:
        self.current = index
        point = self.points[index]
        self._look(geometry.showing(self.lens, self.width(), self.height(), (point.x, point.y)))
        self._tell()
        if tell:
            self.current_changed.emit(point.entry_id)

    def _focus_point(self) -> QPointF | None:
        return QPointF(*self._places[self.current]) if 0 <= self.current < len(self._places) else None

    def _tell(self) -> None:
        """What a screen reader says: the chosen point, else what this is and how to use it."""
        if 0 <= self.current < len(self.points):
            self.setAccessibleName(self.words_of(self.current))
            return
        self.setAccessibleName(
            f"Map of {len(self.points):,} memories. Arrow keys go from one to the next, Return opens"
        )


def map_mark(kind: str, ratio: float = 2.0) -> QPixmap:
    """A point of a type: colour and shape together."""
    look, theme = TYPES[kind], Theme.current()
    picture = QPixmap(round(_SPRITE * ratio), round(_SPRITE * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("sunken"), 1))
    painter.setBrush(theme.color(look.role))
    middle = _SPRITE / 2
    if look.shape == "square":
        painter.drawRect(QRectF(middle - 3.5, middle - 3.5, 7, 7))
    elif look.shape == "diamond":
        reach = 5.2
        corners = ((0, -reach), (reach, 0), (0, reach), (-reach, 0))
        painter.drawPolygon(QPolygonF([QPointF(middle + x, middle + y) for x, y in corners]))
    else:
        painter.drawEllipse(QPointF(middle, middle), 4, 4)
    painter.end()
    return picture
