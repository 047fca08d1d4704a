from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable

import pytest

from tests.conditions import eventually
from timmy_desktop.supervisor import TaskSupervisor


async def _forever() -> None:
    await asyncio.Event().wait()


async def _fail() -> None:
    raise ValueError("no ink")


async def test_names_are_those_of_the_running_tasks() -> None:
    supervisor = TaskSupervisor()
    gate = asyncio.Event()

    task = supervisor.start("b", gate.wait())
    supervisor.start("a", _forever())
    assert supervisor.names == ["a", "b"]
    gate.set()

    assert await task is True
    await eventually(lambda: supervisor.names == ["a"])
    await supervisor.close()


async def test_a_task_nobody_holds_survives_garbage_collection() -> None:
    supervisor = TaskSupervisor()
    done: list[bool] = []

    async def work() -> None:
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(0)
        done.append(True)

    supervisor.start("work", work())

    await eventually(lambda: done)


async def test_a_failure_is_logged_by_name(expected_log: Callable[[str], None]) -> None:
    expected_log("The background task 'printer' failed: no ink")
    supervisor = TaskSupervisor()

    task = supervisor.start("printer", _fail())

    await eventually(lambda: not supervisor.names)
    assert isinstance(task.exception(), ValueError)


async def test_close_cancels_all_and_waits() -> None:
    supervisor = TaskSupervisor()
    ended: list[str] = []

    async def tidy(name: str) -> None:
        try:
            await _forever()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    tasks = [supervisor.start(name, tidy(name)) for name in ("a", "b")]
    await asyncio.sleep(0)
    await supervisor.close()

    assert sorted(ended) == ["a", "b"]
    assert all(task.cancelled() for task in tasks)
    assert supervisor.names == []


async def test_close_from_within_does_not_wait_for_itself() -> None:
    supervisor = TaskSupervisor()
    supervisor.start("other", _forever())

    task = supervisor.start("closer", supervisor.close())

    await asyncio.wait_for(task, 5)
    await eventually(lambda: supervisor.names == [])


async def test_nothing_starts_after_close() -> None:
    supervisor = TaskSupervisor()
    await supervisor.close()

    with pytest.raises(RuntimeError, match="late was not started"):
        supervisor.start("late", _forever())


async def test_closing_twice_is_fine() -> None:
    supervisor = TaskSupervisor()
    supervisor.start("a", _forever())

    await supervisor.close()
    await supervisor.close()


async def test_eventually_names_what_did_not_come() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"not true after 0\.01 s.*test_supervisor\.py"):
        await eventually(lambda: False, timeout=0.01)


def test_work_that_no_loop_runs_is_dropped() -> None:
    async def nothing() -> None:
        pass

    work = nothing()
    with pytest.raises(RuntimeError):
        TaskSupervisor().start("late", work)
    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED
