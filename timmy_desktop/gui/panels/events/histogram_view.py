"""Events over time as bars by severity: dragging chooses a range, the wheel zooms, Escape shows all again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from timmy_desktop.gui.theme import GAP, HAIR, TIGHT, Theme
from timmy_desktop.gui.wording import count, exact_time
from timmy_desktop.storage.event_counts import Bar, Histogram

_HEIGHT, _WORDS = 40, 14
_LEAST_DRAG = 4
_LEAST_SPAN_US = 1_000
_ZOOM = 0.5


class HistogramView(QWidget):
    """Shows a ready histogram; screen readers hear its sums."""

    range_chosen = Signal(object, object)
    """`since_us` and `until_us`; None and None for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Histogram | None = None
        self._anchor: float | None = None
        self._drag: float | None = None
        self._zoomed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Events over time")

    @property
    def shown(self) -> Histogram | None:
        return self._shown

    def show_histogram(self, histogram: Histogram, *, zoomed: bool) -> None:
        self._shown, self._zoomed = histogram, zoomed
        total = sum(bar.count for bar in histogram.bars)
        errors = sum(bar.error for bar in histogram.bars)
        self.setAccessibleDescription(f"{count(total, 'event')}, {count(errors, 'error')}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT + _WORDS)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _HEIGHT + _WORDS)

    # What the person does

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._anchor = self._drag = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._anchor is not None:
            self._drag = event.position().x()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._anchor is None or self._shown is None:
            return
        first, last = sorted((self._anchor, event.position().x()))
        self._anchor = self._drag = None
        self.update()
        if last - first >= _LEAST_DRAG:
            self._choose(self._time_at(first), self._time_at(last))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002
        self._anchor = self._drag = None
        self.range_chosen.emit(None, None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self.zoom(event.angleDelta().y() > 0, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.range_chosen.emit(None, None)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(True, QPointF(self.rect().center()))
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(False, QPointF(self.rect().center()))
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._pan(-1 if event.key() == Qt.Key.Key_Left else 1)
        else:
            super().keyPressEvent(event)

    def zoom(self, inwards: bool, around: QPointF) -> None:
        """Half or twice the range, around a place."""
        if self._shown is None:
            return
        if not inwards and not self._zoomed:
            return
        since, until = self._shown.since_us, self._shown.until_us
        centre, factor = self._time_at(around.x()), _ZOOM if inwards else 1 / _ZOOM
        self._choose(centre - round((centre - since) * factor), centre + round((until - centre) * factor))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self._words_at(event.pos().x())
            QToolTip.showText(event.globalPos(), words, self) if words else QToolTip.hideText()
            return True
        return super().event(event)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        base = _HEIGHT - 1
        painter.fillRect(QRect(0, base, self.width(), 1), theme.color("border"))
        if self._shown is None:
            return
        most = max((bar.count for bar in self._shown.bars), default=0)
        colors = [theme.color(role) for role in ("series1", "warn", "bad")]
        for bar in self._shown.bars:
            self._paint_bar(painter, bar, most, base, colors)
        self._paint_ends(painter)
        if self._anchor is not None and self._drag is not None:
            first, last = sorted((self._anchor, self._drag))
            painter.setPen(theme.color("accent"))
            tint = theme.color("accent")
            tint.setAlpha(50)
            painter.setBrush(tint)
            painter.drawRect(QRectF(first, 0, last - first, base))

    def _paint_bar(self, painter: QPainter, bar: Bar, most: int, base: int, colors: Sequence[QColor]) -> None:
        left, right = self._x_of(bar.start_us), self._x_of(bar.start_us + self._width_us)
        left, right = max(0.0, left), min(float(self.width()), right)
        width = max(1.0, right - left - 1)
        bottom = float(base)
        for number, color in zip((bar.info, bar.warning, bar.error), colors, strict=True):
            if number:
                # What is rare is what is looked for: nothing that is there is lower than two pixels.
                height = max(HAIR, number / most * (base - TIGHT))
                painter.fillRect(QRectF(left, bottom - height, width, height), color)
                bottom -= height

    def _paint_ends(self, painter: QPainter) -> None:
        theme, shown = Theme.current(), self._shown
        if shown is None or not shown.until_us:
            return
        font = theme.font("small")
        painter.setFont(font)
        painter.setPen(theme.color("muted"))
        line = QRect(0, _HEIGHT + 1, self.width(), self.height() - _HEIGHT)
        ends = [
            exact_time(moment)[5 : 19 if self._zoomed else 16] for moment in (shown.since_us, shown.until_us)
        ]
        middle = exact_time((shown.since_us + shown.until_us) // 2)[5 : 19 if self._zoomed else 16]
        if QFontMetrics(font).horizontalAdvance("  ".join((*ends, middle))) + 4 * GAP < self.width():
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, middle)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, ends[0])
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, ends[1])

    # Geometry

    @property
    def _width_us(self) -> int:
        return self._shown.width_us if self._shown is not None else 1

    def _span(self) -> tuple[int, int]:
        shown = self._shown
        return (shown.since_us, max(1, shown.until_us - shown.since_us)) if shown is not None else (0, 1)

    def _x_of(self, time_us: int) -> float:
        since, span = self._span()
        return (time_us - since) / span * self.width()

    def _time_at(self, x: float) -> int:
        since, span = self._span()
        return since + round(min(max(x, 0), self.width()) / max(1, self.width()) * span)

    def _choose(self, since: int, until: int) -> None:
        if until - since >= _LEAST_SPAN_US:
            self.range_chosen.emit(since, until)

    def _pan(self, step: int) -> None:
        since, span = self._span()
        if self._zoomed:
            self._choose(since + step * span // 4, since + span + step * span // 4)

    def _words_at(self, x: int) -> str:
        if self._shown is None:
            return ""
        moment = self._time_at(x)
        bar = next(
            (one for one in self._shown.bars if one.start_us <= moment < one.start_us + self._width_us), None
        )
        if bar is None:
            return f"{exact_time(moment)[:19]}\nNothing happened"
        parts = [count(bar.count, "event")]
        parts += [count(bar.warning, "warning")] if bar.warning else []
        parts += [count(bar.error, "error")] if bar.error else []
        return f"{exact_time(bar.start_us)[:19]}\n{', '.join(parts)}"
