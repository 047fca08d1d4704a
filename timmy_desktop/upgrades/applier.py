"""Applies what was approved, and rolls it back: a branch moved once, by compare-and-swap, or not at all.

Each step that can't be repeated blindly is written down before it is taken, so that after a crash the next
start finds out whether it happened, and finishes or begins anew. Until the branch moves, nothing that anyone
sees has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from timmy_desktop.clock import Clock
from timmy_desktop.events.upgrades import (
    UpgradeApplied,
    UpgradeFailed,
    UpgradeRollBackRefused,
    UpgradeRolledBack,
)
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.checkouts import brought_up, note_beside, note_of
from timmy_desktop.upgrades.errors import RepositoryError, StaleError, UpgradeError
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.records import SOURCE, Records
from timmy_desktop.upgrades.reports import names
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.trailers import Trailers, applied_message, rolled_back_message
from timmy_desktop.upgrades.trials import Trials
from timmy_desktop.upgrades.types import Proposal, Rehearsal, TestReport, digest_of
from timmy_desktop.upgrades.workshop import Workshop

Tell = Callable[[str], None]
ChainHead = Callable[[], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Names:
    """What the steps of one way are called in the table."""

    begin: str
    move: str
    checkout: str


APPLY = Names("apply", "move", "checkout")
UNDO = Names("undo", "undo_move", "undo_checkout")
INTERRUPTED = "Timmy was ended before it was rolled back. Nothing was changed; roll it back again."


class Applier:
    """Takes proposals from approved to applied or failed, and from applied to rolled back."""

    def __init__(
        self,
        *,
        records: Records,
        trials: Trials,
        threads: UpgradeThreads,
        clock: Clock,
        chain_head: ChainHead,
        canary_minutes: int,
        person: str,
    ) -> None:
        """`chain_head` gives the number and hash of the last event; `person` is who sits here."""
        self._records = records
        self._trials = trials
        self._threads = threads
        self._clock = clock
        self._chain_head = chain_head
        self._person = person
        self._canary_us = canary_minutes * 60_000_000

    async def apply(self, workshop: Workshop, proposal: Proposal, tell: Tell) -> None:
        """Applies what is approved, to its end: applied, or failed with the reason."""
        try:
            await self._apply(workshop, proposal, tell)
        except (UpgradeError, RepositoryError) as error:
            if await self._was_moved(workshop, proposal, APPLY):
                return await self._finish(workshop, proposal, APPLY, tell)
            can_look_again = isinstance(error, StaleError)
            event = UpgradeFailed(
                source=SOURCE, task_id=proposal.task_id, upgrade_id=proposal.id, reason=str(error),
                can_look_again=can_look_again,
            )  # fmt: skip
            await self._records.end(
                proposal.id, "failed", event, step="", reason=str(error), can_look_again=int(can_look_again)
            )

    async def rehearse(self, workshop: Workshop, proposal: Proposal, tell: Tell) -> Rehearsal:
        """Makes the revert and tests it; nothing is changed."""
        rehearsal, _, _ = await self._rehearsed(workshop, proposal, tell)
        return rehearsal

    async def refuse_unrehearsed(self, workshop: Workshop, proposal: Proposal, rehearsed: Rehearsal) -> None:
        """StaleError unless rolling back gives now what was rehearsed."""
        (old,) = await self._columns(proposal, "approved_base")
        head, _, patch, _ = await self._threads.git(lambda: reverted(workshop, proposal, old))
        refuse_another(workshop, rehearsed, head, patch)

    async def roll_back(
        self, workshop: Workshop, proposal: Proposal, rehearsed: Rehearsal, tell: Tell
    ) -> None:
        """Rolls an applied proposal back as it was rehearsed, or tells why that can't be."""
        try:
            await self._roll_back(workshop, proposal, rehearsed, tell)
        except (UpgradeError, RepositoryError) as error:
            if await self._was_moved(workshop, proposal, UNDO):
                return await self._finish(workshop, proposal, UNDO, tell)
            await self._not_rolled_back(proposal, str(error))

    async def _not_rolled_back(self, proposal: Proposal, reason: str) -> None:
        event = UpgradeRollBackRefused(
            source=SOURCE, task_id=proposal.task_id, upgrade_id=proposal.id, reason=reason
        )
        await self._records.publish(event)
        await self._records.step(proposal.id, "")

    async def take_up(self, workshop: Workshop, proposal: Proposal, tell: Tell) -> None:
        """Finishes, or begins anew, what an earlier run left under way.

        What was to be rolled back and was not is left as it is: what was rehearsed then is known no more.
        """
        (step,) = await self._columns(proposal, "step")
        way = UNDO if step in (UNDO.begin, UNDO.move, UNDO.checkout) else APPLY
        if await self._was_moved(workshop, proposal, way):
            await self._finish(workshop, proposal, way, tell)
        elif way is APPLY:
            await self.apply(workshop, proposal, tell)
        else:
            await self._not_rolled_back(proposal, INTERRUPTED)

    async def _apply(self, workshop: Workshop, proposal: Proposal, tell: Tell) -> None:
        tell("Merging")
        quarantine, patch = await self._merged(workshop, proposal)
        base, tree = proposal.revision.target_head, proposal.revision.tree
        tell("Testing the merge")
        report, _ = await self._trials.run(workshop, quarantine, tree, "merge")
        await self._records.tested(proposal, proposal.revision.number, report)
        if report.outcome not in ("passed", "none"):
            raise UpgradeError(f"It was not applied: the tests of the merge did not pass. {report.summary}")
        tell("Committing")
        trailers = Trailers(proposal.id, proposal.decided_by, digest_of(patch), *self._chain_head())
        message = applied_message(proposal.title, proposal.description, trailers)
        await self._move(workshop, quarantine, proposal, APPLY, base, tree, message, proposal.proposer)
        await self._finish(workshop, proposal, APPLY, tell)

    async def _merged(self, workshop: Workshop, proposal: Proposal) -> tuple[Quarantine, bytes]:
        """The quarantine with the approved tree in it, made anew from the approved bytes and from nothing
        else; StaleError when the target or the branch has moved."""
        revision = proposal.revision
        diff = await self._records.read(lambda session: rows.diff(session, proposal.id, revision.number))
        shown, tree = await self._columns(proposal, "shown_digest", "approved_tree")

        def merge() -> Quarantine:
            refuse_moved(workshop, proposal)
            quarantine = workshop.quarantine(proposal.id)
            if digest_of(diff.patch) != shown or quarantine.patched(revision.target_head, diff.patch) != tree:
                raise StaleError("The stored change is not the one that was approved. Look at it again.")
            return quarantine

        return await self._threads.git(merge), diff.patch

    async def _rehearsed(
        self, workshop: Workshop, proposal: Proposal, tell: Tell
    ) -> tuple[Rehearsal, str, str]:
        """The rehearsal, with the head that it starts from and the tree that it ends in."""
        tell("Rehearsing the roll back")
        (old,) = await self._columns(proposal, "approved_base")
        head, tree, patch, conflicts = await self._threads.git(lambda: reverted(workshop, proposal, old))
        if conflicts:
            where = ", ".join(conflicts)
            refusal = f"Later commits changed the same places ({where}). Undo it by hand."
            return Rehearsal(proposal.id, patch, conflicts, None, refusal, head), head, tree
        if not patch:
            refusal = "There is nothing left of it to undo."
            return Rehearsal(proposal.id, b"", (), None, refusal, head), head, tree
        quarantine = await self._threads.git(lambda: workshop.quarantine(f"undo-{proposal.id}"))
        report, _ = await self._trials.run(workshop, quarantine, tree, "roll_back")
        await self._records.tested(proposal, proposal.revision.number, report)
        refusal = await self._refusal(proposal, report)
        return Rehearsal(proposal.id, patch, (), report, refusal, head), head, tree

    async def _refusal(self, proposal: Proposal, report: TestReport) -> str:
        """Why the tests forbid it; nothing when no test fails but those that failed before it was applied."""
        if report.outcome in ("passed", "none"):
            return ""
        number = proposal.revision.number
        runs = await self._records.read(lambda session: rows.tests(session, proposal.id, number))
        before = [run for run in runs if run.kind == "base"]
        failing = names(report.cases, "failed", "error")
        if report.outcome == "failed" and before and failing <= names(before[-1].cases, "failed", "error"):
            return ""
        return f"Without it the tests do not pass. {report.summary}"

    async def _roll_back(
        self, workshop: Workshop, proposal: Proposal, rehearsed: Rehearsal, tell: Tell
    ) -> None:
        rehearsal, head, tree = await self._rehearsed(workshop, proposal, tell)
        refuse_another(workshop, rehearsed, head, rehearsal.patch)
        if not rehearsal.is_possible:
            raise UpgradeError(rehearsal.refusal)
        tell("Rolling back")
        trailers = Trailers(proposal.id, self._person, digest_of(rehearsal.patch), *self._chain_head())
        message = rolled_back_message(proposal.title, proposal.applied_commit, trailers)
        quarantine = await self._threads.git(lambda: workshop.quarantine(f"undo-{proposal.id}"))
        await self._move(workshop, quarantine, proposal, UNDO, head, tree, message, self._person)
        await self._finish(workshop, proposal, UNDO, tell)

    async def _move(
        self,
        workshop: Workshop,
        quarantine: Quarantine,
        proposal: Proposal,
        way: Names,
        old: str,
        tree: str,
        message: str,
        author: str,
    ) -> None:
        """Commits `tree` onto `old` and moves the branch there, having written down that it will."""
        now, branch = self._clock.now_us(), workshop.target.branch
        repository = workshop.repository

        def prepare() -> tuple[str, bytes, str]:
            commit = quarantine.commit(tree, [old], message, author=author, time_us=now)
            return commit, quarantine.pack(commit, [old]), repository.checkout(branch)

        new, pack, checkout = await self._threads.git(prepare)
        await self._records.step(proposal.id, way.move, old_head=old, new_head=new, checkout=checkout)

        def move() -> None:
            repository.take_in(pack)
            repository.move(branch, new, old, f"timmy: upgrade {proposal.id}")

        await self._threads.git(move)

    async def _was_moved(self, workshop: Workshop, proposal: Proposal, way: Names) -> bool:
        """Whether the move that was written down has happened, whatever git said of it."""
        step, new = await self._columns(proposal, "step", "new_head")
        if step not in (way.move, way.checkout):
            return False

        def look() -> bool:
            workshop.repository.drop_stale_lock(workshop.target.branch, new)
            return workshop.repository.holds(new) and workshop.repository.contains(
                workshop.target.branch, new
            )

        return await self._threads.git(look)

    async def _finish(self, workshop: Workshop, proposal: Proposal, way: Names, tell: Tell) -> None:
        """The branch has moved; what is left is the checkout, and to say so."""
        tell("Bringing the checkout up to date")
        await self._records.step(proposal.id, way.checkout)
        old, new, state = await self._columns(proposal, "old_head", "new_head", "checkout")
        note = await self._threads.git(lambda: _checkout_notes(workshop, old, new, state))
        about = {"source": SOURCE, "task_id": proposal.task_id, "upgrade_id": proposal.id}
        now = self._clock.now_us()
        if way is APPLY:
            (digest,) = await self._columns(proposal, "shown_digest")
            applied = UpgradeApplied(
                **about, commit=new, old_head=old, branch=workshop.target.branch, digest=digest, checkout=note
            )
            await self._records.end(
                proposal.id, "applied", applied, step="", applied_commit=new, applied_us=now,
                checkout_note=note, canary_until_us=now + self._canary_us,
            )  # fmt: skip
        else:
            undone = UpgradeRolledBack(**about, by=self._person, commit=new, old_head=old)
            await self._records.end(
                proposal.id, "rolled_back", undone, step="", rolled_back_commit=new, checkout_note=note,
                suspicion="",
            )  # fmt: skip

    async def _columns(self, proposal: Proposal, *wanted: str) -> tuple[str, ...]:
        found: tuple[str, ...] = await self._records.read(
            lambda session: rows.column(session, proposal.id, *wanted)
        )
        return found


