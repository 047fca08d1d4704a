"""What the Events dock asks of a log: this one, or an archive. Every answer comes from a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_counts import Histogram, TypeCount, histogram, summary, time_range
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.storage.event_index import indexed_up_to
from timmy_desktop.storage.event_positions import (
    Order,
    Positions,
    Query,
    Segment,
    count_newer,
    count_part,
    error_segments,
    make_query,
    seqs_at,
)
from timmy_desktop.storage.event_rows import LogRow, kin_of, row_of, rows_of, rows_of_task
from timmy_desktop.storage.event_saved import forget_filter, save_filter, saved_filters

MOST_NEW_ROWS = 200
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Newer:
    """What came since: its places, its newest rows, and the last event looked at."""

    segments: list[Segment]
    rows: list[LogRow]
    last: int

    @property
    def count(self) -> int:
        return sum(segment.matches for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by: types with how often each was there in a week, sources, agents."""

    types: list[TypeCount]
    sources: list[str]
    agents: list[str]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the log reaches, in time and number, and how far its index has come."""

    since_us: int
    until_us: int
    last: int
    indexed: int


class EventReader:
    """Asks one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def query(self, wanted: EventFilter, order: Order) -> Query:
        return await self.database.read(lambda session: make_query(session, wanted, order))

    async def count(self, query: Query, low: int, high: int) -> list[Segment]:
        return await self.database.read(lambda session: count_part(session, query, low, high))

    async def newer(self, query: Query, after: int) -> Newer:
        def read(session: Session) -> Newer:
            segments, last = count_newer(session, query, after)
            positions = Positions(segments)
            seqs = seqs_at(session, query, positions, 0, MOST_NEW_ROWS) if len(positions) else []
            return Newer(segments, rows_of(session, seqs), last)

        return await self.database.read(read)

    async def page(self, query: Query, positions: Positions, start: int, rows: int) -> list[LogRow]:
        return await self.database.read(
            lambda session: rows_of(session, seqs_at(session, query, positions, start, rows))
        )

    async def errors(self, query: Query) -> list[Segment]:
        return await self.database.read(lambda session: error_segments(session, query))

    async def histogram(self, query: Query, since_us: int, until_us: int) -> Histogram:
        return await self.database.read(lambda session: histogram(session, query, since_us, until_us))

    async def extent(self) -> Extent:
        def read(session: Session) -> Extent:
            last = session.sql("SELECT max(seq) FROM event_log")[0][0] or 0
            return Extent(*time_range(session), last, indexed_up_to(session))

        return await self.database.read(read)

    async def with_kin(self, seq: int, types: Sequence[str]) -> tuple[LogRow | None, list[LogRow]]:
        """One event, and the others of its task that are of these types."""

        def read(session: Session) -> tuple[LogRow | None, list[LogRow]]:
            found = row_of(session, seq)
            return found, kin_of(session, found.task_id, types) if found is not None else []

        return await self.database.read(read)

    async def task(self, task_id: str) -> list[LogRow]:
        return await self.database.read(lambda session: rows_of_task(session, task_id))

    async def whole(self, query: Query, positions: Positions, runs: Sequence[range]) -> list[LogRow]:
        """The rows at these places of a list, with nothing cut off."""

        def read(session: Session) -> list[LogRow]:
            pages = [seqs_at(session, query, positions, run.start, len(run)) for run in runs]
            return rows_of(session, [seq for page in pages for seq in page], shown=0)

        return await self.database.read(read)

    async def summaries(self, now_us: int) -> dict[str, list[TypeCount]]:
        """By type for the last hour, day and week."""

        def read(session: Session) -> dict[str, list[TypeCount]]:
            spans = {"hour": _DAY_US // 24, "day": _DAY_US, "week": 7 * _DAY_US}
            return {name: summary(session, now_us - span) for name, span in spans.items()}

        return await self.database.read(read)

    async def choices(self) -> Choices:
        return await self.database.read(_choices)

    async def saved(self) -> dict[str, EventFilter]:
        return await self.database.read(saved_filters)

    async def save(self, name: str, wanted: EventFilter) -> str:
        return await self.database.write(lambda session: save_filter(session, name, wanted))

    async def forget(self, name: str) -> None:
        await self.database.write(lambda session: forget_filter(session, name))


def _choices(session: Session) -> Choices:
    def names(column: str) -> list[str]:
        sql = (
            f"SELECT name FROM event_names WHERE id IN (SELECT DISTINCT {column} FROM event_facets) "  # noqa: S608
            "AND name <> '' ORDER BY name"
        )
        return [str(row[0]) for row in session.sql(sql)]

    return Choices(summary(session, 0), names("source"), names("agent"))
