"""Where the controller's answers go in the dock: each to the part that shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from timmy_desktop.gui.panels.ledger.chart_page import ChartPage
from timmy_desktop.gui.panels.ledger.controller import Money, Standing, Thinking
from timmy_desktop.gui.panels.ledger.head import HeadBar
from timmy_desktop.gui.panels.ledger.lines_model import LinesModel
from timmy_desktop.gui.panels.ledger.lines_page import LinesPage
from timmy_desktop.gui.panels.ledger.needs import needs_of
from timmy_desktop.gui.panels.ledger.needs_box import NeedsBox
from timmy_desktop.gui.panels.ledger.shares_page import SharesPage
from timmy_desktop.gui.panels.ledger.thoughts import ThoughtsPage
from timmy_desktop.gui.panels.ledger.words import Names
from timmy_desktop.ledger.history_lines import Found, Line
from timmy_desktop.ledger.types import Attention


class LedgerScreen(QObject):
    """A `controller.Screen`. It asks for nothing itself; `retry_requested` is the person's wish."""

    needs_shown = Signal(int)
    """How many things need a person now."""
    retry_requested = Signal()
    """The sums could not be read, and are wanted again."""

    def __init__(
        self,
        *,
        head: HeadBar,
        needs: NeedsBox,
        chart: ChartPage,
        lines: LinesModel,
        lines_page: LinesPage,
        shares: SharesPage,
        thoughts: ThoughtsPage,
        simulated: Callable[[], bool],
        name_of: Names,
        now_us: Callable[[], int],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._head, self._needs, self._chart = head, needs, chart
        self._lines, self._lines_page = lines, lines_page
        self._shares, self._thoughts = shares, thoughts
        self._simulated, self._name_of, self._now_us = simulated, name_of, now_us
        self.attention = Attention()
        """What was last shown as needing a person."""

    def show_standing(self, standing: Standing) -> None:
        self.attention = standing.attention
        self._head.show_standing(standing, simulated=self._simulated())
        needs = needs_of(standing.attention, self._name_of, self._now_us())
        self._needs.show_needs(needs)
        self.needs_shown.emit(len(needs))

    def show_standing_fault(self, words: str) -> None:
        self._head.show_fault(words)

    def show_found(self, found: Found) -> None:
        self._lines.show_count(found.total)
        self._lines_page.show_found(found.total)

    def show_newer(self, found: Found, many: int) -> None:
        was_empty = self._lines.rowCount() == 0
        self._lines.add_on_top(many)
        self._lines.refresh()
        if was_empty and many:
            self._lines_page.show_found(found.total)
        else:
            self._lines_page.show_total(found.total)

    def show_page(self, page: int, lines: Sequence[Line]) -> None:
        self._lines.put_page(page, lines)

    def show_lines_fault(self, words: str) -> None:
        self._lines_page.show_fault(words)

    def show_line(self, line: Line) -> None:
        self._lines_page.view.show_line(line)

    def show_line_fault(self, words: str) -> None:
        self._lines_page.view.show_opening(words, "bad")

    def show_money(self, money: Money) -> None:
        self._shares.show_flows(money.by, money.flows)
        if money.is_empty:
            self._chart.show_state(
                "ledger",
                "No balance to draw yet",
                "What is available, and what comes in and goes out, is drawn here.",
            )
        else:
            self._chart.show_picture(money.picture)

    def show_money_fault(self, words: str) -> None:
        choices = [("Try again", self.retry_requested.emit)]
        self._chart.show_state("bad", "The sums can't be read", words, choices, tone="bad")
        self._shares.show_fault(words)

    def show_thinking(self, thinking: Thinking) -> None:
        self._thoughts.show_thinking(thinking.thoughts, thinking.sums)

    def show_thinking_fault(self, words: str) -> None:
        self._thoughts.show_fault(words)
