"""Appending to the event log and verifying it."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.bench.harness import Row, in_turn
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.codec import encode_data
from timmy_desktop.events.tasks import TaskStarted
from timmy_desktop.storage.chain import CANONICAL_TEXT_SQL, GENESIS, Chain
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.storage.migrations.m0001_first import EVENTS
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log, write_anchor
from timmy_desktop.storage.writer import LoopWriter, Writer, WriterThread

KEY = b"k" * 32
WRITERS = 100
APPENDS = 20_000
# Enough for the WAL to have wrapped: a log that has been open for a minute no longer grows its file.
WARM_UP = 30_000
ROWS_IN_A_TRANSACTION = 1000
_INSERT = "INSERT INTO event_log VALUES (?,?,?,?,?,?,?,?,?)"


def event_append() -> list[Row]:
    """100 writers that each await every append, against one plain loop over the same events.

    As programs without a window append, and as the window does: by a thread, beside the loop.
    """
    goal = ">= 0.5 x executemany"
    value, other, ratio = _by_writers(LoopWriter())
    rows = [Row("event_append", value, "events/s", other, ratio, goal, ratio >= 0.5)]
    value, other, ratio = _by_writers(WriterThread("timmy-writer"))
    return [*rows, Row("event_append_window", value, "events/s", other, ratio, "report", True)]


def event_append_one() -> list[Row]:
    """One writer that awaits each append, against stdlib insert and commit; both ways."""
    goal = ">= 0.7 x insert+commit"
    value, other, ratio = _one_by_one(LoopWriter())
    rows = [Row("event_append_one", value, "events/s", other, ratio, goal, ratio >= 0.7)]
    value, other, ratio = _one_by_one(WriterThread("timmy-writer"))
    return [*rows, Row("event_append_one_window", value, "events/s", other, ratio, "report", True)]


def _by_writers(writer: Writer) -> tuple[float, float, float]:
    with _both(writer) as (log, reference):
        return in_turn(
            lambda: APPENDS / log.append_by_writers(APPENDS),
            lambda: APPENDS / _timed(lambda: reference.append(APPENDS)),
            rounds=9,
        )


def _one_by_one(writer: Writer) -> tuple[float, float, float]:
    count = 1000
    with _both(writer) as (log, reference):
        return in_turn(
            lambda: count / log.append_one_by_one(count),
            lambda: count / _timed(lambda: reference.append_one_by_one(count)),
            rounds=9,
        )


def event_verify() -> list[Row]:
    """Verifying a chain of a million events, against sha256 over the same bytes."""
    total = 1_000_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        asyncio.run(write_log(folder, total))
        database = Database(folder / "swarm.db")
        query = f"SELECT {CANONICAL_TEXT_SQL} FROM event_log ORDER BY seq"
        with closing(sqlite3.connect(folder / "swarm.db")) as connection:
            texts = [text.encode() for (text,) in connection.execute(query)]

        def verify(session: Session) -> float:
            start = time.perf_counter()
            assert verify_log(session, folder / "swarm.db", KEY, folder / ANCHOR_FILE).intact
            return time.perf_counter() - start

        value, other, ratio = in_turn(
            lambda: asyncio.run(database.read(verify)), lambda: _timed(lambda: _sha256(texts)), rounds=3
        )
        asyncio.run(database.close())
    return [Row("event_verify", value, "s", other, ratio, "<= 4 x sha256", ratio <= 4)]


async def write_log(folder: Path, rows: int) -> None:
    """A data folder with `rows` events under KEY, written the quick way; the project would write the same."""
    database = Database(folder / "swarm.db")
    await database.open(lambda session: migrate(session, folder) and None)
    await database.close()
    with closing(sqlite3.connect(folder / "swarm.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO meta VALUES ('log_id', 'bench'), ('key_place', 'file')")
        writer = _Reference(connection)
        writer.append(rows)
        write_anchor(folder / ANCHOR_FILE, KEY, rows, writer.head)


@contextmanager
def _both(writer: Writer) -> Iterator[tuple[_Log, _Reference]]:
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as name,
        _Log(Path(name), writer) as log,
        closing(_reference_database(Path(name))) as connection,
    ):
        reference = _Reference(connection)
        log.append_by_writers(WARM_UP)
        reference.append(WARM_UP)
        yield log, reference


class _Log:
    """The project's log on a loop of its own, open for as long as the benchmark runs."""

    def __init__(self, folder: Path, writer: Writer) -> None:
        self._folder = folder
        self._runner = asyncio.Runner()
        self._database = Database(folder / "project.db", writer)
        self._log = EventLog(self._database, SystemClock(), lambda _: KEY)
        self._bus = EventBus(self._log)

    def __enter__(self) -> _Log:
        def prepare(session: Session) -> None:
            migrate(session, self._folder)
            self._log.open(session)

        self._runner.run(self._database.open(prepare))
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._database.close())
        self._runner.close()

    def append_by_writers(self, count: int) -> float:
        async def writer(events: Iterable[Event]) -> None:
            for event in events:
                await self._bus.publish(event)

        async def work() -> None:
            await asyncio.gather(*(writer(_events(count // WRITERS)) for _ in range(WRITERS)))

        return self._timed(work)

    def append_one_by_one(self, count: int) -> float:
        async def work() -> None:
            for event in _events(count):
                await self._bus.publish(event)

        return self._timed(work)

    def _timed(self, work: Callable[[], Coroutine[Any, Any, None]]) -> float:
        async def timed() -> float:
            start = time.perf_counter()
            await work()
            return time.perf_counter() - start

        return self._runner.run(timed())


class _Reference:
    """The same rows, encoded and chained by the same functions, in a plain loop over stdlib sqlite3."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seq = 0
        self._chain = Chain(KEY)
        self.head = GENESIS

    def append(self, count: int) -> None:
        events = _events(count)
        for _ in range(count // ROWS_IN_A_TRANSACTION):
            rows = [self._row(next(events)) for _ in range(ROWS_IN_A_TRANSACTION)]
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("COMMIT")

    def append_one_by_one(self, count: int) -> None:
        for event in _events(count):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_INSERT, self._row(event))
            self._connection.execute("COMMIT")

    def _row(self, event: Event) -> tuple[Any, ...]:
        self._seq += 1
        seq, now, data = self._seq, time.time_ns() // 1000, encode_data(event).decode()
        envelope = (event.source, event.task_id, event.agent_id)
        text = (
            f"{seq}\x1f{now}\x1f{event.type}\x1f{event.version}\x1f" + "\x1f".join(envelope) + f"\x1f{data}"
        )
        self.head = self._chain.link(self.head, text.encode())
        return (seq, now, event.type, event.version, *envelope, data, self.head)


def _reference_database(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "reference.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute("PRAGMA synchronous=full")
    connection.execute("CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    for statement in EVENTS:
        connection.execute(statement)
    return connection


def _events(count: int) -> Iterator[Any]:
    task_id, agent_id = "0192d3e8-7c1f-7a44-9d0e-5b1f3a2c4d5e", "forge"
    return (
        TaskStarted(source="coordinator", task_id=task_id, agent_id=agent_id, attempt=number)
        for number in range(count)
    )


def _sha256(texts: list[bytes]) -> None:
    for text in texts:
        hashlib.sha256(text).digest()


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
