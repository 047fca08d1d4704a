"""Brings an assigned task to its end: works, then completes and pays, retries, fails or calls off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import (
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaymentNoted,
    TaskRetried,
    TaskStarted,
)
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import Ledger, LedgerError, PaymentOutcome
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.live import LiveTask
from timmy_desktop.swarm.registry import UNCHANGED, Registry, StatusChange
from timmy_desktop.swarm.task import TaskStatus, moved
from timmy_desktop.swarm.task_store import both, moved_to, unpaid_because
from timmy_desktop.swarm.worker import Assignment, Done, Failed, Worker

logger = logging.getLogger(__name__)

SOURCE = "coordinator"
LONGEST_PAUSE_S = 30.0


class Runner:
    """Runs one attempt of a task, and writes every end that a task can have.

    What the disk refuses is tried again until it stands; memory follows what is written.
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        ledger: Ledger,
        registry: Registry,
        worker: Worker,
        clock: Clock,
        supervisor: TaskSupervisor,
        write_again_seconds: float,
    ) -> None:
        self._bus = bus
        self._ledger = ledger
        self._registry = registry
        self._worker = worker
        self._clock = clock
        self._supervisor = supervisor
        self._write_again_s = write_again_seconds

    async def run(self, live: LiveTask) -> None:
        """One attempt of an assigned task, to its end, or to `created` for another agent to try."""
        started = self._clock.monotonic()
        outcome = await self._attempt(live)
        duration_ms = round((self._clock.monotonic() - started) * 1000)
        if isinstance(outcome, Done):
            await self._complete(live, outcome, duration_ms)
        elif live.is_called_off() or outcome is None:
            await self.cancel(live)
        elif self._another_could(live, outcome):
            await self._retry(live, outcome)
        else:
            await self.fail(live, outcome.reason, curable=outcome.curable)

    async def cancel(self, live: LiveTask) -> None:
        """Ends the task as called off, whatever it held going back."""
        reason = live.cancel_reason or "The work was called off."
        event = TaskCancelled(**_about(live), reason=reason)
        await self._give_back(live, TaskStatus.CANCELLED, event, reason)
        live.end()

    async def fail(self, live: LiveTask, reason: str, *, curable: bool = False) -> None:
        """Ends the task without a result. `curable` failures are the agent's own and count on its record."""
        event = TaskFailed(**_about(live), reason=reason)
        await self._give_back(live, TaskStatus.FAILED, event, reason, failed=int(curable))
        live.end()

    async def pay_owed(self, task_id: str) -> None:
        """Pays a task that an earlier run of the application completed."""
        await self._until_written(task_id, lambda: self._pay(task_id))

    async def _pay(self, task_id: str, note: str = "") -> None:
        """Pays what the completed task holds and writes what came of it; again does not pay twice."""
        try:
            outcome = await self._ledger.pay(task_id)
        except LedgerError as error:
            outcome = PaymentOutcome("failed", reason=str(error))
        # The ledger writes the amounts in the settling transaction, which may come before this one.
        if outcome.status != "settled":
            reason = f"{note} {_unpaid(outcome)}".strip()
            event = TaskPaymentNoted(source=SOURCE, task_id=task_id, reason=reason)
            await self._bus.publish(event, work=unpaid_because(task_id, reason))

    async def _attempt(self, live: LiveTask) -> Done | Failed | None:
        """What came of it; None when it was called off."""
        if live.is_called_off():
            return None
        await self._bus.publish(
            TaskStarted(**_about(live), attempt=live.attempt),
            work=moved_to(live.id, TaskStatus.RUNNING, self._clock.now_us()),
        )
        live.move(TaskStatus.RUNNING)
        if live.is_called_off():
            return None
        persona = self._registry.persona(live.agent_id)
        assignment = Assignment(live.id, live.agent_id, live.text, persona, live.local_only)
        live.work = self._supervisor.start(f"{persona.name} works on {live.id}", self._worker.run(assignment))
        try:
            await asyncio.wait({live.work})
            return _outcome(live.work)
        finally:
            live.work.cancel()
            live.work = None

    async def _complete(self, live: LiveTask, done: Done, duration_ms: int) -> None:
        completed = TaskCompleted(
            **_about(live),
            result=done.result,
            provider=done.provider,
            model=done.model,
            duration_ms=duration_ms,
            tokens_in=done.tokens_in,
            tokens_out=done.tokens_out,
            note=done.note,
        )
        write = moved_to(
            live.id,
            TaskStatus.COMPLETED,
            self._clock.now_us(),
            result=done.result,
            reason=done.note,
            provider=done.provider,
            model=done.model,
            duration_ms=duration_ms,
            tokens_in=done.tokens_in,
            tokens_out=done.tokens_out,
        )

        async def written(change: StatusChange) -> None:
            await self._bus.publish(completed, *change.events, work=both(write, change.write))

        await self._move(live, TaskStatus.COMPLETED, written, completed=1)
        await self._until_written(live.id, lambda: self._pay(live.id, done.note), live)
        live.end()

    def _another_could(self, live: LiveTask, failed: Failed) -> bool:
        if not failed.curable or live.attempt >= live.last_attempt:
            return False
        return bool(set(self._registry.working()) - live.tried - {live.agent_id})

    async def _retry(self, live: LiveTask, failed: Failed) -> None:
        event = TaskRetried(**_about(live), reason=failed.reason, attempt=live.attempt + 1)
        await self._give_back(live, TaskStatus.CREATED, event, failed.reason, failed=1)
        live.tried.add(live.agent_id)
        live.asked.clear()
        live.agent_id, live.price_msat = "", 0

    async def _give_back(
        self, live: LiveTask, status: TaskStatus, event: Event, reason: str, *, failed: int = 0
    ) -> None:
        """Brings the task to `status` with `event`, and releases what is reserved for it."""
        move = moved_to(live.id, status, self._clock.now_us(), reason=reason)

        async def written(change: StatusChange) -> None:
            also: Sequence[Event] = (event, *change.events)
            work = both(move, change.write)
            await self._ledger.refund(live.id, inert_line(reason, 300), also=also, work=work)

        await self._move(live, status, written, failed=failed)

    async def _move(
        self,
        live: LiveTask,
        status: TaskStatus,
        written: Callable[[StatusChange], Awaitable[None]],
        *,
        completed: int = 0,
        failed: int = 0,
    ) -> None:
        """Brings the task to `status` and lets its agent go, on the disk first and then in memory."""
        moved(live.status, status)

        async def once() -> None:
            agent = live.agent_id
            change = self._registry.freed(agent, completed=completed, failed=failed) if agent else UNCHANGED
            await written(change)
            live.move(status)
            change.done()

        await self._until_written(live.id, once, live)

    async def _until_written(
        self, task_id: str, once: Callable[[], Awaitable[None]], live: LiveTask | None = None
    ) -> None:
        """Does `once`, and again after a pause for as long as the disk refuses; who waits is told why."""
        pause = self._write_again_s
        while True:
            try:
                return await once()
            except StorageError as error:
                logger.warning("What became of the task %s can't be written yet: %s", task_id, error)
                if live is not None:
                    live.hindered(error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)


def _about(live: LiveTask) -> dict[str, Any]:
    return {"source": SOURCE, "task_id": live.id, "agent_id": live.agent_id}


def _outcome(work: asyncio.Task[Done | Failed]) -> Done | Failed | None:
    if work.cancelled():
        return None
    error = work.exception()
    if error is None:
        return work.result()
    # The supervisor has logged it, with its traceback.
    if isinstance(error, StorageError):
        return Failed(str(error), curable=False)
    return Failed(
        f"The agent broke down: {inert_line(str(error), 300) or type(error).__name__}.", curable=True
    )


def _unpaid(outcome: PaymentOutcome) -> str:
    if outcome.status == "unknown":
        return "The payment is not confirmed yet; it is asked about again."
    if outcome.status == "waiting":
        return f"The result stands. {outcome.reason}"
    return f"The result stands, but was not paid: {outcome.reason or 'the payment failed'}"
