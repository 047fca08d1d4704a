"""Where ledger and node disagree: found, explained or kept open as an alarm until a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.types import Difference, Reconciliation
from timmy_desktop.storage.database import Session

_NAMES = tuple(field.name for field in fields(Difference))
_COLUMNS = ", ".join(_NAMES)
_RUN_NAMES = tuple(field.name for field in fields(Reconciliation) if field.name != "differences")
_RUN_COLUMNS = ", ".join(_RUN_NAMES)


def open_ones(session: Session) -> tuple[Difference, ...]:
    """The alarms, oldest first."""
    return _select(session, "state = 'open' ORDER BY found_us", ())


def by_id(session: Session, difference_id: str) -> Difference:
    """The difference of that identifier; LedgerError when there is none."""
    found = _select(session, "id = ?", (difference_id,))
    if not found:
        raise LedgerError("There is no such difference.")
    return found[0]


def write(session: Session, run: Reconciliation) -> tuple[list[Difference], list[Difference]]:
    """Writes a run with what it found: the alarms that are new, and those that ended by it, with why.

    A difference that was open already stays the same one, seen again. One that is there no more is explained
    by that, and never deleted.
    """
    news: list[Difference] = []
    ended: list[Difference] = []
    places = ",".join("?" * len(_RUN_NAMES))
    session.sql(
        f"INSERT INTO ledger_reconciliations({_RUN_COLUMNS}) VALUES ({places})",  # noqa: S608
        [getattr(run, name) for name in _RUN_NAMES],
    )
    before = {(found.kind, found.subject): found for found in open_ones(session)}
    for difference in run.differences:
        known = before.pop((difference.kind, difference.subject), None)
        if known is not None and known.amount_msat == difference.amount_msat and difference.state == "open":
            session.sql("UPDATE ledger_differences SET seen_us = ? WHERE id = ?", (run.finished_us, known.id))
            continue
        if known is not None:
            ended.append(replace(known, explanation="It changed; see the newer one."))
        _insert(session, difference)
        news += [difference] if difference.state == "open" else []
    if run.state != "unreachable":
        words = "It was there no more when ledger and node were compared again."
        ended += [replace(gone, explanation=words) for gone in before.values()]
    for known in ended:
        _end(session, known.id, "explained", known.explanation, "ledger", run.finished_us)
    return news, ended


def resolve(session: Session, difference_id: str, note: str, ledger_id: str, time_us: int) -> Difference:
    """A person's word about an alarm, once."""
    found = by_id(session, difference_id)
    if found.state != "open":
        raise LedgerError(f"This difference is already {found.state}.")
    session.sql("UPDATE ledger_differences SET ledger_id = ? WHERE id = ?", (ledger_id, difference_id))
    _end(session, difference_id, "resolved", note, "person", time_us)
    return replace(found, state="resolved", explanation=note, ledger_id=ledger_id)


def last_run(session: Session) -> Reconciliation | None:
    """The newest comparison with all that it found, and None before the first."""
    rows = session.sql(
        f"SELECT {_RUN_COLUMNS} FROM ledger_reconciliations ORDER BY started_us DESC, id DESC LIMIT 1"  # noqa: S608
    )
    if not rows:
        return None
    run = Reconciliation(**dict(zip(_RUN_NAMES, rows[0], strict=True)))
    found = _select(session, "run_id = ? OR (state = 'open' AND seen_us = ?)", (run.id, run.finished_us))
    return replace(run, differences=found)


def last_finished_us(session: Session) -> int:
    """When ledger and node last could be compared; zero for never."""
    rows = session.sql(
        "SELECT coalesce(max(started_us), 0) FROM ledger_reconciliations WHERE state <> 'unreachable'"
    )
    return int(rows[0][0])


def _insert(session: Session, difference: Difference) -> None:
    places = ",".join("?" * len(_NAMES))
    session.sql(
        f"INSERT INTO ledger_differences({_COLUMNS}) VALUES ({places})",  # noqa: S608
        [getattr(difference, name) for name in _NAMES],
    )


def _end(session: Session, difference_id: str, state: str, words: str, by: str, time_us: int) -> None:
    session.sql(
        "UPDATE ledger_differences SET state = ?, explanation = ?, resolved_by = ?, resolved_us = ?"
        " WHERE id = ?",
        (state, words, by, time_us, difference_id),
    )


def _select(session: Session, condition: str, values: Sequence[object]) -> tuple[Difference, ...]:
    rows = session.sql(f"SELECT {_COLUMNS} FROM ledger_differences WHERE {condition}", values)  # noqa: S608
    return tuple(Difference(**dict(zip(_NAMES, row, strict=True))) for row in rows)
