"""What the dock asks of the ledger, and when: the newest answer wins, a burst costs one question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject

from timmy_desktop.gui.panels.ledger.faces import Book, History
from timmy_desktop.gui.panels.ledger.refreshing import Refresher
from timmy_desktop.gui.panels.ledger.snapshot import MoneyPicture, picture_of
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.windowed_model import PAGE
from timmy_desktop.ledger.book import Balances
from timmy_desktop.ledger.history_lines import Found, Line
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.ledger.history_sums import DAY_US, By, Flow
from timmy_desktop.ledger.history_thought import Thought, ThoughtSums
from timmy_desktop.ledger.types import Attention, Reconciliation

_MOST_WAITING = 8
THOUGHTS = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """How the ledger stands now."""

    balances: Balances
    attention: Attention
    reconciliation: Reconciliation | None


@dataclass(frozen=True, slots=True)
class Money:
    """A span of time: its picture, and what moved by what the person chose."""

    picture: MoneyPicture
    by: By
    flows: tuple[Flow, ...]
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the newest tasks of the span took, and all of them together."""

    thoughts: tuple[Thought, ...]
    sums: ThoughtSums


class Screen(Protocol):
    """Where answers go."""

    def show_standing(self, standing: Standing) -> None: ...

    def show_standing_fault(self, words: str) -> None: ...

    def show_found(self, found: Found) -> None: ...

    def show_newer(self, found: Found, many: int) -> None: ...

    def show_page(self, page: int, lines: Sequence[Line]) -> None: ...

    def show_lines_fault(self, words: str) -> None: ...

    def show_line(self, line: Line) -> None: ...

    def show_line_fault(self, words: str) -> None: ...

    def show_money(self, money: Money) -> None: ...

    def show_money_fault(self, words: str) -> None: ...

    def show_thinking(self, thinking: Thinking) -> None: ...

    def show_thinking_fault(self, words: str) -> None: ...


