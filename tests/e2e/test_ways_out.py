"""Each way out of the queue, on a real repository, with real tests in the machine's own sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conditions import require_bubblewrap
from tests.e2e.test_hostile_proposals import PLAIN
from tests.fakes.providers import FakeClock
from tests.fakes.upgrade_world import Repo, UpgradeWorld
from timmy_desktop.upgrades.errors import StaleError
from timmy_desktop.upgrades.types import HunkRef, Proposal

KETTLE = "def cups(litres):\n    return int(litres / 0.25)\n"
TEST = "from kettle import cups\n\n\ndef test_cups():\n    assert cups(1) == 4\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    require_bubblewrap()
    repo = Repo(tmp_path / "repo", {"pytest.ini": PLAIN, "kettle.py": KETTLE, "test_kettle.py": TEST})
    repo.branch("round", **{"kettle.py": KETTLE.replace("int(", "round("), "notes.md": "Rounded.\n"})
    return repo


async def proposed(world: UpgradeWorld, repo: Repo) -> Proposal:
    proposal = await world.proposed(repo, "round", "Round the cups")
    assert proposal.revision.test is not None
    assert proposal.revision.test.summary == "1 passed"
    return proposal


def untouched(repo: Repo, world: UpgradeWorld, head: str) -> bool:
    return (repo.head("main"), repo.status(), world.left()) == (head, "", [])


async def test_rejected(tmp_path: Path, repo: Repo) -> None:
    head = repo.head()
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        ended = await world.queue.reject((await proposed(world, repo)).id, "Half a cup is no cup.")
        assert (ended.state, untouched(repo, world, head)) == ("rejected", True)
        assert "Half a cup is no cup." in world.remembered[0]


async def test_expired(tmp_path: Path, repo: Repo) -> None:
    head, clock = repo.head(), FakeClock()
    clock.seconds = 1_800_000_000.0
    async with UpgradeWorld(tmp_path / "data", real=True, clock=clock, upgrade_timeout_hours=24) as world:
        proposal = await proposed(world, repo)
        clock.seconds += 24 * 3600 + 1
        await world.queue._work.expire_due()
        ended = await world.queue.proposal(proposal.id)
        assert (ended.state, untouched(repo, world, head)) == ("expired", True)


async def test_stale_looked_at_again_and_applied(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        proposal = await proposed(world, repo)
        head = repo.commit("meanwhile", **{"other.md": "other\n"})
        with pytest.raises(StaleError):
            await world.queue.approve(proposal.id, proposal.revision.digest)
        assert repo.head() == head
        await world.queue.look_again(proposal.id)
        await world.queue.settled()
        ended = await world.approved(await world.queue.proposal(proposal.id))
        assert (ended.state, repo.git("rev-parse", "HEAD^"), repo.status()) == ("applied", head, "")
        rehearsal = await world.queue.rehearse_roll_back(ended.id)
        assert rehearsal.test is not None
        assert rehearsal.test.summary == "1 passed"
        await world.queue.roll_back(ended.id, rehearsal)
        await world.queue.settled()
        assert (await world.queue.proposal(ended.id)).state == "rolled_back"
        assert (repo.read("kettle.py"), repo.read("other.md")) == (KETTLE.strip(), "other")


async def test_a_conflict(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        proposal = await proposed(world, repo)
        head = repo.commit("meanwhile", **{"kettle.py": KETTLE.replace("0.25", "1 / 4")})
        await world.queue.look_again(proposal.id)
        await world.queue.settled()
        again = await world.queue.proposal(proposal.id)
        assert again.revision.conflicts == ("kettle.py",)
        with pytest.raises(StaleError, match="conflicts with main"):
            await world.queue.approve(again.id, again.revision.digest)
        await world.queue.reject(again.id, "It is to be made anew.")
        assert untouched(repo, world, head)


async def test_tests_that_fail_merged(tmp_path: Path, repo: Repo) -> None:
    repo.branch("liar", **{"test_kettle.py": TEST.replace("== 4", "== 5")})
    head = repo.head()
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        ended = await world.approved(await world.proposed(repo, "liar", "More cups"))
        assert (ended.state, untouched(repo, world, head)) == ("failed", True)
        assert "1 failed" in ended.reason


async def test_a_part(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        proposal = await proposed(world, repo)
        digest = proposal.revision.digest
        part = await world.queue.accept_part(proposal.id, digest, [HunkRef("kettle.py", 0)])
        await world.queue.settled()
        ended = await world.approved(await world.queue.proposal(part.id))
        assert (ended.state, (await world.queue.proposal(proposal.id)).state) == ("applied", "rejected")
        assert "round(" in repo.read("kettle.py")
        assert not (repo.folder / "notes.md").exists()
        assert world.left() == []
