"""When silence is not death: a model that still loads, or a provider busy with other requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from timmy_desktop.routing.lane import Lane
from timmy_desktop.supervisor import TaskSupervisor

_ASK_AT = 0.8  # of the deadline: late enough to cost nothing on a good day


class Patience:
    """Puts off a first-token deadline while there is a reason for the silence."""

    def __init__(self, supervisor: TaskSupervisor) -> None:
        self._supervisor = supervisor

    @contextmanager
    def extending(self, scope: asyncio.Timeout, lane: Lane, start: float) -> Iterator[None]:
        """Within, shortly before `scope` runs out, asks why and puts it off; `start` is in loop time."""
        waiting: list[asyncio.Task[None]] = []
        pulses = lane.pulses

        def ask() -> None:
            waiting.append(self._supervisor.start("patience", self._extend(scope, lane, start, pulses)))

        delay = lane.provider.deadlines.first_token * _ASK_AT
        timer = asyncio.get_running_loop().call_later(delay, ask)
        try:
            yield
        finally:
            timer.cancel()
            for task in waiting:
                task.cancel()

    async def _extend(self, scope: asyncio.Timeout, lane: Lane, start: float, pulses: int) -> None:
        deadlines = lane.provider.deadlines
        while (expires := scope.when()) is not None:
            if lane.pulses > pulses:
                pulses, until = lane.pulses, expires + deadlines.first_token
            elif (await lane.probe()).state == "loading":
                until = max(expires, start + max(deadlines.cold_first_token, deadlines.first_token))
            else:
                return
            scope.reschedule(min(until, start + deadlines.total))
            if until <= expires:
                return
            await asyncio.sleep(max(0.0, until - deadlines.first_token * (1 - _ASK_AT) - _now()))


def _now() -> float:
    return asyncio.get_running_loop().time()
