"""The event log: appended once, in order, durably, chained; many waiters share one commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from sqlite3 import Error as SqliteError
from typing import Any, NamedTuple

from peewee import PeeweeException

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event, EventRecord, UnknownEvent
from timmy_desktop.events.bus import BatchHandler, Work
from timmy_desktop.events.codec import EncodingError, encode_data
from timmy_desktop.storage.chain import GENESIS, SEPARATOR, Chain
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError, translated

logger = logging.getLogger(__name__)

MOST_IN_A_COMMIT = 1000
COLUMNS = "seq,time_us,type,version,source,task_id,agent_id,data,hash"
_INSERT = f"INSERT INTO event_log({COLUMNS}) VALUES "  # noqa: S608 - constants
_ROW = "(?,?,?,?,?,?,?,?,?)"
# One statement for many rows takes the interpreter's lock once; SQLite allows 32,766 parameters.
_ROWS_IN_A_STATEMENT = 100

Encoded = tuple[Event, str, int, str, str, str, str]
Row = tuple[int, int, str, int, str, str, str, str, bytes]


class _Append(NamedTuple):
    events: Sequence[Encoded]
    work: Work | None
    done: asyncio.Future[Any] | None


class _Outcome(NamedTuple):
    """What became of one append whose group was committed: the result of its work, or its error."""

    result: Any = None
    error: Exception | None = None


_APPENDED = _Outcome()


class EventLog:
    """Appends events in groups: all that wait when the writer is free go into one transaction."""

    def __init__(self, database: Database, clock: Clock, key: Callable[[Session], bytes]) -> None:
        """`key(session)` gives the chain's key; it is asked once, on the writer, when the log opens."""
        self._database = database
        self._clock = clock
        self._load_key = key
        self._key = b""
        self._chain = Chain(b"")
        self._seq = 0
        self._head = GENESIS
        self._pending: list[_Append] = []
        self._flushing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._handlers: list[BatchHandler] = []

    @property
    def head(self) -> tuple[int, bytes]:
        """The last committed sequence number and its hash."""
        return self._seq, self._head

    @property
    def key(self) -> bytes:
        """The chain's key, for verifying; empty before the log is open."""
        return self._key

    def open(self, session: Session) -> None:
        """Reads the chain's head; on the writer, while the database opens."""
        self._key = self._load_key(session)
        self._chain = Chain(self._key)
        rows = session.sql("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1")
        self._seq, self._head = rows[0] if rows else (0, GENESIS)

    def on_committed(self, handler: BatchHandler) -> None:
        """Calls `handler` on the loop with each committed batch, in order, before its writers go on."""
        self._handlers.append(handler)

    def append(self, *events: Event, work: Work | None = None) -> asyncio.Future[Any]:
        """Awaiting it gives the result of `work(session)` once it and `events` are on the disk.

        A cancelled caller does not undo what was queued: it is written whole or, on error, not at all.
        Raises EncodingError at once for what can't be written. A plain function, because a coroutine
        more for each event is a measurable part of what appending costs.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue(_Append([_encoded(event) for event in events], work, done))
        return done

    def enqueue(self, *events: Event) -> None:
        """Queues `events` for the next commit and returns at once; a failure is logged."""
        self._queue(_Append([_encoded(event) for event in events], None, None))

    async def flush(self) -> None:
        """Waits until everything queued so far is committed."""
        await self._idle.wait()

    def _queue(self, item: _Append) -> None:
        self._pending.append(item)
        if not self._flushing:
            self._flushing = True
            self._idle.clear()
            # The next turn of the loop: whoever is about to append in this one joins the same commit.
            asyncio.get_running_loop().call_soon(self._start_group)

    def _start_group(self) -> None:
        group, self._pending = self._pending[:MOST_IN_A_COMMIT], self._pending[MOST_IN_A_COMMIT:]
        loop = asyncio.get_running_loop()
        try:
            self._database.submit(lambda: self._write_group(group, loop))
        except RuntimeError:
            closed = _Outcome(error=StorageError("The database is closed; nothing was recorded."))
            self._group_written(group, [], [closed] * len(group))

    def _write_group(self, group: list[_Append], loop: asyncio.AbstractEventLoop) -> None:
        """On the writer: one transaction for the group, then back to the loop with what became of it."""
        try:
            records, outcomes = self._write(group)
        except Exception as error:  # noqa: BLE001 - raised in each caller, who waits for it
            records, outcomes = [], [_Outcome(error=error)] * len(group)
        loop.call_soon_threadsafe(self._group_written, group, records, outcomes)

    def _group_written(
        self, group: list[_Append], records: list[EventRecord], outcomes: list[_Outcome]
    ) -> None:
        # The writer goes on first, so that it works while this thread wakes the writers of this group.
        if self._pending:
            self._start_group()
        else:
            self._flushing = False
        for handler in self._handlers if records else ():
            handler(records)
        for item, outcome in zip(group, outcomes, strict=True):
            _resolve(item, outcome)
        if not self._flushing:
            self._idle.set()

    def _write(self, group: list[_Append]) -> tuple[list[EventRecord], list[_Outcome]]:
        session = self._database.session()
        try:
            with session.transaction():
                rows, records, outcomes = self._rows(session, group)
                _insert(session, rows)
        except (PeeweeException, SqliteError) as error:
            raise _as_storage_error(error) from error
        if rows:
            self._seq, self._head = rows[-1][0], rows[-1][8]
        return records, outcomes

    def _rows(
        self, session: Session, group: list[_Append]
    ) -> tuple[list[Row], list[EventRecord], list[_Outcome]]:
        rows: list[Row] = []
        records: list[EventRecord] = []
        outcomes: list[_Outcome] = []
        seq, head, link, now = self._seq, self._head, self._chain.link, self._clock.now_us()
        for events, work, _ in group:
            outcome = _APPENDED if work is None else _worked(session, work)
            outcomes.append(outcome)
            if outcome.error is not None:
                continue
            for event, kind, version, source, task_id, agent_id, data in events:
                seq += 1
                fields = f"{kind}\x1f{version}\x1f{source}\x1f{task_id}\x1f{agent_id}\x1f{data}"
                head = link(head, f"{seq}\x1f{now}\x1f{fields}".encode())
                rows.append((seq, now, kind, version, source, task_id, agent_id, data, head))
                records.append(EventRecord(seq, now, event, head))
        return rows, records, outcomes


def _worked(session: Session, work: Work) -> _Outcome:
    """Runs an append's work in a savepoint of its own, so that its failure is its own."""
    try:
        with session.transaction():
            return _Outcome(work(session))
    except Exception as error:
        if not session.in_transaction:
            raise  # SQLite gave the whole group up
        known = isinstance(error, PeeweeException | SqliteError)
        return _Outcome(error=_as_storage_error(error) if known else error)


