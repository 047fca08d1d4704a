"""The bar of the scrubber: the track, the moment in words, and how to play it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.scrubber.track import Track
from timmy_desktop.gui.theme import GAP, HAIR, TIGHT, Theme
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import button, glyph_button, label, row, set_tone
from timmy_desktop.gui.wording import count

SPEEDS = (1, 10, 60, 600, 3_600, 36_000)
_FIRST_SPEED = 60


class ScrubBar(QFrame):
    """Shows what it is told; everything else is a wish."""

    picked = Signal(object)
    """A time in microseconds."""
    stepped = Signal(int)
    play_toggled = Signal()
    back_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("variant", "card")
        self.setAccessibleName("Time scrubber")
        self.track = Track()
        self.track.picked.connect(self.picked)
        self.track.stepped.connect(self.stepped)
        self.track.play_toggled.connect(self.play_toggled)
        self._before = glyph_button("step_back", "To the event before", lambda: self.stepped.emit(-1))
        self.play = glyph_button("play", "Play", self.play_toggled.emit)
        self._after = glyph_button("step_on", "To the next event", lambda: self.stepped.emit(1))
        self.speed = Choice()
        self.speed.setProperty("variant", "compact")
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("How many times faster than it happened")
        self.speed.addItems([f"{speed:,}×" for speed in SPEEDS])
        self.speed.setCurrentIndex(SPEEDS.index(_FIRST_SPEED))
        self._when = label("", strong=True)
        self._exact = label("", tone="muted", size="small")
        self._caution = label("", tone="warn", size="small", wrap=True)
        self._caution.hide()
        self.back = button("Close", self.back_requested.emit, hint="Esc")
        self._in_past = False
        self._compose()

    @property
    def times_faster(self) -> int:
        return SPEEDS[self.speed.currentIndex()]

    @property
    def words(self) -> tuple[str, str, str]:
        """The moment in words, exactly, and what keeps it from being whole."""
        return self._when.text(), self._exact.text(), self._caution.text()

    def show_now(self) -> None:
        """Nothing was picked yet."""
        self._in_past = False
        self._when.setText("Now")
        self._name_back("Close", "plain")
        set_tone(self._when, "")
        self._exact.setText("Drag the handle to a moment: every dock then shows it as it was, read only.")
        self.update()

    def show_words(self, when: str, exact: str, caution: str) -> None:
        """A moment is on screen."""
        self._in_past = True
        self._when.setText(when)
        self._name_back("Back to now", "primary")
        set_tone(self._when, "warn")
        self._exact.setText(exact)
        self.show_caution(caution)
        self.update()

    def show_caution(self, words: str) -> None:
        """What keeps the past from being whole."""
        self._caution.setText(words)
        self._caution.setVisible(bool(words))

    def show_reading(self, done: int, of: int) -> None:
        """The log is being read for the first time."""
        self._exact.setText(f"Reading the log: {done:,} of {count(of, 'event')}")

    def show_playing(self, playing: bool) -> None:
        self.play.setIcon(icon("pause" if playing else "play"))
        self.play.setToolTip("Pause" if playing else "Play")
        self.play.setAccessibleName(self.play.toolTip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back_requested.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._in_past:
            QPainter(self).fillRect(0, 0, self.width(), HAIR, Theme.current().color("warn"))

    def minimumSizeHint(self) -> QSize:
        return QSize(400, super().minimumSizeHint().height())

    def _name_back(self, words: str, variant: str) -> None:
        if self.back.text() == words:
            return
        self.back.setText(words)
        self.back.setProperty("variant", variant)
        self.back.style().unpolish(self.back)
        self.back.style().polish(self.back)
        self.back.setAccessibleName(words)

    def _compose(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP + TIGHT, GAP, GAP + TIGHT, GAP)
        layout.setSpacing(TIGHT)
        controls = row(self._before, self.play, self._after, self.speed, gap=TIGHT)
        controls.addWidget(self.track, 1)
        layout.addLayout(controls)
        layout.addLayout(row(self._when, self._exact, None, self.back))
        layout.addWidget(self._caution)
