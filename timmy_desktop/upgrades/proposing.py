"""Makes proposals and their revisions: of a branch, of an agent's draft, of some hunks, of a second look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from timmy_desktop.clock import Clock
from timmy_desktop.identifiers import new_id, short_id
from timmy_desktop.inert import inert, inert_line, storable
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.drafts import Draft
from timmy_desktop.upgrades.errors import EditError, RepositoryError, StateError
from timmy_desktop.upgrades.examining import examined
from timmy_desktop.upgrades.patch_parts import chosen
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.records import NewProposal, NewRevision, Records
from timmy_desktop.upgrades.restoring import restored
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.types import DiffText, HunkRef, Proposal
from timmy_desktop.upgrades.workshop import Workshop
from timmy_desktop.upgrades.workshops import Workshops

LONGEST_TITLE, LONGEST_TEXT = 100, 20_000
# The branch of a quarantine that its proposal is on.
BRANCH = "refs/heads/proposal"


class Proposing:
    """The ways in which proposals come to be. Each ends in rows and an event, or leaves nothing behind."""

    def __init__(
        self, *, records: Records, workshops: Workshops, threads: UpgradeThreads, clock: Clock, person: str
    ) -> None:
        self._records = records
        self._workshops = workshops
        self._threads = threads
        self._clock = clock
        self._person = person

    async def of_branch(
        self, target_id: str, branch: str, description: str, reasoning: str, proposer: str
    ) -> Proposal:
        """What a branch of the target's repository changes."""
        workshop = await self._workshops.of(target_id, is_open=True)
        if branch == workshop.target.branch:
            raise EditError("That is the branch which proposals change. Name another one.")
        await self._refuse_twice(workshop, branch)

        def make(quarantine: Quarantine) -> NewRevision:
            commit = workshop.repository.head(branch)
            if not commit:
                raise RepositoryError(f"The repository has no branch {inert_line(branch, 80)!r}.")
            return examined(workshop, quarantine, commit)

        new = _new(target_id, description, reasoning, proposer or self._person, "branch", branch=branch)
        return await self._propose(workshop, new, make)

    async def of_draft(
        self, draft: Draft, task_id: str, title: str, description: str, reasoning: str, proposer: str
    ) -> Proposal:
        """What an agent made; the next revision where the draft revises a proposal."""
        workshop, now = draft.workshop, self._clock.now_us()
        message = f"{inert_line(title, LONGEST_TITLE)}\n"

        def make(quarantine: Quarantine) -> NewRevision:
            commit = quarantine.commit(draft.tree, [draft.base], message, author=proposer, time_us=now)
            quarantine.ask(["update-ref", BRANCH, commit])
            return examined(workshop, quarantine, commit, inert_line(title, LONGEST_TITLE))

        if draft.proposal is not None:
            return await self._revise_by(draft, make)
        conversation, _ = await self._records.read(lambda session: rows.task_of(session, task_id))
        origin = "chat" if conversation else "task"
        new = _new(
            workshop.target.id, description, reasoning, proposer, origin, title=title, task_id=task_id,
            proposal_id=draft.id, conversation_id=conversation,
        )  # fmt: skip
        return await self._propose(workshop, new, make, keep=True)

    async def of_part(
        self, proposal: Proposal, diff: DiffText, hunks: Sequence[HunkRef]
    ) -> tuple[NewProposal, NewRevision, Workshop]:
        """What some hunks of a proposal would be as one of their own; it is written with the rejection."""
        workshop = await self._workshops.of(proposal.target_id, is_open=True)
        now = self._clock.now_us()
        part = chosen(diff.patch, hunks)
        if part == diff.patch:
            raise EditError("Those are all of its hunks. Approve the proposal instead.")
        revision = proposal.revision
        if revision.conflicts:
            raise StateError("The change conflicts with the target. Look again before taking a part of it.")
        new = _new(
            proposal.target_id, proposal.description, proposal.reasoning, proposal.proposer, "part",
            title=f"Part of: {proposal.title}", parent_id=proposal.id, task_id=proposal.task_id,
        )  # fmt: skip

        def make() -> NewRevision:
            quarantine = workshop.quarantine(new.id)
            try:
                tree = quarantine.patched(revision.target_head, part)
                commit = quarantine.commit(
                    tree, [revision.target_head], f"{new.title}\n", author=new.proposer, time_us=now
                )
                return examined(workshop, quarantine, commit, "the accepted hunks alone")
            except BaseException:
                quarantine.discard()
                raise

        return new, await self._threads.git(make), workshop

    async def second_look(self, proposal: Proposal, diff: DiffText) -> Proposal:
        """The proposal on the target's present head: its next revision, or a new one where it has failed."""
        workshop = await self._workshops.of(proposal.target_id, is_open=True)
        now, revision = self._clock.now_us(), proposal.revision

        def make(quarantine: Quarantine) -> NewRevision:
            moved = workshop.repository.head(proposal.branch) if proposal.branch else ""
            if moved:
                return examined(workshop, quarantine, moved, "looked at again")
            tree = restored(quarantine, revision, diff.patch)
            old = revision.base_commit if revision.conflicts else revision.target_head
            commit = quarantine.commit(
                tree, [old], f"{proposal.title}\n", author=proposal.proposer, time_us=now
            )
            return examined(workshop, quarantine, commit, "looked at again")

        if proposal.state == "proposed":
            return await self._revise(proposal, await self._made(workshop, proposal.id, make, keep=True))
        new = _new(
            proposal.target_id, proposal.description, proposal.reasoning, proposal.proposer, proposal.origin,
            title=proposal.title, branch=proposal.branch, parent_id=proposal.id, task_id=proposal.task_id,
            conversation_id=proposal.conversation_id,
        )  # fmt: skip
        return await self._propose(workshop, new, make)

    async def _refuse_twice(self, workshop: Workshop, branch: str) -> None:
        """StateError where a branch, as it is now, waits for a decision already."""
        waiting = await self._records.read(lambda session: rows.proposals(session, ("proposed",), 10_000))
        commit = await self._threads.git(lambda: workshop.repository.head(branch))
        for known in waiting:
            is_same = known.target_id == workshop.target.id and known.branch == branch
            if is_same and known.revision.commit == commit:
                raise StateError(
                    f"{inert_line(branch, 80)} is proposed already, as {short_id(known.id)}, and has not "
                    "moved since. It waits for a decision in the Upgrades dock."
                )

    async def _propose(
        self,
        workshop: Workshop,
        new: NewProposal,
        make: Callable[[Quarantine], NewRevision],
        *,
        keep: bool = False,
    ) -> Proposal:
        """A refused draft is kept: its agent can mend it."""
        first = await self._made(workshop, new.id, make, keep=keep)
        return await self._records.propose(new, first)

    async def _revise(self, proposal: Proposal, revision: NewRevision) -> Proposal:
        known = proposal.revision
        if revision.digest == known.digest and revision.target_head == known.target_head:
            raise StateError("Nothing has changed since: neither the target nor the proposal.")
        return await self._records.revise(proposal, revision)

    async def _revise_by(self, draft: Draft, make: Callable[[Quarantine], NewRevision]) -> Proposal:
        """A revision out of a draft, whose quarantine goes once the proposal's own holds the change."""
        proposal = draft.proposal
        if proposal is None:
            raise StateError("The draft revises nothing.")
        revision = await self._threads.git(lambda: make(draft.quarantine))
        revised = await self._revise(proposal, revision)
        await self._records.answer_comments(revised)
        await self._threads.git(lambda: draft.workshop.discard(draft.id))
        return revised

    async def _made(
        self, workshop: Workshop, proposal_id: str, make: Callable[[Quarantine], NewRevision], *, keep: bool
    ) -> NewRevision:
        """What `make` makes in the proposal's quarantine, which goes again when it fails, unless kept."""

        def work() -> NewRevision:
            quarantine = workshop.quarantine(proposal_id)
            try:
                return make(quarantine)
            except BaseException:
                if not keep:
                    quarantine.discard()
                raise

        return await self._threads.git(work)


def _new(
    target_id: str,
    description: str,
    reasoning: str,
    proposer: str,
    origin: str,
    *,
    title: str = "",
    proposal_id: str = "",
    **more: str,
) -> NewProposal:
    said = inert(storable(description)).strip()[:LONGEST_TEXT]
    if not said:
        raise EditError("A proposal needs a description: what it changes, for whoever decides.")
    return NewProposal(
        id=proposal_id or new_id(),
        target_id=target_id,
        title=inert_line(storable(title) or said.partition("\n")[0], LONGEST_TITLE),
        description=said,
        reasoning=inert(storable(reasoning)).strip()[:LONGEST_TEXT],
        proposer=inert_line(storable(proposer), 80),
        origin=origin,
        **more,
    )
