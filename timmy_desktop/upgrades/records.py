"""Writes what becomes of proposals: rows and the event that tells of them, in one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from timmy_desktop.clock import Clock
from timmy_desktop.events import upgrades as events
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.identifiers import new_id
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.errors import StaleError, StateError
from timmy_desktop.upgrades.patch_parts import file_parts
from timmy_desktop.upgrades.types import (
    Comment,
    FileChange,
    HunkRef,
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


class Records:
    """The only one that writes to the tables of the upgrades."""

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

        def write(session: Session) -> Target:
            session.sql(
                "INSERT INTO upgrade_targets(id, folder, branch, python, allowed, opened_us)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(folder) DO UPDATE SET branch = excluded.branch,"
                " python = excluded.python, allowed = excluded.allowed, opened_us = excluded.opened_us,"
                " closed_us = 0",
                (target_id, str(folder), branch, python, rows.dumped(list(allowed)), now),
            )
            found = session.sql("SELECT id FROM upgrade_targets WHERE folder = ?", (str(folder),))
            return rows.target(session, found[0][0])

        known = await self._db.read(
            lambda session: session.sql("SELECT id FROM upgrade_targets WHERE folder = ?", (str(folder),))
        )
        event = events.TargetOpened(
            source=SOURCE, target_id=known[0][0] if known else target_id, folder=str(folder), branch=branch
        )
        opened: Target = await self._bus.publish(event, work=write)
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
            events.TargetChanged(source=SOURCE, target_id=target_id, what=what),
            work=lambda session: session.sql(
                "UPDATE upgrade_targets SET unsandboxed = ? WHERE id = ?", (int(allowed), target_id)
            ),
        )

    # Proposals

    async def propose(self, new: NewProposal, first: NewRevision) -> Proposal:
        """Writes a proposal with its first revision."""
        now = self._clock.now_us()
        event = _proposed(new, first)
        proposed: Proposal = await self._bus.publish(
            event, work=lambda session: self._insert(session, new, first, now)
        )
        return proposed

    def _insert(self, session: Session, new: NewProposal, first: NewRevision, now: int) -> Proposal:
        expires = now + self._hours * 3_600_000_000
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

        def write(session: Session) -> Proposal:
            _require(session, proposal.id, "proposed", proposal.revisions)
            _add_revision(session, proposal.id, number, revision, now)
            expires = now + self._hours * 3_600_000_000
            session.sql("UPDATE upgrades SET expires_us = ? WHERE id = ?", (expires, proposal.id))
            return rows.proposal(session, proposal.id)

        event = events.UpgradeRevised(
            **_about(proposal), revision=number, digest=revision.digest, base=revision.target_head,
            note=revision.note,
        )  # fmt: skip
        revised: Proposal = await self._bus.publish(event, work=write)
        return revised

    async def answer_comments(self, proposal: Proposal) -> None:
        """Marks the open comments as answered in the newest revision."""
        await self._bus.publish(
            work=lambda session: session.sql(
                "UPDATE upgrade_comments SET answered_in = ? WHERE upgrade_id = ? AND answered_in = 0"
                " AND revision < ?",
                (proposal.revisions, proposal.id, proposal.revisions),
            )
        )

    async def tested(self, proposal: Proposal, number: int, report: TestReport) -> None:
        """Writes a run of tests."""
        event = events.UpgradeTested(
            **_about(proposal), revision=number, kind=report.kind, outcome=report.outcome,
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
        now = self._clock.now_us()
        await self._bus.publish(
            events.UpgradeProved(**_about(proposal), revision=number),
            work=lambda session: session.sql(
                "INSERT OR REPLACE INTO upgrade_proofs(upgrade_id, revision, proof, time_us)"
                " VALUES (?, ?, ?, ?)",
                (proposal.id, number, rows.dumped(proof), now),
            ),
        )

    # Decisions

    async def approve(self, proposal: Proposal, digest: str, by: str, *, automatic: bool = False) -> Proposal:
        """Approves the newest revision, whose patch has that digest; the table's triggers check it again."""
        now, revision = self._clock.now_us(), proposal.revision

        def write(session: Session) -> Proposal:
            _require(session, proposal.id, "proposed", proposal.revisions)
            session.sql(
                "UPDATE upgrades SET state = 'approved', step = 'apply', decided_by = ?, decided_us = ?,"
                " shown_digest = ?, approved_base = ?, approved_tree = ?, automatic = ?, updated_us = ?"
                " WHERE id = ?",
                (by, now, digest, revision.target_head, revision.tree, int(automatic), now, proposal.id),
            )
            _decide(session, proposal, "approved", by, now, digest=digest, automatic=automatic)
            return rows.proposal(session, proposal.id)

        event = events.UpgradeApproved(
            **_about(proposal), by=by, digest=digest, base=revision.target_head, revision=revision.number,
            automatic=automatic,
        )  # fmt: skip
        approved: Proposal = await self._bus.publish(event, work=write)
        return approved

    async def reject(self, proposal: Proposal, by: str, reason: str) -> Proposal:
        """Turns a proposal down."""
        now = self._clock.now_us()

        def write(session: Session) -> Proposal:
            _require(session, proposal.id, "proposed", proposal.revisions)
            _end(session, proposal.id, "rejected", by, reason, now)
            _decide(session, proposal, "rejected", by, now, reason=reason)
            return rows.proposal(session, proposal.id)

        event = events.UpgradeRejected(**_about(proposal), by=by, reason=reason)
        rejected: Proposal = await self._bus.publish(event, work=write)
        return rejected

    async def accept_part(
        self,
        proposal: Proposal,
        new: NewProposal,
        first: NewRevision,
        by: str,
        reason: str,
        hunks: Sequence[HunkRef],
        digest: str,
    ) -> Proposal:
        """Writes the proposal that some hunks make, and turns the whole one down, as one."""
        now = self._clock.now_us()

        def write(session: Session) -> Proposal:
            _require(session, proposal.id, "proposed", proposal.revisions)
            _end(session, proposal.id, "rejected", by, reason, now)
            _decide(session, proposal, "accepted_part", by, now, digest=digest, reason=reason, hunks=hunks)
            return self._insert(session, new, first, now)

        told = (
            events.UpgradePartAccepted(
                **_about(proposal), by=by, digest=digest, part_id=new.id, hunks=len(hunks)
            ),
            events.UpgradeRejected(**_about(proposal), by=by, reason=reason),
            _proposed(new, first),
        )
        part: Proposal = await self._bus.publish(*told, work=write)
        return part

    async def expire(self, proposal: Proposal) -> None:
        """Ends a proposal that nobody decided in time."""
        now = self._clock.now_us()
        reason = f"Nobody decided within {self._hours} hours."

        def write(session: Session) -> None:
            _require(session, proposal.id, "proposed", proposal.revisions)
            _end(session, proposal.id, "expired", SOURCE, reason, now)
            _decide(session, proposal, "expired", SOURCE, now, reason=reason)

        await self._bus.publish(events.UpgradeExpired(**_about(proposal), hours=self._hours), work=write)

    async def comment(
        self, proposal: Proposal, text: str, author: str, path: str, line: int, side: Side
    ) -> Comment:
        """Writes a comment on the newest revision."""
        made = Comment(
            new_id(), proposal.id, proposal.revisions, path, line, side, text, author, self._clock.now_us()
        )
        event = events.UpgradeCommented(
            **_about(proposal), comment_id=made.id, path=path, line=line, by=author
        )
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

        def write(session: Session) -> None:
            statement = "DELETE FROM upgrade_comments WHERE id = ? AND answered_in = 0 RETURNING id"
            if not session.sql(statement, (comment_id,)):
                raise StateError("That comment was answered already, or is not there.")

        await self._bus.publish(work=write)

    async def mark_seen(self, proposal: Proposal, path: str, seen: bool) -> None:
        """Marks a file as seen as it is now, or not any more."""
        now = self._clock.now_us()

        def write(session: Session) -> None:
            session.sql("DELETE FROM upgrade_seen WHERE upgrade_id = ? AND path = ?", (proposal.id, path))
            parts = {part.path: part for part in file_parts(_patch(session, proposal))} if seen else {}
            if path in parts:
                session.sql(
                    "INSERT INTO upgrade_seen(upgrade_id, path, digest, time_us) VALUES (?, ?, ?, ?)",
                    (proposal.id, path, parts[path].digest, now),
                )

        await self._bus.publish(work=write)

    # Applying and rolling back; see applier.py

    async def step(self, proposal_id: str, step: str, **columns: Any) -> None:
        """Writes how far applying has come, before the step is taken."""
        now = self._clock.now_us()
        names = ", ".join(f"{name} = ?" for name in columns)
        await self._bus.publish(
            work=lambda session: session.sql(
                f"UPDATE upgrades SET step = ?, updated_us = ?{', ' if names else ''}{names} WHERE id = ?",  # noqa: S608
                (step, now, *columns.values(), proposal_id),
            )
        )

    async def end(self, proposal_id: str, state: State, event: Event, **columns: Any) -> None:
        """Brings an approved or applied proposal to its next state."""
        now = self._clock.now_us()
        names = "".join(f", {name} = ?" for name in columns)

        def write(session: Session) -> None:
            session.sql(
                f"UPDATE upgrades SET state = ?, updated_us = ?{names} WHERE id = ?",  # noqa: S608
                (state, now, *columns.values(), proposal_id),
            )
            if state == "rolled_back" and isinstance(event, events.UpgradeRolledBack):
                proposal = rows.proposal(session, proposal_id)
                _decide(session, proposal, "rolled_back", event.by, now)

        await self._bus.publish(event, work=write)

    async def dismiss(self, proposal: Proposal) -> None:
        """Withdraws a suspicion, and ends the watch that raised it."""
        await self._bus.publish(
            work=lambda session: session.sql(
                "UPDATE upgrades SET suspicion = '', canary_until_us = 0 WHERE id = ?", (proposal.id,)
            )
        )

    async def checkout_noted(self, proposal: Proposal, note: str) -> None:
        """Writes what became of the person's checkout."""
        await self._bus.publish(
            work=lambda session: session.sql(
                "UPDATE upgrades SET checkout_note = ? WHERE id = ?", (note, proposal.id)
            )
        )

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


