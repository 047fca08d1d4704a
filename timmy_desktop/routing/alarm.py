"""One timer of the loop for every attempt: nearly all are over long before theirs would have rung."""

from __future__ import annotations

import asyncio
import math
from typing import Protocol


class Sleeper(Protocol):
    """Who is to be woken."""

    rings_at: float
    """Loop time; once set it only moves to later."""

    def ring(self, now: float) -> None:
        """The time has come; afterwards `rings_at` is later, or infinite."""
        ...


class Alarm:
    """Rings for each sleeper at its time. The timer is moved only when somebody is due before it."""

    def __init__(self) -> None:
        self._sleepers: set[Sleeper] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._set_to = math.inf

    def add(self, sleeper: Sleeper, loop: asyncio.AbstractEventLoop) -> None:
        """Wakes `sleeper` at its time, until it is discarded."""
        self._sleepers.add(sleeper)
        if sleeper.rings_at < self._set_to:
            self._set(sleeper.rings_at, loop)

    def discard(self, sleeper: Sleeper) -> None:
        """Lets it sleep. The timer stays: to move it for each would cost more than to ring for nobody."""
        self._sleepers.discard(sleeper)

    def rest(self) -> None:
        """Takes the timer off, unless somebody still sleeps."""
        if self._timer is not None and not self._sleepers:
            self._timer.cancel()
            self._timer, self._set_to = None, math.inf

    def _set(self, at: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._set_to = at
        self._timer = loop.call_at(at, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, self._set_to = None, math.inf
        now = loop.time()
        try:
            for sleeper in tuple(self._sleepers):
                if sleeper.rings_at <= now and sleeper in self._sleepers:
                    sleeper.ring(now)
        finally:
            self._set_next(loop)

    def _set_next(self, loop: asyncio.AbstractEventLoop) -> None:
        next_at = min((sleeper.rings_at for sleeper in self._sleepers), default=math.inf)
        if next_at < self._set_to:
            self._set(next_at, loop)
