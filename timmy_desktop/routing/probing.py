"""Free probes in the background: they bring a provider back by themselves, and try a hung one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from timmy_desktop.routing.lane import Lane
from timmy_desktop.supervisor import TaskSupervisor

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
REMOTE_SECONDS = 300.0


class Prober:
    """Watches each lane in a task of its own."""

    def __init__(
        self, lanes: Sequence[Lane], supervisor: TaskSupervisor, try_out: Callable[[Lane], Awaitable[None]]
    ) -> None:
        """`try_out(lane)` makes one small attempt on a hung provider whose time has come."""
        self._supervisor = supervisor
        self._try_out = try_out
        self._watches = {id(lane): _Watch(lane) for lane in lanes}
        self._tasks: list[asyncio.Task[None]] = []
        self._single: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to watch; the first probes go out at once."""
        for watch in self._watches.values():
            watch.now = asyncio.get_running_loop().time
            name = f"watch provider {watch.lane.provider.name}"
            self._tasks.append(self._supervisor.start(name, self._run(watch)))

    async def stop(self) -> None:
        """Ends every watch, and the probes that were asked for without one."""
        tasks, self._tasks = [*self._tasks, *self._single], []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def probe_in(self, lane: Lane, seconds: float) -> None:
        """Has `lane` probed within `seconds`."""
        watch = self._watches.get(id(lane))
        if watch is not None and self._tasks:
            watch.bring_forward(seconds)
        elif seconds == 0 and not lane.is_being_probed:
            probe = self._supervisor.start(f"probe provider {lane.provider.name}", _probe(lane))
            self._single.add(probe)
            probe.add_done_callback(self._single.discard)

    def seconds_to_probe(self, lane: Lane) -> float:
        """How long until `lane` is probed next; -1 when it is not watched."""
        watch = self._watches.get(id(lane))
        return watch.seconds_left if watch is not None and self._tasks else -1.0

    async def _run(self, watch: _Watch) -> None:
        while True:
            await watch.until_due()
            health = await watch.lane.probe()
            if health.state in ("ready", "loading") and _is_due_for_trial(watch.lane):
                await self._try_out(watch.lane)
            watch.schedule()


class _Watch:
    """When a lane is probed next."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        # Of the loop that it runs on, kept: a status is also asked for while none runs, as a window closes.
        self.now: Callable[[], float] = time.monotonic
        self._due = 0.0
        self._backoff = FIRST_SECONDS
        self._moved = asyncio.Event()

    @property
    def seconds_left(self) -> float:
        """How long until it is due."""
        return max(0.0, self._due - self.now())

    def schedule(self) -> None:
        """Sets the next time by what the last probe found."""
        self._due = self.now() + self._interval()

    def bring_forward(self, seconds: float) -> None:
        """Probes within `seconds`."""
        self._due = min(self._due, self.now() + seconds)
        self._backoff = FIRST_SECONDS
        self._moved.set()

    async def until_due(self) -> None:
        """Waits for the next time, which may be brought forward meanwhile."""
        while (left := self._due - self.now()) > 0:
            self._moved.clear()
            try:
                async with asyncio.timeout(left):
                    await self._moved.wait()
            except TimeoutError:
                return

    def _interval(self) -> float:
        lane = self.lane
        if lane.health is not None and lane.health.state == "loading":
            return FIRST_SECONDS
        if lane.breaker.state != "CLOSED":
            backoff, self._backoff = self._backoff, min(self._backoff * 2, LONGEST_SECONDS)
            return backoff
        self._backoff = FIRST_SECONDS
        return REMOTE_SECONDS if lane.provider.is_remote else LONGEST_SECONDS


async def _probe(lane: Lane) -> None:
    await lane.probe()


def _is_due_for_trial(lane: Lane) -> bool:
    breaker = lane.breaker
    return lane.is_tried_in_background and breaker.state == "OPEN" and breaker.seconds_to_trial == 0
