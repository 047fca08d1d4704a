"""Makes one memory of several: the person writes what it says, the others stay as its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panels.memory.edit_box import EditBox
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, WIDE
from timmy_desktop.gui.widgets.parts import button, card, column, label, row
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Entry

_TALL = 220


class MergeDialog(WindowDialog):
    """Begins with the newest text; a click adds another to it."""

    def __init__(self, parent: QWidget, entries: Sequence[Entry], merge: Callable[[str], object]) -> None:
        super().__init__(parent, f"Merge {len(entries)} memories into one")
        self._merge = merge
        self.box = EditBox("Merge", "The others are kept as its history.")
        self.box.saved.connect(self._go)
        self.box.left.connect(self.close)
        listed = QWidget()
        layout = column(gap=GAP, margins=(0, 0, 0, 0))
        newest = max(entries, key=lambda entry: entry.number)
        for entry in entries:
            layout.addWidget(self._card(entry, begins=entry is newest))
        layout.addStretch(1)
        listed.setLayout(layout)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(listed)
        area.setFixedHeight(_TALL)
        area.setAccessibleName("The memories to merge")
        text = "The merged memory is as narrow as the narrowest: private or local only if one of them is."
        parts = (
            label(self.windowTitle(), size="title", wrap=True),
            area,
            label("What the one memory says", strong=True),
            self.box,
            label(text, tone="muted", size="small", wrap=True),
        )
        self.setLayout(column(*parts, gap=GAP + TIGHT, margins=(WIDE, WIDE, WIDE, ROOM)))
        self.setMinimumWidth(560)
        self.box.begin(newest.content)

    def _card(self, entry: Entry, *, begins: bool) -> QWidget:
        made = card()
        words = label(inert_line(entry.content, 240), wrap=True)
        add = button("Taken" if begins else "Add its text", lambda: self._add(entry.content), variant="quiet")
        add.setEnabled(not begins)
        layout = row(words, add, margins=(GAP + TIGHT, GAP, GAP, GAP))
        layout.setStretch(0, 1)
        made.setLayout(layout)
        return made

    def _add(self, text: str) -> None:
        edit = self.box.edit
        edit.set_text(f"{edit.text().rstrip()}\n{text}")
        edit.setFocus()

    def _go(self, content: str) -> None:
        self._merge(content)
        self.close()
