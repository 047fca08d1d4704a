"""Keeps the anchor beside the database close behind the log's head."""

from __future__ import annotations

import asyncio
from pathlib import Path

from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.verification import anchor_problem, write_anchor
from timmy_desktop.supervisor import TaskSupervisor

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

    async def start(self) -> str:
        """Compares the log with the anchor of the last time, renews it, and goes on in the background.

        Returns what does not fit, empty when all is well; the anchor that told is kept as `….broken`.
        """
        problem = await self._database.read(
            lambda session: anchor_problem(session, self._log.key, self._path)
        )
        if problem is not None and self._path.exists():
            self._path.replace(self._path.with_suffix(".broken"))
        await self.write()
        self._supervisor.start("anchor", self._follow())
        return problem[1] if problem is not None else ""

    def _problem(self, session: Session) -> tuple[int, str] | None:
        return anchor_problem(session, self._log.key, self._path)

    async def write(self) -> None:
        """Writes the anchor now if the log has grown; raises OSError where that fails."""
        seq, head = self._log.head
        if seq != self._written:
            await asyncio.to_thread(write_anchor, self._path, self._log.key, seq, head)
            self._written = seq

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await self.write()
