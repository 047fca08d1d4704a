"""The Upkeep page: numbers, index, self-test, pruning, export and import, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from timmy_desktop.gui.panels.memory.index_card import IndexCard
from timmy_desktop.gui.panels.memory.prune_card import PruneCard
from timmy_desktop.gui.panels.memory.self_test_card import SelfTestCard
from timmy_desktop.gui.panels.memory.statistics_card import MostUsed, StatisticsCard
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, card, column, label
from timmy_desktop.inert import inert_line
from timmy_desktop.memory import Memory
from timmy_desktop.memory.errors import UnknownEntryError
from timmy_desktop.memory.types import PERSON, Statistics

_MOST_USED = 5


class UpkeepPage(QScrollArea):
    """Reads numbers and previews by itself; what changes the memory it only wishes."""

    export_requested = Signal()
    import_requested = Signal()

    def __init__(self, memory: Memory, starter: SlotTasks, now_us: Callable[[], int]) -> None:
        super().__init__()
        self._memory, self._starter, self._now_us = memory, starter, now_us
        self.statistics, self.index = StatisticsCard(), IndexCard()
        self.test, self.prune = SelfTestCard(), PruneCard()
        self.notice = NoticeBar("Try again", self.load)
        self.export_button = button("Export as JSON lines…", self.export_requested.emit)
        self.import_button = button("Import JSON lines…", self.import_requested.emit)
        transfer = QWidget()
        buttons = QWidget()
        buttons.setLayout(FlowLayout(self.export_button, self.import_button))
        told = (
            "One memory a line, with times, states and what replaced what. The file is yours alone to read."
        )
        transfer.setLayout(
            column(label(told, tone="muted", wrap=True), buttons, gap=GAP, margins=(0, 0, 0, 0))
        )
        cards = (
            ("Index of meanings", self.index),
            ("In numbers", self.statistics),
            ("Recall self-test", self.test),
            ("Prune by age", self.prune),
            ("Export and import", transfer),
        )
        content = QWidget()
        layout = column(self.notice, gap=GAP + TIGHT, margins=(12, GAP, 12, ROOM))
        for title, part in cards:
            layout.addWidget(_titled(title, part))
        layout.addStretch(1)
        content.setLayout(layout)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Upkeep")
        self.setWidget(content)
        self.prune.changed.connect(self.preview)

    def load(self) -> None:
        """Reads the numbers, and what pruning would remove."""
        self._starter.start("statistics", self._read(), self._show, failed=self._failed)
        self.preview()

    def preview(self) -> None:
        """What would go with what is chosen."""
        work = self._memory.prune_preview(self.prune.before_us(self._now_us()), self.prune.types)
        self._starter.start(
            "preview", work, self.prune.show_preview, failed=lambda error: self.prune.show_fault(str(error))
        )

    def forget(self, ids: Iterable[str]) -> None:
        """Entries that are gone leave the screen at once."""
        self.statistics.forget()
        self.test.forget(ids)

    async def _read(self) -> tuple[Statistics, list[MostUsed]]:
        told = await self._memory.statistics(asker=PERSON)
        used: list[MostUsed] = []
        for identifier, number in told.most_used[:_MOST_USED]:
            try:
                entry = await self._memory.entry(identifier, asker=PERSON)
            except UnknownEntryError:
                continue
            used.append((identifier, inert_line(entry.content, 120), number))
        return told, used

    def _show(self, found: tuple[Statistics, list[MostUsed]]) -> None:
        self.notice.say("")
        self.statistics.show_statistics(*found, self._now_us())

    def _failed(self, error: Exception) -> None:
        self.notice.say(f"The numbers can't be read. {inert_line(str(error), 300)}", "bad")

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)


def _titled(title: str, part: QWidget) -> QFrame:
    made = card()
    made.setLayout(column(label(title, strong=True), part, gap=GAP, margins=(ROOM, GAP + TIGHT, ROOM, ROOM)))
    return made
