"""Time as an argument: wall clock for records, monotonic clock for deadlines."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where every part gets the time from, so that tests can set it."""

    def now_us(self) -> int:
        """Wall clock, integer microseconds since the epoch, UTC. May jump; for records only."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines and durations."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    monotonic = staticmethod(time.monotonic)  # asked often: no call around the call
