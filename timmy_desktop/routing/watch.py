"""The deadlines of one attempt: a timeout for each piece of the answer would cost more than all else."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from timmy_desktop.routing.alarm import Alarm
from timmy_desktop.routing.types import Deadlines

T = TypeVar("T")

# How long before the first-token deadline a reason for the silence is asked for: late enough to cost nothing
# on a good day, and early enough for the answer.
_LEAST_LEFT, _SECONDS_LEFT, _MOST_LEFT = 0.2, 1.5, 0.5


class Watch:
    """Lets the provider be waited for until its deadline; what the consumer takes in between is its own."""

    __slots__ = (
        "_alarm", "_late", "_loop", "_pulling",
        "due", "has_expired", "patience_left_at_ask", "rings_at", "started", "total_due",
    )  # fmt: skip

    def __init__(
        self,
        deadlines: Deadlines,
        late: Callable[[Watch], None],
        alarm: Alarm,
    ) -> None:
        """`late(watch)` is called shortly before the first-token deadline, to find a reason for `put_off`."""
        loop = asyncio.get_running_loop()
        self._alarm, self._loop = alarm, loop
        self._late: Callable[[Watch], None] | None = late
        self.has_expired = False
        self._pulling: asyncio.Task[Any] | None = None
        first_token = deadlines.first_token
        self.started = started = loop.time()
        left = first_token * _LEAST_LEFT
        if left < _SECONDS_LEFT:
            left = max(left, min(_SECONDS_LEFT, first_token * _MOST_LEFT))
        self.patience_left_at_ask = left
        self.total_due = total_due = started + deadlines.total
        due = started + first_token
        self.due = due = due if due < total_due else total_due
        asks_at = started + first_token - left
        self.rings_at = asks_at if asks_at < due else due
        alarm.add(self, loop)

    def put_off(self, until: float) -> None:
        """Moves the first-token deadline to loop time `until`, within the total."""
        self.due = min(until, self.total_due)

    def answered(self) -> None:
        """From now on only the total counts."""
        self._late = None
        self.due = self.total_due

    def close(self) -> None:
        """Watches no more."""
        self._alarm.discard(self)

    async def pull(self, items: AsyncGenerator[T, None]) -> T:
        """The next item; raises TimeoutError at the deadline, StopAsyncIteration at the end."""
        if self.has_expired:
            raise TimeoutError
        self.begin()
        try:
            return await anext(items)
        except asyncio.CancelledError as error:
            if self.is_its_own():
                raise TimeoutError from error
            raise
        finally:
            self.end()

    # The same in pieces, for a loop that takes every item at once: a coroutine for each would cost too much.

    def begin(self) -> None:
        """From now on the current task is interrupted at the deadline, until `end`."""
        self._pulling = asyncio.current_task(self._loop)

    def is_its_own(self) -> bool:
        """Whether a cancellation is the deadline's, and nobody else has cancelled the task as well."""
        return self.has_expired and self._pulling is not None and self._pulling.uncancel() == 0

    def end(self) -> None:
        """Interrupts nobody any more."""
        self._pulling = None

    def ring(self, now: float) -> None:
        """Asks whether there is a reason for the silence; at the deadline ends the waiting."""
        if self._late is not None:
            late, self._late = self._late, None
            # A loop that was held up asks late, and still waits for the answer.
            self.put_off(max(self.due, now + self.patience_left_at_ask))
            late(self)
        if now < self.due:
            self.rings_at = self.due
            return
        self.rings_at = math.inf
        self.has_expired = True
        if self._pulling is not None:
            self._pulling.cancel()
