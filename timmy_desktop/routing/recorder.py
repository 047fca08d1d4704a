"""Writes attempts and their events behind the calls' backs: a call queues, a task commits in batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

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
# What the log (EncodingError is a ValueError) and SQLite raise for a value that they can't carry.
_UNWRITABLE = (ValueError, TypeError, OverflowError)

Row: TypeAlias = dict[str, Any]
Made: TypeAlias = tuple[Event, Row | None]
Make: TypeAlias = Callable[[], Made]


class Recorder:
    """Keeps what happened until the writer takes it; the oldest goes first if the disk never does."""

    def __init__(self, bus: EventBus, clock: Clock, supervisor: TaskSupervisor) -> None:
        self._bus = bus
        self._clock = clock
        self._supervisor = supervisor
        self._queued: list[Make] = []
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
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
        now_us = self._clock.now_us()
        self._queue(lambda: (_called(request, attempt), _row(request, attempt, now_us)))

    def failed_over(self, request: CompletionRequest, failed: Attempt, to_provider: str) -> None:
        """Queues the event of a request that moved on, or found nowhere to go."""
        self._queue(lambda: (_moved_on(request, failed, to_provider), None))

    def circuit_changed(self, provider: str, transition: Transition) -> None:
        """Queues the event of a circuit that opened, half-opened or closed."""
        self._queue(lambda: (_circuit(provider, transition), None))

    async def flush(self) -> None:
        """Commits what is queued now."""
        if not self._queued:
            return
        queued, self._queued = self._queued, []
        made = [make() for make in queued]
        try:
            await self._commit(made)
        except _UNWRITABLE:
            # One bad record must cost neither the others nor those to come.
            for record in made:
                await self._commit_alone(record)

    async def _commit_alone(self, record: Made) -> None:
        try:
            await self._commit([record])
        except _UNWRITABLE as error:
            logger.error("A record of a provider call can't be written and is left out: %s", error)  # noqa: TRY400

    async def _commit(self, made: Sequence[Made]) -> None:
        rows = [row for _, row in made if row is not None]
        try:
            await self._bus.publish(
                *(event for event, _ in made), work=lambda session: _insert(session, rows)
            )
        except StorageError as error:
            logger.error("%d records of provider calls were lost: %s", len(made), error)  # noqa: TRY400

    def _queue(self, make: Make) -> None:
        # Only kept here, on the call's path; the event is made when it is written.
        self._queued.append(make)
        if len(self._queued) > MOST_QUEUED:
            del self._queued[:-MOST_QUEUED]
        if not self._wake.is_set():
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()


def _called(request: CompletionRequest, attempt: Attempt) -> ProviderCalled:
    return ProviderCalled(
        source=SOURCE,
        agent_id=request.agent_id,
        task_id=request.task_id,
        ttft_ms=-1 if attempt.ttft_ms is None else attempt.ttft_ms,
        **_shared(request, attempt),
    )


def _row(request: CompletionRequest, attempt: Attempt, now_us: int) -> Row:
    return _shared(request, attempt) | {
        "time_us": now_us,
        "task_id": request.task_id,
        "ttft_ms": attempt.ttft_ms,
        "breaker": attempt.breaker,
    }


def _shared(request: CompletionRequest, attempt: Attempt) -> Row:
    return {
        "request_id": request.request_id,
        "attempt": attempt.number,
        "provider": attempt.provider,
        "model": _line(attempt.model),
        "purpose": request.purpose,
        "outcome": attempt.outcome,
        "detail": _line(attempt.detail),
        "total_ms": attempt.total_ms,
        "tokens_in": attempt.usage.tokens_in,
        "tokens_out": attempt.usage.tokens_out,
    }


def _moved_on(request: CompletionRequest, failed: Attempt, to_provider: str) -> ProviderFailedOver:
    return ProviderFailedOver(
        source=SOURCE,
        task_id=request.task_id,
        agent_id=request.agent_id,
        request_id=request.request_id,
        from_provider=failed.provider,
        to_provider=to_provider,
        reason=_line(failed.detail),
    )


def _circuit(provider: str, transition: Transition) -> Event:
    if transition.state == "OPEN":
        reason, failures = _line(transition.reason), transition.failures
        return CircuitOpened(source=SOURCE, provider=provider, reason=reason, failures=failures)
    if transition.state == "HALF_OPEN":
        return CircuitHalfOpened(source=SOURCE, provider=provider)
    return CircuitClosed(source=SOURCE, provider=provider)


def _insert(session: Session, rows: Sequence[Row]) -> None:
    if rows:
        session.execute(AttemptRow.insert_many(rows))


def _line(text: str) -> str:
    return inert_line(text, _DETAIL_CHARACTERS)