def _insert(session: Session, rows: list[Row]) -> None:
    connection = session.connection
    for start in range(0, len(rows), _ROWS_IN_A_STATEMENT):
        chunk = rows[start : start + _ROWS_IN_A_STATEMENT]
        statement = _INSERT + ",".join([_ROW] * len(chunk))
        connection.execute(statement, [value for row in chunk for value in row])


def _resolve(item: _Append, outcome: _Outcome) -> None:
    if item.done is None:
        if outcome.error is not None:
            logger.error("Events were not recorded: %s", outcome.error)
    elif item.done.done():
        return
    elif outcome.error is not None:
        item.done.set_exception(outcome.error)
    else:
        item.done.set_result(outcome.result)


def _encoded(event: Event) -> Encoded:
    if type(event) is UnknownEvent:
        raise EncodingError("Only events of a known type are appended.")
    source, task_id, agent_id = event.source, event.task_id, event.agent_id
    if SEPARATOR in source or SEPARATOR in task_id or SEPARATOR in agent_id:
        raise EncodingError("The source, task and agent of an event can't hold control characters.")
    data = encode_data(event).decode()
    return event, event.type, event.version, source, task_id, agent_id, data


def _as_storage_error(error: Exception) -> StorageError:
    cause = error if isinstance(error, SqliteError) else error.__cause__
    return (
        translated(cause)
        if isinstance(cause, SqliteError)
        else StorageError(f"The database refused: {error}.")
    )
