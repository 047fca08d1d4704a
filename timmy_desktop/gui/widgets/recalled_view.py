"""What a reply took from the memory, under it: a line of numbers, and on a click each entry, to be opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from timmy_desktop.gui.recalled import RecalledEntry, RecalledGroup
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import button, column, glyph_button, label, row, selectable


class RecalledView(QWidget):
    """Shows what it is given; who holds it reads the entries when `turned` asks for them."""

    turned = Signal()
    entry_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.list: RecalledList | None = None
        self.button = button(
            "", self.turned.emit, variant="quiet", glyph="memory", hint="What the memory gave to it"
        )
        self._column = column(gap=TIGHT, margins=(0, 0, 0, 0))
        self._column.addLayout(row(self.button, None))
        self.setLayout(self._column)
        self._groups: Sequence[RecalledGroup] | None = None

    def show_words(self, words: str) -> None:
        """`Used 2 memories, cites 1`."""
        self.button.setText(f" {words}")
        self.button.setAccessibleName(words)

    def show_groups(self, groups: Sequence[RecalledGroup] | None) -> None:
        """The entries below the line; None folds them away."""
        if groups == self._groups:
            return
        self._groups = groups
        if self.list is not None:
            self._column.removeWidget(self.list)
            self.list.hide()
            self.list.deleteLater()
            self.list = None
        if groups is not None:
            self.list = RecalledList(groups)
            self.list.entry_requested.connect(self.entry_requested)
            self._column.addWidget(self.list)


class RecalledList(QWidget):
    """In groups; made when it is asked for."""

    entry_requested = Signal(str)

    def __init__(self, groups: Sequence[RecalledGroup]) -> None:
        super().__init__()
        self.setAccessibleName("Memories of this reply")
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