def _require(session: Session, proposal_id: str, state: State, revision: int) -> None:
    found, number = rows.column(session, proposal_id, "state", "revision")
    if found != state:
        raise StateError(f"The proposal is {found.replace('_', ' ')} already.")
    if number != revision:
        raise StaleError("The proposal was revised meanwhile. Look at the new revision.")


def _end(session: Session, proposal_id: str, state: State, by: str, reason: str, now: int) -> None:
    session.sql(
        "UPDATE upgrades SET state = ?, decided_by = ?, decided_us = ?, reason = ?, updated_us = ?"
        " WHERE id = ?",
        (state, by, now, reason, now, proposal_id),
    )


def _decide(
    session: Session,
    proposal: Proposal,
    kind: str,
    by: str,
    now: int,
    *,
    digest: str = "",
    reason: str = "",
    hunks: Sequence[HunkRef] = (),
    automatic: bool = False,
) -> None:
    revision = proposal.revision
    session.sql(
        "INSERT INTO upgrade_decisions(upgrade_id, kind, by, time_us, revision, digest, base, hunks, reason,"
        " automatic) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            proposal.id, kind, by, now, revision.number, digest or revision.digest, revision.target_head,
            rows.dumped(list(hunks)), reason, int(automatic),
        ),
    )  # fmt: skip


def _patch(session: Session, proposal: Proposal) -> bytes:
    return rows.diff(session, proposal.id, proposal.revisions).patch


def _about(proposal: Proposal) -> dict[str, Any]:
    return {"source": SOURCE, "task_id": proposal.task_id, "upgrade_id": proposal.id}


def _proposed(new: NewProposal, first: NewRevision) -> events.UpgradeProposed:
    return events.UpgradeProposed(
        source=SOURCE,
        task_id=new.task_id,
        upgrade_id=new.id,
        target_id=new.target_id,
        title=new.title,
        proposer=new.proposer,
        digest=first.digest,
        base=first.target_head,
        files=len(first.files),
        added=sum(file.added for file in first.files),
        removed=sum(file.removed for file in first.files),
        risk=first.risk,
    )
