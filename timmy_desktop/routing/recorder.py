"""Writes attempts and their events behind the calls' backs: a call queues, a task commits in batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.routing import (
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    ProviderCalled,
    ProviderFailedOver,
)
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.breaker import Transition
from timmy_desktop.routing.types import Attempt, CompletionRequest
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.tables import AttemptRow
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

MOST_QUEUED = 10_000
SOURCE = "router"
_DETAIL_CHARACTERS = 500

Row = dict[str, Any]


class Recorder:
    """Keeps what happened until the writer takes it; the oldest goes first if the disk never does."""

    def __init__(self, bus: EventBus, clock: Clock, supervisor: TaskSupervisor) -> None:
        self._bus = bus
        self._clock = clock
        self._supervisor = supervisor
        self._events: list[Event] = []
        self._rows: list[Row] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to write."""
        self._task = self._supervisor.start("router records", self._run())

    async def stop(self) -> None:
        """Writes what is queued and ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.flush()

    def attempt_ended(self, request: CompletionRequest, attempt: Attempt) -> None:
        """Queues the row and the event of one attempt."""
        detail, model = _line(attempt.detail), _line(attempt.model)
        outcome: Row = {
            "request_id": request.request_id,
            "attempt": attempt.number,
            "provider": attempt.provider,
            "model": model,
            "purpose": request.purpose,
            "outcome": attempt.outcome,
            "detail": detail,
            "total_ms": attempt.total_ms,
            "tokens_in": attempt.usage.tokens_in,
            "tokens_out": attempt.usage.tokens_out,
        }
        ttft_ms = attempt.ttft_ms
        self._rows.append(
            outcome
            | {
                "time_us": self._clock.now_us(),
                "task_id": request.task_id,
                "ttft_ms": ttft_ms,
                "breaker": attempt.breaker,
            }
        )
        self._queue(
            ProviderCalled(
                source=SOURCE,
                task_id=request.task_id,
                agent_id=request.agent_id,
                ttft_ms=-1 if ttft_ms is None else ttft_ms,
                **outcome,
            )
        )

    def failed_over(self, request: CompletionRequest, failed: Attempt, to_provider: str) -> None:
        """Queues the event of a request that moved on, or found nowhere to go."""
        self._queue(
            ProviderFailedOver(
                source=SOURCE,
                task_id=request.task_id,
                agent_id=request.agent_id,
                request_id=request.request_id,
                from_provider=failed.provider,
                to_provider=to_provider,
                reason=_line(failed.detail),
            )
        )

    def circuit_changed(self, provider: str, transition: Transition) -> None:
        """Queues the event of a circuit that opened, half-opened or closed."""
        if transition.state == "OPEN":
            reason, failures = _line(transition.reason), transition.failures
            self._queue(CircuitOpened(source=SOURCE, provider=provider, reason=reason, failures=failures))
        elif transition.state == "HALF_OPEN":
            self._queue(CircuitHalfOpened(source=SOURCE, provider=provider))
        else:
            self._queue(CircuitClosed(source=SOURCE, provider=provider))

    async def flush(self) -> None:
        """Commits what is queued now."""
        if not self._events:
            return
        events, self._events = self._events, []
        rows, self._rows = self._rows, []
        try:
            await self._bus.publish(*events, work=lambda session: _insert(session, rows))
        except StorageError as error:
            logger.error("%d records of provider calls were lost: %s", len(rows), error)  # noqa: TRY400

    def _queue(self, event: Event) -> None:
        self._events.append(event)
        del self._events[:-MOST_QUEUED], self._rows[:-MOST_QUEUED]
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # Shielded: what was taken from the queue is written though the router stops meanwhile.
            await asyncio.shield(asyncio.ensure_future(self.flush()))


def _insert(session: Session, rows: Sequence[Row]) -> None:
    if rows:
        session.execute(AttemptRow.insert_many(rows))


def _line(text: str) -> str:
    return inert_line(text, _DETAIL_CHARACTERS)
