"""Which event stands at which place of a list, known without reading the list.

Matches are counted for stretches of the log; a page is found by its stretch and read from there by key. What
the index does not have yet is counted and read in the log itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from timmy_desktop.events.codec import event_types
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_filter import Condition, EventFilter, Where, compiled, severity_of
from timmy_desktop.storage.event_index import BLOCK, indexed_up_to, is_in_order_of_time

SortKey = Literal["time", "type", "severity", "source", "task", "agent"]
_FACETS = {"type": "kind", "source": "source", "task": "task", "agent": "agent"}
_LOG_COLUMNS = {"kind": "type", "source": "source", "task": "task_id", "agent": "agent_id"}
_SEVERITY_RANK = {"error": 0, "warning": 1, "info": 2}
ROWS_IN_A_PART = 250_000
"""How much of the log is counted before the reader is given back."""
_SPARSE = 40
"""One match in so many rows: an index finds it sooner than reading all of them."""


class Segment(NamedTuple):
    """So many matches with numbers from `low` to `high`; `group` is the value they are sorted by."""

    low: int
    high: int
    matches: int
    indexed: bool = True
    group: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What the list is sorted by. Within equal values the newest stands first."""

    key: SortKey = "time"
    descending: bool = True

    @property
    def is_newest_first(self) -> bool:
        return self.key == "time" and self.descending


@dataclass(frozen=True, slots=True)
class Query:
    """A filter made ready, for the index as it stood: `mark` is its last event, `last` the log's.

    Every match has a number from `bottom` to `top`.
    """

    wanted: EventFilter
    order: Order
    where: Where
    mark: int
    top: int
    bottom: int
    last: int


