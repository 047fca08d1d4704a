"""Keeps the anchor beside the database close behind the log's head."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from timmy_desktop.storage.chain_key import ChangedStartError, chain_start
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.verification import BROKEN_SUFFIX, is_signed, problem_of_anchor, write_anchor
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0


class HeadAnchor:
    """Writes the anchor at start, while events come in, and at stop; after a crash it lags by seconds."""

    def __init__(
        self,
        log: EventLog,
        database: Database,
        path: Path,
        supervisor: TaskSupervisor,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._log = log
        self._database = database
        self._path = path
        self._supervisor = supervisor
        self._interval = interval
        self._written = -1
        self._writing = asyncio.Lock()

    async def start(self) -> str:
        """Compares the log with the anchor of the last time, renews it, and goes on in the background.

        Returns in words what does not fit, empty when all is well; the anchor that told is kept as
        `….broken`.
        """
        problem = await self._database.read(self._problem)
        if problem is not None:
            await asyncio.to_thread(self._keep_evidence)
        await self.write()
        self._supervisor.start("anchor", self._follow())
        return problem or ""

    def _problem(self, session: Session) -> str | None:
        key, head = self._log.key, self._log.head[0]
        try:
            start = chain_start(session, key)
        except ChangedStartError as error:
            return f"The event log was changed while the application was closed: {error}."
        if start and start == head:  # the key was made just now, for a log that has events already
            return (
                f"The key of the event log is gone: events 1 to {start:,} can't be verified any more. "
                "A new key goes on from there."
            )
        problem = problem_of_anchor(session, key, self._path)
        if problem is None:
            return None
        return f"The event log was changed while the application was closed: {problem[1]}."

    async def write(self) -> None:
        """Writes the anchor now if the log has grown; raises OSError where that fails."""
        async with self._writing:
            seq, head = self._log.head
            if seq != self._written:
                await asyncio.to_thread(write_anchor, self._path, self._log.key, seq, head)
                self._written = seq

    def _keep_evidence(self) -> None:
        """An anchor that was really written here and now does not fit; one that was not proves nothing."""
        if is_signed(self._path, self._log.key):
            self._path.replace(self._path.with_suffix(BROKEN_SUFFIX))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.write()
            except OSError as error:
                logger.warning("The anchor of the event log could not be written: %s", error)
