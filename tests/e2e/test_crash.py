"""`kill -9` at any moment: what was acknowledged is there, the chain verifies, the money adds up."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.command import environment
from tests.e2e.task_loop import services
from timmy_desktop.events.tasks import TaskCompleted, TaskCreated
from timmy_desktop.services import Services
from timmy_desktop.storage.event_query import task_events
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

KILLS = 12


def killed_after(lines: int, folder: Path) -> Iterator[list[str]]:
    """Runs the loop until it has said so many lines, kills it, and yields all that it said."""
    loop = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.task_loop", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )
    with loop:
        assert loop.stdout is not None
        assert loop.stderr is not None
        said = []
        for _ in range(lines):
            line = loop.stdout.readline()
            assert line, loop.stderr.read()
            said.append(line)
        loop.send_signal(signal.SIGKILL)
        said.extend(line for line in loop.stdout.read().splitlines() if line)
        yield [line.strip() for line in said]


@pytest.mark.timeout(300)
async def test_killed_at_random_moments(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    posted: set[str] = set()
    paid: dict[str, int] = {}
    for _ in range(KILLS):
        for said in killed_after(rng.randrange(1, 40), tmp_path):
            words = [line.split() for line in said]
            posted |= {line[1] for line in words if line[0] == "posted"}
            paid |= {line[1]: int(line[2]) for line in words if line[0] == "paid" and len(line) == 3}

    running = services(tmp_path)
    await running.start("test")
    try:
        await _everything_is_there(running, posted, paid, f"seed {seed}")
    finally:
        await running.stop()


async def _everything_is_there(running: Services, posted: set[str], paid: dict[str, int], seed: str) -> None:
    for task_id in posted:
        task = await running.coordinator.wait(task_id)
        assert task.status == "completed", (seed, task)
        assert task.paid_msat == paid.get(task_id, task.paid_msat), (seed, task)
        records = await running.database.read(lambda session, of=task_id: task_events(session, of))
        kinds = [type(record.event) for record in records]
        assert kinds[0] is TaskCreated
        assert kinds.count(TaskCompleted) == 1, (seed, kinds)
    audit = await running.ledger.check()
    assert audit.adds_up, (seed, audit.problems)
    assert (await running.ledger.balances()).pending_msat == 0, seed
    await running.event_log.flush()
    log, paths = running.event_log, running.paths
    report = await running.database.read(
        lambda session: verify_log(session, paths.database, log.key, paths.data_dir / ANCHOR_FILE)
    )
    assert report.intact, (seed, report)
