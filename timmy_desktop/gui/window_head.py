"""What stands above the docks: the menu bar, the search, and the cards that come and go beneath them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMenuBar, QVBoxLayout, QWidget

from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.fields import SearchButton
from timmy_desktop.gui.widgets.parts import glyph_button, row


class WindowHead(QWidget):
    """One row, and whatever `add` puts beneath it."""

    def __init__(self, open_palette: Callable[[], object], switch_theme: Callable[[], object]) -> None:
        super().__init__()
        self.menu_bar = QMenuBar()
        self.search = SearchButton("Search or run", "Ctrl+K", open_palette)
        theme = glyph_button("moon", "Switch between dark and light", switch_theme)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 6)
        self._layout.setSpacing(GAP)
        self._layout.addLayout(row(self.menu_bar, None, self.search, theme, margins=(0, 6, 0, 2)))

    def add(self, card: QWidget) -> None:
        """Puts it below those that are there."""
        self._layout.addWidget(card)
