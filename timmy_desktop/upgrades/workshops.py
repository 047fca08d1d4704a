"""The workshops of all targets, and how a proposal's quarantine is brought back when it is not there."""

from __future__ import annotations

from pathlib import Path

from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.proving import Case
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.restoring import restored
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.types import Proposal, Revision, Target
from timmy_desktop.upgrades.workshop import Workshop


class Workshops:
    """Made when they are first asked for, and made anew when the person opens a target differently."""

    def __init__(self, folder: Path, records: Records, threads: UpgradeThreads) -> None:
        self._folder = folder
        self._records = records
        self._threads = threads
        self._known: dict[Target, Workshop] = {}

    async def of(self, target_id: str, *, is_open: bool = False) -> Workshop:
        """The workshop of a target; UnknownProposalError where it has to be open and is not."""
        target = await self._records.read(lambda session: rows.target(session, target_id, is_open=is_open))
        if target not in self._known:
            for older in [known for known in self._known if known.id == target_id]:
                del self._known[older]
            self._known[target] = Workshop(self._folder, target, self._threads.is_stopped)
        return self._known[target]

    async def case(self, proposal: Proposal, number: int = 0) -> Case:
        """A revision with all that is needed to look into it."""
        workshop = await self.of(proposal.target_id)
        revision, patch = await self._records.read(
            lambda session: (
                rows.revision(session, proposal.id, number or proposal.revisions),
                rows.diff(session, proposal.id, number or proposal.revisions).patch,
            )
        )
        return await self._threads.git(lambda: _case(workshop, proposal, revision, patch))


def _case(workshop: Workshop, proposal: Proposal, revision: Revision, patch: bytes) -> Case:
    quarantine = workshop.quarantine(proposal.id)
    old = revision.base_commit if revision.conflicts else revision.target_head
    new = restored(quarantine, revision, patch)
    return Case(workshop, quarantine, proposal, revision, patch, quarantine.changes(old, new), old, new)
