"""Shows that something works: a thin line after half a second, words and a way out after two."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.inert import inert_line

_SHOW_AFTER_MS, _EXPLAIN_AFTER_MS, _STEP_MS = 500, 2000, 50


class _Line(QWidget):
    """Two pixels with a piece of accent travelling along."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(2)
        self._place = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._step)

    def run(self, running: bool) -> None:
        self._timer.start() if running else self._timer.stop()

    def _step(self) -> None:
        self._place = (self._place + 0.025) % 1.0
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("border"))
        painter.drawRect(self.rect())
        piece = self.width() * 0.25
        left = (self.width() + piece) * self._place - piece
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(QRectF(left, 0, piece, 2), 1, 1)


class BusyBar(QWidget):
    """`start` and `finish` around work. It keeps its two pixels of height, so that nothing jumps."""

    def __init__(self, cancel: Callable[[], object] | None = None) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._line = _Line()
        self._words = label(tone="muted", size="small")
        self._cancel = button("Cancel", cancel, variant="quiet")
        self._details = QWidget()
        self._details.setLayout(row(self._words, None, self._cancel, margins=(12, 4, 8, 4)))
        self._has_cancel = cancel is not None
        self.setLayout(column(self._line, self._details, gap=0, margins=(0, 0, 0, 0)))
        self._appear = self._one_shot(_SHOW_AFTER_MS, self._show_line)
        self._explain = self._one_shot(_EXPLAIN_AFTER_MS, self._show_words)
        self.finish()

    @property
    def busy(self) -> bool:
        """Whether work was started and not finished."""
        return self._busy

    def start(self, words: str) -> None:
        """Work began; `words` say which, as in "Looking for models"."""
        self._busy = True
        self.say(words)
        self._appear.start()
        self._explain.start()

    def say(self, words: str) -> None:
        """How far it is: "120 of 800 rows"."""
        self._words.setText(inert_line(words, 120))
        self.setAccessibleName(self._words.text())

    def finish(self) -> None:
        """Work ended, well or not."""
        self._busy = False
        self._appear.stop()
        self._explain.stop()
        self._line.run(False)
        self._line.setVisible(False)
        self._details.setVisible(False)

    def _show_line(self) -> None:
        self._line.setVisible(True)
        self._line.run(True)

    def _show_words(self) -> None:
        self._cancel.setVisible(self._has_cancel)
        self._details.setVisible(True)

    def _one_shot(self, milliseconds: int, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.setTimerType(Qt.TimerType.CoarseTimer)
        timer.timeout.connect(then)
        return timer
