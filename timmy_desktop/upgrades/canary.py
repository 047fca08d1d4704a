"""Watches a target for a while after an application; failing tests and new errors offer to roll it back."""

from __future__ import annotations

from collections.abc import Callable

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.system import SystemFault
from timmy_desktop.events.upgrades import UpgradeSuspected
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.database import Session
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.records import SOURCE, Records
from timmy_desktop.upgrades.reports import names
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.trials import Trials
from timmy_desktop.upgrades.types import Proposal
from timmy_desktop.upgrades.workshop import Workshop

_MOST_NAMED = 5


class Canary:
    """Looks at applied proposals whose window is open."""

    def __init__(
        self, *, bus: EventBus, records: Records, trials: Trials, threads: UpgradeThreads, clock: Clock
    ) -> None:
        self._bus = bus
        self._records = records
        self._trials = trials
        self._threads = threads
        self._clock = clock
        self._faults: list[str] = []

    def start(self) -> Callable[[], None]:
        """Counts errors of the application from now on; returns the way to stop."""
        return self._bus.subscribe(SystemFault, self._note)

    async def look(self, workshop: Workshop, proposal: Proposal) -> bool:
        """Tests the target's branch as it is now; whether something is found, which is then written."""
        head = await self._threads.git(lambda: workshop.repository.head(workshop.target.branch))
        if not head or proposal.suspicion:
            return False

        quarantine = await self._threads.git(lambda: workshop.quarantine(f"canary-{proposal.id}"))
        try:
            tree = await self._threads.git(lambda: quarantine.resolve(head, "tree"))
            number = proposal.revision.number
            runs = await self._records.read(lambda session: rows.tests(session, proposal.id, number))
            if any(run.kind == "canary" and run.tree == tree for run in runs):
                return False
            report, _ = await self._trials.run(workshop, quarantine, tree, "canary")
        finally:
            await self._threads.git(quarantine.discard)
        await self._records.tested(proposal, number, report)
        merges = [run for run in runs if run.kind == "merge"]
        failing = names(report.cases, "failed", "error")
        known = names(merges[-1].cases, "failed", "error") if merges else set[str]()
        new = sorted(failing - known)
        if report.outcome in ("passed", "none", "not_run") or (report.outcome == "failed" and not new):
            return False
        shown = ", ".join(new[:_MOST_NAMED]) or report.detail
        more = f" and {len(new) - _MOST_NAMED} more" if len(new) > _MOST_NAMED else ""
        await self.suspect(proposal, f"Tests fail on {workshop.target.branch} since then: {shown}{more}.")
        return True

    async def suspect(self, proposal: Proposal, evidence: str) -> None:
        """Raises the offer to roll back."""
        event = UpgradeSuspected(
            source=SOURCE, task_id=proposal.task_id, upgrade_id=proposal.id, evidence=evidence
        )
        await self._records.publish(
            event,
            work=lambda session: session.sql(
                "UPDATE upgrades SET suspicion = ? WHERE id = ? AND state = 'applied'",
                (evidence, proposal.id),
            ),
        )

    async def watched(self) -> list[Proposal]:
        """The applied proposals whose window is open and that nothing speaks against yet."""
        now = self._clock.now_us()

        def read(session: Session) -> list[Proposal]:
            found = session.sql(
                "SELECT id FROM upgrades WHERE state = 'applied' AND canary_until_us > ? AND suspicion = ''",
                (now,),
            )
            return [rows.proposal(session, row[0]) for row in found]

        watched: list[Proposal] = await self._records.read(read)
        return watched

    def faults(self) -> list[str]:
        """The errors of the application since they were asked for last."""
        found, self._faults = self._faults, []
        return found

    def _note(self, record: EventRecord) -> None:
        event = record.event
        if isinstance(event, SystemFault):
            self._faults.append(inert_line(event.message, 200))
