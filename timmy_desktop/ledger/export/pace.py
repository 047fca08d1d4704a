"""How an export leaves others their turn: by the time that it has worked, however many lines that was."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Works for a spell, then rests. On a busy computer a spell is fewer lines, and rests come as often."""

    def __init__(
        self,
        *,
        work_seconds: float,
        rest_seconds: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._work, self._rest, self._now, self._sleep = work_seconds, rest_seconds, now, sleep
        self._since = now()

    def begin(self) -> None:
        """A spell begins."""
        self._since = self._now()

    def step(self) -> None:
        """A piece of work is done: rests where the spell is over."""
        if self._now() - self._since >= self._work:
            self._sleep(self._rest)
            self.begin()
