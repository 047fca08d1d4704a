"""What can be done with several memories at once; there while several are chosen."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.panels.memory.wording import memories
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import Variant, button, column, label, line

_ACTS = (
    ("pin", "Pin", "Pin them, or no longer (P)"),
    ("more", "Change…", "Type, who sees them, and more"),
    ("merge", "Merge…", "One memory of several (M)"),
    ("forget", "Forget…", "Forget them for good (Delete)"),
)


class BulkBar(QWidget):
    """Sends the name of what is wanted."""

    act_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.words = label(strong=True)
        self.buttons = {}
        for name, words, hint in _ACTS:
            variant: Variant = "danger" if name == "forget" else "plain"
            wanted = partial(self.act_requested.emit, name)
            self.buttons[name] = button(words, wanted, variant=variant, hint=hint)
        body = QWidget()
        flow = FlowLayout(self.words, *self.buttons.values())
        flow.setContentsMargins(GAP + TIGHT, GAP, GAP + TIGHT, GAP)
        body.setLayout(flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        body.setSizePolicy(policy)
        self.setLayout(column(line(), body, gap=0, margins=(0, 0, 0, 0)))
        self.hide()

    def show_chosen(self, number: int) -> None:
        """One alone is the reading pane's business."""
        self.words.setText(f"{memories(number)} chosen")
        self.setVisible(number > 1)
