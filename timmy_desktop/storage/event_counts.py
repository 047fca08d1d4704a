"""How many events of which type there were: summaries from counters, histograms of any filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_filter import SEVERITIES, kinds_known, severity_of
from timmy_desktop.storage.event_index import indexed_up_to, is_in_order_of_time
from timmy_desktop.storage.event_positions import Query, numbers_between, tables_of

MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
_COARSE_US = 48 * HOUR_US
_BEST_BARS = 160


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Events of one type since a moment."""

    type: str
    severity: str
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Events from `start_us` on, for the width of a bar."""

    start_us: int
    info: int
    warning: int
    error: int

    @property
    def count(self) -> int:
        return self.info + self.warning + self.error


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars of one width; those without events are left out."""

    since_us: int
    until_us: int
    width_us: int
    bars: tuple[Bar, ...] = ()


def summary(session: Session, since_us: int) -> list[TypeCount]:
    """Events by type since the minute of `since_us` (beyond two days: its hour), the most frequent first."""
    counted = _counted_since(session, since_us)
    known = kinds_known(session)
    totals: Counter[str] = Counter({known[kind]: count for kind, count in counted if kind in known})
    mark = indexed_up_to(session)
    tail = "SELECT type, count(*) FROM event_log WHERE seq > ? AND time_us >= ? GROUP BY type"
    totals.update(dict(session.sql(tail, (mark, since_us // MINUTE_US * MINUTE_US))))
    return [TypeCount(name, severity_of(name), count) for name, count in totals.most_common()]


def time_range(session: Session) -> tuple[int, int]:
    """The times of the first and the last event; zeros for an empty log."""
    ends = (
        "SELECT time_us FROM event_log ORDER BY seq LIMIT 1",
        "SELECT time_us FROM event_log ORDER BY seq DESC LIMIT 1",
    )
    first, last = (session.sql(sql) for sql in ends)
    return (first[0][0], last[0][0]) if first and last else (0, 0)


def bar_width(since_us: int, until_us: int, bars: int = _BEST_BARS) -> int:
    """A round width that cuts a range into about so many bars."""
    least = max(1, (until_us - since_us) // max(bars, 1))
    steps = [unit * step for unit in (1_000, 1_000_000) for step in (1, 2, 5, 10, 20, 50, 100, 200, 500)]
    steps = [step for step in steps if step < MINUTE_US]
    steps += [MINUTE_US * step for step in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)]
    return next((step for step in steps if step >= least), steps[-1])


def histogram(
    session: Session, query: Query, since_us: int, until_us: int, bars: int = _BEST_BARS
) -> Histogram:
    """The matches over time, by severity. Whole minutes of types alone come from the counters."""
    width = bar_width(since_us, until_us, bars)
    rows = _by_counters(session, query, since_us, until_us, width)
    if rows is None:
        rows = _by_facets(session, query, since_us, until_us, width)
    rows += _of_the_tail(session, query, since_us, until_us, width)
    return Histogram(since_us, until_us, width, _bars(session, rows, width))


def _counted_since(session: Session, since_us: int) -> list[tuple[int, int]]:
    last = session.sql("SELECT coalesce(max(minute), 0) FROM event_minutes")[0][0] * MINUTE_US
    if last - since_us > _COARSE_US:
        sql = "SELECT kind, sum(count) FROM event_hours WHERE hour >= ? GROUP BY kind"
        return [(kind, count) for kind, count in session.sql(sql, (since_us // HOUR_US,))]
    sql = "SELECT kind, sum(count) FROM event_minutes WHERE minute >= ? GROUP BY kind"
    return [(kind, count) for kind, count in session.sql(sql, (since_us // MINUTE_US,))]


_Counted = list[tuple[int, int | str, int]]
"""Bar, kind (its number, or its name where it has none yet), count."""


def _by_counters(session: Session, query: Query, since_us: int, until_us: int, width: int) -> _Counted | None:
    plain = query.wanted.since_us is None and query.wanted.until_us is None
    if width % MINUTE_US or not (plain or query.where.kinds is not None) or _asks_more(query):
        return None
    table, column, unit = (
        ("event_hours", "hour", HOUR_US) if width % HOUR_US == 0 else ("event_minutes", "minute", MINUTE_US)
    )
    kinds = ""
    if query.where.kinds is not None:
        kinds = f"AND kind IN ({','.join(map(str, sorted(query.where.kinds)))})"
    sql = (
        f"SELECT {column} / {width // unit}, kind, sum(count) FROM {table} "  # noqa: S608 - our own names
        f"WHERE {column} BETWEEN ? AND ? {kinds} GROUP BY 1, 2"
    )
    return list(session.sql(sql, (since_us // unit, until_us // unit)))


def _asks_more(query: Query) -> bool:
    """Whether more than types is asked for; whole minutes of a zoomed range are the counters' too."""
    return any(one.field not in ("type", "severity") for one in query.wanted.conditions)


def _by_facets(session: Session, query: Query, since_us: int, until_us: int, width: int) -> _Counted:
    low, high = _numbers_around(session, query, since_us, until_us)
    begin, values = tables_of(query.where, low, high, use_index=bool(query.where.best))
    sql = (
        f"SELECT f.time_us / {width}, f.kind, count(*) {begin} AND {query.where.indexed} "
        "AND f.time_us BETWEEN ? AND ? GROUP BY 1, 2"
    )
    return list(session.sql(sql, (*values, *query.where.indexed_values, since_us, until_us)))


def _numbers_around(session: Session, query: Query, since_us: int, until_us: int) -> tuple[int, int]:
    """Numbers that hold a range of time; all of them where the clock was set back."""
    low, high = query.bottom, min(query.mark, query.top)
    if not is_in_order_of_time(session):
        return low, high
    return numbers_between(session, low, high, since_us, until_us + 1)


def _of_the_tail(session: Session, query: Query, since_us: int, until_us: int, width: int) -> _Counted:
    sql = (
        f"SELECT e.time_us / {width}, e.type, count(*) FROM event_log e WHERE e.seq > ? "  # noqa: S608
        f"AND {query.where.plain} AND e.time_us BETWEEN ? AND ? GROUP BY 1, 2"
    )
    return list(session.sql(sql, (query.mark, *query.where.plain_values, since_us, until_us)))


def _bars(session: Session, rows: Sequence[tuple[int, int | str, int]], width: int) -> tuple[Bar, ...]:
    known = kinds_known(session)
    counted: dict[int, Counter[str]] = {}
    for place, kind, count in rows:
        name = kind if isinstance(kind, str) else known.get(kind, "")
        counted.setdefault(place, Counter())[severity_of(name)] += count
    return tuple(
        Bar(place * width, *(by[name] for name in SEVERITIES)) for place, by in sorted(counted.items())
    )
