"""`kill -9` in the middle of routed traffic: attempts, circuits, order and money are as they were."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.command import environment
from tests.e2e.router_loop import ORDER, PRICE, budget, providers
from tests.unit.routing.conftest import ask, in_folder
from timmy_desktop.clock import SystemClock
from timmy_desktop.routing.context import estimate

KILLS = 6
MOST = PRICE.of(estimate(ask("Question 1000")), 16)


def killed_after(lines: int, folder: Path) -> list[list[str]]:
    """Runs the loop until it has said so many lines, kills it, and returns the words of each that it said."""
    command = [sys.executable, "-m", "tests.e2e.router_loop", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()) as loop:
        assert loop.stdout is not None
        said = [loop.stdout.readline() for _ in range(lines)]
        loop.send_signal(signal.SIGKILL)
        return [line.split() for line in (*said, *loop.stdout.read().splitlines())]


@pytest.mark.timeout(300)
async def test_killed_in_the_middle_of_traffic(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    paid: dict[str, int] = {}
    for _ in range(KILLS):
        said = killed_after(chance.randrange(1, 40), tmp_path)
        paid |= {words[1]: int(words[2]) for words in said if len(words) == 3}
    async with in_folder(tmp_path)(*providers(), started=True, clock=SystemClock(), budget=budget()) as bench:
        rows = [row for row in await bench.rows() if row["provider"] == "paid"]
        kept = {row["request_id"]: row["cost_microcents"] for row in rows}
        assert len(kept) == len(rows), "an attempt is there twice"
        assert {name: kept.get(name) for name in paid} == paid
        unsettled = len(kept) - len(paid)
        assert unsettled <= KILLS
        spent = bench.router.budget.spent_today("paid")
        assert spent == sum(kept.values()) <= sum(paid.values()) + unsettled * MOST
        assert [status.name for status in bench.router.status()] == list(ORDER)
        assert bench.router.status()[0].state == "OPEN"
