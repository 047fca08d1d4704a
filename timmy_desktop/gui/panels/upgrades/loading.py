"""Reads what a review shows: all of one revision together, so that nothing on screen belongs to another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from timmy_desktop.gui.widgets.diff_view.document import Reading, read
from timmy_desktop.upgrades.queue import UpgradeQueue
from timmy_desktop.upgrades.types import (
    Comment,
    Consequences,
    Decision,
    ProofPacket,
    Proposal,
    Revision,
    TestReport,
    digest_of,
)


@dataclass(frozen=True)
class Around:
    """What is said and decided about a proposal; changes while its diff stays."""

    proposal: Proposal
    comments: tuple[Comment, ...]
    seen: frozenset[str]
    consequences: Consequences


@dataclass(frozen=True)
class Review:
    """A proposal on screen. `digest` is computed from the very bytes that are drawn."""

    around: Around
    revision: int
    reading: Reading
    digest: str

    @property
    def proposal(self) -> Proposal:
        return self.around.proposal


@dataclass(frozen=True)
class Evidence:
    """What the tabs beside the changes show."""

    reports: tuple[TestReport, ...]
    proof: ProofPacket | None
    revisions: tuple[Revision, ...]
    decisions: tuple[Decision, ...]


async def load_review(queue: UpgradeQueue, proposal_id: str) -> Review:
    """The newest revision, its patch read on a thread."""
    around = await load_around(queue, proposal_id)
    text = await queue.diff(around.proposal.id, around.proposal.revision.number)
    reading = await asyncio.to_thread(read, text.patch)
    return Review(around, text.revision, reading, digest_of(text.patch))


async def load_around(queue: UpgradeQueue, proposal_id: str) -> Around:
    proposal = await queue.proposal(proposal_id)
    return Around(
        proposal,
        tuple(await queue.comments(proposal.id)),
        await queue.seen(proposal.id),
        await queue.consequences(proposal.id),
    )


async def load_evidence(queue: UpgradeQueue, proposal_id: str, revision: int) -> Evidence:
    return Evidence(
        tuple(await queue.tests(proposal_id, revision)),
        await queue.proof(proposal_id, revision),
        tuple(await queue.revisions(proposal_id)),
        tuple(await queue.decisions(proposal_id)),
    )


async def load_comparison(queue: UpgradeQueue, proposal_id: str, older: int, newer: int) -> Reading:
    """What one revision changed of another."""
    return await asyncio.to_thread(read, await queue.compare(proposal_id, older, newer))
