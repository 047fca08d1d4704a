"""Brings the tables that find and count events up to the log, behind its appends and never within them.

Every step is one transaction with its mark, `meta.events_indexed`: it goes on from there after any
interruption, and doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import EventRecord
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

BLOCK = 1000
"""Numbers in a row of `event_blocks`."""
ROWS_IN_A_STEP = 1000
DELAY_SECONDS = 0.25
_MARK = "events_indexed"
_LONGEST_TEXT = 200_000

# What is found by words: the values, not their names; the envelope too, as identifiers are pasted.
WORDS_SQL = f"""substr(type||' '||source||' '||task_id||' '||agent_id||' '||coalesce((
    SELECT group_concat(atom, ' ')
    FROM json_tree(CASE WHEN json_valid(data) THEN data ELSE json_quote(data) END)
    WHERE atom IS NOT NULL), ''), 1, {_LONGEST_TEXT})"""  # noqa: S608 - constants

_STRETCH = "BETWEEN ?1 AND ?2"
_COUNTED = (
    f"FROM event_facets WHERE seq {_STRETCH} GROUP BY 1, 2 "
    "ON CONFLICT DO UPDATE SET count = count + excluded.count"
)
_STEP = (
    "INSERT OR IGNORE INTO event_names(name) "  # noqa: S608 - constants
    + " UNION ".join(
        f"SELECT {column} FROM event_log WHERE seq {_STRETCH}"  # noqa: S608 - constants
        for column in ("type", "source", "task_id", "agent_id")
    ),
    f"""
    INSERT INTO event_facets SELECT e.seq, e.time_us, k.id, s.id, t.id, a.id FROM event_log e
    JOIN event_names k ON k.name = e.type JOIN event_names s ON s.name = e.source
    JOIN event_names t ON t.name = e.task_id JOIN event_names a ON a.name = e.agent_id
    WHERE e.seq {_STRETCH}
    """,  # noqa: S608
    f"INSERT INTO event_text(rowid, words) SELECT seq, {WORDS_SQL} FROM event_log WHERE seq {_STRETCH}",  # noqa: S608
    f"INSERT INTO event_minutes(minute, kind, count) SELECT time_us / 60000000, kind, count(*) {_COUNTED}",
    f"INSERT INTO event_hours(hour, kind, count) SELECT time_us / 3600000000, kind, count(*) {_COUNTED}",
    f"INSERT INTO event_blocks(block, kind, count) SELECT seq / {BLOCK}, kind, count(*) {_COUNTED}",
)
_SET_BACK = """
    INSERT OR IGNORE INTO meta(name, value) SELECT 'clock_set_back', seq FROM (
        SELECT seq, time_us, lag(time_us) OVER (ORDER BY seq) AS before FROM event_facets
        WHERE seq BETWEEN ?1 - 1 AND ?2
    ) WHERE time_us < before LIMIT 1
"""
_UNCOUNTED = (
    ("event_minutes", "minute", "time_us / 60000000"),
    ("event_hours", "hour", "time_us / 3600000000"),
    ("event_blocks", "block", f"seq / {BLOCK}"),
)


def indexed_up_to(session: Session) -> int:
    """The number of the last event that is in the index."""
    rows = session.sql("SELECT value FROM meta WHERE name = ?", (_MARK,))
    return int(rows[0][0]) if rows else 0


def kinds_of(session: Session, patterns: Sequence[str]) -> frozenset[int]:
    """The numbers of the types that are named; a pattern ends in `*`, as in `tool.*`."""
    rows = session.sql("SELECT id, name FROM event_names WHERE id IN (SELECT DISTINCT kind FROM event_hours)")
    return frozenset(
        int(number)
        for number, name in rows
        if any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in patterns)
    )


def is_in_order_of_time(session: Session) -> bool:
    """Whether the clock was never set back, so that numbers and times of events follow each other."""
    return not session.sql("SELECT 1 FROM meta WHERE name = 'clock_set_back'")


def index_step(session: Session, rows: int = ROWS_IN_A_STEP) -> int:
    """Takes the next `rows` numbers into the index, in the transaction it is called in; how many are left."""
    done = indexed_up_to(session)
    last = int(session.sql("SELECT coalesce(max(seq), 0) FROM event_log")[0][0])
    if done >= last:
        return 0
    stretch = (done + 1, min(done + rows, last))
    for statement in (*_STEP, _SET_BACK):
        session.sql(statement, stretch)
    session.sql("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", (_MARK, str(stretch[1])))
    return last - stretch[1]


def unindex(session: Session, first: int, last: int) -> None:
    """Takes a stretch out of the index; before its rows leave the log, in the same transaction."""
    last = min(last, indexed_up_to(session))
    if last < first:
        return
    stretch = (first, last)
    session.sql(
        "INSERT INTO event_text(event_text, rowid, words) "  # noqa: S608 - constants
        f"SELECT 'delete', seq, {WORDS_SQL} FROM event_log WHERE seq {_STRETCH}",
        stretch,
    )
    for table, column, value in _UNCOUNTED:
        counted = (
            f"SELECT {value} AS place, kind, count(*) AS gone FROM event_facets "  # noqa: S608
            f"WHERE seq {_STRETCH} GROUP BY 1, 2"
        )
        session.sql(
            f"UPDATE {table} SET count = count - taken.gone FROM ({counted}) AS taken "  # noqa: S608
            f"WHERE {table}.{column} = taken.place AND {table}.kind = taken.kind",
            stretch,
        )
        session.sql(f"DELETE FROM {table} WHERE count = 0")  # noqa: S608
    session.sql(f"DELETE FROM event_facets WHERE seq {_STRETCH}", stretch)  # noqa: S608


class EventIndex:
    """Follows the log: a moment after events came, in short steps with as long a rest between them."""

    def __init__(
        self,
        *,
        log: EventLog,
        database: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        delay: float = DELAY_SECONDS,
    ) -> None:
        self._log, self._database, self._clock = log, database, clock
        self._supervisor, self._delay = supervisor, delay
        self._wanted = asyncio.Event()
        self._working = asyncio.Lock()
        self._started = False
        self._waiting: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Goes on in the background from where it was, and whenever events came."""
        if not self._started:
            self._started = True
            self._log.on_committed(self._committed)
        self._wanted.set()
        self._supervisor.start("event index", self._follow())

    async def stop(self) -> None:
        """The supervisor ends the work; what is left is done at the next start."""

    async def catch_up(self) -> None:
        """Returns when every event committed before the call is in the index."""
        async with self._working:
            left = 1
            while left:
                left = await self._database.write(index_step)
        self._tell()

    def on_progress(self, handler: Callable[[], None]) -> Callable[[], None]:
        """Calls `handler` on the loop after the index has moved; returns the way to stop it."""
        self._waiting.append(handler)
        return lambda: self._waiting.remove(handler)

    def _committed(self, records: Sequence[EventRecord]) -> None:  # noqa: ARG002 - a BatchHandler
        self._wanted.set()

    async def _follow(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await asyncio.sleep(self._delay)
            try:
                await self._bring_up()
            except StorageError as error:
                logger.warning("The index of events could not be brought up: %s", error)

    async def _bring_up(self) -> None:
        left = 1
        while left:
            began = self._clock.monotonic()
            async with self._working:
                left = await self._database.write(index_step)
            self._tell()
            # As long a rest as the work took: what appends meanwhile waits for half of the time at most.
            await asyncio.sleep(self._clock.monotonic() - began)

    def _tell(self) -> None:
        for handler in tuple(self._waiting):
            handler()
