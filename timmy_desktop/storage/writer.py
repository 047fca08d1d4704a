"""Where the database's one writer runs: on a thread, or on the loop where nobody would notice."""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Protocol, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Writer(Protocol):
    """Does what it is given, once, in order, never two things at a time.

    `job()` raises nothing that it has not promised to: what it raises is logged and `then` not called.
    """

    def put(self, job: Callable[[], T], then: Callable[[T], object]) -> None:
        """Queues `job()`, and `then(its result)` on the loop; RuntimeError after `shutdown`."""

    def shutdown(self) -> None:
        """Takes nothing more and returns when everything queued is done; from any thread, more than once."""


class LoopWriter:
    """Works on the loop's own thread, at once: for programs without a window to keep alive.

    A hand-over to a thread and back costs as much as a sync of a good disk (ADR 0010).
    """

    def __init__(self) -> None:
        self._closed = False

    def put(self, job: Callable[[], T], then: Callable[[T], object]) -> None:
        """Does `job()` and `then(its result)` before it returns."""
        if self._closed:
            raise RuntimeError("The writer is closed")
        try:
            result = job()
        except Exception:
            logger.exception("A job of the writer failed: %r", job)
        else:
            then(result)

    def shutdown(self) -> None:
        """Takes nothing more."""
        self._closed = True


class WriterThread:
    """Works on one thread, whatever the disk does; what the window needs.

    Not a ThreadPoolExecutor, whose future with a lock of its own and semaphore for each job, on both
    sides, were a tenth of what one durable append costs. Like it, what is queued is done before the
    interpreter ends.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._closed = False

    def put(self, job: Callable[[], T], then: Callable[[T], object]) -> None:
        """Queues `job()` for the thread; `then(its result)` is called on the loop that runs here."""
        back = asyncio.get_running_loop().call_soon_threadsafe
        with self._lock:
            if self._thread is None or self._closed:
                self._open()
            self._jobs.put(lambda: back(then, job()))

    def shutdown(self) -> None:
        """Takes nothing more and returns when everything queued is done."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
                atexit.unregister(self.shutdown)
        if self._thread is not None:
            self._thread.join()

    def _open(self) -> None:
        if self._closed:
            raise RuntimeError("The writer is closed")
        atexit.register(self.shutdown)
        self._thread = Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True)
        self._thread.start()


def _work(jobs: SimpleQueue[Any]) -> None:
    take = jobs.get
    while (job := take()) is not None:
        try:
            job()
        except Exception:
            logger.exception("A job of the writer failed: %r", job)
        # Else what the last job held would live until the next one comes.
        del job
