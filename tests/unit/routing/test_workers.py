"""Worker processes: how they start, how they fail, and that none outlives whoever started it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.conditions import eventually
from timmy_desktop.routing.workers.llama_server import physical_cores
from timmy_desktop.routing.workers.process import WorkerError, WorkerProcess

ANSWERS = 'import sys; sys.stdin.readline(); print(\'{"address": "http://127.0.0.1:1"}\', flush=True); sys.stdin.read()'
# Each way of noticing that the parent is gone, on its own.
NOTICES = {
    "stdin": "print('{}', flush=True); w._wait_for_end()",
    "kernel": "import time; w._die_with_parent(); print('{}', flush=True); time.sleep(60)",
}
PARENT = """
import asyncio, sys
from pathlib import Path
from timmy_desktop.routing.workers.process import WorkerProcess
async def main():
    program = "from timmy_desktop.routing.workers import llama_server as w; " + sys.argv[2]
    worker = WorkerProcess([sys.executable, "-c", program], Path(sys.argv[1]) / "w.log")
    await worker.start({})
    print(worker.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_worker_says_where_it_listens_and_is_ended(tmp_path: Path) -> None:
    worker = WorkerProcess([sys.executable, "-c", ANSWERS], tmp_path / "logs" / "w.log")
    assert await worker.start({"key": "k"}) == {"address": "http://127.0.0.1:1"}
    assert worker.is_alive
    assert (tmp_path / "logs" / "w.log").stat().st_mode & 0o077 == 0
    await worker.kill()
    await worker.kill()
    assert not worker.is_alive


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('no such model')", "no such model"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ('print(\'{"error": "it does not fit"}\')', "it does not fit"),
        ("print('who are you')", "did not come up"),
    ],
)
async def test_a_worker_that_does_not_come_up_says_why(tmp_path: Path, program: str, words: str) -> None:
    worker = WorkerProcess([sys.executable, "-c", program], tmp_path / "w.log")
    with pytest.raises(WorkerError, match=words):
        await worker.start({})
    assert not worker.is_alive


async def test_a_program_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="can't be started"):
        await WorkerProcess([str(tmp_path / "none")], tmp_path / "w.log").start({})


async def test_a_start_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    worker = WorkerProcess([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "w.log")
    starting = asyncio.ensure_future(worker.start({}))
    await eventually(lambda: worker.pid is not None)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not worker.is_alive


@pytest.mark.parametrize("how", NOTICES)
async def test_no_worker_outlives_an_application_that_was_killed(tmp_path: Path, how: str) -> None:
    if how == "kernel" and sys.platform != "linux":
        pytest.skip("only Linux tells a process so")
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), NOTICES[how], stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert _is_running(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not _is_running(pid), timeout=20)


def test_there_is_at_least_one_core() -> None:
    assert 1 <= physical_cores() <= (os.cpu_count() or 1)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return _answers_signals(pid) if sys.platform != "linux" else False
    return state != "Z"


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
