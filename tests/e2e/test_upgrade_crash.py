"""`kill -9` at every step of applying and rolling back: the old commit or the new, and the person's files as
they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.upgrade_crash import every_step

KILLS = 100


def killed(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.upgrade_crash", str(folder), *arguments],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-6000:]}"
    return [line for line in done.stdout.splitlines() if "held" in line]


@pytest.mark.timeout(900)
def test_killed_at_every_step(tmp_path: Path) -> None:
    assert len(killed(tmp_path, "steps", "0")) == len(every_step())


@pytest.mark.parts
@pytest.mark.timeout(900)
def test_killed_at_any_moment(tmp_path: Path) -> None:
    assert len(killed(tmp_path, "chance", str(KILLS))) == KILLS
