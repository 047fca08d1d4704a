"""Writes proposals and what is found out about them: rows and their event, in one transaction each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from timmy_desktop.clock import Clock
from timmy_desktop.events import upgrades as events
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus, Told
from timmy_desktop.identifiers import new_id
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.errors import StaleError, StateError
from timmy_desktop.upgrades.patch_parts import file_parts
from timmy_desktop.upgrades.types import (
    Comment,
    FileChange,
    ProofPacket,
    Proposal,
    Risk,
    Side,
    State,
    Target,
    TestReport,
)

SOURCE = "upgrades"
Write = Callable[[Session], Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewProposal:
    """What a proposal is apart from its revisions."""

    id: str
    target_id: str
    title: str
    description: str
    reasoning: str
    proposer: str
    origin: str
    branch: str = ""
    task_id: str = ""
    conversation_id: str = ""
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class NewRevision:
    """What a revision holds; `tree` is empty where it can't be merged."""

    base_commit: str
    target_head: str
    commit: str
    tree: str
    patch: bytes
    digest: str
    files: tuple[FileChange, ...]
    risk: Risk
    risk_reasons: tuple[str, ...]
    conflicts: tuple[str, ...]
    note: str = ""


class ProposalRecords:
    """Targets, proposals, revisions, what is found out about them and said of them."""

    def __init__(self, *, bus: EventBus, db: Database, clock: Clock, timeout_hours: int) -> None:
        self._bus = bus
        self._db = db
        self._clock = clock
        self._hours = timeout_hours

    async def read(self, work: Callable[[Session], T]) -> T:
        """Reads; see rows.py."""
        return await self._db.read(work)

    # Targets

    async def open_target(self, folder: Path, branch: str, python: str, allowed: Sequence[str]) -> Target:
        """Opens a repository, or opens it anew with other settings."""
        target_id, now = new_id(), self._clock.now_us()

        def write(session: Session) -> Told:
            session.sql(
                "INSERT INTO upgrade_targets(id, folder, branch, python, allowed, opened_us)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(folder) DO UPDATE SET branch = excluded.branch,"
                " python = excluded.python, allowed = excluded.allowed, opened_us = excluded.opened_us,"
                " closed_us = 0",
                (target_id, str(folder), branch, python, rows.dumped(list(allowed)), now),
            )
            # One that was opened before keeps its identifier.
            found = session.sql("SELECT id FROM upgrade_targets WHERE folder = ?", (str(folder),))[0][0]
            event = events.TargetOpened(
                source=SOURCE, target_id=found, folder=str(folder), branch=branch, python=python,
                allowed=list(allowed),
            )  # fmt: skip
            return Told(rows.target(session, found), [event])

        opened: Target = await self._bus.publish(work=write)
        return opened

    async def close_target(self, target_id: str) -> None:
        """Marks a target as closed."""
        now = self._clock.now_us()
        await self._bus.publish(
            events.TargetClosed(source=SOURCE, target_id=target_id),
            work=lambda session: session.sql(
                "UPDATE upgrade_targets SET closed_us = ? WHERE id = ?", (now, target_id)
            ),
        )

    async def allow_unsandboxed(self, target_id: str, allowed: bool) -> None:
        """Whether tests of a target may run where there is no sandbox."""
        what = "tests may run without a sandbox" if allowed else "tests run in a sandbox only"
        await self._bus.publish(
            events.TargetChanged(source=SOURCE, target_id=target_id, what=what, unsandboxed=int(allowed)),
            work=lambda session: session.sql(
                "UPDATE upgrade_targets SET unsandboxed = ? WHERE id = ?", (int(allowed), target_id)
            ),
        )

    # Proposals

    async def propose(self, new: NewProposal, first: NewRevision) -> Proposal:
        """Writes a proposal with its first revision."""
        now = self._clock.now_us()
        event = proposed_event(new, first, self._expires(now))
        proposed: Proposal = await self._bus.publish(
            event, work=lambda session: self.inserted(session, new, first, now)
        )
        return proposed

    def inserted(self, session: Session, new: NewProposal, first: NewRevision, now: int) -> Proposal:
        """Writes the rows of a proposal, within a transaction."""
        expires = self._expires(now)
        values = asdict(new)
        names = ", ".join(values)
        session.sql(
            f"INSERT INTO upgrades({names}, state, revision, created_us, updated_us, expires_us)"  # noqa: S608
            f" VALUES ({', '.join('?' * len(values))}, 'proposed', 0, ?, ?, ?)",
            (*values.values(), now, now, expires),
        )
        _add_revision(session, new.id, 1, first, now)
        return rows.proposal(session, new.id)

    async def revise(self, proposal: Proposal, revision: NewRevision) -> Proposal:
        """Writes the next revision; it answers the open comments when the agent made it."""
        now, number = self._clock.now_us(), proposal.revisions + 1
        expires = self._expires(now)

        def write(session: Session) -> Proposal:
            require(session, proposal.id, "proposed", proposal.revisions)
            _add_revision(session, proposal.id, number, revision, now)
            session.sql("UPDATE upgrades SET expires_us = ? WHERE id = ?", (expires, proposal.id))
            return rows.proposal(session, proposal.id)

        event = events.UpgradeRevised(
            **about(proposal), revision=number, digest=revision.digest, base=revision.target_head,
            note=revision.note, risk=revision.risk, expires_us=expires, **_sizes(revision),
        )  # fmt: skip
        revised: Proposal = await self._bus.publish(event, work=write)
        return revised

    async def answer_comments(self, proposal: Proposal) -> None:
        """Marks the open comments as answered in the newest revision."""

        def write(session: Session) -> Told:
            answered = session.sql(
                "UPDATE upgrade_comments SET answered_in = ? WHERE upgrade_id = ? AND answered_in = 0"
                " AND revision < ? RETURNING id",
                (proposal.revisions, proposal.id, proposal.revisions),
            )
            event = events.UpgradeCommentsAnswered(**about(proposal), revision=proposal.revisions)
            return Told(None, [event] if answered else [])

        await self._bus.publish(work=write)

    async def tested(self, proposal: Proposal, number: int, report: TestReport) -> None:
        """Writes a run of tests."""
        event = events.UpgradeTested(
            **about(proposal), revision=number, which=report.kind, outcome=report.outcome,
            passed=report.passed, failed=report.failed, errors=report.errors, skipped=report.skipped,
            duration_ms=report.duration_ms,
        )  # fmt: skip
        values = (
            proposal.id, number, report.kind, report.tree, report.outcome, rows.dumped(report),
            report.time_us,
        )  # fmt: skip
        await self._bus.publish(
            event,
            work=lambda session: session.sql(
                "INSERT INTO upgrade_tests(upgrade_id, revision, kind, tree, outcome, report, time_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            ),
        )

    async def proved(self, proposal: Proposal, number: int, proof: ProofPacket) -> None:
        """Writes a proof packet."""
        now, kept = self._clock.now_us(), rows.dumped(proof)
        digest = hashlib.sha256(kept.encode()).hexdigest()
        await self._bus.publish(
            events.UpgradeProved(**about(proposal), revision=number, digest=digest),
            work=lambda session: session.sql(
                "INSERT OR REPLACE INTO upgrade_proofs(upgrade_id, revision, proof, time_us)"
                " VALUES (?, ?, ?, ?)",
                (proposal.id, number, kept, now),
            ),
        )

    async def comment(
        self, proposal: Proposal, text: str, author: str, path: str, line: int, side: Side
    ) -> Comment:
        """Writes a comment on the newest revision."""
        made = Comment(
            new_id(), proposal.id, proposal.revisions, path, line, side, text, author, self._clock.now_us()
        )
        event = events.UpgradeCommented(
            **about(proposal), comment_id=made.id, path=path, line=line, by=author, text=text, side=side,
            revision=made.revision,
        )  # fmt: skip
        await self._bus.publish(
            event,
            work=lambda session: session.sql(
                "INSERT INTO upgrade_comments(id, upgrade_id, revision, path, line, side, text, author,"
                " created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (made.id, proposal.id, made.revision, path, line, side, text, author, made.created_us),
            ),
        )
        return made

    async def uncomment(self, comment_id: str) -> None:
        """Takes an open comment back; StateError for one that was answered or is not there."""

        def write(session: Session) -> Told:
            statement = "DELETE FROM upgrade_comments WHERE id = ? AND answered_in = 0 RETURNING upgrade_id"
            gone = session.sql(statement, (comment_id,))
            if not gone:
                raise StateError("That comment was answered already, or is not there.")
            event = events.UpgradeCommentRemoved(
                **about(rows.proposal(session, gone[0][0])), comment_id=comment_id
            )
            return Told(None, [event])

        await self._bus.publish(work=write)

    async def mark_seen(self, proposal: Proposal, path: str, seen: bool) -> None:
        """Marks a file as seen as it is now, or not any more."""
        now = self._clock.now_us()

        def write(session: Session) -> Told:
            session.sql("DELETE FROM upgrade_seen WHERE upgrade_id = ? AND path = ?", (proposal.id, path))
            parts = {part.path: part for part in file_parts(_patch(session, proposal))} if seen else {}
            digest = parts[path].digest if path in parts else ""
            if digest:
                session.sql(
                    "INSERT INTO upgrade_seen(upgrade_id, path, digest, time_us) VALUES (?, ?, ?, ?)",
                    (proposal.id, path, digest, now),
                )
            return Told(None, [events.UpgradeFileSeen(**about(proposal), path=path, digest=digest)])

        await self._bus.publish(work=write)

    def _expires(self, now: int) -> int:
        return now + self._hours * 3_600_000_000

    async def publish(self, *told: Event, work: Write | None = None) -> Any:
        """Events with what goes with them."""
        return await self._bus.publish(*told, work=work)


def _add_revision(session: Session, proposal_id: str, number: int, new: NewRevision, now: int) -> None:
    session.sql(
        "INSERT INTO upgrade_revisions(upgrade_id, number, created_us, base_commit, target_head, head_commit,"
        " tree, patch, digest, files, risk, risk_reasons, conflicts, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            proposal_id, number, now, new.base_commit, new.target_head, new.commit, new.tree, new.patch,
            new.digest, rows.dumped(new.files), new.risk, rows.dumped(new.risk_reasons),
            rows.dumped(new.conflicts), new.note,
        ),
    )  # fmt: skip
    session.sql("UPDATE upgrades SET revision = ?, updated_us = ? WHERE id = ?", (number, now, proposal_id))


