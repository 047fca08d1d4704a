"""Holds every background task by name, so that none is lost, leaked or silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
T = TypeVar("T")


class TaskSupervisor:
    """Starts tasks, keeps a strong reference to each, logs what failed, cancels all on close."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._closed = False

    @property
    def names(self) -> list[str]:
        """The names of the tasks that run now."""
        return sorted(self._tasks.values())

    def start(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Runs `work` on the current loop. After `close`, or where no loop runs (as when a timer of Qt fires
        between two runs), the work is dropped and RuntimeError raised."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{name} was not started: the application is closing.")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            work.close()
            raise
        task = loop.create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Cancels every task and waits until each has ended."""
        self._closed = True
        current = asyncio.current_task()
        waiting = [task for task in self._tasks if task is not current]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        name = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("The background task %r failed: %s", name, error, exc_info=error)
