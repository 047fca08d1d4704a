"""Words laid out once and drawn many times, as the axes of a live chart are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QStaticText

from timmy_desktop.gui.theme import Theme

_MOST_TEXTS = 200


class StaticTexts:
    """In the small font of the theme; laid out anew when that changes."""

    def __init__(self) -> None:
        self._known: dict[str, QStaticText] = {}
        Theme.current().changed.connect(self._known.clear)

    def of(self, words: str) -> QStaticText:
        """The words in the small font, ready to be drawn."""
        if words not in self._known:
            if len(self._known) > _MOST_TEXTS:
                self._known.clear()
            text = QStaticText(words)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(font=Theme.current().font("small"))
            self._known[words] = text
        return self._known[words]
