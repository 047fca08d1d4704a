"""`timmy-desktop propose`: with the application closed, and handed to the one that has the data folder open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.fakes.providers import ScriptedProvider
from tests.fakes.upgrade_world import Repo
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo", {"a.txt": "one\n"})
    repo.branch("feature", **{"a.txt": "one\ntwo\n"})
    return repo


def propose(data: Path, repo: Repo, *more: str) -> tuple[int, dict[str, object]]:
    command = [
        sys.executable,
        "-m",
        "timmy_desktop",
        "propose",
        "--repo",
        str(repo.folder),
        "--branch",
        "feature",
    ]
    done = subprocess.run(
        [*command, "--description", "A second line", "--json", "--data-dir", str(data), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_with_the_application_closed(tmp_path: Path, repo: Repo) -> None:
    code, said = propose(tmp_path / "data", repo)
    assert (code, "not open to proposals" in str(said["error"])) == (2, True)
    code, said = propose(tmp_path / "data", repo, "--open", "--proposer", "a script")
    assert code == 0
    assert (said["title"], said["state"], said["files"], said["added"]) == ("A second line", "proposed", 1, 1)


async def test_handed_to_the_application_that_is_open(tmp_path: Path, repo: Repo) -> None:
    import asyncio

    services = build(Settings(), Paths.default(tmp_path / "data"), [ScriptedProvider()], windowed=False)
    await services.start("test")
    try:
        code, said = await asyncio.to_thread(propose, tmp_path / "data", repo)
        assert (code, "not open to proposals" in str(said["error"])) == (2, True)
        await services.upgrades.open_target(repo.folder)
        code, said = await asyncio.to_thread(propose, tmp_path / "data", repo, "--proposer", "a script")
        assert code == 0
        proposal = await services.upgrades.proposal(str(said["proposal"]))
        assert (proposal.proposer, proposal.state) == ("a script", "proposed")
        await services.upgrades.settled()
    finally:
        await services.stop()
    assert not list((tmp_path / "data/upgrades/inbox").iterdir())
