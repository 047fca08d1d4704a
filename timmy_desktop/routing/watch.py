"""One timer for one attempt: a timeout for each piece of the answer would cost more than all else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from timmy_desktop.routing.types import Deadlines

T = TypeVar("T")

_ASK_AT = 0.8  # of the first-token deadline: late enough to cost nothing on a good day


class Watch:
    """Lets the provider be waited for until its deadline; what the consumer takes in between is its own."""

    def __init__(self, deadlines: Deadlines, late: Callable[[Watch], None]) -> None:
        """`late(watch)` is called shortly before the first-token deadline, to find a reason for `put_off`."""
        self._loop = asyncio.get_running_loop()
        self._late: Callable[[Watch], None] | None = late
        self.started = self._loop.time()
        self.patience_left_at_ask = deadlines.first_token * (1 - _ASK_AT)
        self.total_due = self.started + deadlines.total
        self.due = min(self.started + deadlines.first_token, self.total_due)
        self._expired = False
        self._pulling: asyncio.Task[object] | None = None
        ask_at = self.started + deadlines.first_token * _ASK_AT
        self._timer = self._loop.call_at(min(ask_at, self.due), self._tick)

    def put_off(self, until: float) -> None:
        """Moves the first-token deadline to loop time `until`, within the total."""
        self.due = min(until, self.total_due)

    def answered(self) -> None:
        """From now on only the total counts."""
        self._late = None
        self.due = self.total_due

    def close(self) -> None:
        """Stops the timer."""
        self._timer.cancel()

    async def pull(self, items: AsyncGenerator[T, None]) -> T:
        """The next item; raises TimeoutError at the deadline, StopAsyncIteration at the end."""
        self._still_open()
        self._pulling = task = asyncio.current_task()
        try:
            return await anext(items)
        except asyncio.CancelledError as error:
            # Ours, unless somebody else has cancelled the task as well.
            if self._expired and task is not None and task.uncancel() == 0:
                raise TimeoutError from error
            raise
        finally:
            self._pulling = None

    def _still_open(self) -> None:
        if self._expired:
            raise TimeoutError

    def _tick(self) -> None:
        if self._late is not None:
            late, self._late = self._late, None
            late(self)
        if self._loop.time() < self.due:
            self._timer = self._loop.call_at(self.due, self._tick)
            return
        self._expired = True
        if self._pulling is not None:
            self._pulling.cancel()
