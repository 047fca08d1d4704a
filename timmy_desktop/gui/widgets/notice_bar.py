"""One line at a panel's edge that says what is wrong and offers the next step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import button, label, row
from timmy_desktop.inert import inert

_GLYPH = 16


class NoticeBar(QWidget):
    """Hidden until something is said. Not a dialog: work goes on beside it."""

    def __init__(self, action: str = "", clicked: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._tone = "warn"
        self._words = label(wrap=True)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.action_button = button(action, clicked, variant="quiet")
        self.setLayout(
            row(self._words, self.action_button, margins=(GAP + TIGHT + _GLYPH + GAP, GAP, GAP, GAP))
        )
        # Shown before it has a parent, a button would flash up as a window of its own.
        self.action_button.setVisible(bool(action))
        self.hide()

    @property
    def words(self) -> str:
        """What it says now, "" while it is hidden."""
        return "" if self.isHidden() else self._words.text()

    def say(self, words: str, tone: str = "warn", action: str | None = None) -> None:
        """Shows `words`; "" hides the bar. `action` changes the button's words, "" takes it away."""
        shown = inert(words)
        self._tone = tone
        if shown != self._words.text():
            self._words.setText(shown)
            self.setAccessibleName(shown)
        if action is not None:
            self.action_button.setText(action)
            self.action_button.setVisible(bool(action))
        if bool(shown) == self.isHidden():
            self.setVisible(bool(shown))
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(160, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(self._tone_role(), 0.10))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        glyph = "info" if self._tone in ("accent", "muted", "info") else self._tone
        top = (self.height() - _GLYPH) / 2
        paint_glyph(painter, glyph, QRectF(GAP + TIGHT, top, _GLYPH, _GLYPH), theme.color(self._tone_role()))

    def _tone_role(self) -> str:
        return "accent" if self._tone == "info" else self._tone
