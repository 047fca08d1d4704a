"""How far something long has come: words, a bar, and a way to stop where there is one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from timmy_desktop.gui.panels.memory.sentences import progress_words
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.memory.types import Progress


class ProgressLine(QWidget):
    """Hidden while there is nothing to tell."""

    def __init__(self, stop: Callable[[], object] | None = None, stop_words: str = "Stop") -> None:
        super().__init__()
        self.words = label(tone="muted", size="small")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.stop_button = button(stop_words, stop, variant="quiet")
        head = row(self.words, self.stop_button, gap=GAP)
        head.setStretch(0, 1)
        layout = column(gap=TIGHT, margins=(GAP + TIGHT, TIGHT, GAP + TIGHT, TIGHT))
        layout.addLayout(head)
        layout.addWidget(self.bar)
        self.setLayout(layout)
        self.stop_button.setVisible(stop is not None)
        self.hide()

    def show_progress(self, progress: Progress | None) -> None:
        """None hides it."""
        if progress is None:
            self.hide()
            return
        words = progress_words(progress)
        self.words.setText(words)
        self.words.setToolTip(words)
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.bar.setAccessibleName(words)
        if self.isHidden():
            self.show()
