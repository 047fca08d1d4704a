"""Proposals as the database holds them, read into the types that everything else uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from timmy_desktop.storage.database import Session
from timmy_desktop.upgrades.errors import UnknownProposalError
from timmy_desktop.upgrades.types import (
    RED,
    Comment,
    Decision,
    DiffText,
    FileChange,
    HunkRef,
    ProofPacket,
    Proposal,
    Revision,
    State,
    Target,
    TestReport,
)

_FILES = TypeAdapter(tuple[FileChange, ...])
_WORDS = TypeAdapter(tuple[str, ...])
_HUNKS = TypeAdapter(tuple[HunkRef, ...])
_REPORT = TypeAdapter(TestReport)
_PROOF = TypeAdapter(ProofPacket)

_TARGET = "id, folder, branch, python, allowed, unsandboxed, opened_us"
_REVISION = (
    "number, created_us, base_commit, target_head, head_commit, tree, digest, files, risk, risk_reasons, "
    "conflicts, note"
)
_COMMENT = "id, upgrade_id, revision, path, line, side, text, author, created_us, answered_in"
_MOST_SHORT = 8


def dumped(value: Any) -> str:
    """A value as JSON text."""
    return orjson.dumps(value).decode()


def targets(session: Session) -> list[Target]:
    """The open targets, the newest first."""
    statement = f"SELECT {_TARGET} FROM upgrade_targets WHERE closed_us = 0 ORDER BY opened_us DESC"  # noqa: S608
    rows = session.sql(statement)
    return [_target(row) for row in rows]


def target(session: Session, target_id: str, *, is_open: bool = False) -> Target:
    """One target, open or closed, or only if it `is_open`; UnknownProposalError."""
    statement = f"SELECT {_TARGET}, closed_us FROM upgrade_targets WHERE id = ?"  # noqa: S608
    rows = session.sql(statement, (target_id,))
    if not rows or (is_open and rows[0][-1]):
        raise UnknownProposalError("That repository is not open to proposals. Open it first.")
    return _target(rows[0])


def proposals(
    session: Session, states: Sequence[State] = (), limit: int = 200, before: str = ""
) -> list[Proposal]:
    """Proposals, the newest first."""
    conditions, values = ["1 = 1"], list[Any]()
    if states:
        conditions.append(f"state IN ({', '.join('?' * len(states))})")
        values += states
    if before:
        conditions.append("id < ?")
        values.append(before)
    return _proposals(session, f"{' AND '.join(conditions)} ORDER BY id DESC LIMIT ?", [*values, limit])


def proposal(session: Session, proposal_id: str) -> Proposal:
    """One proposal by its identifier, or by the end of it; UnknownProposalError."""
    found = _proposals(session, "id = ?", [proposal_id])
    if not found and len(proposal_id) >= _MOST_SHORT:
        found = _proposals(session, "substr(id, -length(?1)) = ?1 LIMIT 2", [proposal_id])
    if len(found) != 1:
        raise UnknownProposalError(f"There is no proposal {proposal_id[:40]!r}.")
    return found[0]


def undecided(session: Session) -> int:
    """How many wait for a decision."""
    rows = session.sql("SELECT count(*) FROM upgrades WHERE state = 'proposed' AND revision > 0")
    return int(rows[0][0])


def task_of(session: Session, task_id: str) -> tuple[str, bool]:
    """The conversation that a task came from, and whether it stays on this machine."""
    found = session.sql("SELECT conversation_id, local_only FROM tasks WHERE id = ?", (task_id,))
    return (found[0][0], bool(found[0][1])) if found else ("", False)


def under_way(session: Session) -> list[Proposal]:
    """What an earlier run left half applied or half rolled back, and what is approved."""
    return _proposals(session, "step <> '' OR state = 'approved' ORDER BY id", [])


def column(session: Session, proposal_id: str, *names: str) -> tuple[Any, ...]:
    """Some columns of a proposal; for what no one outside needs to see."""
    rows = session.sql(f"SELECT {', '.join(names)} FROM upgrades WHERE id = ?", (proposal_id,))  # noqa: S608
    if not rows:
        raise UnknownProposalError("There is no such proposal.")
    return rows[0]


def revisions(session: Session, proposal_id: str) -> list[Revision]:
    """Every revision, the oldest first, with its newest test of the merge."""
    statement = f"SELECT {_REVISION} FROM upgrade_revisions WHERE upgrade_id = ? ORDER BY number"  # noqa: S608
    return [_revision(session, proposal_id, row) for row in session.sql(statement, (proposal_id,))]


def revision(session: Session, proposal_id: str, number: int) -> Revision:
    """One revision; UnknownProposalError."""
    statement = f"SELECT {_REVISION} FROM upgrade_revisions WHERE upgrade_id = ? AND number = ?"  # noqa: S608
    rows = session.sql(statement, (proposal_id, number))
    if not rows:
        raise UnknownProposalError("The proposal has no such revision.")
    return _revision(session, proposal_id, rows[0])


def diff(session: Session, proposal_id: str, number: int) -> DiffText:
    """The patch of a revision; UnknownProposalError."""
    statement = "SELECT patch, digest FROM upgrade_revisions WHERE upgrade_id = ? AND number = ?"
    rows = session.sql(statement, (proposal_id, number))
    if not rows:
        raise UnknownProposalError("The proposal has no such revision.")
    return DiffText(proposal_id, number, bytes(rows[0][0]), rows[0][1])


def tests(session: Session, proposal_id: str, number: int) -> list[TestReport]:
    """Every run of tests on a revision, in order."""
    statement = "SELECT report FROM upgrade_tests WHERE upgrade_id = ? AND revision = ? ORDER BY id"
    return [_REPORT.validate_json(row[0]) for row in session.sql(statement, (proposal_id, number))]


def tested_tree(session: Session, target_id: str, tree: str) -> TestReport | None:
    """The last run of all of a target's tests on a tree that came to a result."""
    statement = """
        SELECT report FROM upgrade_tests JOIN upgrades ON upgrades.id = upgrade_id
        WHERE upgrade_tests.tree = ? AND target_id = ? AND outcome IN ('passed', 'failed', 'none')
            AND kind IN ('base', 'branch', 'merge', 'canary') ORDER BY upgrade_tests.id DESC LIMIT 1
    """
    rows = session.sql(statement, (tree, target_id))
    return _REPORT.validate_json(rows[0][0]) if rows else None


