"""Opens a real event log in a folder, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from timmy_desktop.clock import Clock, SystemClock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.storage.writer import Writer

KEY = b"k" * 32


@dataclass(frozen=True)
class OpenLog:
    database: Database
    log: EventLog
    bus: EventBus


@asynccontextmanager
async def open_log(
    folder: Path, writer: Writer | None = None, clock: Clock | None = None, key: bytes = KEY
) -> AsyncIterator[OpenLog]:
    database = Database(folder / "swarm.db", writer)
    log = EventLog(database, clock or SystemClock(), lambda _: key)

    def prepare(session: Session) -> None:
        migrate(session, folder / "backups")
        log.open(session)

    try:
        await database.open(prepare)
        yield OpenLog(database, log, EventBus(log))
    finally:
        await database.close()
