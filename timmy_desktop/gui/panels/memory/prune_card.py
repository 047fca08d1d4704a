"""Prune by age: says what would go before anything does; facts and pinned memories are kept."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.memory.sentences import prune_said
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.fields import CheckBox, Choice
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import EntryType, Pruned

_DAY_US = 86_400_000_000
AGES: tuple[tuple[str, int], ...] = (
    ("3 months", 92),
    ("6 months", 183),
    ("a year", 366),
    ("2 years", 731),
    ("a month", 31),
)


class PruneCard(QWidget):
    """The preview follows each change of what is chosen."""

    changed = Signal()
    prune_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.age = Choice()
        self.age.setAccessibleName("Not changed for")
        for words, days in AGES:
            self.age.addItem(f"not changed for {words}", days)
        self.age.setCurrentIndex(2)
        self.conversations, self.documents = CheckBox("Conversations"), CheckBox("Documents")
        self.conversations.setChecked(True)
        self.preview = label(wrap=True)
        self.preview_count = 0
        self.go_button = button("Forget them…", self.prune_requested.emit, variant="danger")
        choices = QWidget()
        choices.setLayout(FlowLayout(self.conversations, self.documents, self.age, gap=GAP + 4))
        layout = column(choices, gap=GAP, margins=(0, 0, 0, 0))
        foot = row(self.preview, self.go_button)
        foot.setStretch(0, 1)
        layout.addLayout(foot)
        self.setLayout(layout)
        self.go_button.setEnabled(False)
        self.age.currentIndexChanged.connect(lambda _: self.changed.emit())
        for box in (self.conversations, self.documents):
            box.toggled.connect(lambda _: self.changed.emit())

    @property
    def types(self) -> tuple[EntryType, ...]:
        """What may go."""
        chosen: list[EntryType] = []
        if self.conversations.isChecked():
            chosen.append("conversation")
        if self.documents.isChecked():
            chosen.append("document")
        return tuple(chosen)

    def before_us(self, now_us: int) -> int:
        """What was last changed before this may go."""
        return now_us - int(self.age.currentData()) * _DAY_US

    def show_preview(self, preview: Pruned) -> None:
        """What would go."""
        self.preview_count = preview.count
        words = prune_said(preview) if self.types else "Choose conversations, documents or both."
        self.preview.setText(words)
        self.go_button.setEnabled(preview.count > 0)

    def show_fault(self, words: str) -> None:
        """It can't be told."""
        self.preview_count = 0
        self.preview.setText(f"What would go can't be told: {inert_line(words, 200)}")
        self.go_button.setEnabled(False)
