"""What the router did, for those who look back: latency over time, requests and their receipts."""

from __future__ import annotations

import asyncio
import logging

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.routing import RouterHistoryThinned
from timmy_desktop.routing.errors import RouterError
from timmy_desktop.routing.latency import read_series
from timmy_desktop.routing.receipts import read_receipt, read_requests
from timmy_desktop.routing.recording import Recording, read_recording
from timmy_desktop.routing.records import (
    AttemptRecord,
    CircuitInterval,
    FailoverMark,
    LatencyBucket,
    LatencySeries,
    ProviderSeries,
    Receipt,
    RequestRow,
    SentMessage,
)
from timmy_desktop.routing.thinning import DAY_US, thin
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

THIN_EVERY_SECONDS = 6 * 3600.0


class UnknownRequestError(RouterError):
    """There is no request of that identifier, or it is so old that only its sums are kept."""


class RouterHistory:
    """Reads what the router recorded, off the loop, and thins what is old."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        keep_days: int = 30,
    ) -> None:
        """Requests, attempts and signals are kept for `keep_days`; the roll-ups stay."""
        self._bus = bus
        self._db = db
        self._clock = clock
        self._supervisor = supervisor
        self._keep_us = keep_days * DAY_US
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to thin in the background."""
        self._task = self._supervisor.start("thin the router's history", self._run())

    async def stop(self) -> None:
        """Ends it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def series(self, since_us: int, until_us: int, buckets: int) -> LatencySeries:
        """Latency, throughput, circuits and failovers of a window, in at most about `buckets` buckets.

        From the roll-ups where a bucket is a minute or longer, else from the attempts.
        """
        return await self._db.read(lambda session: read_series(session, since_us, until_us, buckets))

    async def requests(
        self,
        limit: int = 200,
        before: int | None = None,
        provider: str | None = None,
        outcome: str | None = None,
        text: str = "",
    ) -> list[RequestRow]:
        """The newest requests first; `before` is the `id` of the last row of the page before.

        `outcome` is "ok", "cancelled", an error's own, or "failed" for any of these; `text` is looked for
        in the prompt, the model and the identifiers.
        """
        return await self._db.read(
            lambda session: read_requests(session, limit, before, provider, outcome, text)
        )

    async def receipt(self, request_id: str) -> Receipt:
        """Everything about one request. Raises UnknownRequestError."""
        receipt = await self._db.read(lambda session: read_receipt(session, request_id))
        if receipt is None:
            raise UnknownRequestError(
                "This request is not kept. Old requests are thinned out after some days; see the settings."
            )
        return receipt

    async def recording(self, since_us: int, until_us: int) -> Recording:
        """The traffic of a window for a rehearsal; it may begin a little earlier, where it can be exact."""
        return await self._db.read(lambda session: read_recording(session, since_us, until_us))

    async def thin_now(self) -> int:
        """Removes what is older than is kept and returns how many requests went; an event tells."""
        before = self._clock.now_us() - self._keep_us
        if not await self._db.read(lambda session: _has_older(session, before)):
            return 0
        gone: int = await self._bus.publish(work=lambda session: thin(session, before))
        await self._bus.publish(RouterHistoryThinned(source="router", requests=gone, before_us=before))
        return gone

    async def _run(self) -> None:
        while True:
            try:
                await self.thin_now()
            except StorageError as error:
                logger.warning("The router's history was not thinned and will be later: %s", error)
            await asyncio.sleep(THIN_EVERY_SECONDS)


def _has_older(session: Session, before: int) -> bool:
    rows = session.sql("SELECT min(time_us) FROM provider_attempts")
    return rows[0][0] is not None and rows[0][0] < before


__all__ = [
    "AttemptRecord",
    "CircuitInterval",
    "FailoverMark",
    "LatencyBucket",
    "LatencySeries",
    "ProviderSeries",
    "Receipt",
    "Recording",
    "RequestRow",
    "RouterHistory",
    "SentMessage",
    "UnknownRequestError",
]
