"""Real feeds over real logs, and clients that say and hear what a stranger would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.conditions import eventually
from tests.unit.storage.logs import OpenLog, open_log
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.base import Event
from timmy_desktop.events.tasks import TaskStarted
from timmy_desktop.feed.server import FeedServer
from timmy_desktop.feed.wire import Limits
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.supervisor import TaskSupervisor

TOKEN = "a-token-for-tests-of-43-characters-in-length"


@dataclass
class OpenFeed:
    """A feed that listens, and the log behind it."""

    server: FeedServer
    opened: OpenLog
    settings: Settings

    @property
    def url(self) -> str:
        return self.server.status.address

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].partition("/")[0])

    async def say(self, *events: Event) -> None:
        await self.opened.bus.publish(*events)

    async def tell(self, number: int, **fields: Any) -> None:
        """So many events, in one batch."""
        some = [TaskStarted(source="test", task_id="task-1", attempt=n, **fields) for n in range(number)]
        await self.opened.bus.publish(*some)

    def client(self, token: str | None = TOKEN, **options: Any) -> connect:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return connect(self.url, additional_headers=headers, compression=None, proxy=None, **options)


@asynccontextmanager
async def open_feed(
    folder: Path,
    *,
    limits: Limits | None = None,
    before: tuple[Event, ...] = (),
    token: str = TOKEN,
    **values: Any,
) -> AsyncIterator[OpenFeed]:
    settings = Settings(**{"feed_enabled": True, "feed_port": 0, "websocket_event_throttle": 1000, **values})
    supervisor = TaskSupervisor()
    async with open_log(folder) as opened:
        if before:
            await opened.bus.publish(*before)
        server = FeedServer(
            bus=opened.bus,
            database=opened.database,
            clock=SystemClock(),
            supervisor=supervisor,
            secrets=Secrets({"TIMMY_SECRET_FEED_TOKEN": token}),
            settings=settings,
            data_dir=folder,
            limits=limits,
        )
        await server.start()
        try:
            yield OpenFeed(server, opened, settings)
        finally:
            await server.stop()
            await eventually(lambda: not supervisor.names)
            await supervisor.close()


async def heard(client: ClientConnection) -> dict[str, Any]:
    """The next message."""
    values: dict[str, Any] = json.loads(await client.recv())
    return values


async def subscribed(client: ClientConnection, **wish: Any) -> dict[str, Any]:
    """Past the hello and the answer to a subscription."""
    assert (await heard(client))["kind"] == "hello"
    await client.send(json.dumps({"op": "subscribe", **wish}))
    answer = await heard(client)
    assert answer["kind"] == "subscribed", answer
    return answer


@dataclass
class Tally:
    """What a client was told of: each event, or a count of it."""

    seqs: list[int]
    folded: int = 0
    seq: int = 0

    def take(self, message: dict[str, Any]) -> None:
        assert message["kind"] == "events"
        self.seqs += [event["seq"] for event in message["events"]]
        if "folded" in message:
            counts = message["folded"]
            assert counts["count"] == sum(counts["by_type"].values())
            self.folded += counts["count"]
        self.seq = message["seq"]

    @property
    def total(self) -> int:
        return len(self.seqs) + self.folded


async def all_of(client: ClientConnection, number: int) -> Tally:
    """Listens until it was told of so many events."""
    tally = Tally([])
    while tally.total < number:
        tally.take(await heard(client))
    return tally
