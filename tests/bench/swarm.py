"""A task from post to paid, with a worker that answers at once: what the swarm itself costs."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.harness import Row
from tests.fakes.providers import Script, ScriptedProvider
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings

ALONE, TOGETHER, IN_FLIGHT = 100, 500, 50
GOAL_MS = 50.0


def task_roundtrip() -> list[Row]:
    """Post → auction → instant worker → paid, alone and with 50 tasks in flight; everything durable."""
    alone_ms, rate = asyncio.run(_measure())
    return [
        Row("task_roundtrip", alone_ms, "ms", None, None, f"< {GOAL_MS:g} ms", alone_ms < GOAL_MS),
        Row("task_roundtrip_50", rate, "tasks/s", None, None, "report", True),
    ]


async def _measure() -> tuple[float, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        provider = ScriptedProvider(script=Script(words=("Done.",)))
        services = build(Settings(), Paths.default(folder), [provider])
        await services.start("bench")
        try:
            await _tasks(services, 20, 1)
            times = [await _timed(services, 1, 1) for _ in range(ALONE)]
            await _tasks(services, IN_FLIGHT, IN_FLIGHT)
            together = await _timed(services, TOGETHER, IN_FLIGHT)
            assert (await services.ledger.check()).adds_up
        finally:
            await services.stop()
    return statistics.median(times) * 1000, TOGETHER / together


async def _timed(services: Services, count: int, in_flight: int) -> float:
    start = time.perf_counter()
    await _tasks(services, count, in_flight)
    return time.perf_counter() - start


async def _tasks(services: Services, count: int, in_flight: int) -> None:
    room = asyncio.Semaphore(in_flight)

    async def one(number: int) -> None:
        async with room:
            task_id = await services.coordinator.post(f"Task {number}")
            task = await services.coordinator.wait(task_id)
            assert task.paid_msat > 0, task

    await asyncio.gather(*(one(number) for number in range(count)))