def require(session: Session, proposal_id: str, state: State, revision: int) -> None:
    """StateError unless the proposal is in that state, StaleError unless that is its newest revision."""
    found, number = rows.column(session, proposal_id, "state", "revision")
    if found != state:
        raise StateError(f"The proposal is {found.replace('_', ' ')} already.")
    if number != revision:
        raise StaleError("The proposal was revised meanwhile. Look at the new revision.")


def _patch(session: Session, proposal: Proposal) -> bytes:
    return rows.diff(session, proposal.id, proposal.revisions).patch


def about(proposal: Proposal) -> dict[str, Any]:
    """What every event about a proposal says."""
    return {"source": SOURCE, "task_id": proposal.task_id, "upgrade_id": proposal.id}


def proposed_event(new: NewProposal, first: NewRevision, expires_us: int) -> events.UpgradeProposed:
    """The event of a new proposal."""
    return events.UpgradeProposed(
        source=SOURCE,
        task_id=new.task_id,
        upgrade_id=new.id,
        target_id=new.target_id,
        title=new.title,
        proposer=new.proposer,
        digest=first.digest,
        base=first.target_head,
        risk=first.risk,
        expires_us=expires_us,
        **_sizes(first),
    )


def _sizes(revision: NewRevision) -> dict[str, Any]:
    """How much a revision changes."""
    return {
        "files": len(revision.files),
        "added": sum(file.added for file in revision.files),
        "removed": sum(file.removed for file in revision.files),
    }
