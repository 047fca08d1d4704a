"""What the tables themselves have kept of the past: rows that never change, or not any more.

The log tells that there was a line, a proposal, a memory, and in which state; what each is about stands in
its row still, and is read by its key. Where a row changes once, at its end, what it ended with is left out of
a moment before. What was forgotten is not there, so it is in no past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from timmy_desktop.events.memory import FORGOTTEN
from timmy_desktop.scrubber.things import ApprovalThen, MemoryThen, TransactionThen, UpgradeThen
from timmy_desktop.scrubber.world import World
from timmy_desktop.storage.database import Session

MOST = 300
"""The newest of each kind, as a page shows them."""
_AT_ONCE = 200
Row: TypeAlias = dict[str, Any]

# By the tables' triggers a line of the ledger changes once, when it reaches its last state.
LINE_FIXED = (
    "purpose", "fee_cap_msat", "memo", "bolt11", "payee", "refers_to", "source", "created_us", "expires_us",
)  # fmt: skip
LINE_OUTCOME: Mapping[str, Any] = {"preimage": "", "proof": "", "flags": "", "reason": "", "settled_us": 0}
APPROVAL_FIXED = (
    "requested_by", "digest", "bolt11", "payment_hash", "payee", "fee_cap_msat", "account", "purpose",
    "memo", "task_id", "simulated", "requested_us", "expires_us",
)  # fmt: skip
APPROVAL_OUTCOME: Mapping[str, Any] = {"decided_us": 0, "decided_by": "", "reason": ""}
# A proposal's identity never changes, and a decision is not changed once it was taken.
UPGRADE_FIXED = (
    "description", "reasoning", "origin", "branch", "conversation_id", "parent_id", "created_us",
)  # fmt: skip
UPGRADE_DECIDED: Mapping[str, Any] = {
    "decided_us": 0, "shown_digest": "", "approved_base": "", "approved_tree": "",
}  # fmt: skip
REVISION = (
    "number", "created_us", "base_commit", "target_head", "head_commit", "tree", "patch", "digest", "files",
    "risk", "risk_reasons", "conflicts", "note",
)  # fmt: skip
TESTS = ("revision", "kind", "tree", "outcome", "report", "time_us")
DECISION = ("kind", "by", "time_us", "revision", "digest", "base", "hunks", "reason", "automatic")
MEMORY_FIXED = (
    "source", "task_id", "conversation_id", "message_id", "document_id", "chunk", "local_only", "created_us",
)  # fmt: skip
COMPARISON = (
    "asked_by", "state", "backend", "network", "node_id", "height", "book_msat", "node_msat", "checked",
    "open", "detail", "started_us", "finished_us",
)  # fmt: skip
DIFFERENCE_FIXED = ("run_id", "subject", "book_says", "node_says", "amount_msat", "found_us")


@dataclass(frozen=True, slots=True)
class Kept:
    """By the things' own identifiers; lines of the ledger by `line_key`. What is not there is gone."""

    lines: Mapping[str, Row] = field(default_factory=dict)
    approvals: Mapping[str, Row] = field(default_factory=dict)
    differences: Mapping[str, Row] = field(default_factory=dict)
    comparison: Row = field(default_factory=dict)
    upgrades: Mapping[str, Row] = field(default_factory=dict)
    """With `decisions`, and where it is whole with `revisions`, `tests` and `proofs`, each a list of rows."""
    comments: Mapping[str, Row] = field(default_factory=dict)
    """Words of those whose events are too old to tell them; one that was taken back is not there."""
    memories: Mapping[str, Row] = field(default_factory=dict)
    forgotten_tasks: frozenset[str] = frozenset()


def kept_of(session: Session, world: World, most: int = MOST, *, whole: bool = False) -> Kept:
    """What there is about the newest of each kind; some tens of milliseconds at most.

    `whole` reads patches, test reports and proof packets too, which a page does not show.
    """
    tasks = [task.id for task in islice(world.tasks.newest(), most)]
    forgotten = _by_id(session, "tasks", ("text",), tasks)
    return Kept(
        _lines(session, world, most),
        _approvals(session, list(islice(world.approvals.newest(), most))),
        _by_id(session, "ledger_differences", DIFFERENCE_FIXED, list(world.differences.items())[-most:]),
        _comparison(session, world),
        {
            one.id: found
            for one in islice(world.upgrades.newest(), most)
            if (found := _upgrade(session, one, whole))
        },
        _by_id(
            session,
            "upgrade_comments",
            ("text", "side"),
            [one.id for one in islice(world.comments.newest(), most) if not one.text],
        ),
        _memories(session, list(islice(world.memories.newest(), most))),
        frozenset(name for name, row in forgotten.items() if row["text"] == FORGOTTEN),
    )


