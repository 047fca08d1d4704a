"""Brings an assigned task to its end: works, then completes and pays, retries, fails or calls off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskCancelled, TaskCompleted, TaskFailed, TaskRetried, TaskStarted
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import Ledger, LedgerError, PaymentOutcome
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.live import LiveTask
from timmy_desktop.swarm.registry import Registry, StatusChange
from timmy_desktop.swarm.task import TaskStatus
from timmy_desktop.swarm.task_store import both, moved_to, unpaid_because
from timmy_desktop.swarm.worker import Assignment, Done, Failed, Worker

logger = logging.getLogger(__name__)

SOURCE = "coordinator"
_NOTHING = StatusChange((), lambda _session: None)


class Runner:
    """Runs one attempt of a task, and writes every end that a task can have."""

    def __init__(
        self,
        *,
        bus: EventBus,
        ledger: Ledger,
        registry: Registry,
        worker: Worker,
        clock: Clock,
        supervisor: TaskSupervisor,
    ) -> None:
        self._bus = bus
        self._ledger = ledger
        self._registry = registry
        self._worker = worker
        self._clock = clock
        self._supervisor = supervisor

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
        change = self._free(live)
        live.move(TaskStatus.CANCELLED)
        await self._give_back(live, TaskCancelled(**_about(live), reason=reason), reason, change)
        live.end()

    async def fail(self, live: LiveTask, reason: str, *, curable: bool = False) -> None:
        """Ends the task without a result. `curable` failures are the agent's own and count on its record."""
        change = self._free(live, failed=int(curable))
        live.move(TaskStatus.FAILED)
        await self._give_back(live, TaskFailed(**_about(live), reason=reason), reason, change)
        live.end()

    async def pay(self, task_id: str, note: str = "") -> None:
        """Pays what the completed task holds and writes what came of it."""
        try:
            outcome = await self._ledger.pay(task_id)
        except LedgerError as error:
            outcome = PaymentOutcome("failed", reason=str(error))
        # The ledger writes the amounts in the settling transaction, which may come before this one.
        if outcome.status != "settled":
            reason = f"{note} {_unpaid(outcome)}".strip()
            await self._bus.publish(work=unpaid_because(task_id, reason))

    async def _attempt(self, live: LiveTask) -> Done | Failed | None:
        """What came of it; None when it was called off."""
        if live.is_called_off():
            return None
        live.move(TaskStatus.RUNNING)
        await self._bus.publish(
            TaskStarted(**_about(live), attempt=live.attempt),
            work=moved_to(live.id, TaskStatus.RUNNING, self._clock.now_us()),
        )
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
        change = self._free(live, completed=1)
        live.move(TaskStatus.COMPLETED)
        completed = TaskCompleted(
            **_about(live),
            result=done.result,
            provider=done.provider,
            model=done.model,
            duration_ms=duration_ms,
            tokens_in=done.tokens_in,
            tokens_out=done.tokens_out,
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
        await self._bus.publish(completed, *change.events, work=both(write, change.write))
        await self.pay(live.id, done.note)
        live.end()

    def _another_could(self, live: LiveTask, failed: Failed) -> bool:
        if not failed.curable or live.attempt >= live.last_attempt:
            return False
        return bool(set(self._registry.working()) - live.tried - {live.agent_id})

    async def _retry(self, live: LiveTask, failed: Failed) -> None:
        live.tried.add(live.agent_id)
        live.asked.clear()
        change = self._free(live, failed=1)
        live.move(TaskStatus.CREATED)
        retried = TaskRetried(**_about(live), reason=failed.reason, attempt=live.attempt + 1)
        await self._give_back(live, retried, failed.reason, change)
        live.agent_id, live.price_msat = "", 0

    async def _give_back(self, live: LiveTask, event: Event, reason: str, change: StatusChange) -> None:
        """Writes the task's new status with `event`, and releases what is reserved for it."""
        write = both(moved_to(live.id, live.status, self._clock.now_us(), reason=reason), change.write)
        also: Sequence[Event] = (event, *change.events)
        if live.attempt:
            await self._ledger.refund(live.id, inert_line(reason, 300), also=also, work=write)
        else:
            await self._bus.publish(*also, work=write)

    def _free(self, live: LiveTask, *, completed: int = 0, failed: int = 0) -> StatusChange:
        if not live.agent_id:
            return _NOTHING
        return self._registry.free(live.agent_id, completed=completed, failed=failed)


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
    return f"The result stands, but was not paid: {outcome.reason or 'the payment failed'}"
