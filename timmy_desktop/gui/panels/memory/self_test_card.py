"""The recall self-test: asks the person's own facts in other words, and says how many are found."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.memory.progress_line import ProgressLine
from timmy_desktop.gui.panels.memory.sentences import recall_said
from timmy_desktop.gui.panels.memory.table import Cells, Table
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Progress, Question, RecallReport


class SelfTestCard(QWidget):
    """What is not found stands first."""

    start_requested = Signal()
    stop_requested = Signal()
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.start_button = button("Run the test", self.start_requested.emit, glyph="play")
        self.progress = ProgressLine(self.stop_requested.emit)
        self.notice = NoticeBar()
        self.table = Table(
            "Questions of the test", ("Place", "Asked in other words"), numbers=(0,), stretch=1
        )
        self.table.horizontalHeader().resizeSection(0, 84)
        self.table.setFixedHeight(200)
        self.table.opened.connect(self.opened)
        text = label(
            "Asks your facts in other words. A drop, or another embedding model, sets off an alarm.",
            tone="muted",
            wrap=True,
        )
        layout = column(gap=GAP, margins=(0, 0, 0, 0))
        head = row(text, self.start_button)
        head.setStretch(0, 1)
        layout.addLayout(head)
        for part in (self.progress, self.notice, self.table):
            layout.addWidget(part)
        self.setLayout(layout)
        self.table.hide()

    def show_progress(self, progress: Progress | None) -> None:
        """None: it is over."""
        self.progress.show_progress(progress)
        self.start_button.setEnabled(progress is None)

    def show_report(self, report: RecallReport) -> None:
        """The result."""
        self.show_progress(None)
        words, tone = recall_said(report)
        self.notice.say(words, tone)
        self.table.cells.show_rows([_cells(one) for one in sorted(report.questions, key=_order)])
        self.table.setVisible(bool(report.questions))

    def show_fault(self, words: str) -> None:
        """It did not come to its end."""
        self.show_progress(None)
        self.notice.say(f"The test did not come to its end. {inert_line(words, 300)} Run it again.", "bad")

    def forget(self, ids: Iterable[str]) -> None:
        """Questions of entries that are gone leave at once."""
        gone = frozenset(ids)
        self.table.cells.show_rows([row for row in self.table.cells.rows if row.key not in gone])


def _order(one: Question) -> tuple[bool, int]:
    return one.place > 0, -one.place


def _cells(one: Question) -> Cells:
    place = f"{one.place}" if one.place else "not found"
    tone = "" if one.place == 1 else "warn" if one.place else "bad"
    asked = inert_line(one.asked, 200)
    return Cells(one.entry_id, (place, asked), tone, f"{asked}\nReturn opens the fact")
