"""Logs to find, prune, archive and tamper with, and the stand-alone verifier as a module."""

from __future__ import annotations

import importlib.util
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.bench.sample import story
from tests.conditions import ROOT
from tests.fakes.providers import FakeClock
from tests.unit.storage.logs import KEY, open_log
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_filter import Condition, EventFilter
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_positions import Order, Positions, count_part, make_query, parts, seqs_at
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.verification import ANCHOR_FILE, write_anchor
from timmy_desktop.supervisor import TaskSupervisor

MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Room:
    """A log and all that works on it, in a folder."""

    folder: Path
    database: Database
    log: EventLog
    bus: EventBus
    clock: FakeClock
    index: EventIndex
    pruning: EventPruning

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    async def tell(self, events: int, seed: int = 1) -> None:
        """Appends what a swarm at work would, a second apart."""
        for _, event in story(events, random.Random(seed), 0):
            self.clock.seconds += 1
            await self.bus.publish(event)

    async def say(self, *events: Event) -> None:
        await self.bus.publish(*events)

    def anchor(self) -> None:
        write_anchor(self.folder / ANCHOR_FILE, KEY, *self.log.head)

    async def found(self, wanted: EventFilter, order: Order | None = None, rows: int = 10_000) -> list[int]:
        """The numbers of what passes a filter, in order."""

        def read(session: Any) -> list[int]:
            query = make_query(session, wanted, order)
            positions = Positions(one for part in parts(query) for one in count_part(session, query, *part))
            return seqs_at(session, query, positions, 0, rows) if len(positions) else []

        return await self.database.read(read)


@asynccontextmanager
async def a_room(folder: Path, key: bytes = KEY) -> AsyncIterator[Room]:
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test's own folder
    clock, supervisor = FakeClock(), TaskSupervisor()
    async with open_log(folder, clock=clock, key=key) as opened:
        index = EventIndex(log=opened.log, database=opened.database, clock=clock, supervisor=supervisor)
        pruning = EventPruning(
            bus=opened.bus, log=opened.log, database=opened.database, index=index, clock=clock,
            supervisor=supervisor, archives=folder / "archives",
        )  # fmt: skip
        yield Room(folder, opened.database, opened.log, opened.bus, clock, index, pruning)
        await supervisor.close()


def verifier() -> ModuleType:
    """The stand-alone verifier, loaded from its one file as a stranger would."""
    file = ROOT / "timmy_desktop/storage/verify_timmy_log.py"
    spec = importlib.util.spec_from_file_location("verify_timmy_log", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(folder: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Changes the database behind the application's back."""
    with closing(sqlite3.connect(folder / "swarm.db")) as connection, connection:
        change(connection)


def only(field: Any, value: str, include: bool = True, path: str = "") -> EventFilter:
    return EventFilter((Condition(field, value, include, path),))