def _lines(session: Session, world: World, most: int) -> dict[str, Row]:
    shown = list(islice(world.transactions.newest(), most))
    columns = (*LINE_FIXED, *LINE_OUTCOME)
    found = _by_id(session, "ledger", columns, [one.ledger_id for one in shown if one.ledger_id])
    lines: dict[str, Row] = {}
    for one in shown:
        row = found.get(one.ledger_id) or _by_hash(session, one, columns)
        if row is not None:
            lines[line_key(one)] = {**row, **(LINE_OUTCOME if one.state == "pending" else {})}
    return lines


def line_key(one: TransactionThen) -> str:
    """By what a line is found again: its row, or its hash where the event is too old to name it."""
    return one.ledger_id or f"{one.type}:{one.payment_hash}:{'late' in one.note.split()}"


def _by_hash(session: Session, one: TransactionThen, columns: Sequence[str]) -> Row | None:
    """For events that are too old to name their row."""
    if one.ledger_id or not one.payment_hash:
        return None
    late = "<>" if "late" in one.note.split() else "="
    rows = session.sql(
        f"SELECT {', '.join(columns)} FROM ledger"  # noqa: S608 - constants
        f" WHERE payment_hash = ? AND type = ? AND refers_to {late} ''",
        (one.payment_hash, one.type),
    )
    return dict(zip(columns, rows[0], strict=True)) if rows else None


def _approvals(session: Session, then: Sequence[ApprovalThen]) -> dict[str, Row]:
    columns = (*APPROVAL_FIXED, *APPROVAL_OUTCOME)
    found = _by_id(session, "ledger_approvals", columns, [one.id for one in then])
    return {
        one.id: {**found[one.id], **(APPROVAL_OUTCOME if one.state == "waiting" else {})}
        for one in then
        if one.id in found
    }


def _comparison(session: Session, world: World) -> Row:
    last = world.comparisons.get("last")
    if last is None or not last.id:
        return {}
    return _by_id(session, "ledger_reconciliations", COMPARISON, [last.id]).get(last.id, {})


def _upgrade(session: Session, one: UpgradeThen, whole: bool) -> Row:
    columns = (*UPGRADE_FIXED, *UPGRADE_DECIDED)
    found = _by_id(session, "upgrades", columns, [one.id]).get(one.id)
    if found is None:
        return {}
    undecided = UPGRADE_DECIDED if one.state == "proposed" else {}
    last = (one.id, one.decisions)
    row = {
        **found,
        **undecided,
        "decisions": _rows(session, DECISION, "upgrade_decisions", "ORDER BY id LIMIT ?", *last),
    }
    return {**row, **_long(session, one)} if whole else row


def _long(session: Session, one: UpgradeThen) -> Row:
    of = (one.id,)
    return {
        "revisions": _rows(
            session, REVISION, "upgrade_revisions", "ORDER BY number LIMIT ?", *of, one.revision
        ),
        "tests": _rows(session, TESTS, "upgrade_tests", "ORDER BY id LIMIT ?", *of, len(one.runs)),
        "proofs": _proofs(session, one),
    }


def _proofs(session: Session, one: UpgradeThen) -> list[Row]:
    """The packets that were complete then; one that was made anew since is another."""
    known = dict(one.proofs)
    rows = _rows(session, ("revision", "proof"), "upgrade_proofs", "ORDER BY revision", one.id)
    return [row for row in rows if known.get(row["revision"]) == _sha256(row["proof"])]


def _memories(session: Session, then: Sequence[MemoryThen]) -> dict[str, Row]:
    """What the entries said then, of those that were not forgotten since."""
    found = _by_id(session, "memory_entries", ("content", *MEMORY_FIXED), [one.id for one in then])
    for one in then:
        if one.id in found:
            earlier = session.sql(
                "SELECT content FROM memory_history WHERE entry_id = ? ORDER BY id LIMIT 1 OFFSET ?",
                (one.id, one.edits),
            )
            found[one.id]["content"] = earlier[0][0] if earlier else found[one.id]["content"]
    return found


def _by_id(session: Session, table: str, columns: Sequence[str], ids: Sequence[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        statement = f"SELECT id, {', '.join(columns)} FROM {table} WHERE id IN ({','.join('?' * len(some))})"  # noqa: S608
        found |= {name: dict(zip(columns, rest, strict=True)) for name, *rest in session.sql(statement, some)}
    return found


def _rows(session: Session, columns: Sequence[str], table: str, order: str, *values: object) -> list[Row]:
    statement = f"SELECT {', '.join(columns)} FROM {table} WHERE upgrade_id = ? {order}"  # noqa: S608 - constants
    return [dict(zip(columns, row, strict=True)) for row in session.sql(statement, values)]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