class LedgerController(QObject):
    """Between `start` and `stop`."""

    def __init__(
        self,
        *,
        book: Book,
        history: History,
        starter: SlotTasks,
        screen: Screen,
        now_us: Callable[[], int],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._book, self._history, self._starter, self._screen = book, history, starter, screen
        self._now_us = now_us
        self.question = Question()
        self.found: Found | None = None
        self.days = 30
        """How many days the chart shows; 0: all of them."""
        self.by: By = "agent"
        self.most_bars, self.steps = 40, 300
        self._count = 0
        self._line_id = ""
        self._wanted: list[int] = []
        self._standing = self._refresher(
            "standing", self._read_standing, screen.show_standing, screen.show_standing_fault
        )
        self._money = self._refresher("money", self._read_money, screen.show_money, screen.show_money_fault)
        self._thinking = self._refresher(
            "thinking", self._read_thinking, screen.show_thinking, screen.show_thinking_fault
        )
        self._newer = self._refresher("newer", self._read_newer, self._take_newer, screen.show_lines_fault)
        self._refreshers = (self._standing, self._money, self._thinking, self._newer)

    def start(self) -> None:
        """Asks for everything once."""
        self._standing.at_once()
        self._money.at_once()
        self._thinking.at_once()
        self.find(self.question)

    def stop(self) -> None:
        """Asks nothing any more."""
        for refresher in self._refreshers:
            refresher.stop()
        self._wanted.clear()

    def note_news(self) -> None:
        """Something happened to the ledger."""
        for refresher in self._refreshers:
            refresher.ask()

    def read_money(self) -> None:
        """The chart and the sums, at once, as the span or the kind of sums was changed."""
        self._money.at_once()

    def read_thinking(self) -> None:
        """The cost of thought, at once."""
        self._thinking.at_once()

    @property
    def settled(self) -> bool:
        """Whether everything asked for is on screen."""
        return not (self._starter.running() or self._wanted or any(one.waiting for one in self._refreshers))

    # Lines

    def find(self, question: Question) -> None:
        """Another question about the lines; what was asked before is given up."""
        self.question, self._wanted = question, []
        self._starter.cancel("pages")
        self._starter.start(
            "find",
            self._find(question),
            self._take_found,
            failed=lambda error: self._screen.show_lines_fault(str(error)),
        )

    def want_pages(self, pages: Sequence[int]) -> None:
        """The view looks at these; what it looked at long ago is let go."""
        older = [page for page in self._wanted if page not in pages]
        self._wanted = [*pages, *older][:_MOST_WAITING]
        if not self._starter.running("pages"):
            self._starter.start(
                "pages", self._read_pages(), failed=lambda error: self._screen.show_lines_fault(str(error))
            )

    def read_line(self, ledger_id: str) -> None:
        """One line, whole."""
        self._line_id = ledger_id
        self._starter.start(
            "line",
            self._history.line(ledger_id),
            self._screen.show_line,
            failed=lambda error: self._screen.show_line_fault(str(error)),
        )

    def read_line_again(self) -> None:
        """The line on screen may have changed."""
        if self._line_id:
            self.read_line(self._line_id)

    def leave_line(self) -> None:
        """It is not on screen any more."""
        self._line_id = ""

    async def _find(self, question: Question) -> tuple[Found, int]:
        # Counted before it is searched: what comes in between is told of twice rather than never.
        book = await self._history.find(Question())
        return await self._history.find(question), book.total

    def _take_found(self, result: tuple[Found, int]) -> None:
        self.found, self._count = result
        self._screen.show_found(self.found)

    async def _read_pages(self) -> None:
        while self._wanted and self.found is not None:
            page, found = self._wanted.pop(0), self.found
            lines = await self._history.page(found, page * PAGE, PAGE)
            if self.found is found or (self.found.places is None and found.places is None):
                self._screen.show_page(page, lines)
            else:
                self._wanted.insert(0, page)

    async def _read_newer(self) -> tuple[Found | None, int, int]:
        """The answer with what came since, how many came, and how many lines the book has."""
        found, question = self.found, self.question
        if found is None or found.question != question:
            return None, 0, self._count
        newer = await self._history.newer(question, self._count)
        changes = bool(question.states) or question.flagged
        if question.order != "time" or not question.descending or changes:
            again = await self._history.find(question)
            return (again if again.places != found.places else found), -1, newer.count
        # Counted before it was searched: what came in between is in the answer already.
        known = found.of_places(found.total - 1, 1)[0] if found.total else 0
        after = found.with_newer(newer.count, [number for number in newer.numbers if number > known])
        return after, after.total - found.total, newer.count

    def _take_newer(self, result: tuple[Found | None, int, int]) -> None:
        found, many, count = result
        if found is None or self.found is None or found.question != self.question:
            return
        before, self.found, self._count = self.found, found, count
        if many < 0 and found is not before:
            self._screen.show_found(found)
        else:
            self._screen.show_newer(found, max(many, 0))

    # The rest

    async def _read_standing(self) -> Standing:
        return Standing(
            await self._book.balances(), await self._book.attention(), await self._book.last_reconciliation()
        )

    async def _read_money(self) -> Money:
        since, until = await self._span()
        by, simulated = self.by, self._book.is_simulated
        series = await self._history.balance(since, until, self.steps)
        days = await self._history.flows("day", since, until, simulated=simulated)
        flows = days if by == "day" else await self._history.flows(by, since, until, simulated=simulated)
        picture = await asyncio.to_thread(picture_of, series, days, self.most_bars)
        is_empty = not series.steps and not series.before_msat and not days
        return Money(picture, by, tuple(flows), is_empty)

    async def _read_thinking(self) -> Thinking:
        since, _ = await self._span()
        thoughts = await self._history.thoughts(since, THOUGHTS)
        return Thinking(tuple(thoughts), await self._history.thought_sums(since))

    async def _span(self) -> tuple[int, int]:
        """Whole days in UTC, up to now; at least one."""
        now = self._now_us()
        if self.days:
            return (now // DAY_US - self.days + 1) * DAY_US, now
        began = await self._history.began_us()
        return min(began or now, now // DAY_US * DAY_US), now

    def _refresher(
        self,
        name: str,
        work: Callable[[], object],
        then: Callable[..., object],
        failed: Callable[[str], object],
    ) -> Refresher:
        return Refresher(
            name, self._starter, work, then, lambda error: failed(str(error) or type(error).__name__), self,  # type: ignore[arg-type]
        )  # fmt: skip
