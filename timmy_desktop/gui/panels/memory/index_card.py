"""The index of meanings: how it is, and building it anew from the table."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.panels.memory.progress_line import ProgressLine
from timmy_desktop.gui.panels.memory.wording import memories
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, column, label
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import MemoryStatus, Progress

_EMBEDDERS = {
    "waiting": ("The model sleeps until it is needed", "muted"),
    "loading": ("The model is being loaded", "accent"),
    "ready": ("Meanings and words", "good"),
    "missing": ("Words only", "warn"),
}


class IndexCard(QWidget):
    """The index is never the only copy: it can always be built again."""

    rebuild_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.pill = Pill()
        self.told = label(tone="muted", wrap=True)
        self.told.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.rebuild_button = button("Rebuild the index", self.rebuild_requested.emit, glyph="retry")
        self.progress = ProgressLine()
        head = QWidget()
        head.setLayout(FlowLayout(self.pill, self.rebuild_button))
        layout = column(head, gap=GAP, margins=(0, 0, 0, 0))
        layout.addWidget(self.told)
        layout.addWidget(self.progress)
        self.setLayout(layout)

    @property
    def is_telling(self) -> bool:
        """Whether it says how far the building is."""
        return self.progress.bar.value() > 0 and not self.progress.isHidden()

    def show_status(self, status: MemoryStatus) -> None:
        """How it is now."""
        words, tone = _EMBEDDERS[status.embedder]
        if status.index == "broken":
            words, tone = "The index can't be used", "bad"
        elif status.index == "filling":
            words, tone = "The index is being filled", "accent"
        self.pill.show_status(words, tone)
        model = f" Model {inert_line(status.model, 60)}." if status.model else ""
        done = max(status.entries - status.pending, 0)
        detail = f" {inert_line(status.detail, 300)}" if status.detail else ""
        self.told.setText(f"{done:,} of {memories(status.entries)} are in the index.{model}{detail}")

    def show_progress(self, progress: Progress | None) -> None:
        """None: nothing is being built."""
        self.progress.show_progress(progress)
        self.rebuild_button.setEnabled(progress is None)
