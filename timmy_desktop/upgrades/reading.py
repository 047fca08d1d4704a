"""What the upgrade queue tells: every question that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.background import Background
from timmy_desktop.upgrades.consequences import consequences_of
from timmy_desktop.upgrades.examining import MOST_READ
from timmy_desktop.upgrades.patch_parts import file_parts
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.restoring import restored
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.types import (
    Comment,
    Consequences,
    Decision,
    DiffText,
    ProofPacket,
    Proposal,
    Revision,
    Side,
    State,
    TestReport,
)
from timmy_desktop.upgrades.workshops import Workshops

_LARGEST_FILE = 5 * MOST_READ


class Reading:
    """The reading half of the queue's face."""

    def __init__(
        self, *, records: Records, workshops: Workshops, threads: UpgradeThreads, work: Background
    ) -> None:
        self._records = records
        self._workshops = workshops
        self._threads = threads
        self._work = work

    async def proposals(
        self, *, states: Sequence[State] = (), limit: int = 200, before: str = ""
    ) -> list[Proposal]:
        """Proposals, the newest first; of these states only, and older than the one called `before`."""
        found = await self._records.read(lambda session: rows.proposals(session, states, limit, before))
        return [self._work.with_doing(proposal) for proposal in found]

    async def proposal(self, proposal_id: str) -> Proposal:
        """One proposal; a short identifier will do. UnknownProposalError."""
        found = await self._records.read(lambda session: rows.proposal(session, proposal_id))
        return self._work.with_doing(found)

    async def pending(self) -> int:
        """How many wait for a decision."""
        count: int = await self._records.read(rows.undecided)
        return count

    async def diff(self, proposal_id: str, revision: int = 0) -> DiffText:
        """The patch of a revision (0: the newest): what would change on the target's branch."""
        proposal = await self.proposal(proposal_id)
        number = revision or proposal.revisions
        found: DiffText = await self._records.read(lambda session: rows.diff(session, proposal.id, number))
        return found

    async def compare(self, proposal_id: str, older: int, newer: int = 0) -> bytes:
        """The patch from one revision's files to another's."""
        proposal = await self.proposal(proposal_id)
        first, second = (
            await self._workshops.case(proposal, older),
            await self._workshops.case(proposal, newer),
        )
        return await self._threads.git(lambda: second.quarantine.patch(first.new, second.new))

    async def file(self, proposal_id: str, path: str, side: Side, revision: int = 0) -> bytes | None:
        """The whole file before or after, for unfolding and images; None where there is none or it is
        above 5 MB."""
        proposal = await self.proposal(proposal_id)
        number = revision or proposal.revisions
        workshop = await self._workshops.of(proposal.target_id)
        about = await self._records.read(lambda session: rows.revision(session, proposal.id, number))
        patch = (await self.diff(proposal_id, number)).patch
        kept = proposal.state in ("proposed", "approved")

        def read(quarantine: Quarantine) -> bytes | None:
            old = about.base_commit if about.conflicts else about.target_head
            tree = old if side == "old" else restored(quarantine, about, patch)
            return quarantine.blob(tree, path, _LARGEST_FILE)

        def look() -> bytes | None:
            if kept:
                return read(workshop.quarantine(proposal.id))
            with workshop.passing("file") as quarantine:
                return read(quarantine)

        return await self._threads.git(look)

    async def revisions(self, proposal_id: str) -> list[Revision]:
        """Every revision, the oldest first."""
        proposal = await self.proposal(proposal_id)
        found: list[Revision] = await self._records.read(lambda session: rows.revisions(session, proposal.id))
        return found

    async def tests(self, proposal_id: str, revision: int = 0) -> list[TestReport]:
        """Every run of tests on a revision, in order, those of applying and rolling back too."""
        proposal = await self.proposal(proposal_id)
        number = revision or proposal.revisions
        found: list[TestReport] = await self._records.read(
            lambda session: rows.tests(session, proposal.id, number)
        )
        return found

    async def proof(self, proposal_id: str, revision: int = 0) -> ProofPacket | None:
        """The proof packet; None while it is being made."""
        proposal = await self.proposal(proposal_id)
        number = revision or proposal.revisions
        found: ProofPacket | None = await self._records.read(
            lambda session: rows.proof(session, proposal.id, number)
        )
        return found

    async def comments(self, proposal_id: str) -> list[Comment]:
        """Every comment, the oldest first."""
        proposal = await self.proposal(proposal_id)
        found: list[Comment] = await self._records.read(lambda session: rows.comments(session, proposal.id))
        return found

    async def decisions(self, proposal_id: str) -> list[Decision]:
        """What was decided, in order."""
        proposal = await self.proposal(proposal_id)
        found: list[Decision] = await self._records.read(lambda session: rows.decisions(session, proposal.id))
        return found

    async def seen(self, proposal_id: str) -> frozenset[str]:
        """The paths that the person has marked as seen and that have not changed since."""
        proposal = await self.proposal(proposal_id)
        marks = await self._records.read(lambda session: rows.seen(session, proposal.id))
        parts = file_parts((await self.diff(proposal.id)).patch)
        return frozenset(part.path for part in parts if marks.get(part.path) == part.digest)

    async def consequences(self, proposal_id: str) -> Consequences:
        """What approving and rejecting would do now, in words."""
        proposal = await self.proposal(proposal_id)
        workshop = await self._workshops.of(proposal.target_id)
        proof = await self.proof(proposal.id)
        return await self._threads.git(lambda: consequences_of(workshop, proposal, proof))
