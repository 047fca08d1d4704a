"""What goes on without anybody waiting for it: proofs, applications, expiry, the canary, and tidying up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.applier import Applier
from timmy_desktop.upgrades.canary import Canary
from timmy_desktop.upgrades.errors import RepositoryError, StateError, UpgradeError
from timmy_desktop.upgrades.proving import Prover
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.risk import speaks_against
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.types import PENDING, ProofPacket, Proposal, Rehearsal, TestReport
from timmy_desktop.upgrades.workshops import Workshops

MACHINE = "Timmy, by the setting auto_approve_upgrades"
# How often expiry and the canary are looked after.
ROUND_SECONDS = 30.0
logger = logging.getLogger(__name__)


class Background:
    """Tasks by proposal: one at a time each, and one application at a time for each target."""

    def __init__(
        self,
        *,
        records: Records,
        workshops: Workshops,
        threads: UpgradeThreads,
        clock: Clock,
        supervisor: TaskSupervisor,
        prover: Prover,
        applier: Applier,
        canary: Canary,
        auto_approve: bool,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self._records = records
        self._workshops = workshops
        self._threads = threads
        self._clock = clock
        self._supervisor = supervisor
        self._prover = prover
        self._applier = applier
        self._canary = canary
        self._auto_approve = auto_approve
        self._round_seconds = round_seconds
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._doing: dict[str, str] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._handlers: list[Callable[[str], None]] = []
        self._rounds: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Takes up what an earlier run left, and begins its rounds."""
        self._unsubscribe = self._canary.start()
        await self._tidy_up()
        for proposal in await self._records.read(rows.under_way):
            self._run(proposal, "Taking up what was left", self._take_up)
        for proposal in await self._records.read(lambda session: rows.proposals(session, ("proposed",))):
            if (
                await self._records.read(
                    partial(rows.proof, proposal_id=proposal.id, number=proposal.revisions)
                )
                is None
            ):
                self.prove(proposal)
        self._rounds = self._supervisor.start("rounds of the upgrades", self._go_round())

    async def stop(self) -> None:
        """Stops everything where it is."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        going = [task for task in (self._rounds, self._watching) if task is not None]
        running = [*self._tasks.values(), *going]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def settled(self) -> None:
        """Waits until nothing is under way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))
            await asyncio.sleep(0)

    def on_activity(self, handler: Callable[[str], None]) -> Callable[[], None]:
        """Calls `handler` with an identifier when what is done with that proposal changes."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    def with_doing(self, proposal: Proposal) -> Proposal:
        """The proposal with what is done with it now."""
        return replace(proposal, doing=self._doing.get(proposal.id, ""))

    def is_busy(self, proposal_id: str) -> bool:
        """Whether something is done with a proposal."""
        return proposal_id in self._tasks

    def prove(self, proposal: Proposal) -> None:
        """Tests a proposal's newest revision and makes its packet; then, where that is wished, approves."""
        self._run(proposal, "Waiting for its tests", self._prove)

    def apply(self, proposal: Proposal) -> None:
        """Applies what was approved."""
        self._run(proposal, "Waiting to be applied", self._apply)

    def roll_back(self, proposal: Proposal, rehearsed: Rehearsal) -> None:
        """Rolls back what was applied, as it was rehearsed."""
        self._run(proposal, "Waiting to be rolled back", partial(self._roll_back, rehearsed))

    async def refuse_unrehearsed(self, proposal: Proposal, rehearsed: Rehearsal) -> None:
        """StaleError unless rolling back gives now what was rehearsed."""
        workshop = await self._workshops.of(proposal.target_id)
        async with self._turn(proposal):
            try:
                await self._applier.refuse_unrehearsed(workshop, proposal, rehearsed)
            finally:
                await self._threads.git(lambda: workshop.discard(f"undo-{proposal.id}"))

    async def rehearse(self, proposal: Proposal) -> Rehearsal:
        """Rehearses rolling back."""
        workshop = await self._workshops.of(proposal.target_id)
        async with self._turn(proposal):
            try:
                return await self._applier.rehearse(
                    workshop, proposal, lambda words: self._say(proposal, words)
                )
            finally:
                self._say(proposal, "")
                await self._threads.git(lambda: workshop.discard(f"undo-{proposal.id}"))

    async def forget(self, proposal: Proposal) -> None:
        """Leaves nothing of a proposal that has ended: neither branch nor worktree."""
        if running := self._tasks.get(proposal.id):
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        workshop = await self._workshops.of(proposal.target_id)

        def clean() -> None:
            workshop.discard(proposal.id)
            try:
                head = workshop.repository.head(workshop.target.branch)
                workshop.restore_tree(head) if head else workshop.forget_tree()
            except RepositoryError:
                workshop.forget_tree()

        await self._threads.git(clean)

    def _run(
        self, proposal: Proposal, words: str, work: Callable[[Proposal], Coroutine[Any, Any, None]]
    ) -> None:
        before = self._tasks.get(proposal.id)
        if before is not None:
            before.cancel()

        async def after() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            try:
                await work(proposal)
            except StorageError as error:
                logger.warning("The upgrade %s goes on at the next start: %s", proposal.id, error)
            except (UpgradeError, RepositoryError) as error:
                logger.info("The upgrade %s was not taken further: %s", proposal.id, error)

        task = self._supervisor.start(f"upgrade {proposal.id}", after())
        self._tasks[proposal.id] = task
        self._say(proposal, words)
        task.add_done_callback(lambda done: self._ended(proposal, done))

    def _ended(self, proposal: Proposal, done: asyncio.Task[Any]) -> None:
        if self._tasks.get(proposal.id) is done:
            del self._tasks[proposal.id]
            self._say(proposal, "")

    def _say(self, proposal: Proposal, words: str) -> None:
        if words:
            self._doing[proposal.id] = words
        else:
            self._doing.pop(proposal.id, None)
        for handler in tuple(self._handlers):
            handler(proposal.id)

    def _turn(self, proposal: Proposal) -> asyncio.Lock:
        return self._turns.setdefault(proposal.target_id, asyncio.Lock())

    async def _prove(self, proposal: Proposal) -> None:
        try:
            case = await self._workshops.case(proposal)
            proof = await self._prover.prove(case, lambda words: self._say(proposal, words))
        except (UpgradeError, RepositoryError) as error:
            report = TestReport("merge", "", "broken", str(error), time_us=self._clock.now_us())
            await self._records.tested(proposal, proposal.revisions, report)
            await self._records.proved(proposal, proposal.revisions, ProofPacket(merge=report))
            return
        current = await self._records.read(lambda session: rows.proposal(session, proposal.id))
        if self._auto_approve and may_be_approved(current, proof):
            approved = await self._records.approve(current, current.revision.digest, MACHINE, automatic=True)
            await self._apply(approved)

    async def _apply(self, proposal: Proposal) -> None:
        workshop = await self._workshops.of(proposal.target_id)
        async with self._turn(proposal):
            await self._applier.apply(workshop, proposal, lambda words: self._say(proposal, words))
        await self._left(proposal)

    async def _roll_back(self, rehearsed: Rehearsal, proposal: Proposal) -> None:
        workshop = await self._workshops.of(proposal.target_id)
        async with self._turn(proposal):
            await self._applier.roll_back(
                workshop, proposal, rehearsed, lambda words: self._say(proposal, words)
            )
        await self._left(proposal)

    async def _take_up(self, proposal: Proposal) -> None:
        workshop = await self._workshops.of(proposal.target_id)
        async with self._turn(proposal):
            try:
                await self._applier.take_up(workshop, proposal, lambda words: self._say(proposal, words))
            except RepositoryError:
                # The repository can't be looked at now, so nobody can say whether its branch moved.
                logger.info("The upgrade %s waits for its repository", proposal.id)
                return
        await self._left(proposal)

    async def _left(self, proposal: Proposal) -> None:
        """An ended application leaves its commit and nothing else."""
        workshop = await self._workshops.of(proposal.target_id)
        for name in (proposal.id, f"undo-{proposal.id}"):
            await self._threads.git(partial(workshop.discard, name))

    async def _tidy_up(self) -> None:
        """Removes what a killed run left in the workshops: drafts, and what has ended."""
        kept = {
            proposal.id
            for proposal in await self._records.read(lambda session: rows.proposals(session, PENDING, 10_000))
        }
        for target in await self._records.read(rows.targets):
            workshop = await self._workshops.of(target.id)
            await self._threads.git(partial(workshop.discard_all_but, kept))

    async def _go_round(self) -> None:
        while True:
            with suppress(StorageError, UpgradeError, RepositoryError, OSError):
                await self.expire_due()
            if self._watching is None or self._watching.done():
                self._watching = self._supervisor.start("canary of the upgrades", self._look_out())
            await asyncio.sleep(self._round_seconds)

    async def _look_out(self) -> None:
        """Apart from the rounds: its tests may take minutes, and what is due expires meanwhile."""
        with suppress(StorageError, UpgradeError, RepositoryError, OSError):
            await self._watch()

    async def expire_due(self) -> None:
        """Ends the proposals whose time is over."""
        now = self._clock.now_us()
        waiting = await self._records.read(lambda session: rows.proposals(session, ("proposed",), 10_000))
        for proposal in waiting:
            if proposal.expires_us <= now:
                with suppress(StateError):
                    await self._records.expire(proposal)
                    await self.forget(proposal)

    async def _watch(self) -> None:
        """A look at what was applied lately: once for each commit that its branch has come to."""
        faults = self._canary.faults()
        for proposal in await self._canary.watched():
            if faults and await self._is_own(proposal):
                await self._canary.suspect(proposal, f"New errors since then: {'; '.join(faults[:3])}")
            elif not self.is_busy(proposal.id):
                await self._look(proposal)

    async def _look(self, proposal: Proposal) -> None:
        workshop = await self._workshops.of(proposal.target_id)
        async with self._turn(proposal):
            await self._canary.look(workshop, proposal)

    async def _is_own(self, proposal: Proposal) -> bool:
        """Whether the target is the source that this application runs from."""
        workshop = await self._workshops.of(proposal.target_id)
        own = __file__
        return own.startswith(f"{workshop.target.folder}/")


def may_be_approved(proposal: Proposal, proof: ProofPacket) -> bool:
    """Whether the machine may approve: of low risk, its tests passing, and nothing that speaks against it."""
    revision = proposal.revision
    tested = proof.merge is not None and proof.merge.outcome == "passed"
    return (
        proposal.state == "proposed"
        and revision.risk == "low"
        and not revision.conflicts
        and tested
        and not speaks_against(proof)
    )
