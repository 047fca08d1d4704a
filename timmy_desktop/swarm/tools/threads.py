"""The threads that blocking tools share, and the word that ends their work when nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from timmy_desktop.swarm.errors import ToolError

THREADS = 2
# A thread that the disk holds can't be ended; this long it is waited for.
STOP_SECONDS = 3.0

logger = logging.getLogger(__name__)


class Stop:
    """Tells the thread of one call that its answer isn't wanted any more."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ends the work at its next look."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether to end."""
        return self._event.is_set()

    def check(self) -> None:
        """ToolError when it is time to end; every loop of a tool calls this."""
        if self._event.is_set():
            raise ToolError("The tool was stopped before it was done.")


class ToolThreads:
    """Runs the blocking work of tools; whoever cancels the wait for it ends the work, too."""

    def __init__(self, count: int = THREADS, stop_seconds: float = STOP_SECONDS) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="timmy-tools")
        self._stop_seconds = stop_seconds
        self._under_way: dict[Future[str], Stop] = {}

    async def run(self, work: Callable[[Stop], str]) -> str:
        """What `work` returns. It gets the signal to look at."""
        stop = Stop()
        future = self._executor.submit(_checked, work, stop)
        self._under_way[future] = stop
        future.add_done_callback(lambda done: self._under_way.pop(done, None))
        try:
            return await asyncio.wrap_future(future)
        finally:
            stop.set()

    async def stop(self) -> None:
        """Ends what is under way and the threads; one that doesn't listen is left behind, with a warning."""
        under_way = dict(self._under_way)
        for stop in under_way.values():
            stop.set()
        await asyncio.get_running_loop().run_in_executor(None, self._end, list(under_way))

    def _end(self, under_way: list[Future[str]]) -> None:
        self._executor.shutdown(wait=False)
        left = wait(under_way, self._stop_seconds).not_done
        self._executor.shutdown(wait=not left, cancel_futures=True)
        if left := {future for future in left if not future.done()}:
            logger.warning("Tools that the disk still holds were left behind: %d", len(left))


def _checked(work: Callable[[Stop], str], stop: Stop) -> str:
    stop.check()  # it may have waited for a thread longer than anyone waited for it
    return work(stop)
