"""The memories of one answer, under it: in groups, each with the way to open it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from timmy_desktop.gui.panels.chat.recalled import RecalledEntry, RecalledGroup
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import column, glyph_button, label, row, selectable


class RecalledList(QWidget):
    """Made when it is asked for; shows what it is given and nothing else."""

    entry_requested = Signal(str)

    def __init__(self, groups: Sequence[RecalledGroup]) -> None:
        super().__init__()
        self.setAccessibleName("Memories of this answer")
        layout = column(gap=TIGHT, margins=(0, TIGHT, 0, TIGHT))
        for group in groups:
            layout.addWidget(label(group.title, tone="muted", size="small", strong=True))
            for entry in group.entries:
                layout.addLayout(self._line(entry))
        if not groups:
            layout.addWidget(label("All of them were forgotten since.", tone="muted", size="small"))
        self.setLayout(layout)

    def _line(self, entry: RecalledEntry) -> QHBoxLayout:
        words = selectable(label(entry.words, size="small", wrap=True))
        made = row(words, gap=GAP)
        made.setStretch(0, 1)
        if entry.entry_id:
            opener = glyph_button(
                "memory", "Open in the memory", partial(self.entry_requested.emit, entry.entry_id), side=24
            )
            made.addWidget(opener)
        return made