def proof(session: Session, proposal_id: str, number: int) -> ProofPacket | None:
    """The proof packet of a revision, once there is one."""
    statement = "SELECT proof FROM upgrade_proofs WHERE upgrade_id = ? AND revision = ?"
    rows = session.sql(statement, (proposal_id, number))
    return _PROOF.validate_json(rows[0][0]) if rows else None


def comments(session: Session, proposal_id: str) -> list[Comment]:
    """Every comment, the oldest first."""
    statement = f"SELECT {_COMMENT} FROM upgrade_comments WHERE upgrade_id = ? ORDER BY id"  # noqa: S608
    return [Comment(*row) for row in session.sql(statement, (proposal_id,))]


def decisions(session: Session, proposal_id: str) -> list[Decision]:
    """What was decided, in order."""
    statement = """
        SELECT kind, by, time_us, revision, digest, base, hunks, reason, automatic
        FROM upgrade_decisions WHERE upgrade_id = ? ORDER BY id
    """
    return [
        Decision(
            kind=row[0],
            by=row[1],
            time_us=row[2],
            revision=row[3],
            digest=row[4],
            base=row[5],
            hunks=_HUNKS.validate_json(row[6]),
            reason=row[7],
            is_automatic=bool(row[8]),
        )
        for row in session.sql(statement, (proposal_id,))
    ]


