from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.conditions import eventually
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.supervisor import TaskSupervisor


async def after(gate: asyncio.Event, value: int) -> int:
    await gate.wait()
    return value


async def broken() -> int:
    raise ValueError("The disk is full.")


async def test_the_newest_of_a_name_wins() -> None:
    supervisor, replies, gate = TaskSupervisor(), list[int](), asyncio.Event()
    tasks = SlotTasks(supervisor, lambda _: None, "test")
    tasks.start("search", after(gate, 1), replies.append)
    tasks.start("search", after(gate, 2), replies.append)
    tasks.start("other", after(gate, 3), replies.append)
    gate.set()
    await eventually(lambda: len(replies) == 2)
    assert sorted(replies) == [2, 3]
    assert not tasks.running()
    await supervisor.close()


async def test_errors_are_told(expected_log: Callable[[str], None]) -> None:
    expected_log("test.work failed: The disk is full.")
    supervisor, said = TaskSupervisor(), list[Say]()
    SlotTasks(supervisor, said.append, "test").start("work", broken())
    await eventually(lambda: said)
    assert (said[0].text, said[0].tone) == ("The disk is full.", "bad")
    await supervisor.close()


async def test_a_failure_of_one_s_own(expected_log: Callable[[str], None]) -> None:
    expected_log("test.work failed")
    supervisor, failures = TaskSupervisor(), list[Exception]()
    tasks = SlotTasks(supervisor, lambda _: None, "test")
    tasks.start("work", broken(), failed=failures.append)
    await eventually(lambda: failures)
    assert not tasks.running("work")
    await supervisor.close()


async def test_stop_drops_replies_and_a_closed_supervisor_starts_nothing() -> None:
    supervisor, replies, gate = TaskSupervisor(), list[int](), asyncio.Event()
    tasks = SlotTasks(supervisor, lambda _: None, "test")
    tasks.start("a", after(gate, 1), replies.append)
    tasks.stop()
    gate.set()
    await supervisor.close()
    tasks.start("b", after(gate, 2), replies.append)
    assert replies == []
