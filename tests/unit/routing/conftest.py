"""A router over scripted providers, with a real bus and a real log in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.providers import FakeClock
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.routing.history import RouterHistory
from timmy_desktop.routing.router import CascadeRouter
from timmy_desktop.routing.types import CompletionRequest, Message
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.storage.tables import AttemptRow
from timmy_desktop.supervisor import TaskSupervisor


class Bench:
    """What a test of the router needs to see."""

    def __init__(
        self,
        router: CascadeRouter,
        database: Database,
        seen: list[Event],
        clock: Any,
        history: RouterHistory,
    ) -> None:
        self.router = router
        self.history = history
        self.clock = clock
        self._database = database
        self._seen = seen

    async def events(self, event_type: type[Event]) -> list[Any]:
        await self.router.flush()
        return [event for event in self._seen if type(event) is event_type]

    async def rows(self) -> list[dict[str, Any]]:
        await self.router.flush()
        return await self._database.read(
            lambda session: session.dicts(AttemptRow.select().order_by(AttemptRow.id))
        )


@pytest.fixture
def routing(tmp_path: Path) -> Callable[..., Any]:
    """`async with routing(providers…) as bench:`; with `started`, probes run in the background.

    A second `routing(…)` goes on in the same folder, as after a restart.
    """
    return in_folder(tmp_path)


@pytest.fixture
def routing_anew(tmp_path: Path) -> Callable[[], Any]:
    """Makes a `routing` in a folder of its own, for each example of a property."""
    numbers = count()

    def make() -> Any:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return in_folder(folder)

    return make


def in_folder(tmp_path: Path) -> Callable[..., Any]:
    """See `routing`."""

    @asynccontextmanager
    async def make(
        *providers: Any, started: bool = False, clock: Any = None, **options: Any
    ) -> AsyncIterator[Bench]:
        clock = clock or FakeClock()
        database, supervisor = Database(tmp_path / "swarm.db"), TaskSupervisor()
        log = EventLog(database, SystemClock(), lambda _: b"k" * 32)

        def prepare(session: Session) -> None:
            migrate(session, tmp_path)
            log.open(session)

        await database.open(prepare)
        bus = EventBus(log)
        seen: list[Event] = []
        bus.subscribe_all(lambda records: seen.extend(record.event for record in records))
        router = CascadeRouter(providers=providers, bus=bus, clock=clock, supervisor=supervisor, **options)
        if started:
            await router.start()
        try:
            history = RouterHistory(bus=bus, db=database, clock=clock, supervisor=supervisor)
            yield Bench(router, database, seen, clock, history)
        finally:
            await router.stop()
            await supervisor.close()
            await log.flush()
            await database.close()

    return make


def ask(text: str = "Hello", **fields: Any) -> CompletionRequest:
    return CompletionRequest(
        **{"messages": (Message("user", text),), "purpose": "chat", "max_tokens": 16} | fields
    )
