"""The queue: which task is auctioned next, and what happens to one that meets an unexpected error."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskQueued
from timmy_desktop.ledger import LedgerError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.auctioneer import SOURCE, Auctioneer
from timmy_desktop.swarm.bidding import CALLED_OFF
from timmy_desktop.swarm.errors import TaskStateError
from timmy_desktop.swarm.live import LiveTask
from timmy_desktop.swarm.registry import Registry
from timmy_desktop.swarm.runner import Runner
from timmy_desktop.swarm.task import TaskStatus
from timmy_desktop.swarm.task_store import Write, moved_to

logger = logging.getLogger(__name__)


class Dispatcher:
    """Holds the tasks that have not ended, and gives each in its turn to an auction and to its agent.

    First come, first served, among those that an idle agent could take; nothing is polled.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        registry: Registry,
        auctioneer: Auctioneer,
        runner: Runner,
        clock: Clock,
        supervisor: TaskSupervisor,
    ) -> None:
        self._bus = bus
        self._registry = registry
        self._auctioneer = auctioneer
        self._runner = runner
        self._clock = clock
        self._supervisor = supervisor
        self._live: dict[str, LiveTask] = {}
        self._queue: deque[LiveTask] = deque()
        self._wake = asyncio.Event()
        self._own: set[asyncio.Task[None]] = set()
        self._taking: set[asyncio.Task[Exception | None]] = set()

    def start(self) -> None:
        """Begins to hold auctions."""
        self._registry.on_change(self._wake.set)
        self.run("coordinator", self._dispatch())
        self._wake.set()

    async def stop(self, error: Exception) -> None:
        """Stops auctions and work where they are; whoever waits for a task gets `error`."""
        await asyncio.gather(*self._taking, return_exceptions=True)
        own = [*self._own, *(live.work for live in self._live.values() if live.work is not None)]
        for task in own:
            task.cancel()
        await asyncio.gather(*own, return_exceptions=True)
        for live in self._live.values():
            live.end(error)
        self._live.clear()
        self._queue.clear()

    def find(self, task_id: str) -> LiveTask | None:
        """The task, unless it has ended."""
        return self._live.get(task_id)

    def hold(self, live: LiveTask) -> None:
        """Takes over a task that is written down, at the end of the queue."""
        self._live[live.id] = live
        self.enqueue(live)

    async def take_in(self, live: LiveTask, event: Event, write: Write) -> None:
        """Writes a task down with `event` and queues it, or raises why not and knows nothing of it.

        One piece, whoever stops waiting for it: a task that is on the disk always has an owner.
        """
        taking = self._supervisor.start(f"taking in {live.id}", self._take_in(live, event, write))
        self._live[live.id] = live
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        problem = await asyncio.shield(taking)
        if problem is not None:
            raise problem

    async def _take_in(self, live: LiveTask, event: Event, write: Write) -> Exception | None:
        try:
            await self._bus.publish(event, work=write)
        except Exception as error:  # noqa: BLE001 - raised in the caller, who waits for it
            self._live.pop(live.id, None)
            live.end(TaskStateError("The task could not be written down."))
            return error
        self.enqueue(live)
        return None

    def call_off(self, live: LiveTask, reason: str) -> None:
        """Makes the task's owner end it."""
        if live.cancel_reason is None:
            live.cancel_reason = reason
        if live in self._queue:
            self._queue.remove(live)
            self.enqueue(live)
        if live.room is not None:
            live.room.close(CALLED_OFF)
        if live.work is not None:
            live.work.cancel()

    def enqueue(self, live: LiveTask, *, first: bool = False) -> None:
        """Puts the task at the end of the queue, or at its beginning; one that is called off ends here."""
        if live.is_called_off():
            self.run(f"end of {live.id}", self._guarded(live, self._runner.cancel(live)))
            return
        (self._queue.appendleft if first else self._queue.append)(live)
        self._wake.set()

    def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` until it ends or the dispatcher stops."""
        task = self._supervisor.start(name, work)
        self._own.add(task)
        task.add_done_callback(self._own.discard)

    async def _dispatch(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (found := self._next()) is not None:
                live, eligible = found
                self._queue.remove(live)
                if eligible:
                    await self._guarded(live, self._auction(live, eligible))
                else:
                    await self._guarded(live, self._runner.fail(live, _nobody(live)))

    def _next(self) -> tuple[LiveTask, Sequence[str]] | None:
        """The first task in the queue that can be auctioned now, or that nobody is left for."""
        idle, working = self._registry.idle(), set(self._registry.working())
        for live in self._queue:
            out = live.tried | live.asked
            eligible = [agent_id for agent_id in idle if agent_id not in out]
            if eligible or (working and working <= out):
                return live, eligible
        return None

    async def _auction(self, live: LiveTask, eligible: Sequence[str]) -> None:
        try:
            awarded = await self._auctioneer.award(live, eligible, len(self._queue))
        except LedgerError as error:
            await self._runner.fail(live, str(error))
            return
        if awarded:
            self.run(f"task {live.id}", self._guarded(live, self._run(live)))
        elif live.is_called_off():
            await self._runner.cancel(live)
        else:
            await self._back_to_queue(live)

    async def _run(self, live: LiveTask) -> None:
        await self._runner.run(live)
        if not live.ended.is_set():
            # Before those that came later: it has waited longest.
            self.enqueue(live, first=True)

    async def _back_to_queue(self, live: LiveTask) -> None:
        """Nobody bid: the task waits until somebody is free who was not asked yet."""
        event = TaskQueued(source=SOURCE, task_id=live.id)
        await self._bus.publish(event, work=moved_to(live.id, TaskStatus.CREATED, self._clock.now_us()))
        live.move(TaskStatus.CREATED)
        self.enqueue(live, first=True)

    async def _guarded(self, live: LiveTask, work: Coroutine[Any, Any, None]) -> None:
        """The last resort of a task: what nobody expected ends it with the reason, or at least lets go."""
        try:
            await work
        except Exception as error:
            logger.exception("The task %s could not be carried on.", live.id)
            await self._break_off(live, error)
        if live.ended.is_set():
            self._live.pop(live.id, None)

    async def _break_off(self, live: LiveTask, error: Exception) -> None:
        if live.status.is_terminal:
            live.end(error)
            return
        try:
            await self._runner.fail(live, f"It could not be carried on: {error}")
        except Exception:
            # Not for want of room, which is waited for. The next start finds the task and takes it up.
            logger.exception("The end of the task %s could not be written.", live.id)
            self._registry.release(live.agent_id)
            live.end(error)


def _nobody(live: LiveTask) -> str:
    if not live.asked:
        return (
            "Every agent has tried it, and none had a result. Put the task in other words and post it again."
        )
    limit = f" for at most {live.max_price_msat / 1000:g} sat" if live.max_price_msat else ""
    asked = len(live.asked)
    return f"No agent would do it{limit}: {asked} were asked and none bid. Raise its limit or leave it open."
