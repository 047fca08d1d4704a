"""The writer's thread: everything that was queued, once, in order, whatever fails or is cancelled."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError

import pytest

from timmy_desktop.storage.writer_thread import WriterThread


@pytest.fixture
def writer() -> Iterator[WriterThread]:
    thread = WriterThread("test-writer")
    yield thread
    thread.shutdown()


def test_jobs_run_in_order_on_one_thread_of_that_name(writer: WriterThread) -> None:
    done: list[tuple[int, str]] = []
    for number in range(100):
        writer.put(lambda number=number: done.append((number, threading.current_thread().name)))  # type: ignore[misc]
    writer.submit(int).result(5)
    assert done == [(number, "test-writer") for number in range(100)]


def test_a_future_has_the_result_or_the_error(writer: WriterThread) -> None:
    assert writer.submit(divmod, 7, 2).result(5) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        writer.submit(divmod, 7, 0).result(5)


def test_a_job_that_fails_is_logged_and_the_next_one_runs(
    writer: WriterThread, expected_log: Callable[[str], None]
) -> None:
    expected_log("A job of the writer failed")
    writer.put(lambda: 1 // 0)
    assert writer.submit(str, "next").result(5) == "next"


def test_what_is_cancelled_before_its_turn_is_not_done(writer: WriterThread) -> None:
    free = threading.Event()
    done: list[str] = []
    writer.put(lambda: free.wait(5))
    cancelled = writer.submit(done.append, "cancelled")
    kept = writer.submit(done.append, "kept")
    assert cancelled.cancel()
    free.set()
    kept.result(5)
    assert done == ["kept"]
    with pytest.raises(CancelledError):
        cancelled.result(0)


def test_shutdown_does_what_is_queued_and_takes_no_more() -> None:
    writer = WriterThread("test-writer")
    done: list[int] = []
    for number in range(1000):
        writer.put(lambda number=number: done.append(number))  # type: ignore[misc]
    writer.shutdown()
    writer.shutdown()
    assert len(done) == 1000
    for refused in (writer.put, writer.submit):
        with pytest.raises(RuntimeError, match="is closed"):
            refused(int)


def test_shutdown_of_one_that_never_worked_starts_no_thread() -> None:
    writer = WriterThread("never-started")
    writer.shutdown()
    assert "never-started" not in {thread.name for thread in threading.enumerate()}


def test_a_program_that_ends_first_does_what_is_queued() -> None:
    program = (
        "import time; from timmy_desktop.storage.writer_thread import WriterThread\n"
        "writer = WriterThread('w')\n"
        "writer.put(lambda: time.sleep(0.2))\n"
        "writer.put(lambda: print('written', flush=True))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert (ended.stdout, ended.stderr) == ("written\n", "")
