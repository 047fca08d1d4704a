"""The chart of the money: what was available, and what came in and went out. Draws a ready picture."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.ledger.chart_canvas import LEFT, ChartCanvas
from timmy_desktop.gui.panels.ledger.snapshot import MoneyPicture
from timmy_desktop.gui.theme import Theme


class MoneyChart(QWidget):
    """Pointing reads a bar, a click or Return shows its lines. Keys: arrows walk, Escape lets go."""

    pointed_at = Signal(int)
    """The bar under the pointer; -1 for none."""
    chosen = Signal(int)
    """A bar was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: MoneyPicture | None = None
        self._bar = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Available sats over time, and what came in and went out")
        Theme.current().changed.connect(self.update)

    def show_picture(self, picture: MoneyPicture) -> None:
        """Draws another picture."""
        self.picture = picture
        if self._bar >= len(picture.bars):
            self._point(-1)
        self.update()

    @property
    def bar(self) -> int:
        """The place of the bar that is read, or -1."""
        return self._bar

    @property
    def most_bars(self) -> int:
        """How many bars can be told apart in the room there is."""
        return max(10, (self.width() - LEFT) // 7)

    @property
    def steps(self) -> int:
        """How many steps of the line can be seen."""
        return max(60, min(self.width() - LEFT, 600))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 110)

    def sizeHint(self) -> QSize:
        return QSize(360, 220)

    # The person

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._bar_at(event.position().x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (place := self._bar_at(event.position().x())) >= 0:
            self.chosen.emit(place)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, many = event.key(), len(self.picture.bars) if self.picture else 0
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and many:
            start = self._bar if self._bar >= 0 else (many if key == Qt.Key.Key_Left else -1)
            self._point(min(max(start + (1 if key == Qt.Key.Key_Right else -1), 0), many - 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._bar >= 0:
            self.chosen.emit(self._bar)
        elif key == Qt.Key.Key_Escape and self._bar >= 0:
            self._point(-1)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: object) -> None:
        super().focusInEvent(event)  # type: ignore[arg-type]
        self.update()

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.update()

    def _point(self, place: int) -> None:
        if place != self._bar:
            self._bar = place
            told = self.picture.bars[place].words if self.picture and place >= 0 else ""
            self.setAccessibleDescription(told)
            self.pointed_at.emit(place)
            self.update()

    def _bar_at(self, x: float) -> int:
        if self.picture is None or x < LEFT:
            return -1
        moment = ChartCanvas(self.picture, self.width(), self.height()).moment(x)
        return next(
            (place for place, bar in enumerate(self.picture.bars) if bar.since <= moment < bar.until), -1
        )

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.picture is not None:
            ChartCanvas(self.picture, self.width(), self.height(), self._bar).paint(painter)
        if self.hasFocus():
            painter.setPen(Theme.current().color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
