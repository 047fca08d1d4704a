"""The live feed for other programs of this computer. Off unless it is wanted."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from timmy_desktop import __version__
from timmy_desktop.clock import Clock
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.codec import decode
from timmy_desktop.events.system import SystemWarning
from timmy_desktop.feed.backlog import Backlog
from timmy_desktop.feed.client import Client
from timmy_desktop.feed.errors import BadRequestError, FeedError, GoneError
from timmy_desktop.feed.known_secrets import read_known
from timmy_desktop.feed.messages import NOT_UNDERSTOOD, TOO_MANY, hello, read_message, refusal
from timmy_desktop.feed.open_event import Openness
from timmy_desktop.feed.redaction import Redactor
from timmy_desktop.feed.selection import Selection
from timmy_desktop.feed.token import find_or_make_token
from timmy_desktop.feed.wire import Connection, Limits, Listener
from timmy_desktop.settings import Secrets, Settings, SettingsError
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)
_MOST_FAULTS = 5
# What is held for a client beyond what it may have again, before it is folded.
_ROOM = 100


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """What the feed is at; `words` say why where it is not what was asked for."""

    state: Literal["off", "listening", "failed"]
    address: str = ""
    clients: int = 0
    words: str = ""


class FeedServer:
    """A part of the services. What keeps it from starting is told, and the application goes on without it."""

    def __init__(
        self,
        *,
        bus: EventBus,
        database: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        secrets: Secrets,
        settings: Settings,
        data_dir: Path,
        limits: Limits | None = None,
    ) -> None:
        self._bus, self._database, self._clock, self._supervisor = bus, database, clock, supervisor
        self._secrets, self._settings, self._data_dir = secrets, settings, data_dir
        self._limits = limits or Limits()
        self._backlog = Backlog(0, Openness(Redactor()))
        self._clients: dict[Client, Connection] = {}
        self._listener: Listener | None = None
        self._unsubscribe = _nothing
        self._log_id, self._words = "", ""
        self.served = 0
        """Clients since the start."""

    @property
    def status(self) -> FeedStatus:
        if self._listener is None:
            return FeedStatus("failed" if self._words else "off", words=self._words)
        host = self._settings.feed_host
        shown = f"[{host}]" if ":" in host else host
        return FeedStatus("listening", f"ws://{shown}:{self._listener.port}/feed", len(self._clients))

    async def start(self) -> None:
        """Does nothing where the feed is off."""
        if not self._settings.feed_enabled:
            return
        try:
            await self._open()
        except (FeedError, SettingsError) as error:
            await self._fail(str(error))
        except OSError as error:
            port = self._settings.feed_port
            await self._fail(
                f"The feed could not listen on port {port} ({error.strerror or error}). Another program may "
                "have it: choose another feed_port in the settings and start again. Everything else works."
            )

    async def stop(self) -> None:
        """Tells everybody that Timmy is closing."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()

    async def _open(self) -> None:
        settings = self._settings
        token = await asyncio.to_thread(find_or_make_token, self._data_dir, self._secrets)
        # From here on nothing that is committed may be missed; what is read twice is left out once.
        early: list[EventRecord] = []
        self._unsubscribe = self._bus.subscribe_all(early.extend)
        found = await self._database.read(lambda session: _read(session, settings.activity_feed_buffer))
        known = await asyncio.to_thread(read_known, settings, self._secrets, self._data_dir, found.log_id)
        openness = Openness(
            Redactor((*known, token.get_secret_value()), home=str(Path.home())),
            local_tasks=found.local_tasks,
            all_local=settings.local_only,
        )
        self._log_id = found.log_id
        self._backlog = Backlog(settings.activity_feed_buffer, openness)
        if found.records:
            self._backlog.put(found.records)
        self._unsubscribe()
        self._unsubscribe = self._bus.subscribe_all(self._take)
        if early:
            self._take(early)
        listener = Listener(
            token=token.get_secret_value(),
            origins=settings.feed_origins,
            limits=self._limits,
            handle=self._serve,
        )
        await listener.open(settings.feed_host, settings.feed_port)
        self._listener = listener
        logger.info("The feed listens at %s", self.status.address)

    async def _fail(self, words: str) -> None:
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._words = words
        logger.warning("%s", words)
        await self._bus.publish(SystemWarning(source="feed", message=words))

    def _take(self, records: Sequence[EventRecord]) -> None:
        # What was read at the start and is dispatched only now is not for a second time.
        records = [record for record in records if record.seq > self._backlog.last_seq]
        if not records:
            return
        self._backlog.put(records)
        wanted: dict[Selection, list[EventRecord]] = {}
        for client in self._clients:
            selection = client.selection
            if selection is None:
                continue
            if selection not in wanted:
                wanted[selection] = [record for record in records if selection.passes(record)]
            client.take(wanted[selection])

    async def _serve(self, connection: Connection) -> None:
        client = Client(
            backlog=self._backlog,
            send=connection.send,
            monotonic=self._clock.monotonic,
            room=self._settings.activity_feed_buffer + _ROOM,
            throttle=self._settings.websocket_event_throttle,
            send_within_s=self._limits.send_within_s,
        )
        self.served += 1
        self._clients[client] = connection
        client.reply(self._hello())
        sending = self._supervisor.start(f"feed client {self.served}", self._send(client, connection))
        try:
            await self._listen(client, connection)
        except GoneError:
            pass
        finally:
            self._clients.pop(client, None)
            sending.cancel()

    async def _send(self, client: Client, connection: Connection) -> None:
        try:
            await client.run()
        except GoneError as error:
            # Nothing more is kept for it while it may still read why.
            self._clients.pop(client, None)
            await connection.close(error.code, str(error))

    async def _listen(self, client: Client, connection: Connection) -> None:
        limits, faults = self._limits, 0
        times: deque[float] = deque(maxlen=limits.messages)
        async for message in connection.messages():
            now = self._clock.monotonic()
            if len(times) == limits.messages and now - times[0] < limits.messages_within_s:
                await connection.close(TOO_MANY, "too many messages")
                return
            times.append(now)
            try:
                client.subscribe(read_message(message))
            except BadRequestError as error:
                faults += 1
                client.reply(refusal(str(error)))
                if faults >= _MOST_FAULTS:
                    await connection.close(NOT_UNDERSTOOD, "nothing that was said was understood")
                    return

    def _hello(self) -> str:
        return hello(
            version=__version__,
            log_id=self._log_id,
            last_seq=self._backlog.last_seq,
            throttle=self._settings.websocket_event_throttle,
            buffer=self._settings.activity_feed_buffer,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the log has at the start."""

    log_id: str
    local_tasks: list[str]
    records: list[EventRecord]


def _read(session: Session, rows: int) -> _Found:
    named = session.sql("SELECT value FROM meta WHERE name = 'log_id'")
    last = session.sql(
        "SELECT seq, time_us, type, version, source, task_id, agent_id, data, hash FROM event_log "
        "ORDER BY seq DESC LIMIT ?",
        (rows,),
    )
    return _Found(
        str(named[0][0]) if named else "", local_tasks(session), [_record(row) for row in reversed(last)]
    )


def local_tasks(session: Session) -> list[str]:
    """The tasks whose content stays on this machine."""
    return [str(row[0]) for row in session.sql("SELECT id FROM tasks WHERE local_only = 1")]


def _record(row: tuple[object, ...]) -> EventRecord:
    seq, time_us, type_name, version, source, task_id, agent_id, data, head = row
    envelope = {"source": str(source), "task_id": str(task_id), "agent_id": str(agent_id)}
    event = decode(str(type_name), int(str(version)), envelope, str(data))
    return EventRecord(int(str(seq)), int(str(time_us)), event, bytes(head))  # type: ignore[call-overload]


def _nothing() -> None:
    """What is left to stop before it has started."""