class Positions:
    """Segments in the order of the list, and how many matches stand before each."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.segments = [segment for segment in segments if segment.matches]
        self._before = [0, *accumulate(segment.matches for segment in self.segments)]

    def __len__(self) -> int:
        return self._before[-1]

    def at(self, position: int) -> tuple[int, int]:
        """The segment in which a position lies, and how many matches of it stand before."""
        place = bisect_right(self._before, position) - 1
        return place, position - self._before[place]

    def before(self, place: int) -> int:
        """How many matches stand before a segment."""
        return self._before[place]

    def rows_of(self, blocks: Sequence[Segment]) -> list[tuple[int, int]]:
        """The rows at which stretches of the log begin in a list by time, and how many matches each has."""
        starts = {
            segment.high // BLOCK: before
            for segment, before in zip(self.segments, self._before, strict=False)
        }
        found = [(starts.get(one.high // BLOCK), one.matches) for one in blocks]
        return [(row, matches) for row, matches in found if row is not None]


def make_query(session: Session, wanted: EventFilter, order: Order | None = None) -> Query:
    """Looks names up and notes how far index and log reach."""
    # One after the other: asked for both at once, SQLite reads the whole table.
    first, last = (session.sql(f"SELECT {end}(seq) FROM event_log")[0][0] for end in ("min", "max"))  # noqa: S608
    low, high = first or 1, last or 0
    if is_in_order_of_time(session) and not wanted.outside:
        low, high = numbers_between(session, low, high, wanted.since_us, wanted.until_us)
    where, mark = compiled(session, wanted), indexed_up_to(session)
    return Query(wanted, order or Order(), where, mark, high, low, last or 0)


def numbers_between(
    session: Session, low: int, high: int, since_us: int | None, until_us: int | None
) -> tuple[int, int]:
    """The numbers from `low` to `high` whose events are in a range of time, found by halving."""
    first = low if since_us is None else _first_at(session, low, high + 1, since_us)
    after = high + 1 if until_us is None else _first_at(session, low, high + 1, until_us)
    return first, after - 1


def _first_at(session: Session, low: int, high: int, time_us: int) -> int:
    """The first number below `high` whose event is not before `time_us`; `high` where there is none."""
    while low < high:
        middle = (low + high) // 2
        rows = session.sql(
            "SELECT seq, time_us FROM event_log WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)
        )
        if rows and rows[0][0] < high and rows[0][1] < time_us:
            low = rows[0][0] + 1
        else:
            high = middle
    return low


def parts(query: Query) -> Iterator[tuple[int, int]]:
    """The stretches to count one after the other, in the order of the list: `low` and `high`."""
    if query.order.key != "time" or query.where.kinds is not None or query.where.best in _NARROW:
        yield query.bottom, query.top
        return
    cuts = range(query.top, query.bottom - 1, -ROWS_IN_A_PART)
    stretches = [(max(query.bottom, high - ROWS_IN_A_PART + 1), high) for high in cuts]
    yield from stretches if query.order.descending else reversed(stretches)


_NARROW = ("event_facets_task", "event_facets_agent")


def count_part(session: Session, query: Query, low: int, high: int) -> list[Segment]:
    """Counts the matches of one stretch, in the order of the list."""
    group = _group(session, query.order)
    tail = _counted_in_log(session, query, max(low, query.mark + 1), high, group)
    upper = min(high, query.mark)
    if query.where.kinds is not None and group is None and (low, high) == (query.bottom, query.top):
        known = _counted_by_counters(session, query, upper)
    else:
        known = _counted_in_index(session, query, low, upper, group)
    return _sorted(session, [*known, *tail], query.order)


def count_newer(session: Session, query: Query, after: int) -> tuple[list[Segment], int]:
    """The matches above `after`, for a list that follows; and the number of the last event looked at."""
    last = int(session.sql("SELECT coalesce(max(seq), 0) FROM event_log")[0][0])
    segments = _counted_in_log(session, query, after + 1, last, None)
    return sorted(segments, key=lambda one: -one.high), last


def seqs_at(session: Session, query: Query, positions: Positions, start: int, rows: int) -> list[int]:
    """The numbers of the events from position `start` on."""
    found: list[int] = []
    place, skip = positions.at(start)
    for run, count in _runs(positions.segments, place, skip, rows):
        found += _seqs(session, query, run, skip, min(count, rows - len(found)))
        skip = 0
    return found


def error_segments(session: Session, query: Query) -> list[Segment]:
    """Where the errors among the matches stand, a stretch each; from the counters where those know."""
    wanted = query.wanted.with_condition(Condition("severity", "error"))
    errors = replace(query, where=compiled(session, wanted), order=Order())
    return count_part(session, errors, query.bottom, query.top)


def _runs(segments: Sequence[Segment], place: int, skip: int, rows: int) -> Iterator[tuple[Segment, int]]:
    """Neighbouring segments joined to one stretch while more rows are needed: a query each."""
    needed = rows
    while needed > 0 and place < len(segments):
        run, room = segments[place], segments[place].matches - skip
        while room < needed and place + 1 < len(segments) and _joins(run, segments[place + 1]):
            place += 1
            after = segments[place]
            room += after.matches
            run = Segment(
                min(run.low, after.low),
                max(run.high, after.high),
                run.matches + after.matches,
                run.indexed,
                run.group,
            )
        yield run, room
        needed -= room
        place, skip = place + 1, 0


def _joins(run: Segment, after: Segment) -> bool:
    return run.indexed == after.indexed and run.group == after.group


def _seqs(session: Session, query: Query, run: Segment, skip: int, rows: int) -> list[int]:
    where, order = query.where, query.order
    newest_first = order.descending or order.key != "time"
    end = f"ORDER BY 1 {'DESC' if newest_first else 'ASC'} LIMIT {rows} OFFSET {skip}"
    if not run.indexed:
        group = f"AND {_log_group(order, run.group)}" if order.key != "time" else ""
        sql = f"SELECT e.seq FROM event_log e WHERE e.seq BETWEEN ? AND ? AND {where.plain} {group} {end}"  # noqa: S608
        return _numbers(session, sql, (run.low, run.high, *where.plain_values))
    group = f"AND {_facet_group(session, order, run.group)}" if order.key != "time" else ""
    sparse = run.matches * _SPARSE < run.high - run.low
    begin, values = tables_of(where, run.low, run.high, use_index=sparse)
    return _numbers(
        session, f"SELECT f.seq {begin} AND {where.indexed} {group} {end}", (*values, *where.indexed_values)
    )


def _numbers(session: Session, sql: str, values: Sequence[Any]) -> list[int]:
    return [int(row[0]) for row in session.sql(sql, values)]


def tables_of(where: Where, low: int, high: int, *, use_index: bool) -> tuple[str, tuple[Any, ...]]:
    """The tables in the order in which SQLite must go through them: left to itself it chooses badly."""
    log = " CROSS JOIN event_log e ON e.seq = f.seq" if where.needs_log else ""
    if where.match:
        text = f"FROM event_text t CROSS JOIN event_facets f ON f.seq = t.rowid{log}"
        return f"{text} WHERE t.event_text MATCH ? AND t.rowid BETWEEN ? AND ?", (where.match, low, high)
    hint = f" INDEXED BY {where.best}" if use_index and where.best else " NOT INDEXED"
    return f"FROM event_facets f{hint}{log} WHERE f.seq BETWEEN ? AND ?", (low, high)


def _counted_in_index(
    session: Session, query: Query, low: int, high: int, group: str | None
) -> list[Segment]:
    if high < low:
        return []
    narrow = query.where.best in _NARROW
    begin, values = tables_of(query.where, low, high, use_index=narrow)
    sql = f"SELECT f.seq / {BLOCK}, {group or 0}, count(*) {begin} AND {query.where.indexed} GROUP BY 1, 2"
    rows = session.sql(sql, (*values, *query.where.indexed_values))
    return [_segment(block, count, low, high, True, value) for block, value, count in rows]


def _counted_by_counters(session: Session, query: Query, high: int) -> list[Segment]:
    kinds = ",".join(map(str, sorted(query.where.kinds or ())))
    sql = f"SELECT block, sum(count) FROM event_blocks WHERE kind IN ({kinds}) GROUP BY block"  # noqa: S608
    return [_segment(block, count, query.bottom, high, True, 0) for block, count in session.sql(sql)]


def _counted_in_log(session: Session, query: Query, low: int, high: int, group: str | None) -> list[Segment]:
    if high < low:
        return []
    value = "0" if group is None else _group_in_log(query.order)
    sql = (
        f"SELECT e.seq / {BLOCK}, {value}, count(*) FROM event_log e "  # noqa: S608
        f"WHERE e.seq BETWEEN ? AND ? AND {query.where.plain} GROUP BY 1, 2"
    )
    rows = session.sql(sql, (low, high, *query.where.plain_values))
    return [_segment(block, count, low, high, False, found or 0) for block, found, count in rows]


def _segment(block: int, count: int, low: int, high: int, indexed: bool, group: int) -> Segment:
    return Segment(max(low, block * BLOCK), min(high, block * BLOCK + BLOCK - 1), count, indexed, int(group))


def _group(session: Session, order: Order) -> str | None:
    """What sorts, as an expression over the index; None for time."""
    if order.key == "time":
        return None
    if order.key == "severity":
        ranks = _severity_ranks(session)
        cases = " ".join(f"WHEN {kind} THEN {rank}" for kind, rank in ranks.items())
        return f"CASE f.kind {cases} ELSE 2 END" if cases else "2"
    return f"f.{_FACETS[order.key]}"


def _group_in_log(order: Order) -> str:
    if order.key == "severity":
        cases = " ".join(f"WHEN '{name}' THEN {rank}" for name, rank in _ranked_types().items())
        return f"CASE e.type {cases} ELSE 2 END"
    column = _LOG_COLUMNS[_FACETS[order.key]]
    return f"(SELECT id FROM event_names n WHERE n.name = e.{column})"  # noqa: S608 - our own column


def _facet_group(session: Session, order: Order, group: int) -> str:
    if order.key == "severity":
        return f"{_group(session, order)} = {group}"
    return f"f.{_FACETS[order.key]} = {group}" + (" AND f.task <> 0" if order.key == "task" and group else "")


def _log_group(order: Order, group: int) -> str:
    return f"coalesce({_group_in_log(order)}, 0) = {group}"


def _severity_ranks(session: Session) -> dict[int, int]:
    ranked = _ranked_types()
    names = ",".join("?" * len(ranked))
    rows = session.sql(f"SELECT id, name FROM event_names WHERE name IN ({names})", tuple(ranked))  # noqa: S608
    return {int(number): ranked[name] for number, name in rows}


def _ranked_types() -> dict[str, int]:
    return {name: _SEVERITY_RANK[severity_of(name)] for name in event_types() if severity_of(name) != "info"}


def _sorted(session: Session, segments: Sequence[Segment], order: Order) -> list[Segment]:
    if order.key == "time":
        return sorted(segments, key=lambda one: one.high, reverse=order.descending)
    place = _places(session, {one.group for one in segments}, order)
    return sorted(segments, key=lambda one: (place[one.group], -one.high))


def _places(session: Session, groups: set[int], order: Order) -> dict[int, int]:
    """Where each value stands: by its name, "none" always last."""
    by_rank = order.key == "severity"
    names = {group: str(group) for group in groups} if by_rank else _names(session, groups)
    ranked = sorted(groups if by_rank else groups - {0}, key=lambda group: names[group])
    if order.descending:
        ranked.reverse()
    rank = {group: place for place, group in enumerate(ranked)}
    return {0: len(rank), **rank}


def _names(session: Session, groups: set[int]) -> dict[int, str]:
    if len(groups) > 500:
        return dict(session.sql("SELECT id, name FROM event_names"))
    numbers = ",".join(map(str, sorted(groups)))
    return dict(session.sql(f"SELECT id, name FROM event_names WHERE id IN ({numbers})"))  # noqa: S608
