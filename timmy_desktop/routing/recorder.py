"""Writes what the router did behind the calls' backs: a call queues, a task commits in batches."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.identifiers import new_id
from timmy_desktop.routing import keeping, reservations, rollups, rows
from timmy_desktop.routing.breaker import Snapshot, Transition
from timmy_desktop.routing.journal import Signal
from timmy_desktop.routing.rows import Ended, Row
from timmy_desktop.routing.types import Attempt, CompletionRequest
from timmy_desktop.storage import tables
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

MOST_QUEUED = 10_000
_TABLES = {
    "attempts": tables.AttemptRow,
    "requests": tables.RequestRow,
    "failovers": tables.FailoverRow,
    "circuits": tables.CircuitRow,
    "signals": tables.SignalRow,
}
# What the log (EncodingError is a ValueError) and SQLite raise for a value that they can't carry.
_UNWRITABLE = (ValueError, TypeError, OverflowError, RecursionError)
_ROWS_IN_A_STATEMENT = 500

Made: TypeAlias = tuple[Event | None, str, Row]
Make: TypeAlias = Callable[[], Made]


class Recorder:
    """Keeps what happened until the writer takes it; the oldest goes first if the disk never does."""

    def __init__(self, bus: EventBus, clock: Clock, supervisor: TaskSupervisor) -> None:
        self.run = new_id()
        self._bus = bus
        self._clock = clock
        self._supervisor = supervisor
        self._queued: list[Make] = []
        self._wake = asyncio.Event()
        self._is_woken = False
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
        self._queue(partial(_attempt_made, request, attempt, self._clock.now_us()))

    def request_ended(self, ended: Callable[[], Ended]) -> None:
        """Queues the row of one request; `ended` is called when it is written."""
        self._queue(partial(_request_made, ended, self.run))

    def failed_over(self, request: CompletionRequest, failed: Attempt, to_provider: str) -> None:
        """Queues the event of a request that moved on, or found nowhere to go."""
        now_us = self._clock.now_us()

        def make() -> Made:
            event = rows.moved_on(request, failed, to_provider)
            return event, "failovers", rows.failover_row(event, now_us)

        self._queue(make)

    def circuit_changed(self, provider: str, transition: Transition) -> None:
        """Queues the event of a circuit that opened, half-opened or closed."""
        now_us = self._clock.now_us()
        self._queue(
            lambda: (
                rows.circuit(provider, transition),
                "circuits",
                rows.circuit_row(provider, transition, now_us),
            )
        )

    def signalled(self, signal: Signal) -> None:
        """Queues the row of what moved a breaker or a health without a request."""
        now_us = self._clock.now_us()
        self._queue(lambda: (None, "signals", rows.signal_row(signal, self.run, now_us)))

    def circuit_kept(self, provider: str, snapshot: Snapshot) -> None:
        """Queues the circuit as it is now, for the next start."""
        now, now_us = self._clock.monotonic(), self._clock.now_us()
        self._queue(lambda: (None, "breakers", keeping.circuit_row(provider, snapshot, now, now_us)))

    async def reserved(
        self, provider: str, request: CompletionRequest, attempt: int, microcents: int
    ) -> None:
        """Returns when it is on the disk that this attempt may cost so much; its row replaces that."""
        made = reservations.row(provider, request, attempt, microcents, self._clock.now_us())
        try:
            await self._bus.publish(work=lambda session: reservations.write(session, made))
        except StorageError as error:
            logger.error("A crash would forget what a call to %s may cost: %s", provider, error)  # noqa: TRY400

    async def flush(self) -> None:
        """Commits what is queued now."""
        if not self._queued:
            return
        queued, self._queued = self._queued, []
        made = [record for make in queued if (record := self._made(make)) is not None]
        try:
            await self._commit(made)
        except _UNWRITABLE:
            # One bad record must cost neither the others nor those to come.
            for record in made:
                await self._commit_alone(record)

    def _made(self, make: Make) -> Made | None:
        try:
            return make()
        except _UNWRITABLE as error:
            logger.error("A record of a provider call can't be made and is left out: %s", error)  # noqa: TRY400
            return None

    async def _commit_alone(self, record: Made) -> None:
        try:
            await self._commit([record])
        except _UNWRITABLE as error:
            logger.error("A record of a provider call can't be written and is left out: %s", error)  # noqa: TRY400

    async def _commit(self, made: Sequence[Made]) -> None:
        events = [event for event, _, _ in made if event is not None]
        sorted_rows = _by_table(made)
        try:
            await self._bus.publish(*events, work=lambda session: _write(session, sorted_rows))
        except StorageError as error:
            logger.error("%d records of provider calls were lost: %s", len(made), error)  # noqa: TRY400

    def _queue(self, make: Make) -> None:
        # Only kept here, on the call's path; the event is made when it is written.
        queued = self._queued
        queued.append(make)
        if len(queued) > MOST_QUEUED:
            del queued[:-MOST_QUEUED]
        if not self._is_woken:
            self._is_woken = True
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._is_woken = False
            await self.flush()


def _attempt_made(request: CompletionRequest, attempt: Attempt, now_us: int) -> Made:
    return rows.called(request, attempt), "attempts", rows.attempt_row(request, attempt, now_us)


def _request_made(ended: Callable[[], Ended], run: str) -> Made:
    return None, "requests", rows.request_row(ended(), run)


def _by_table(made: Sequence[Made]) -> Mapping[str, list[Row]]:
    by_table: dict[str, list[Row]] = defaultdict(list)
    for _, table, row in made:
        by_table[table].append(row)
    return by_table


def _write(session: Session, by_table: Mapping[str, list[Row]]) -> None:
    for name, table in _TABLES.items():
        found = by_table.get(name, [])
        for start in range(0, len(found), _ROWS_IN_A_STATEMENT):
            session.execute(table.insert_many(found[start : start + _ROWS_IN_A_STATEMENT]))
    reservations.release(session, by_table.get("attempts", []))
    rollups.fold(session, by_table.get("attempts", []))
    for row in rows.joined(by_table.get("breakers", [])):
        session.execute(tables.BreakerRow.insert(row).on_conflict_replace())
