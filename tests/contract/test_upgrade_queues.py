"""What the dock relies on holds for the real upgrade queue and for the one that its tests use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.bus import FakeBus
from tests.fakes.upgrade_world import CHECKS, Repo, UpgradeWorld
from tests.fakes.upgrades import FakeUpgrades
from timmy_desktop.upgrades.diff_patch import read_patch
from timmy_desktop.upgrades.errors import StaleError, UnknownProposalError, UpgradeError
from timmy_desktop.upgrades.types import HunkRef, digest_of

OLD = {"a.txt": "one\n", CHECKS: "test_a: a.txt contains one\n"}
NEW = {**OLD, "a.txt": "one\ntwo\n", "b.txt": "new\n"}


class Rig:
    """A queue with one proposal from OLD to NEW."""

    def __init__(self, queue: Any, proposal_id: str) -> None:
        self.queue, self.id = queue, proposal_id


@pytest_asyncio.fixture(params=["fake", "real"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    if request.param == "fake":
        queue = FakeUpgrades(FakeBus())
        yield Rig(queue, queue.propose("A change", OLD, NEW))
        return
    repo = Repo(tmp_path / "repo", dict(OLD))
    repo.branch("feature", **NEW)
    async with UpgradeWorld(tmp_path / "data") as world:
        yield Rig(world.queue, (await world.proposed(repo)).id)


async def test_the_patch_is_that_of_the_files_and_its_digest_is_that_of_its_bytes(rig: Rig) -> None:
    proposal = await rig.queue.proposal(rig.id)
    text = await rig.queue.diff(rig.id)
    assert digest_of(text.patch) == text.digest == proposal.revision.digest
    assert text.revision == proposal.revision.number == 1
    diff = read_patch(text.patch)
    assert (
        [file.path for file in diff.files]
        == [file.path for file in proposal.revision.files]
        == ["a.txt", "b.txt"]
    )
    assert [(file.added, file.removed) for file in proposal.revision.files] == [(1, 0), (1, 0)]
    assert await rig.queue.file(rig.id, "a.txt", "new") == b"one\ntwo\n"
    assert await rig.queue.file(rig.id, "a.txt", "old") == b"one\n"
    assert await rig.queue.file(rig.id, "b.txt", "old") is None


async def test_what_waits_is_listed_and_counted(rig: Rig) -> None:
    assert await rig.queue.pending() == 1
    assert [proposal.id for proposal in await rig.queue.proposals(states=["proposed"])] == [rig.id]
    assert await rig.queue.proposals(states=["applied"]) == []
    assert (await rig.queue.revisions(rig.id))[0].number == 1
    with pytest.raises(UnknownProposalError):
        await rig.queue.proposal("no-such-proposal")


async def test_another_digest_is_not_approved(rig: Rig) -> None:
    with pytest.raises(StaleError):
        await rig.queue.approve(rig.id, "0" * 64)
    assert (await rig.queue.proposal(rig.id)).state == "proposed"
    assert await rig.queue.decisions(rig.id) == []


async def test_comments_are_kept_counted_and_taken_back(rig: Rig) -> None:
    made = await rig.queue.comment(rig.id, "Why?", path="a.txt", line=2)
    (found,) = await rig.queue.comments(rig.id)
    assert (found.id, found.path, found.line, found.side, found.answered_in) == (
        made.id,
        "a.txt",
        2,
        "new",
        0,
    )
    assert (await rig.queue.proposal(rig.id)).open_comments == 1
    await rig.queue.uncomment(made.id)
    assert await rig.queue.comments(rig.id) == []
    assert (await rig.queue.proposal(rig.id)).open_comments == 0


async def test_seen_marks_come_and_go(rig: Rig) -> None:
    await rig.queue.mark_seen(rig.id, "a.txt")
    assert await rig.queue.seen(rig.id) == {"a.txt"}
    await rig.queue.mark_seen(rig.id, "a.txt", False)
    assert await rig.queue.seen(rig.id) == frozenset()


async def test_what_is_rejected_is_not_approved_afterwards(rig: Rig) -> None:
    digest = (await rig.queue.proposal(rig.id)).revision.digest
    await rig.queue.reject(rig.id, "Not now.")
    proposal = await rig.queue.proposal(rig.id)
    assert (proposal.state, proposal.reason) == ("rejected", "Not now.")
    assert [decision.kind for decision in await rig.queue.decisions(rig.id)] == ["rejected"]
    with pytest.raises(UpgradeError):
        await rig.queue.approve(rig.id, digest)
    assert await rig.queue.pending() == 0


async def test_a_part_ends_the_whole(rig: Rig) -> None:
    digest = (await rig.queue.proposal(rig.id)).revision.digest
    await rig.queue.accept_part(rig.id, digest, [HunkRef("a.txt", 0)])
    assert (await rig.queue.proposal(rig.id)).state == "rejected"


async def test_the_words_before_a_decision_say_what_each_does(rig: Rig) -> None:
    told = await rig.queue.consequences(rig.id)
    assert told.approve
    assert told.reject
    assert not told.refusal
