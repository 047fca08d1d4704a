"""One timer for many sleepers: each is woken at its time, and none by another's mistake."""

from __future__ import annotations

import asyncio
import math

import pytest

from timmy_desktop.routing.alarm import Alarm


class Loop:
    """A loop whose time moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, object, tuple[object, ...], Handle]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, callback, *arguments: object) -> Handle:
        handle = Handle()
        self.timers.append((at, callback, arguments, handle))
        return handle

    @property
    def waiting(self) -> list[float]:
        return [at for at, _, _, handle in self.timers if not handle.cancelled]

    def move_to(self, now: float) -> None:
        self.now = now
        due = [timer for timer in self.timers if timer[0] <= now and not timer[3].cancelled]
        self.timers = [timer for timer in self.timers if timer not in due and not timer[3].cancelled]
        for _, callback, arguments, _ in due:
            callback(*arguments)


class Handle:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Sleeper:
    """Notes when it was woken; then sleeps until `again`, or for good."""

    def __init__(self, rings_at: float, again: float = math.inf, error: Exception | None = None) -> None:
        self.rings_at, self.again, self.error = rings_at, again, error
        self.woken: list[float] = []

    def ring(self, now: float) -> None:
        self.woken.append(now)
        self.rings_at, self.again = self.again, math.inf
        if self.error is not None:
            raise self.error


def test_one_timer_stands_for_the_first_to_be_woken() -> None:
    loop, alarm = Loop(), Alarm()
    late, early = Sleeper(5.0), Sleeper(3.0)
    alarm.add(late, loop)
    alarm.add(early, loop)
    alarm.add(Sleeper(4.0), loop)
    assert loop.waiting == [3.0]
    loop.move_to(3.0)
    assert (early.woken, late.woken, loop.waiting) == ([3.0], [], [4.0])
    loop.move_to(5.0)
    loop.move_to(5.0)
    assert (late.woken, loop.waiting) == ([5.0], [])


def test_who_was_discarded_sleeps_on_and_the_timer_rings_for_nobody_once() -> None:
    loop, alarm = Loop(), Alarm()
    sleeper = Sleeper(2.0)
    for _ in range(3):
        alarm.add(sleeper, loop)
        alarm.discard(sleeper)
    assert loop.waiting == [2.0]
    loop.move_to(2.0)
    assert (sleeper.woken, loop.waiting) == ([], [])


def test_a_sleeper_may_sleep_again() -> None:
    loop, alarm = Loop(), Alarm()
    sleeper = Sleeper(1.0, again=2.0)
    alarm.add(sleeper, loop)
    loop.move_to(1.0)
    loop.move_to(1.5)
    loop.move_to(2.0)
    assert sleeper.woken == [1.0, 2.0]


def test_one_that_fails_to_wake_costs_the_others_nothing() -> None:
    loop, alarm = Loop(), Alarm()
    broken, sound = Sleeper(1.0, error=RuntimeError("The supervisor is closed.")), Sleeper(1.0)
    alarm.add(broken, loop)
    alarm.add(sound, loop)
    with pytest.raises(RuntimeError):
        loop.move_to(1.0)
    loop.move_to(1.0)  # at once again, for who is still to be woken; the set's order is its own
    assert (len(broken.woken), len(sound.woken)) == (1, 1)


async def test_it_rests_only_while_nobody_sleeps() -> None:
    alarm, loop = Alarm(), asyncio.get_running_loop()
    sleeper = Sleeper(loop.time() + 60)
    alarm.add(sleeper, loop)
    alarm.rest()
    assert alarm._timer is not None
    alarm.discard(sleeper)
    alarm.rest()
    assert alarm._timer is None
