"""Foreign Markdown on screen: prose and code in turn, cheap to extend while it streams."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.theme import GAP, Theme
from timmy_desktop.gui.widgets.code_block import CodeBlock
from timmy_desktop.gui.widgets.markdown_parts import Code, Part, Prose, split_markdown
from timmy_desktop.gui.widgets.parts import button
from timmy_desktop.gui.widgets.prose_view import ProseView

PAGE = 12_000
"""Characters shown at first, and added by each press of "Show more"."""


class MarkdownView(QWidget):
    """Shows text without fetching anything; only the parts that changed are laid out again."""

    memory_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._plain = False
        self._limit = PAGE
        self._shown: list[Part] = []
        self._widgets: list[ProseView | CodeBlock] = []
        self.more_button: QPushButton | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GAP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        Theme.current().changed.connect(self._restyle)

    @property
    def text(self) -> str:
        """The whole text as it was given, also where only its beginning is on screen."""
        return self._text

    def show_text(self, text: str, *, plain: bool = False) -> None:
        """Shows `text`, as Markdown unless `plain`."""
        if not text.startswith(self._text[:200]):
            self._limit = PAGE
        self._text, self._plain = text, plain
        self._render()

    def _render(self) -> None:
        shown = self._text[: self._limit]
        parts: list[Part] = [Prose(shown)] if self._plain else split_markdown(shown)
        for index, part in enumerate(parts):
            if index >= len(self._shown) or self._shown[index] != part:
                self._show_part(index, part)
        self._drop_after(len(parts))
        self._shown = parts
        self._offer_more(len(self._text) - len(shown))

    def _offer_more(self, hidden: int) -> None:
        if hidden and self.more_button is None:
            self.more_button = button("", self._show_more, variant="quiet")
            self._layout.addWidget(self.more_button)
        if self.more_button is not None:
            self.more_button.setText(f"Show more ({hidden:,} characters are left)")
            self.more_button.setVisible(hidden > 0)

    def _show_part(self, index: int, part: Part) -> None:
        widget = self._widget_at(index, CodeBlock if isinstance(part, Code) else ProseView)
        if isinstance(widget, CodeBlock) and isinstance(part, Code):
            widget.show_code(part.text, part.language)
        elif isinstance(widget, ProseView):
            (widget.show_plain if self._plain else widget.show_markdown)(part.text)

    def _widget_at(self, index: int, kind: type[ProseView] | type[CodeBlock]) -> ProseView | CodeBlock:
        if index < len(self._widgets):
            if isinstance(self._widgets[index], kind):
                return self._widgets[index]
            self._drop_after(index)
        widget = kind(self)
        if isinstance(widget, ProseView):
            widget.memory_requested.connect(self.memory_requested)
        self._widgets.append(widget)
        self._layout.insertWidget(index, widget)
        return widget

    def _drop_after(self, count: int) -> None:
        for widget in self._widgets[count:]:
            self._layout.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        del self._widgets[count:]
        del self._shown[count:]

    def _show_more(self) -> None:
        self._limit += PAGE
        self._render()

    def _restyle(self) -> None:
        for widget in self._widgets:
            if isinstance(widget, CodeBlock):
                widget.restyle()
        self._shown = [part if isinstance(part, Code) else Prose("") for part in self._shown]
        self._render()
