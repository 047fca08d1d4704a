"""Starts coroutines from slots: supervised, the newest of a name wins, errors are told in the window."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from timmy_desktop.gui.panel import Panel, Say
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)
T = TypeVar("T")


class SlotTasks:
    """One panel's started work. `stop()` it in the panel's `stop`.

    Starting a name again cancels what ran under it, and a reply that was overtaken is dropped, so a slot
    may be called as often as a person clicks.
    """

    def __init__(self, supervisor: TaskSupervisor, say: Callable[[Say], object], prefix: str) -> None:
        self._supervisor, self._say, self._prefix = supervisor, say, prefix
        self._running: dict[str, asyncio.Task[None]] = {}

    @classmethod
    def of(cls, panel: Panel, supervisor: TaskSupervisor, prefix: str) -> SlotTasks:
        """Work whose failures the panel tells by its `wished` signal."""
        return cls(supervisor, panel.wished.emit, prefix)

    def start(
        self,
        name: str,
        work: Coroutine[Any, Any, T],
        then: Callable[[T], object] | None = None,
        *,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Runs `work`; then `then(result)`, or `failed(error)`, or else the error in the message bar."""
        self.cancel(name)
        try:
            task = self._supervisor.start(f"{self._prefix}.{name}", self._run(name, work, then, failed))
        except RuntimeError:  # the application is closing
            work.close()
            return
        # A task cancelled before its first step never awaits the work; closing what ended does no harm.
        task.add_done_callback(lambda _: work.close())
        self._running[name] = task

    def cancel(self, name: str) -> None:
        """Gives up what runs under `name`, if anything does."""
        task = self._running.pop(name, None)
        if task is not None:
            task.cancel()

    def running(self, name: str = "", *, but: str = "") -> bool:
        """Whether `name` is under way; without a name, whether anything is `but` that."""
        return name in self._running if name else bool(self._running.keys() - {but})

    def stop(self) -> None:
        """Gives up everything."""
        for name in tuple(self._running):
            self.cancel(name)

    async def _run(
        self,
        name: str,
        work: Coroutine[Any, Any, T],
        then: Callable[[T], object] | None,
        failed: Callable[[Exception], object] | None,
    ) -> None:
        this = asyncio.current_task()
        try:
            result = await work
        except Exception as error:  # noqa: BLE001 - told in the window, and logged
            if self._is_current(name, this):
                self._report(name, error, failed)
            return
        if self._is_current(name, this) and then is not None:
            then(result)

    def _is_current(self, name: str, task: asyncio.Task[Any] | None) -> bool:
        if self._running.get(name) is not task:
            return False
        del self._running[name]
        return True

    def _report(self, name: str, error: Exception, failed: Callable[[Exception], object] | None) -> None:
        logger.warning("%s.%s failed: %s", self._prefix, name, error, exc_info=error)
        if failed is not None:
            failed(error)
        else:
            self._say(Say(str(error) or type(error).__name__, "bad", details=repr(error)))
