"""When silence is not death: a model that still loads, or a provider busy with other requests."""

from __future__ import annotations

import asyncio

from timmy_desktop.routing.alarm import Alarm
from timmy_desktop.routing.lane import Lane
from timmy_desktop.routing.watch import Watch
from timmy_desktop.supervisor import TaskSupervisor

LOOK_AGAIN_SECONDS = 15.0


class Patience:
    """Puts off a first-token deadline while there is a reason for the silence."""

    def __init__(self, supervisor: TaskSupervisor) -> None:
        self._supervisor = supervisor
        self.alarm = Alarm()

    def ask(self, watch: Watch, lane: Lane, pulses: int) -> asyncio.Task[None]:
        """Looks for a reason in the background; `pulses` is what the lane had when the attempt began."""
        return self._supervisor.start("patience", self._extend(watch, lane, pulses))

    async def _extend(self, watch: Watch, lane: Lane, pulses: int) -> None:
        deadlines = lane.provider.deadlines
        loop = asyncio.get_running_loop()
        while True:
            before = watch.due
            if lane.pulses > pulses:
                pulses = lane.pulses
                watch.put_off(before + deadlines.first_token)
            elif (await lane.probe()).state == "loading":
                # Not all of a cold load's time at once: it may stop loading and hang.
                until = loop.time() + max(deadlines.first_token, LOOK_AGAIN_SECONDS)
                watch.put_off(max(before, min(until, watch.started + deadlines.cold_first_token)))
            if watch.due <= before:
                return
            await asyncio.sleep(max(0.0, watch.due - watch.patience_left_at_ask - loop.time()))
