"""Tells the person something without stopping them: one line of words, its details, and a way to close it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, RADIUS, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import button, glyph_button, label, row, selectable
from timmy_desktop.inert import inert

_MOST = 3
_FADES_MS = 6000
_LONGEST = 600

GLYPH_OF_TONE = {"info": "info", "good": "good", "warn": "warn", "bad": "bad"}
ROLE_OF_TONE = {"info": "accent", "good": "good", "warn": "warn", "bad": "bad"}


class Notice(QWidget):
    """One message: a tinted card with the glyph of its tone."""

    dismissed = Signal(object)

    def __init__(self, text: str, tone: str = "info", details: str = "") -> None:
        super().__init__()
        self.text, self.tone, self.details = text, tone if tone in GLYPH_OF_TONE else "info", details
        self.repeats = 1
        self._words: QLabel = selectable(label(text[:_LONGEST], wrap=True))
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._times = label(tone="muted", size="small")
        self._copy = button("Copy details", self._copy_details, variant="quiet", glyph="copy")
        close = glyph_button("close", "Close this message", lambda: self.dismissed.emit(self), side=26)
        self.setLayout(row(self._words, self._times, self._copy, close, margins=(44, GAP, GAP, GAP)))
        self._copy.setVisible(bool(details))
        self.setAccessibleName(text)
        if tone in ("info", "good"):
            self._fading = QTimer(self)
            self._fading.setSingleShot(True)
            self._fading.timeout.connect(lambda: self.dismissed.emit(self))
            self._fading.start(_FADES_MS)

    def repeat(self) -> None:
        """The same happened again."""
        self.repeats += 1
        self._times.setText(f"{self.repeats} times")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = ROLE_OF_TONE[self.tone]
        painter.setPen(QPen(theme.tint(role, 0.35), 1))
        painter.setBrush(theme.tint(role, 0.1))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), RADIUS, RADIUS)
        side = 18
        place = self.rect().adjusted(16, (self.height() - side) // 2, 0, 0)
        place.setSize(QSize(side, side))
        paint_glyph(painter, GLYPH_OF_TONE[self.tone], place, theme.color(role))

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(f"{inert(self.text)}\n\n{inert(self.details)}")


class MessageBar(QWidget):
    """Holds the last few messages; a repeated one is counted, not stacked."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(TIGHT)
        self._notices: list[Notice] = []
        self.setVisible(False)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)

    @property
    def texts(self) -> list[str]:
        """What is shown, oldest first."""
        return [notice.text for notice in self._notices]

    def say(self, text: str, tone: str = "info", details: str = "") -> None:
        """Shows a message; `info` and `good` go by themselves, `warn` and `bad` stay until closed."""
        for notice in self._notices:
            if notice.text == text:
                notice.repeat()
                return
        if len(self._notices) >= _MOST:
            self._remove(self._notices[0])
        notice = Notice(text, tone, details)
        notice.dismissed.connect(self._remove)
        self._notices.append(notice)
        self._layout.addWidget(notice)
        self.setVisible(True)

    def _remove(self, notice: Notice) -> None:
        if notice in self._notices:
            self._notices.remove(notice)
            self._layout.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
        self.setVisible(bool(self._notices))
