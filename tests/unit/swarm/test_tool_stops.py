"""Cancelling ends what a tool does: its loops, and the programs that it started."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.conditions import eventually
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.personas import ALL_TOOLS
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.threads import Stop, ToolThreads
from timmy_desktop.swarm.tools.workspace import MOST_BYTES, Workspace

PROGRAMS = [
    ("git_log", {}),
    ("git_diff", {"base": "HEAD~1"}),
    ("search_files", {"pattern": "x+", "regex": True}),
]


@pytest.fixture
def slow_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """Git and grep that never end; gives the processes that were started."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "grep"):
        (programs / name).write_text(f'#!/bin/sh\necho $$ >> "{tmp_path}/started"\nexec sleep 60\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (tmp_path / "started").touch()
    return lambda: [int(line) for line in (tmp_path / "started").read_text().split("\n")[:-1]]


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Toolbox]:
    top = tmp_path / "top"
    (top / ".git").mkdir(parents=True)
    # More than a pipe holds: grep is still being written to when it is stopped.
    (top / "file").write_text("x" * 900_000)
    box = Toolbox(workspace=Workspace(top))
    yield box
    await box.stop()


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(("name", "arguments"), PROGRAMS)
async def test_cancelling_ends_the_program_that_a_tool_started(
    tools: Toolbox, slow_programs: Callable[[], list[int]], name: str, arguments: dict[str, Any]
) -> None:
    call = asyncio.ensure_future(tools.run(name, arguments, ALL_TOOLS))
    await eventually(slow_programs)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await eventually(lambda: not any(is_running(process) for process in slow_programs()), timeout=2)


@pytest.mark.parametrize(("name", "arguments"), PROGRAMS)
async def test_stopping_the_toolbox_ends_what_is_under_way(
    tools: Toolbox, slow_programs: Callable[[], list[int]], name: str, arguments: dict[str, Any]
) -> None:
    call = asyncio.ensure_future(tools.run(name, arguments, ALL_TOOLS))
    await eventually(slow_programs)
    started = time.monotonic()
    await tools.stop()
    assert time.monotonic() - started < 2
    assert not any(is_running(process) for process in slow_programs())
    with pytest.raises(ToolError, match="stopped"):
        await call


class _HeldWorkspace(Workspace):
    """Reads nothing until it is let go, and counts what is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.let_go = threading.Event()
        self.reads = 0

    def read_bytes(self, place: PurePosixPath, limit: int = MOST_BYTES) -> bytes:
        self.reads += 1
        self.let_go.wait(10)
        return super().read_bytes(place, limit)


async def test_cancelling_ends_a_search_at_the_next_file(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"n{number}").write_text("words\n")
    workspace = _HeldWorkspace(tmp_path)
    box = Toolbox(workspace=workspace)
    call = asyncio.ensure_future(box.run("search_files", {"pattern": "words"}, ALL_TOOLS))
    await eventually(lambda: workspace.reads)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    workspace.let_go.set()
    await box.stop()
    assert workspace.reads == 1


async def test_cancelling_ends_work_that_looks_at_the_signal() -> None:
    threads = ToolThreads()
    seen: list[int] = []

    def work(stop: Stop) -> str:
        while True:
            stop.check()
            seen.append(1)

    call = asyncio.ensure_future(threads.run(work))
    await eventually(lambda: seen)
    call.cancel()
    await threads.stop()
    assert call.cancelled()


async def test_what_still_waits_for_a_thread_is_not_begun_after_a_stop() -> None:
    threads = ToolThreads(count=1)
    begun: list[str] = []

    def until_stopped(stop: Stop) -> str:
        begun.append("first")
        while True:
            stop.check()

    first = asyncio.ensure_future(threads.run(until_stopped))
    second = asyncio.ensure_future(threads.run(lambda _: begun.append("second") or "done"))  # type: ignore[func-returns-value]
    await eventually(lambda: begun)
    await threads.stop()
    for call in (first, second):
        with pytest.raises(ToolError, match="stopped before"):
            await call
    assert begun == ["first"]


async def test_a_thread_that_the_disk_holds_does_not_hold_the_application(
    expected_log: Callable[[str], None],
) -> None:
    threads = ToolThreads(count=1, stop_seconds=0.05)
    held, let_go = threading.Event(), threading.Event()

    def stuck(_: Stop) -> str:
        held.set()
        let_go.wait(10)
        return "too late"

    calls = [asyncio.ensure_future(threads.run(stuck)) for _ in range(2)]
    await eventually(held.is_set)
    expected_log("left behind: 1")
    await asyncio.wait_for(threads.stop(), 2)
    let_go.set()
    assert await calls[0] == "too late"
    with pytest.raises(asyncio.CancelledError):
        await calls[1]
    await eventually(lambda: not any(one.name.startswith("timmy-tools") for one in threading.enumerate()))
