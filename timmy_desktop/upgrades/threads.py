"""The threads on which git and tests work, so that neither ever holds up the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class UpgradeThreads:
    """Two for git, since a person's look must not wait for a long merge; one for tests, which take it all."""

    def __init__(self) -> None:
        self._git = ThreadPoolExecutor(2, thread_name_prefix="timmy-upgrades-git")
        self._tests = ThreadPoolExecutor(1, thread_name_prefix="timmy-upgrades-tests")
        self._stopped = threading.Event()

    def is_stopped(self) -> bool:
        """Whether work under way is to end; every blocking call looks at it."""
        return self._stopped.is_set()

    async def git(self, work: Callable[[], T]) -> T:
        """What `work` gives, on a thread for git."""
        return await asyncio.get_running_loop().run_in_executor(self._git, work)

    async def tests(self, work: Callable[[], T]) -> T:
        """What `work` gives, on the thread for tests; they run one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._tests, work)

    async def stop(self) -> None:
        """Ends what is under way, and the threads."""
        self._stopped.set()
        for executor in (self._git, self._tests):
            await asyncio.get_running_loop().run_in_executor(None, executor.shutdown)
