"""What an empty conversation offers: who Timmy is, and a few ways to begin."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.empty_state import GlyphMedallion
from timmy_desktop.gui.widgets.parts import button, column, label, row

_OF_A_FOLDER = "/task Say what the opened folder is about"
PROMPTS = (
    "What can you and your agents do for me?",
    _OF_A_FOLDER,
    "/task List three uses of a hash chain",
)
_WIDEST = 420
_LEAST_FOR_MEDALLION, _LEAST_FOR_TEXT = 300, 190


class StartPage(QWidget):
    """A chosen prompt goes into the box, where it can still be changed."""

    prompt_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        title = label("Ask Timmy", strong=True)
        text = label(
            "Timmy answers on this machine's models, remembers what was said, and hands work to the swarm.",
            tone="muted",
            wrap=True,
        )
        for part in (title, text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._medallion, self._text = GlyphMedallion("timmy", "accent"), text
        self.buttons = [self._prompt(prompt) for prompt in PROMPTS]
        inner = QWidget()
        inner.setMaximumWidth(_WIDEST)
        layout = column(title, text, gap=GAP, margins=(0, 0, 0, 0))
        layout.addSpacing(GAP)
        for made in self.buttons:
            layout.addWidget(made)
        inner.setLayout(layout)
        line = row(gap=0)
        line.addStretch(1)
        line.addWidget(inner, 100)
        line.addStretch(1)
        outer = column(None, gap=GAP + TIGHT, margins=(ROOM, ROOM, ROOM, ROOM))
        outer.addWidget(self._medallion, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addLayout(line)
        outer.addStretch(2)
        self.setLayout(outer)
        self.setAccessibleName("Ask Timmy")

    def show_folder(self, opened: bool) -> None:
        """What needs a folder is offered only while one is open."""
        made = self.buttons[PROMPTS.index(_OF_A_FOLDER)]
        if made.isHidden() == opened:
            made.setVisible(opened)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        height = event.size().height()
        self._medallion.setVisible(height >= _LEAST_FOR_MEDALLION)
        self._text.setVisible(height >= _LEAST_FOR_TEXT)
        room = min(_WIDEST, event.size().width() - 2 * ROOM) - 2 * ROOM
        for made, prompt in zip(self.buttons, PROMPTS, strict=True):
            made.setText(made.fontMetrics().elidedText(prompt, Qt.TextElideMode.ElideRight, room))

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 120)

    def _prompt(self, prompt: str) -> QPushButton:
        made = button(prompt, lambda: self.prompt_chosen.emit(prompt), hint="Put this into the box")
        made.setMinimumWidth(80)
        return made
