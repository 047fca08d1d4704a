"""A worktree ready for a proposal: the kept one re-pointed, against a new one by git."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from itertools import count, cycle
from pathlib import Path

from tests.bench.harness import Row, in_turn
from tests.fakes.upgrade_world import Repo
from timmy_desktop.upgrades.types import Target
from timmy_desktop.upgrades.workshop import Workshop

FILES, FOLDERS, LINES = 2_000, 40, 40
GOAL = 5.0
# Files that are as young as its index git reads again, whole seconds being compared. A kept tree is of minutes ago.
GIT_DOUBTS_SECONDS = 1.1


def upgrade_prepare() -> list[Row]:
    """From nothing of a proposal to its quarantine and the kept tree holding its files, 2,000 files in all."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        repo = _repository(Path(name) / "repo")
        target = Target("target", repo.folder, "main", "", "", (), False, 0)
        workshop = Workshop(Path(name) / "upgrades", target, lambda: False)
        # Turn and turn about, as proposals of different bases come.
        trees, numbers = cycle([repo.head("main"), repo.head("other")]), count()

        def project() -> float:
            started = time.perf_counter()
            quarantine = workshop.quarantine(f"proposal-{next(numbers)}")
            with workshop.checked_out(quarantine, next(trees)):
                return time.perf_counter() - started

        def reference() -> float:
            place = Path(name) / f"worktree-{next(numbers)}"
            started = time.perf_counter()
            command = ["git", "worktree", "add", "-q", "-b", place.name, str(place), "main"]
            subprocess.run(command, cwd=repo.folder, check=True, capture_output=True)
            taken = time.perf_counter() - started
            shutil.rmtree(place)
            repo.git("worktree", "prune")
            return taken

        project()  # of the proposal before: the kept tree is there
        time.sleep(GIT_DOUBTS_SECONDS)
        ours, git, ratio = in_turn(project, reference, rounds=9)
    faster = 1 / ratio
    goal = f">= {GOAL:g} x faster"
    return [Row("upgrade_prepare", ours * 1000, "ms", git * 1000, faster, goal, faster >= GOAL)]


def _repository(folder: Path) -> Repo:
    files = {f"part{number % FOLDERS}/file{number}.py": f"x = {number}\n" * LINES for number in range(FILES)}
    repo = Repo(folder, files)
    repo.branch("other", **{f"part{number}/file{number}.py": "y = 1\n" for number in range(20)})
    return repo
