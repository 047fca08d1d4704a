"""Lines of the ledger with every entry and posting: what an export is made of, and what restores a book."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from heapq import heappop, heappush

from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.history_lines import Line
from timmy_desktop.storage.database import Session

Value = str | int
COLUMNS = tuple(field.name for field in fields(Line))[1:-3]
"""Of the table `ledger`, in the order of the exports."""
_CONCLUDING = (
    "state",
    "fee_msat",
    "received_msat",
    "preimage",
    "proof",
    "flags",
    "reason",
    "updated_us",
    "settled_us",
)
_NOT_YET: dict[str, Value] = {
    "state": "pending", "fee_msat": 0, "received_msat": 0, "preimage": "", "proof": "", "flags": "",
    "reason": "", "settled_us": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """What one change of state moved, from account to account; the sum is zero."""

    number: int
    state: str
    time_us: int
    postings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Booked:
    """A line: `values` by column, and its entries in their order."""

    number: int
    values: dict[str, Value]
    entries: tuple[Entry, ...]


def read_booked(session: Session, numbers: Sequence[int]) -> list[Booked]:
    """The lines of these numbers, in their order. Few at a time: all of them are in memory."""
    marks = ", ".join("?" * len(numbers))
    rows = session.sql(
        f"SELECT rowid, {', '.join(COLUMNS)} FROM ledger WHERE rowid IN ({marks})",  # noqa: S608 - constants
        tuple(numbers),
    )
    entries = _entries(session, numbers)
    found = {
        row[0]: Booked(row[0], dict(zip(COLUMNS, row[1:], strict=True)), tuple(entries.get(row[1], ())))
        for row in rows
    }
    return [found[number] for number in numbers if number in found]


def restore(session: Session, lines: Iterable[Booked]) -> int:
    """Writes exported lines, the oldest first, into an empty book, entry by entry; how many lines.

    Every rule of the database holds as if it all happened again. LedgerError where the book is not empty.
    Not for the live ledger: it publishes nothing.
    """
    if session.sql("SELECT 1 FROM ledger LIMIT 1"):
        raise LedgerError("Lines are restored into an empty ledger only; this one has lines already.")
    count = 0
    later: list[tuple[int, Booked, Entry]] = []
    for line in lines:
        first, *others = line.entries or (None,)
        while first is not None and later and later[0][0] < first.number:
            _post(session, *heappop(later)[1:])
        _insert(session, line)
        if first is not None:
            _post(session, line, first)
        for entry in others:
            heappush(later, (entry.number, line, entry))
        count += 1
    while later:
        _post(session, *heappop(later)[1:])
    return count


def _entries(session: Session, numbers: Sequence[int]) -> dict[str, list[Entry]]:
    marks = ", ".join("?" * len(numbers))
    rows = session.sql(
        "SELECT entries.ledger_id, entries.id, entries.state, entries.time_us,"  # noqa: S608 - constants
        " postings.account, postings.amount_msat"
        " FROM ledger JOIN entries ON entries.ledger_id = ledger.id"
        " LEFT JOIN postings ON postings.entry_id = entries.id"
        f" WHERE ledger.rowid IN ({marks}) ORDER BY entries.id, postings.account",
        tuple(numbers),
    )
    made: dict[str, list[Entry]] = {}
    for ledger_id, number, state, time_us, account, amount in rows:
        posted = () if account is None else ((account, amount),)
        of_line = made.setdefault(ledger_id, [])
        if of_line and of_line[-1].number == number:
            before = of_line.pop().postings
            of_line.append(Entry(number, state, time_us, before + posted))
        else:
            of_line.append(Entry(number, state, time_us, posted))
    return made


def _insert(session: Session, line: Booked) -> None:
    """As it was first written: pending, where an entry says that it once was."""
    values = dict(line.values)
    if _was_pending(line):
        values |= _NOT_YET
    marks = ", ".join("?" * len(COLUMNS))
    session.sql(
        f"INSERT INTO ledger(rowid, {', '.join(COLUMNS)}) VALUES (?, {marks})",  # noqa: S608 - constants
        [line.number, *(values[name] for name in COLUMNS)],
    )


def _post(session: Session, line: Booked, entry: Entry) -> None:
    ledger_id = line.values["id"]
    session.sql(
        "INSERT INTO entries(id, ledger_id, state, time_us) VALUES (?, ?, ?, ?)",
        (entry.number, ledger_id, entry.state, entry.time_us),
    )
    session.connection.executemany(
        "INSERT INTO postings(entry_id, account, amount_msat) VALUES (?, ?, ?)",
        [(entry.number, account, amount) for account, amount in entry.postings],
    )
    session.sql("UPDATE entries SET posted = 1 WHERE id = ?", (entry.number,))
    if entry.state != "pending" and _was_pending(line):
        changes = ", ".join(f"{name} = ?" for name in _CONCLUDING)
        session.sql(
            f"UPDATE ledger SET {changes} WHERE id = ?",  # noqa: S608 - constants
            [*(line.values[name] for name in _CONCLUDING), ledger_id],
        )


def _was_pending(line: Booked) -> bool:
    return any(entry.state == "pending" for entry in line.entries)
