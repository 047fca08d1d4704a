"""The questions before a decision: each says in words what will happen, and which bytes it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panels.upgrades.sheet import told
from timmy_desktop.gui.theme import GAP, ROOM, WIDE
from timmy_desktop.gui.widgets.growing_edit import GrowingEdit
from timmy_desktop.gui.widgets.parts import Variant, button, card, column, label, row

_WIDTH = 520
_LONGEST = 4_000


class DecisionDialog(WindowDialog):
    """`go` has to be chosen: the safe answer has the focus, and Escape is it."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        words: str,
        *,
        go: str,
        stay: str = "Keep reviewing",
        gone: Callable[[str], object],
        facts: Sequence[tuple[str, str]] = (),
        ask: str = "",
        variant: Variant = "plain",
        needs_words: bool = False,
    ) -> None:
        """`facts`: words and their role. `ask`: what the person may write; `gone(text)` gets it."""
        super().__init__(parent, title)
        self._gone, self._needs_words = gone, needs_words
        self.edit = GrowingEdit(enter_sends=False, most_characters=_LONGEST, most_lines=6)
        self.edit.setAccessibleName(ask)
        self.edit.setPlaceholderText(ask)
        self.edit.setVisible(bool(ask))
        self.stay_button = button(stay, self.close, variant="primary")
        self.go_button = button(go, self._go, variant=variant)
        said = told(words)
        said.setMinimumWidth(_WIDTH - 2 * WIDE)  # its height is that of the words at this width
        layout = column(label(title, size="title"), said, gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM))
        if facts:
            layout.addWidget(_facts(facts))
        layout.addWidget(self.edit)
        layout.addLayout(row(None, self.go_button, self.stay_button))
        self.setLayout(layout)
        self.setMinimumWidth(_WIDTH)
        self.edit.submitted.connect(self._go)
        self.edit.textChanged.connect(self._look)
        self._look()
        (self.edit if ask else self.stay_button).setFocus()

    def _look(self) -> None:
        self.go_button.setEnabled(not self._needs_words or bool(self.edit.text().strip()))

    def _go(self) -> None:
        if self.go_button.isEnabled():
            text = self.edit.text().strip()
            self.close()
            self._gone(text)


def _facts(facts: Sequence[tuple[str, str]]) -> QWidget:
    made = card()
    lines = [told(words, role) for words, role in facts]
    made.setLayout(column(*lines, gap=GAP, margins=(12, GAP, 12, GAP)))
    return made
