"""Writes what is decided and done about proposals: rows and their event, in one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from timmy_desktop.events import upgrades as events
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import Told
from timmy_desktop.storage.database import Session
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.errors import StateError
from timmy_desktop.upgrades.proposal_records import (
    SOURCE,
    NewProposal,
    NewRevision,
    ProposalRecords,
    about,
    proposed_event,
    require,
)
from timmy_desktop.upgrades.types import HunkRef, Proposal, State


class Records(ProposalRecords):
    """The only one that writes to the tables of the upgrades."""

    async def approve(self, proposal: Proposal, digest: str, by: str, *, automatic: bool = False) -> Proposal:
        """Approves the newest revision, whose patch has that digest; the table's triggers check it again."""
        now, revision = self._clock.now_us(), proposal.revision
        if proposal.expires_us <= now:
            # It may be a while until the next round says so.
            raise StateError(f"Nobody decided within {self._hours} hours: it has expired. Look at it again.")

        def write(session: Session) -> Proposal:
            require(session, proposal.id, "proposed", proposal.revisions)
            session.sql(
                "UPDATE upgrades SET state = 'approved', step = 'apply', decided_by = ?, decided_us = ?,"
                " shown_digest = ?, approved_base = ?, approved_tree = ?, automatic = ?, updated_us = ?"
                " WHERE id = ?",
                (by, now, digest, revision.target_head, revision.tree, int(automatic), now, proposal.id),
            )
            _decide(session, proposal, "approved", by, now, digest=digest, automatic=automatic)
            return rows.proposal(session, proposal.id)

        event = events.UpgradeApproved(
            **about(proposal), by=by, digest=digest, base=revision.target_head, revision=revision.number,
            automatic=automatic,
        )  # fmt: skip
        approved: Proposal = await self._bus.publish(event, work=write)
        return approved

    async def reject(self, proposal: Proposal, by: str, reason: str) -> Proposal:
        """Turns a proposal down."""
        now = self._clock.now_us()

        def write(session: Session) -> Proposal:
            require(session, proposal.id, "proposed", proposal.revisions)
            _end(session, proposal.id, "rejected", by, reason, now)
            _decide(session, proposal, "rejected", by, now, reason=reason)
            return rows.proposal(session, proposal.id)

        event = events.UpgradeRejected(**about(proposal), by=by, reason=reason)
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
            require(session, proposal.id, "proposed", proposal.revisions)
            _end(session, proposal.id, "rejected", by, reason, now)
            _decide(session, proposal, "accepted_part", by, now, digest=digest, reason=reason, hunks=hunks)
            return self.inserted(session, new, first, now)

        told = (
            events.UpgradePartAccepted(
                **about(proposal), by=by, digest=digest, part_id=new.id, hunks=len(hunks)
            ),
            events.UpgradeRejected(**about(proposal), by=by, reason=reason),
            proposed_event(new, first, self._expires(now)),
        )
        part: Proposal = await self._bus.publish(*told, work=write)
        return part

    async def expire(self, proposal: Proposal) -> None:
        """Ends a proposal that nobody decided in time."""
        now = self._clock.now_us()
        reason = f"Nobody decided within {self._hours} hours."

        def write(session: Session) -> None:
            require(session, proposal.id, "proposed", proposal.revisions)
            _end(session, proposal.id, "expired", SOURCE, reason, now)
            _decide(session, proposal, "expired", SOURCE, now, reason=reason)

        await self._bus.publish(events.UpgradeExpired(**about(proposal), hours=self._hours), work=write)

    # Applying and rolling back; see applier.py

    async def step(self, proposal_id: str, step: str, **columns: Any) -> None:
        """Writes how far applying has come, before the step is taken."""
        now = self._clock.now_us()
        await self._bus.publish(
            work=lambda session: _noted(session, proposal_id, {"step": step, **columns}, updated_us=now)
        )

    async def end(self, proposal_id: str, state: State, event: Event, **columns: Any) -> None:
        """Brings an approved or applied proposal to its next state."""
        now = self._clock.now_us()

        def write(session: Session) -> Told:
            told = _noted(session, proposal_id, columns, state=state, updated_us=now)
            if state == "rolled_back" and isinstance(event, events.UpgradeRolledBack):
                proposal = rows.proposal(session, proposal_id)
                _decide(session, proposal, "rolled_back", event.by, now)
            return told

        await self._bus.publish(event, work=write)

    async def dismiss(self, proposal: Proposal) -> None:
        """Withdraws a suspicion, and ends the watch that raised it."""
        changes = {"suspicion": "", "canary_until_us": 0}
        await self._bus.publish(work=lambda session: _noted(session, proposal.id, changes))

    async def checkout_noted(self, proposal: Proposal, note: str) -> None:
        """Writes what became of the person's checkout."""
        changes = {"checkout_note": note}
        await self._bus.publish(work=lambda session: _noted(session, proposal.id, changes))


def _noted(session: Session, proposal_id: str, changes: Mapping[str, Any], **others: Any) -> Told:
    """Writes columns, and tells of those that no event of their own tells of: of which task, too.

    What was said in a task that is local only is known by its task, and stays here.
    """
    columns = {**others, **changes}
    names = ", ".join(f"{name} = ?" for name in columns)
    of = session.sql(
        f"UPDATE upgrades SET {names} WHERE id = ? RETURNING task_id",  # noqa: S608 - names of columns
        (*columns.values(), proposal_id),
    )
    task_id = str(of[0][0]) if of else ""
    event = events.UpgradeNoted(source=SOURCE, task_id=task_id, upgrade_id=proposal_id, changes=dict(changes))
    return Told(None, [event])


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


__all__ = ["SOURCE", "NewProposal", "NewRevision", "Records"]
