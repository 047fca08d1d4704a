"""The two places where the one writer may run: the same promises, whatever fails, is cancelled or ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conditions import eventually
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.writer import LoopWriter, Writer, WriterThread


@pytest.fixture(params=[lambda: WriterThread("test-writer"), LoopWriter], ids=["thread", "loop"])
def writer(request: pytest.FixtureRequest) -> Iterator[Writer]:
    made: Writer = request.param()
    yield made
    made.shutdown()


async def test_jobs_run_in_order_and_each_result_comes_to_the_loop(writer: Writer) -> None:
    done: list[int] = []
    results: list[tuple[int, str]] = []
    for number in range(100):
        writer.put(
            lambda number=number: done.append(number) or number * 2,  # type: ignore[misc]
            lambda result: results.append((result, threading.current_thread().name)),
        )
    await eventually(lambda: len(results) == 100)
    assert done == list(range(100))
    assert results == [(number * 2, threading.current_thread().name) for number in range(100)]


async def test_a_job_that_fails_is_logged_and_the_next_one_runs(
    writer: Writer, expected_log: Callable[[str], None]
) -> None:
    expected_log("A job of the writer failed")
    results: list[object] = []
    writer.put(lambda: 1 // 0, results.append)
    writer.put(lambda: "next", results.append)
    await eventually(lambda: results)
    assert results == ["next"]


async def test_shutdown_does_what_is_queued_and_takes_no_more(writer: Writer) -> None:
    done: list[int] = []
    for number in range(1000):
        writer.put(lambda number=number: done.append(number), lambda _: None)  # type: ignore[misc]
    writer.shutdown()
    writer.shutdown()
    assert len(done) == 1000
    with pytest.raises(RuntimeError, match="is closed"):
        writer.put(int, lambda _: None)


async def test_a_database_has_results_errors_and_rows_from_either(writer: Writer, tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db", writer)
    await database.open(lambda session: session.sql("CREATE TABLE t(n INTEGER)") and None)
    assert await database.on_writer(lambda: divmod(7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await database.on_writer(lambda: 1 // 0)
    await asyncio.gather(*(database.write(lambda s: s.sql("INSERT INTO t VALUES (1)")) for _ in range(20)))
    assert await database.read(lambda s: s.sql("SELECT count(*) FROM t")) == [(20,)]
    await database.close()
    with pytest.raises(RuntimeError, match="is closed"):
        await database.on_writer(int)


async def test_the_thread_works_beside_the_loop_and_the_loop_writer_on_it() -> None:
    names: list[str] = []
    thread, loop = WriterThread("test-writer"), LoopWriter()
    for writer in (loop, thread):
        writer.put(lambda: threading.current_thread().name, names.append)
    assert names == [threading.current_thread().name]
    await eventually(lambda: len(names) == 2)
    assert names[1] == "test-writer"
    thread.shutdown()


async def test_what_is_cancelled_before_its_turn_is_not_done(tmp_path: Path) -> None:
    database, free = Database(tmp_path / "x.db"), threading.Event()
    done: list[str] = []
    database.submit(lambda: free.wait(5), lambda _: None)
    cancelled = asyncio.ensure_future(database.on_writer(lambda: done.append("cancelled")))
    kept = asyncio.ensure_future(database.on_writer(lambda: done.append("kept")))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    free.set()
    await kept
    assert done == ["kept"]
    await database.close()


def test_shutdown_of_one_that_never_worked_starts_no_thread() -> None:
    writer = WriterThread("never-started")
    writer.shutdown()
    assert "never-started" not in {thread.name for thread in threading.enumerate()}


def test_a_program_that_ends_first_does_what_is_queued() -> None:
    program = (
        "import asyncio, time\n"
        "from timmy_desktop.storage.writer import WriterThread\n"
        "async def main():\n"
        "    writer = WriterThread('w')\n"
        "    writer.put(lambda: time.sleep(0.2) or print('written', flush=True), print)\n"
        "loop = asyncio.new_event_loop()\n"
        "loop.run_until_complete(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert (ended.stdout, ended.stderr) == ("written\n", "")
