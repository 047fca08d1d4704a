"""The cost of thought: what each task took in sats and money, above its tokens, tools and time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.ledger.row_list import ROW_ROLE, RowList, RowsModel
from timmy_desktop.gui.panels.ledger.words import Names, agent_words
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.facts_strip import Fact, FactsStrip
from timmy_desktop.gui.widgets.parts import row
from timmy_desktop.gui.widgets.two_line_rows import (
    TwoLineDelegate,
    left_words,
    right_words,
)
from timmy_desktop.gui.wording import count, dollars, duration, exact_time, relative_time, sats
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.history_thought import Thought, ThoughtSums


def price_words(thought: Thought) -> str:
    """Sats and money, what there is of them."""
    paid = sats(thought.paid_msat + thought.fee_msat + thought.spent_msat)
    return f"{paid} + {dollars(thought.cost_microcents)}" if thought.cost_microcents else paid


def effort_words(thought: Thought, name_of: Names) -> str:
    """Who, with how many tokens and tools, in what time."""
    parts = (
        agent_words(thought.agent_id, name_of),
        count(thought.tokens_in + thought.tokens_out, "token"),
        count(thought.tool_calls, "tool call") if thought.tool_calls else "",
        duration(thought.duration_ms) if thought.duration_ms else "",
        inert_line(thought.model, 40),
    )
    return " · ".join(part for part in parts if part)


def facts_of(sums: ThoughtSums) -> list[Fact]:
    """All of it together, and what a thousand tokens came to."""
    tokens = sums.tokens_in + sums.tokens_out
    paid = sums.paid_msat + sums.fee_msat + sums.spent_msat
    money = dollars(sums.cost_microcents + sums.other_cost_microcents)
    each = sats(paid * 1000 // tokens) if tokens else "–"
    return [
        (f"{sums.tasks:,}", "tasks", ""),
        (
            sats(paid),
            "paid for them",
            f"Of that fees: {sats(sums.fee_msat)}; paid by agents to others: {sats(sums.spent_msat)}",
        ),
        (money, "to providers", f"Of that outside tasks: {dollars(sums.other_cost_microcents)}"),
        (f"{tokens:,}", "tokens", f"{sums.tokens_in:,} in, {sums.tokens_out:,} out"),
        (each, "for 1,000 tokens", "Sats paid for tasks, by their tokens"),
        (
            f"{sums.other_tokens:,}",
            "tokens in the chat",
            f"In {count(sums.other_requests, 'request')}, not paid in sats",
        ),
    ]


class ThoughtsModel(RowsModel[Thought]):
    """A row says what was asked; what it took is drawn."""

    def __init__(self, name_of: Names, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name_of = name_of

    def words(self, row: Thought, role: int) -> str | None:
        text = inert_line(row.text, 160)
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{text}, {price_words(row)}, {effort_words(row, self._name_of)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{text}\n{effort_words(row, self._name_of)}\n{exact_time(row.created_us)[:19]}"
        return None


def thought_delegate(name_of: Names) -> TwoLineDelegate:
    """Two lines: what was asked and its price; the effort and when."""

    def lines(painter: QPainter, first: QRect, second: QRect, thought: Thought) -> None:
        left = right_words(painter, first, price_words(thought), "text", mono=True)
        left_words(painter, left, inert_line(thought.text, 200), "text")
        left = right_words(painter, second, relative_time(thought.created_us), "muted")
        left_words(painter, left, effort_words(thought, name_of), "muted", small=True)

    return TwoLineDelegate(ROW_ROLE, Thought, lines)


class ThoughtsPage(QWidget):
    """Over the span of the chart; the newest hundred tasks in a list."""

    def __init__(self, name_of: Names) -> None:
        super().__init__()
        self.model = ThoughtsModel(name_of, self)
        self.list = RowList(self.model, thought_delegate(name_of), "What each task took")
        self.list.doubleClicked.connect(self.list.open)
        self.facts = FactsStrip()
        self.state = EmptyState("ledger", "The cost of thought", "Reading what tasks took…")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row(self.facts, margins=(GAP + TIGHT, GAP, GAP + TIGHT, TIGHT)))
        layout.addWidget(self.stack, 1)

    def show_thinking(self, thoughts: Sequence[Thought], sums: ThoughtSums) -> None:
        """What the tasks took."""
        self.facts.setVisible(bool(sums.tasks or sums.other_requests))
        self.facts.show_facts(facts_of(sums))
        self.model.show_rows(thoughts)
        if thoughts:
            self.stack.setCurrentWidget(self.list)
        else:
            self.state.show_state(
                "tasks",
                "No task in this time",
                "What each task takes in sats, money, tokens and tools is here.",
            )
            self.stack.setCurrentWidget(self.state)

    def show_fault(self, words: str) -> None:
        self.facts.hide()
        self.state.show_state("bad", "What tasks took can't be read", words, tone="bad")
        self.stack.setCurrentWidget(self.state)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 120)
