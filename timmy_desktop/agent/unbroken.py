"""Work that is brought to its end although whoever waits for it is stopped meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from timmy_desktop.supervisor import TaskSupervisor

T = TypeVar("T")


async def unbroken(supervisor: TaskSupervisor, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of `work()`. Who is cancelled meanwhile gets it too, and is cancelled at his next await."""
    try:
        task = supervisor.start(name, _caught(work))
    except RuntimeError:  # the application ends, and cancels everything but once
        return await work()
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled and (current := asyncio.current_task()) is not None:
        current.cancel()
    result, error = task.result()
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


async def _caught(work: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T | None, Exception | None]:
    """Errors are the caller's; the supervisor would report them as its own."""
    try:
        return await work(), None
    except Exception as error:  # noqa: BLE001 - raised in the caller, who waits for it
        return None, error
