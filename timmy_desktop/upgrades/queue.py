"""The upgrade queue's public face: everything that the dock, the command line and the agents do with it.

Nothing is applied but what a person approved, byte for byte, having seen it. Methods that decide raise an
UpgradeError, whose message is meant for the person; panels change on the events that follow, not on the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.inert import inert, storable
from timmy_desktop.storage.database import Database
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.applier import Applier, ChainHead
from timmy_desktop.upgrades.background import Background
from timmy_desktop.upgrades.canary import Canary
from timmy_desktop.upgrades.checkouts import brought_up
from timmy_desktop.upgrades.consequences import consequences_of
from timmy_desktop.upgrades.drafts import Draft, DraftLimits, Drafts
from timmy_desktop.upgrades.errors import (
    EditError,
    StaleError,
    StateError,
    UpgradeError,
)
from timmy_desktop.upgrades.handing_in import HandingIn, asked_text, revision_text
from timmy_desktop.upgrades.inbox import INBOX, Inbox
from timmy_desktop.upgrades.opening import examined_folder, opened_target
from timmy_desktop.upgrades.proposing import Proposing
from timmy_desktop.upgrades.proving import Prover
from timmy_desktop.upgrades.reading import Reading
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.sandbox import Limits, Sandbox, find_sandbox
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.trials import Trials
from timmy_desktop.upgrades.types import (
    Comment,
    HunkRef,
    Proposal,
    Rehearsal,
    Side,
    Target,
)
from timmy_desktop.upgrades.workshops import Workshops

LONGEST_COMMENT = 4000

# Gives an agent a task: its text, the conversation that it is told in, and whether it stays on this machine.
AskAgent = Callable[[str, str, bool], Awaitable[str]]
# Gives the memory something to keep, and says whether it stays on this machine.
Remember = Callable[[str, bool], Awaitable[None]]


class UpgradeSettings(Protocol):
    """The settings that the queue goes by; see settings.py."""

    @property
    def auto_approve_upgrades(self) -> bool: ...
    @property
    def upgrade_timeout_hours(self) -> int: ...
    @property
    def upgrade_test_seconds(self) -> float: ...
    @property
    def upgrade_test_memory_mb(self) -> int: ...
    @property
    def upgrade_canary_minutes(self) -> int: ...


class UpgradeQueue(Reading):
    """Proposals from their making to their end. Blocking work is done on threads of its own."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        settings: UpgradeSettings,
        folder: Path,
        chain_head: ChainHead,
        person: str,
        remember: Remember | None = None,
        ask_agent: AskAgent | None = None,
        find: Callable[[], Sandbox | None] = find_sandbox,
    ) -> None:
        """`folder` holds the quarantines; `person` is whose decisions these are.

        `remember(text, local_only)` gives the memory a reason to keep;
        `ask_agent(text, conversation_id, local_only)` posts a task to an agent that can propose, and gives
        its identifier.
        """
        threads = UpgradeThreads()
        records = Records(bus=bus, db=db, clock=clock, timeout_hours=settings.upgrade_timeout_hours)
        workshops = Workshops(folder, records, threads)
        memory_bytes = settings.upgrade_test_memory_mb * 1_000_000
        limits = Limits(seconds=settings.upgrade_test_seconds, memory_bytes=memory_bytes)
        self._trials = trials = Trials(threads=threads, clock=clock, limits=limits, find=find)
        work = Background(
            records=records, workshops=workshops, threads=threads, clock=clock, supervisor=supervisor,
            prover=Prover(records=records, trials=trials, threads=threads),
            applier=Applier(
                records=records, trials=trials, threads=threads, clock=clock, chain_head=chain_head,
                canary_minutes=settings.upgrade_canary_minutes, person=person,
            ),
            canary=Canary(bus=bus, records=records, trials=trials, threads=threads, clock=clock),
            auto_approve=settings.auto_approve_upgrades,
        )  # fmt: skip
        super().__init__(records=records, workshops=workshops, threads=threads, work=work)
        self.drafts = Drafts(
            threads=threads, trials=trials, clock=clock, limits=DraftLimits(), propose=self._of_draft
        )
        self._proposing = Proposing(
            records=records, workshops=workshops, threads=threads, clock=clock, person=person
        )
        self._handing_in = HandingIn(
            bus=bus, supervisor=supervisor, records=records, threads=threads, inbox=Inbox(folder / INBOX),
            take=self.take,
        )  # fmt: skip
        self._remember = remember
        self._ask_agent = ask_agent
        self._person = person

    async def start(self) -> None:
        """Finishes or undoes what the last run left under way, and watches for expiry from now on."""
        await self._work.start()
        self._handing_in.start()

    async def stop(self) -> None:
        """Ends test runs and threads. What is approved and not applied is finished at the next start."""
        await self._handing_in.stop()
        await self._work.stop()
        await self._threads.stop()

    def on_activity(self, handler: Callable[[str], None]) -> Callable[[], None]:
        """Calls `handler` on the loop with a proposal's identifier when what `doing` says changes."""
        return self._work.on_activity(handler)

    async def settled(self) -> None:
        """Waits until nothing is under way; for scripts and tests."""
        await self._work.settled()

    # Targets

    async def targets(self) -> list[Target]:
        """The repositories that are open to proposals, the newest first."""
        found = await self._records.read(rows.targets)
        return [await self._threads.git(partial(opened_target, target)) for target in found]

    async def open_target(
        self, folder: Path, *, python: str = "", allowed: Sequence[str] = (), branch: str = ""
    ) -> Target:
        """Opens a repository to proposals: `branch` (default: the one checked out) is what they change.

        `python` (default: its own environment's) runs its tests. Opening it again changes these.
        """
        place, on, folders = await self._threads.git(lambda: examined_folder(folder, branch, allowed, python))
        target = await self._records.open_target(place, on, python, folders)
        return await self._threads.git(lambda: opened_target(target))

    def own_source(self) -> Path | None:
        """The checkout that this application runs from, to be offered as a target; None when packaged."""
        top = Path(__file__).resolve().parents[2]
        return top if (top / ".git").exists() else None

    async def close_target(self, target_id: str) -> None:
        """Takes no more proposals for it, and rejects those that wait."""
        for proposal in await self.proposals(states=("proposed",)):
            if proposal.target_id == target_id:
                await self.reject(proposal.id, "The repository was closed to proposals.")
        await self._records.close_target(target_id)

    async def allow_unsandboxed(self, target_id: str, allowed: bool) -> None:
        """Whether tests of this repository may run where this machine has no sandbox."""
        await self._records.allow_unsandboxed(target_id, allowed)

    async def ask_for_change(self, target_id: str, text: str) -> str:
        """Asks an agent for a change to a target, in words; gives the task's identifier."""
        said = inert(storable(text)).strip()[:LONGEST_COMMENT]
        found: list[Target] = await self._records.read(rows.targets)
        target = next((target for target in found if target.id == target_id), None)
        if target is None or self._ask_agent is None:
            raise UpgradeError("That repository is not open to proposals any more.")
        if not said:
            raise EditError("Say what should be different.")
        return await self._ask_agent(asked_text(target, said), "", False)

    def sandbox(self) -> str:
        """The sandbox in use ("bubblewrap", "sandbox-exec"); empty where this machine has none."""
        return self._trials.sandbox()

    # Deciding

    async def approve(self, proposal_id: str, shown_digest: str) -> Proposal:
        """Approves the diff whose bytes have this digest, and begins to apply it.

        Refused (StaleError) when that is not what is stored, or the target moved since; `look_again` then.
        Applying goes on in the background: UpgradeApplied or UpgradeFailed says how it ended.
        """
        proposal = await self.proposal(proposal_id)
        if proposal.state != "proposed":
            raise StateError(f"The proposal is {proposal.state.replace('_', ' ')} already.")
        if shown_digest != proposal.revision.digest:
            raise StaleError("What was shown is not what is proposed now. Look at the new revision.")
        workshop = await self._workshops.of(proposal.target_id)
        said = await self._threads.git(lambda: consequences_of(workshop, proposal, None))
        if said.refusal:
            raise (StaleError if said.can_look_again else StateError)(said.refusal)
        approved = await self._records.approve(proposal, shown_digest, self._person)
        self._work.apply(approved)
        return self._work.with_doing(approved)

    async def reject(self, proposal_id: str, reason: str) -> Proposal:
        """Turns it down for good. The memory keeps the reason; no branch and no worktree stay."""
        proposal, said = await self.proposal(proposal_id), inert(storable(reason)).strip()[:LONGEST_COMMENT]
        if not said:
            raise EditError("Say why: the agents learn from the reason.")
        rejected = await self._records.reject(proposal, self._person, said)
        await self._work.forget(rejected)
        if self._remember is not None:
            await self._remember(
                f'The change "{proposal.title}" to {proposal.target_name} was rejected: {said}',
                await self._is_local_only(proposal.task_id),
            )
        return rejected

    async def accept_part(self, proposal_id: str, shown_digest: str, hunks: Sequence[HunkRef]) -> Proposal:
        """Makes a new proposal of some hunks, tested again and not yet approved, and rejects the rest."""
        proposal = await self.proposal(proposal_id)
        diff = await self.diff(proposal.id)
        if shown_digest != diff.digest or proposal.state != "proposed":
            raise StaleError("What was shown is not what is proposed now. Look at the new revision.")
        new, first, workshop = await self._proposing.of_part(proposal, diff, hunks)
        reason = f"A part was accepted, and goes on as a proposal of its own ({new.id[-8:]})."
        try:
            part = await self._records.accept_part(
                proposal, new, first, self._person, reason, hunks, shown_digest
            )
        except BaseException:
            await self._threads.git(lambda: workshop.discard(new.id))
            raise
        await self._work.forget(proposal)
        self._work.prove(part)
        return self._work.with_doing(part)

    async def comment(
        self, proposal_id: str, text: str, *, path: str = "", line: int = 0, side: Side = "new"
    ) -> Comment:
        """Says something about a line, a file (line 0) or the whole (no path)."""
        proposal, said = await self.proposal(proposal_id), inert(storable(text)).strip()[:LONGEST_COMMENT]
        if not said:
            raise EditError("The comment says nothing.")
        if proposal.state != "proposed":
            raise StateError(f"The proposal is {proposal.state.replace('_', ' ')} already.")
        return await self._records.comment(proposal, said, self._person, path, line, side)

    async def uncomment(self, comment_id: str) -> None:
        """Takes back a comment that has not been answered."""
        await self._records.uncomment(comment_id)

    async def revise(self, proposal_id: str) -> None:
        """Sends the open comments back to the agent, who revises in the background: UpgradeRevised follows,
        or the agent's reason in a comment of its own. Refused for proposals that no agent made."""
        proposal = await self.proposal(proposal_id)
        waiting = [comment for comment in await self.comments(proposal.id) if not comment.answered_in]
        if (
            proposal.state != "proposed"
            or self._ask_agent is None
            or proposal.origin in ("branch", "command")
        ):
            raise StateError("Only an agent's proposal that is not decided yet can be sent back to it.")
        if not waiting:
            raise StateError("There is no comment to send. Write one on a line, or on the whole.")
        conversation, local_only = await self._records.read(
            lambda session: rows.task_of(session, proposal.task_id)
        )
        task_id = await self._ask_agent(revision_text(proposal, waiting), conversation, local_only)
        self.drafts.expect(task_id, proposal.id)
        self._handing_in.revises(task_id, proposal.id)

    async def mark_seen(self, proposal_id: str, path: str, seen: bool = True) -> None:
        """Marks a file as seen, until it changes."""
        await self._records.mark_seen(await self.proposal(proposal_id), path, seen)

    async def look_again(self, proposal_id: str) -> Proposal:
        """Brings a stale or conflicting proposal onto the target's present head, as its next revision; one
        that failed to apply becomes a new proposal. Tests run in the background."""
        proposal = await self.proposal(proposal_id)
        if proposal.state not in ("proposed", "failed", "expired"):
            raise StateError(f"The proposal is {proposal.state.replace('_', ' ')}; propose it anew.")
        looked = await self._proposing.second_look(proposal, await self.diff(proposal.id))
        self._work.prove(looked)
        return self._work.with_doing(looked)

    async def test_again(self, proposal_id: str) -> None:
        """Runs the newest revision's tests once more, in the background."""
        proposal = await self.proposal(proposal_id)
        if proposal.state != "proposed":
            raise StateError(f"The proposal is {proposal.state.replace('_', ' ')} already.")
        self._work.prove(proposal)

    # After it was applied

    async def rehearse_roll_back(self, proposal_id: str) -> Rehearsal:
        """Makes the revert, and tests it, without applying it. May take as long as the tests."""
        proposal = await self._applied(proposal_id)
        return await self._work.rehearse(proposal)

    async def roll_back(self, proposal_id: str, rehearsed: Rehearsal) -> None:
        """Applies the revert that was rehearsed and shown, tested once more, in the background:
        UpgradeRolledBack. StaleError where it would be another now."""
        proposal = await self._applied(proposal_id)
        await self._work.refuse_unrehearsed(proposal, rehearsed)
        await self._records.step(proposal.id, "undo")
        self._work.roll_back(proposal, rehearsed)

    async def dismiss_suspicion(self, proposal_id: str) -> None:
        """Withdraws the offer to roll back that the canary raised, and ends its watch."""
        proposal = await self.proposal(proposal_id)
        await self._records.dismiss(proposal)

    async def update_checkout(self, proposal_id: str) -> str:
        """Brings the person's checkout up to the applied commit, keeping changes in other files; says what
        it did. UpgradeError, with nothing touched, where both changed the same file."""
        proposal = await self.proposal(proposal_id)
        workshop = await self._workshops.of(proposal.target_id)
        old, new = await self._records.read(
            lambda session: rows.column(session, proposal.id, "old_head", "new_head")
        )
        if not new:
            raise StateError("Nothing of it was applied.")
        if (
            await self._threads.git(lambda: workshop.repository.checkout(workshop.target.branch))
            == "elsewhere"
        ):
            raise StateError(f"Another branch than {workshop.target.branch} is checked out there.")
        note = await self._threads.git(lambda: brought_up(workshop, old, new))
        await self._records.checkout_noted(proposal, note)
        return note

    # Proposing

    async def propose_branch(
        self, target_id: str, branch: str, *, description: str, reasoning: str = "", proposer: str = ""
    ) -> Proposal:
        """Proposes what a branch of the target's repository changes, as it is now."""
        proposal = await self._proposing.of_branch(target_id, branch, description, reasoning, proposer)
        self._work.prove(proposal)
        return self._work.with_doing(proposal)

    async def take(
        self,
        *,
        repository: str,
        branch: str,
        description: str,
        reasoning: str = "",
        proposer: str = "",
        open_first: bool = False,
    ) -> Proposal:
        """Proposes a branch of the repository in that folder, as the command line and other programs do."""
        place = await self._threads.git(lambda: Path(repository).resolve())
        targets: list[Target] = await self._records.read(rows.targets)
        target = next((target for target in targets if target.folder == place), None)
        if target is None and open_first:
            target = await self.open_target(place)
        if target is None:
            raise UpgradeError(f"{place} is not open to proposals. Open it in Upgrades, or with --open.")
        return await self.propose_branch(
            target.id, branch, description=description, reasoning=reasoning, proposer=proposer
        )

    async def begin_draft(self, task_id: str, *, target: str = "", proposal_id: str = "") -> Draft:
        """Begins an agent's draft: on a target by its name (where there is one only, none need be given), or
        on what a proposal has become."""
        proposal_id = proposal_id or self.drafts.expected(task_id)
        if proposal_id:
            proposal = await self.proposal(proposal_id)
            if proposal.state != "proposed":
                raise StateError(f"The proposal is {proposal.state.replace('_', ' ')} already.")
            if proposal.branch:
                raise StateError(
                    f"It was made of the branch {proposal.branch}, which is not yours to change."
                )
            if await self._is_local_only(proposal.task_id) and not await self._is_local_only(task_id):
                raise StateError(
                    "It was made in a task that stays on this machine, and so must its revision."
                )
            patch = (await self.diff(proposal.id)).patch
            return await self.drafts.begin(
                task_id, await self._workshops.of(proposal.target_id), proposal, patch
            )
        found: list[Target] = await self._records.read(rows.targets)
        named = [entry for entry in found if target in ("", entry.id, entry.name, str(entry.folder))]
        if len(named) != 1:
            known = ", ".join(entry.name for entry in found) or "none; the person can open one"
            raise UpgradeError(f"Say which repository is meant. Open to proposals: {known}.")
        return await self.drafts.begin(task_id, await self._workshops.of(named[0].id))

    async def _of_draft(self, draft: Draft, title: str, description: str, reasoning: str) -> Proposal:
        task_id = self.drafts.task_of(draft)
        proposal = await self._proposing.of_draft(
            draft, task_id, title, description, reasoning, self.drafts.proposer_of(task_id)
        )
        self._work.prove(proposal)
        return proposal

    async def _is_local_only(self, task_id: str) -> bool:
        """Whether what was said in that task stays on this machine."""
        _, local_only = await self._records.read(lambda session: rows.task_of(session, task_id))
        return local_only

    async def _applied(self, proposal_id: str) -> Proposal:
        proposal = await self.proposal(proposal_id)
        if proposal.state != "applied":
            raise StateError("Only what was applied can be rolled back.")
        if self._work.is_busy(proposal.id):
            raise StateError("That is under way already.")
        return proposal