def seen(session: Session, proposal_id: str) -> dict[str, str]:
    """The digest under which each path was marked as seen."""
    return dict(session.sql("SELECT path, digest FROM upgrade_seen WHERE upgrade_id = ?", (proposal_id,)))


_PROPOSAL = (
    "upgrades.id AS id, target_id, upgrade_targets.folder AS folder, "
    "upgrade_targets.branch AS target_branch, "
    "title, description, reasoning, proposer, origin, state, revision, upgrades.branch AS branch, task_id, "
    "conversation_id, parent_id, created_us, updated_us, expires_us, decided_by, decided_us, automatic, "
    "reason, can_look_again, applied_commit, applied_us, rolled_back_commit, suspicion, checkout_note, "
    "(SELECT count(*) FROM upgrade_comments WHERE upgrade_id = upgrades.id AND answered_in = 0)"
    " AS open_comments"
)
_AS_THEY_ARE = (
    "id", "target_id", "target_branch", "title", "description", "reasoning", "proposer", "origin", "state",
    "branch", "task_id", "conversation_id", "parent_id", "created_us", "updated_us", "expires_us",
    "decided_by", "decided_us", "reason", "applied_commit", "applied_us", "rolled_back_commit", "suspicion",
    "checkout_note", "open_comments",
)  # fmt: skip


def _proposals(session: Session, condition: str, values: Sequence[Any]) -> list[Proposal]:
    statement = f"""
        SELECT * FROM (SELECT {_PROPOSAL}, step FROM upgrades
            JOIN upgrade_targets ON upgrade_targets.id = target_id WHERE revision > 0) WHERE {condition}
    """  # noqa: S608 - constants
    cursor = session.connection.execute(statement, values)
    names = [entry[0] for entry in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [_proposal(session, row) for row in found]


def _proposal(session: Session, row: Mapping[str, Any]) -> Proposal:
    return Proposal(
        **{name: row[name] for name in _AS_THEY_ARE},
        target_name=Path(row["folder"]).name,
        revision=revision(session, row["id"], row["revision"]),
        revisions=row["revision"],
        is_automatic=bool(row["automatic"]),
        can_look_again=bool(row["can_look_again"]),
    )


def _revision(session: Session, proposal_id: str, row: tuple[Any, ...]) -> Revision:
    statement = """
        SELECT json_remove(report, '$.cases', '$.output') FROM upgrade_tests
        WHERE upgrade_id = ? AND revision = ? AND kind = 'merge' ORDER BY id DESC LIMIT 1
    """
    tested = session.sql(statement, (proposal_id, row[0]))
    number, created_us, base_commit, target_head, commit, tree, digest = row[:7]
    return Revision(
        number=number,
        created_us=created_us,
        base_commit=base_commit,
        target_head=target_head,
        commit=commit,
        tree=tree,
        digest=digest,
        files=_FILES.validate_json(row[7]),
        risk=row[8],
        risk_reasons=_WORDS.validate_json(row[9]),
        conflicts=_WORDS.validate_json(row[10]),
        note=row[11],
        is_tested=bool(tested),
        test=_REPORT.validate_json(tested[0][0]) if tested else None,
        reds=_reds(session, proposal_id, row[0]),
    )


def _reds(session: Session, proposal_id: str, number: int) -> int:
    """How much is red in the proof packet of a revision, without reading all of it."""
    counted = " + ".join(f"coalesce(json_array_length(proof, '$.{name}'), 0)" for name in RED)
    statement = f"SELECT {counted} FROM upgrade_proofs WHERE upgrade_id = ? AND revision = ?"  # noqa: S608
    found = session.sql(statement, (proposal_id, number))
    return int(found[0][0]) if found else 0


def _target(row: tuple[Any, ...]) -> Target:
    return Target(
        id=row[0], folder=Path(row[1]), branch=row[2], head="", python=row[3],
        allowed=_WORDS.validate_json(row[4]), unsandboxed=bool(row[5]), opened_us=row[6],
    )  # fmt: skip