def refuse_moved(workshop: Workshop, proposal: Proposal) -> None:
    """StaleError unless target and branch are where they were when the diff was made."""
    branch, revision = workshop.target.branch, proposal.revision
    head = workshop.repository.head(branch)
    if head != revision.target_head:
        raise StaleError(
            f"{branch} has moved since this diff was made. Look again at what the change would do now."
        )
    # One that is gone has not moved: what was proposed is kept here.
    if proposal.branch and workshop.repository.head(proposal.branch) not in ("", revision.commit):
        raise StaleError(f"{proposal.branch} has moved since this diff was made. Look again at what is new.")


def refuse_another(workshop: Workshop, rehearsed: Rehearsal, head: str, patch: bytes) -> None:
    """StaleError unless rolling back gives, on this head, what the person was shown."""
    if (head, digest_of(patch)) != (rehearsed.head, digest_of(rehearsed.patch)):
        raise StaleError(
            f"{workshop.target.branch} has moved since rolling back was rehearsed. Rehearse it again."
        )


def reverted(workshop: Workshop, proposal: Proposal, old: str) -> tuple[str, str, bytes, tuple[str, ...]]:
    """The target's head, the tree that undoing the proposal there gives, the patch to it, the conflicts.

    A merge of the head with a commit that turns back: what came later stays.
    """
    head = workshop.repository.head(workshop.target.branch)
    if not head or not workshop.repository.contains(workshop.target.branch, proposal.applied_commit):
        raise UpgradeError("The branch does not hold the commit any more, so there is nothing to undo.")
    quarantine = workshop.quarantine(f"undo-{proposal.id}")
    before = quarantine.resolve(old, "tree")
    back = quarantine.commit(
        before, [proposal.applied_commit], "back\n", author=SOURCE, time_us=proposal.applied_us
    )
    merge = quarantine.merge(head, back)
    patch = b"" if merge.conflicts else quarantine.patch(head, merge.tree)
    return head, merge.tree, patch, merge.conflicts


def _checkout_notes(workshop: Workshop, old: str, new: str, state: str) -> str:
    branch = workshop.target.branch
    try:
        others = workshop.repository.checked_out_beside(branch)
    except RepositoryError:
        others = ()  # what was applied is applied
    beside = note_beside(others, branch, old, new)
    return f"{_checkout_note(workshop, old, new, state)} {beside}".strip()


def _checkout_note(workshop: Workshop, old: str, new: str, state: str) -> str:
    if state == "clean":
        try:
            return brought_up(workshop, old, new)
        except (StaleError, RepositoryError) as error:
            return note_of("stopped", workshop.target, old, new, str(error))
    checkout: Literal["elsewhere", "dirty"] = "dirty" if state == "dirty" else "elsewhere"
    return note_of(checkout, workshop.target, old, new)
