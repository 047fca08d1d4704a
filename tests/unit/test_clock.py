from __future__ import annotations

import time

from timmy_desktop.clock import Clock, SystemClock


def test_now_is_the_wall_clock_in_microseconds() -> None:
    clock: Clock = SystemClock()

    before = time.time_ns() // 1000
    now = clock.now_us()
    after = time.time_ns() // 1000

    assert isinstance(now, int)
    assert before <= now <= after


def test_monotonic_never_goes_back() -> None:
    clock = SystemClock()

    readings = [clock.monotonic() for _ in range(1000)]

    assert readings == sorted(readings)
