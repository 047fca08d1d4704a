"""The ledger's lines as a statement shows them: each with what it moved and what was available after it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from timmy_desktop.ledger.history_question import Question, from_the_bottom, selecting
from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.database import Session

_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A row of `ledger`. `number` counts the lines of the book from 1, without a gap.

    `available_msat` is what the treasury held after the last thing that happened to it, None where nothing
    moved; `moved_msat` is what the line did to the treasury, all in all. `task_text` is how its task begins.
    """

    number: int
    id: str
    type: str
    state: str
    purpose: str
    account: str
    payment_hash: str
    amount_msat: Msat
    fee_msat: Msat
    fee_cap_msat: Msat
    received_msat: Msat
    memo: str
    bolt11: str
    payee: str
    preimage: str
    proof: str
    flags: str
    refers_to: str
    source: str
    task_id: str
    agent_id: str
    simulated: bool
    reason: str
    created_us: int
    updated_us: int
    expires_us: int
    settled_us: int
    available_msat: Msat | None
    moved_msat: Msat
    task_text: str


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: the numbers of the lines, the bottom one first.

    `places` holds them as SQLite put them together, eight hexadecimal digits each: a million numbers made by
    Python would take the interpreter's lock from the window a million times. None: every line, by number.
    """

    question: Question
    total: int
    places: str | None = None

    def of_places(self, first: int, most: int) -> Sequence[int]:
        """The numbers of the lines at these places, counted from the bottom."""
        last = min(first + most, self.total)
        if self.places is None:
            return range(first + 1, last + 1)
        return [
            int(self.places[at : at + _DIGITS], 16) for at in range(first * _DIGITS, last * _DIGITS, _DIGITS)
        ]

    def with_newer(self, total: int, numbers: Sequence[int]) -> Found:
        """The same answer, with lines that came on top: of the whole book `total`, or these `numbers`."""
        if self.places is None:
            return Found(self.question, total)
        added = "".join(f"{number:0{_DIGITS}x}" for number in numbers)
        return Found(self.question, self.total + len(numbers), self.places + added)


class Scan:
    """A search through the whole book, which can be given up from another thread."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._over = False

    def run(self, session: Session) -> Found:
        """The lines that the question asks for. Raises sqlite3.OperationalError when it was given up."""
        where, parameters = selecting(self._question)
        found = f"SELECT rowid AS number FROM ledger{where}{from_the_bottom(self._question)}"  # noqa: S608
        # The order of a subquery is kept for group_concat, and for it alone.
        query = f"SELECT count(*), group_concat(printf('%0{_DIGITS}x', number), '') FROM ({found})"  # noqa: S608
        with self._lock:
            if self._over:
                raise sqlite3.OperationalError("interrupted")
            self._connection = session.connection
        try:
            total, places = session.connection.execute(query, parameters).fetchone()
        finally:
            with self._lock:
                self._connection = None
        return Found(self._question, total, places or "")

    def give_up(self) -> None:
        """Ends it soon; nothing happens where it has ended."""
        with self._lock:
            self._over = True
            if self._connection is not None:
                self._connection.interrupt()


# In the order of the fields of Line. The plus keeps the planner from the index of an account, which would be
# all postings of the treasury; CROSS JOIN keeps it from beginning there.
_COLUMNS = ", ".join(f"ledger.{field.name}" for field in fields(Line)[1:-3])
_SELECT = f"""
SELECT ledger.rowid, {_COLUMNS},
    (SELECT treasury_msat FROM entry_balances
     WHERE entry_id = (SELECT max(id) FROM entries WHERE ledger_id = ledger.id)),
    (SELECT coalesce(sum(postings.amount_msat), 0) FROM entries
     CROSS JOIN postings ON postings.entry_id = entries.id AND +postings.account = 'treasury'
     WHERE entries.ledger_id = ledger.id),
    coalesce((SELECT substr(text, 1, 160) FROM tasks WHERE tasks.id = ledger.task_id), '')
FROM ledger
"""  # noqa: S608 - constants
_SIMULATED = [field.name for field in fields(Line)].index("simulated")


def count_lines(session: Session) -> int:
    """How many lines the book has: it only grows, so that the highest number says it."""
    return int(session.sql("SELECT coalesce(max(rowid), 0) FROM ledger")[0][0])


def read_lines(session: Session, numbers: Sequence[int]) -> list[Line]:
    """The lines of these numbers, in their order."""
    found: dict[int, Line] = {}
    if isinstance(numbers, range) and numbers.step == 1:
        rows = session.sql(_SELECT + "WHERE ledger.rowid BETWEEN ? AND ?", (numbers.start, numbers.stop - 1))
        found = {row[0]: _line(row) for row in rows}
    else:
        marks = ", ".join("?" * len(numbers))
        rows = session.sql(_SELECT + f"WHERE ledger.rowid IN ({marks})", tuple(numbers))
        found = {row[0]: _line(row) for row in rows}
    return [found[number] for number in numbers if number in found]


def read_line(session: Session, key: str) -> Line | None:
    """The line of that identifier; or the first one of the payment with that hash."""
    rows = session.sql(_SELECT + "WHERE ledger.id = ?", (key,)) or session.sql(
        _SELECT + "WHERE ledger.payment_hash = ? AND ledger.payment_hash <> '' ORDER BY ledger.rowid LIMIT 1",
        (key,),
    )
    return _line(rows[0]) if rows else None


def newer_numbers(session: Session, question: Question, after: int) -> list[int]:
    """Numbers above `after` that the question asks for, the lowest first."""
    where, parameters = selecting(question)
    condition = f"{where} AND rowid > ?" if where else " WHERE rowid > ?"
    query = f"SELECT rowid FROM ledger{condition} ORDER BY rowid"  # noqa: S608 - constants
    return [row[0] for row in session.sql(query, [*parameters, after])]


def _line(row: tuple[Any, ...]) -> Line:
    values = list(row)
    values[_SIMULATED] = bool(values[_SIMULATED])
    return Line(*values)
