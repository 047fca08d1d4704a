"""The event log: appended once, in order, durably, chained; many waiters share one commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from sqlite3 import Connection
from sqlite3 import Error as SqliteError
from typing import Any, NamedTuple

from peewee import PeeweeException

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event, EventRecord, UnknownEvent
from timmy_desktop.events.bus import BatchHandler, Told, Work
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

_STATEMENTS = [_INSERT + ",".join([_ROW] * rows) for rows in range(_ROWS_IN_A_STATEMENT + 1)]
_VALUES_IN_A_ROW = len(COLUMNS.split(","))

Encoded = tuple[Event, str, int, str, str, str, str]
# What is to be appended, the work that goes with it, and the future of who waits for it.
_Append = tuple[Sequence[Encoded], Work | None, asyncio.Future[Any] | None]


class _Outcome(NamedTuple):
    """What became of one append whose group was committed: the result of its work, or its error.

    `told` are events that the work found out.
    """

    result: Any = None
    error: Exception | None = None
    told: tuple[Encoded, ...] = ()


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
        # One value, so that the loop never reads the number of one row with the hash of another.
        self._last: tuple[int, bytes] = (0, GENESIS)
        self._pending: list[_Append] = []
        self._flushing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._handlers: list[BatchHandler] = []

    @property
    def head(self) -> tuple[int, bytes]:
        """The last committed sequence number and its hash."""
        return self._last

    @property
    def key(self) -> bytes:
        """The chain's key, for verifying; empty before the log is open."""
        return self._key

    def open(self, session: Session) -> None:
        """Reads the chain's head; on the writer, while the database opens."""
        self._key = self._load_key(session)
        self._chain = Chain(self._key)
        rows = session.sql("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1")
        self._last = rows[0] if rows else (0, GENESIS)

    def on_committed(self, handler: BatchHandler) -> None:
        """Calls `handler` on the loop with each committed batch, in order, before its writers go on."""
        self._handlers.append(handler)

    def append(self, events: Sequence[Event], work: Work | None = None) -> asyncio.Future[Any]:
        """Awaiting it gives the result of `work(session)` once it and `events` are on the disk.

        A cancelled caller does not undo what was queued: it is written whole or, on error, not at all.
        Raises EncodingError at once for what can't be written. A plain function, because a coroutine
        more for each event is a measurable part of what appending costs.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue((tuple(map(_encoded, events)), work, done))
        return done

    def enqueue(self, events: Sequence[Event]) -> None:
        """Queues `events` for the next commit and returns at once; a failure is logged."""
        self._queue((tuple(map(_encoded, events)), None, None))

    async def flush(self) -> None:
        """Waits until everything queued so far is committed."""
        await self._idle.wait()

    def _queue(self, item: _Append) -> None:
        self._pending.append(item)
        if not self._flushing:
            self._flushing = True
            self._idle.clear()
            # The next turn of the loop: whoever is about to append in this one joins the same commit.
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._pending:
            self._start_group()
        else:
            self._flushing = False
            self._idle.set()

    def _start_group(self) -> None:
        group, self._pending = self._pending[:MOST_IN_A_COMMIT], self._pending[MOST_IN_A_COMMIT:]
        try:
            self._database.submit(
                lambda: self._write_group(group), lambda done: self._group_written(group, *done)
            )
        except RuntimeError:
            closed = _Outcome(error=StorageError("The database is closed; nothing was recorded."))
            self._group_written(group, [], [closed] * len(group))

    def _write_group(self, group: list[_Append]) -> tuple[list[EventRecord], list[_Outcome]]:
        """On the writer: one transaction for the group. The records, and what became of each append."""
        try:
            return self._write(group)
        except Exception as error:  # noqa: BLE001 - raised in each caller, who waits for it
            return [], [_Outcome(error=error)] * len(group)

    def _group_written(
        self, group: list[_Append], records: list[EventRecord], outcomes: list[_Outcome]
    ) -> None:
        for handler in self._handlers if records else ():
            handler(records)
        for (_, _, done), (result, error, _) in zip(group, outcomes, strict=True):
            if done is None:
                if error is not None:
                    logger.error("Events were not recorded: %s", error)
            elif not done.done():
                done.set_result(result) if error is None else done.set_exception(error)
        # Behind those who were just woken: what they append next goes into one commit, without a turn lost.
        asyncio.get_running_loop().call_soon(self._go_on)

    def _write(self, group: list[_Append]) -> tuple[list[EventRecord], list[_Outcome]]:
        session = self._database.session()
        try:
            if _is_one_statement(group):
                # All or nothing as it is; BEGIN and COMMIT are a part of what a short append costs.
                values, records, outcomes = self._rows(session, group)
                _insert(session.connection, values)
            else:
                with session.transaction():
                    values, records, outcomes = self._rows(session, group)
                    _insert(session.connection, values)
        except (PeeweeException, SqliteError) as error:
            raise _as_storage_error(error) from error
        if records:
            self._last = (records[-1].seq, records[-1].hash)
        return records, outcomes

    def _rows(
        self, session: Session, group: list[_Append]
    ) -> tuple[list[Any], list[EventRecord], list[_Outcome]]:
        """The values of the rows one after another, their records, and what became of each append."""
        values: list[Any] = []
        records: list[EventRecord] = []
        outcomes: list[_Outcome] = []
        (seq, head), link, now = self._last, self._chain.link, self._clock.now_us()
        for events, work, _ in group:
            outcome = _APPENDED if work is None else _worked(session, work)
            outcomes.append(outcome)
            if outcome.error is not None:
                continue
            for event, kind, version, source, task_id, agent_id, data in (*events, *outcome.told):
                seq += 1
                text = (
                    f"{seq}\x1f{now}\x1f{kind}\x1f{version}\x1f{source}\x1f{task_id}\x1f{agent_id}\x1f{data}"
                )
                head = link(head, text.encode())
                values += (seq, now, kind, version, source, task_id, agent_id, data, head)
                records.append(EventRecord(seq, now, event, head))
        return values, records, outcomes


def _is_one_statement(group: list[_Append]) -> bool:
    rows = 0
    for events, work, _ in group:
        if work is not None:
            return False
        rows += len(events)
    return rows <= _ROWS_IN_A_STATEMENT


def _worked(session: Session, work: Work) -> _Outcome:
    """Runs an append's work in a savepoint of its own, so that its failure is its own."""
    try:
        with session.transaction():
            result = work(session)
            if isinstance(result, Told):
                return _Outcome(result.result, told=tuple(map(_encoded, result.events)))
            return _Outcome(result)
    except Exception as error:
        if not session.in_transaction:
            raise  # SQLite gave the whole group up
        known = isinstance(error, PeeweeException | SqliteError)
        return _Outcome(error=_as_storage_error(error) if known else error)


def _insert(connection: Connection, values: list[Any]) -> None:
    for start in range(0, len(values), _ROWS_IN_A_STATEMENT * _VALUES_IN_A_ROW):
        chunk = values[start : start + _ROWS_IN_A_STATEMENT * _VALUES_IN_A_ROW]
        connection.execute(_STATEMENTS[len(chunk) // _VALUES_IN_A_ROW], chunk)


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
