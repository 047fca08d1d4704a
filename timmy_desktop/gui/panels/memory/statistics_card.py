"""The memory in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.memory.bars import Bars
from timmy_desktop.gui.panels.memory.entry_sections import empty
from timmy_desktop.gui.panels.memory.wording import TYPES, owner_words, state_words
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.facts_strip import Fact, FactsStrip
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, column, label
from timmy_desktop.gui.wording import relative_time, size
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Statistics

_MONTHS, _OWNERS = 8, 8

MostUsed = tuple[str, str, int]
"""Identifier, how it begins, and how many replies used it."""


class StatisticsCard(QWidget):
    """Shows ready numbers."""

    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.strip = FactsStrip()
        self.bars = {name: Bars(name) for name in ("Types", "Owners", "States", "Months")}
        self._blocks = QWidget()
        flow = FlowLayout(*(_block(name, bars) for name, bars in self.bars.items()), gap=ROOM, line_gap=ROOM)
        self._blocks.setLayout(flow)
        self._used_title = label("Used most", strong=True)
        self._used = column(gap=0, margins=(0, 0, 0, 0))
        layout = column(self.strip, self._blocks, self._used_title, gap=ROOM, margins=(0, 0, 0, 0))
        layout.addLayout(self._used)
        self.setLayout(layout)

    def show_statistics(self, told: Statistics, used: Sequence[MostUsed], now_us: int) -> None:
        """The numbers and what is used most."""
        self.strip.show_facts(strip_of(told, now_us))
        self.bars["Types"].show_values(
            [(TYPES[name].many, number, TYPES[name].role) for name, number in told.by_type if name in TYPES]
        )
        owners = [(owner_words(name), number, "series5") for name, number in told.by_owner[:_OWNERS]]
        self.bars["Owners"].show_values(owners)
        in_use = {"accepted": told.superseded}
        states = [
            (state_words(name, "")[0] or "In use", max(number - in_use.get(name, 0), 0), "series8")
            for name, number in told.by_state
        ]
        if told.superseded:
            states.append(("Replaced", told.superseded, "series8"))
        self.bars["States"].show_values(states)
        self.bars["Months"].show_values(
            [(month, number, "series6") for month, number in told.by_month[-_MONTHS:]]
        )
        empty(self._used)
        for identifier, text, number in used:
            words = f"{number:,} ×  {inert_line(text, 80)}"
            made = button(words.replace("&", "&&"), partial(self.opened.emit, identifier), variant="quiet")
            made.setStyleSheet("text-align: left; padding-left: 0;")
            self._used.addWidget(made)
        self._used_title.setVisible(bool(used))

    def forget(self) -> None:
        """Something was forgotten: the texts shown may be of it."""
        empty(self._used)
        self._used_title.hide()


def strip_of(told: Statistics, now_us: int) -> list[Fact]:
    """The totals."""
    facts = [
        (f"{told.entries:,}", "memories", "All that is in the table, what was replaced and rejected too"),
        (f"{told.pinned:,}", "pinned", "First in every context, never pruned"),
        (f"{told.private:,}", "private", "Seen by their owner and by you alone"),
        (f"{told.documents:,}", "documents", "Files that were imported"),
        (f"{told.indexed:,}", "found by meaning", f"{told.embedded:,} have a vector of this model"),
        (f"{told.never_used:,}", "never used", "In no prompt yet"),
        (size(told.content_bytes), "text", "What the memories say"),
        (
            size(told.vector_bytes + told.index_bytes),
            "vectors",
            f"{size(told.index_bytes)} of it is the index",
        ),
    ]
    if told.oldest_us:
        facts.append((relative_time(told.oldest_us, now_us), "oldest", "When the first was stored"))
    return facts


def _block(name: str, bars: Bars) -> QWidget:
    made = QWidget()
    made.setLayout(column(label(name, tone="muted", size="small"), bars, gap=TIGHT, margins=(0, 0, GAP, 0)))
    made.setMinimumWidth(160)
    return made
