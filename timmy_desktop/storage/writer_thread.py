"""One thread that does what it is given, in order: the database has one writer, and this is where it runs."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class WriterThread(Executor):
    """An executor of one thread, with a way in that makes no future.

    The standard library's makes a future with a lock of its own and takes a semaphore for each job, on
    both sides; that was a tenth of what one durable append costs (ADR 0010). The thread starts with the
    first job and, like the standard library's, does what is queued before the interpreter ends.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._closed = False

    def put(self, job: Callable[[], object]) -> None:
        """Queues `job()`, whose errors are its own affair; RuntimeError after `shutdown`."""
        with self._lock:
            if self._thread is None or self._closed:
                self._open()
            self._jobs.put(job)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queues `fn(...)`; the future has its result, and cancelling it before its turn leaves it undone."""
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised in whoever waits
                future.set_exception(error)

        self.put(job)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Takes nothing more and, with `wait`, returns when everything queued is done; nothing is dropped."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
                atexit.unregister(self.shutdown)
        if wait and self._thread is not None:
            self._thread.join()

    def _open(self) -> None:
        if self._closed:
            raise RuntimeError(f"{self._name} is closed")
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
