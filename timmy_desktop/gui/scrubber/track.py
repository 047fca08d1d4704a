"""The log's whole time as a slider: how much happened when, and a handle at the moment."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from timmy_desktop.gui.theme import GAP, HAIR, TIGHT, Theme
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.storage.event_counts import Bar, Histogram

_HEIGHT, _KNOB = 44, 6
_PAGE = 20
"""Page keys move by this part of the whole."""


class Track(QWidget):
    """Emits the moment under the pointer; shows a moment only when it is told to."""

    picked = Signal(object)
    """A time in microseconds."""
    stepped = Signal(int)
    """1 for the next event, -1 for the one before."""
    play_toggled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._since, self._until, self._moment = 0, 1, 1
        self._histogram: Histogram | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Moment")

    @property
    def moment(self) -> int:
        return self._moment

    def show_range(self, since_us: int, until_us: int) -> None:
        """The times between which one can pick."""
        self._since, self._until = since_us, max(until_us, since_us + 1)
        self.update()

    def show_histogram(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self.update()

    def show_moment(self, time_us: int) -> None:
        self._moment = time_us
        self.setAccessibleDescription(exact_time(time_us))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _HEIGHT)

    def x_of(self, time_us: int) -> float:
        """Where a time stands."""
        room = max(1, self.width() - 2 * _KNOB)
        return _KNOB + (time_us - self._since) / (self._until - self._since) * room

    def time_at(self, x: float) -> int:
        """The time at a place."""
        share = (x - _KNOB) / max(1, self.width() - 2 * _KNOB)
        return self._since + round(min(max(share, 0.0), 1.0) * (self._until - self._since))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        time_us = self.time_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.picked.emit(time_us)
        QToolTip.showText(event.globalPosition().toPoint(), exact_time(time_us)[:19], self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = (self._until - self._since) // _PAGE
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                self.stepped.emit(-1 if event.key() == Qt.Key.Key_Left else 1)
            case Qt.Key.Key_PageUp:
                self.picked.emit(max(self._since, self._moment - page))
            case Qt.Key.Key_PageDown:
                self.picked.emit(min(self._until, self._moment + page))
            case Qt.Key.Key_Home:
                self.picked.emit(self._since)
            case Qt.Key.Key_End:
                self.picked.emit(self._until)
            case Qt.Key.Key_Space:
                self.play_toggled.emit()
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        base = self.height() - GAP
        painter.fillRect(QRectF(0, base, self.width(), 1), theme.color("outline"))
        bars = self._histogram.bars if self._histogram is not None else ()
        most = max((bar.count for bar in bars), default=1)
        for bar in bars:
            self._paint_bar(painter, bar, most, base)
        # What comes after the moment has not happened yet.
        veil = theme.color("sunken")
        veil.setAlpha(150)
        x = self.x_of(self._moment)
        painter.fillRect(QRectF(x, 0, self.width() - x, base), veil)
        self._paint_handle(painter, x, base)

    def _paint_bar(self, painter: QPainter, bar: Bar, most: int, base: int) -> None:
        theme, shown = Theme.current(), self._histogram
        width_us = shown.width_us if shown is not None else 1
        left, right = self.x_of(max(bar.start_us, self._since)), self.x_of(bar.start_us + width_us)
        left, right, bottom = max(0.0, left), min(float(self.width()), right), float(base)
        for number, role in ((bar.info, "series1"), (bar.warning, "warn"), (bar.error, "bad")):
            if number:
                height = max(HAIR, number / most * (base - TIGHT))
                painter.fillRect(
                    QRectF(left, bottom - height, max(1.0, right - left - 1), height), theme.color(role)
                )
                bottom -= height

    def _paint_handle(self, painter: QPainter, x: float, base: int) -> None:
        theme = Theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = theme.color("accent" if self.hasFocus() else "text")
        painter.fillRect(QRectF(x - 1, 0, HAIR, base), color)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        points = (
            QPointF(x - _KNOB, self.height()),
            QPointF(x + _KNOB, self.height()),
            QPointF(x, base - HAIR),
        )
        painter.drawPolygon(QPolygonF(points))
