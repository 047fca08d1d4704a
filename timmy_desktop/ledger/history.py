"""Reads the ledger back, off the loop: lines by place, sums over time, the balance, the cost of thought."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from timmy_desktop.ledger import history_lines as lines
from timmy_desktop.ledger import history_sums as sums
from timmy_desktop.ledger import history_thought as thought
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.history_lines import Found, Line, Scan
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.ledger.history_sums import BalanceSeries, By, Flow
from timmy_desktop.ledger.history_thought import Thought, ThoughtSums
from timmy_desktop.storage.database import Database, Session


@dataclass(frozen=True, slots=True)
class Newer:
    """What came since a number: how many lines the book has now, and which of the new ones were asked for.

    Asked for everything it names none: a million numbers, row by row, would keep the window from its turn.
    """

    count: int
    numbers: tuple[int, ...]


class LedgerHistory:
    """Answers only; nothing here changes a sat."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, question: Question) -> Found:
        """Which lines the question asks for. Cancelled, it gives the search up."""
        if question.is_everything:
            return Found(question, await self._db.read(lines.count_lines))
        scan = Scan(question)
        try:
            return await self._db.read(scan.run)
        except asyncio.CancelledError:
            scan.give_up()
            raise

    async def page(self, found: Found, first: int, most: int) -> list[Line]:
        """The lines at these places of an answer, counted from the bottom."""
        numbers = found.of_places(first, most)
        return await self._db.read(lambda session: lines.read_lines(session, numbers))

    async def newer(self, question: Question, after: int) -> Newer:
        """What came since the book had `after` lines."""

        def read(session: Session) -> Newer:
            asked = not question.is_everything
            numbers = tuple(lines.newer_numbers(session, question, after)) if asked else ()
            return Newer(lines.count_lines(session), numbers)

        return await self._db.read(read)

    async def line(self, key: str) -> Line:
        """One line, by its identifier or a payment's hash; LedgerError where there is none."""
        found = await self._db.read(lambda session: lines.read_line(session, key))
        if found is None:
            raise LedgerError("There is no such line in the ledger.")
        return found

    async def balance(self, since_us: int, until_us: int, steps: int) -> BalanceSeries:
        """What was available over a span, in at most so many steps."""
        return await self._db.read(lambda session: sums.read_balance(session, since_us, until_us, steps))

    async def flows(self, by: By, since_us: int, until_us: int, *, simulated: bool) -> list[Flow]:
        """What moved, by UTC day, by agent or by purpose."""
        return await self._db.read(
            lambda session: sums.read_flows(session, by, since_us, until_us, simulated=simulated)
        )

    async def began_us(self) -> int:
        """When the first day of the book began; 0 for an empty one."""
        return await self._db.read(sums.first_day_us)

    async def thoughts(self, since_us: int, limit: int = 100, before: str = "") -> list[Thought]:
        """What the newest tasks took."""
        return await self._db.read(lambda session: thought.read_thoughts(session, since_us, limit, before))

    async def thought_sums(self, since_us: int) -> ThoughtSums:
        """What all tasks since then took together."""
        return await self._db.read(lambda session: thought.read_thought_sums(session, since_us))
