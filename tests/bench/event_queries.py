"""Summaries, pages and searches over a log of a million events, each against a reference in the same run."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.harness import Row, in_turn
from tests.bench.sample import make
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_counts import HOUR_US, summary
from timmy_desktop.storage.event_filter import Condition, EventFilter
from timmy_desktop.storage.event_positions import Positions, count_part, make_query, parts, seqs_at
from timmy_desktop.storage.event_rows import LogRow, rows_of
from timmy_desktop.storage.migrations import migrate

MANY, FEW = 1_000_000, 10_000
PAGE, PAGES = 200, 50
WORD = "lantern"
# The same moment in both logs, so that the last hour holds what it holds at a steady rate.
_UNTIL_US = 1_790_000_000_000_000


def event_summary_1m() -> list[Row]:
    """Counts by type of the last hour, in a log of a million events and in one of ten thousand."""
    with sample(MANY) as many, sample(FEW) as few:

        def counted(database: Database) -> Callable[[], float]:
            return lambda: _read(
                database, lambda session: _each(50, lambda: summary(session, _UNTIL_US - HOUR_US))
            )

        value, other, ratio = in_turn(counted(many), counted(few), rounds=9)
    return [
        Row("event_summary_1m", value * 1000, "ms", other * 1000, ratio, "<= 2 x at 10k rows", ratio <= 2)
    ]


def event_page_1m() -> list[Row]:
    """Pages of 200 at random positions of a filtered list, against a raw select from the same key on.

    The raw select is given what the list has to find out: the key at which the page begins.
    """
    wanted = EventFilter((Condition("type", "provider.called"),))
    with sample(MANY) as database:

        def measure(session: Session, *, raw: bool) -> float:
            query = make_query(session, wanted)
            positions = Positions(one for part in parts(query) for one in count_part(session, query, *part))
            dice = random.Random(3)
            starts = [dice.randrange(len(positions) - PAGE) for _ in range(PAGES)]
            keys = [seqs_at(session, query, positions, start, 1)[0] for start in starts]
            if raw:
                return _each(1, lambda: [_keyset(session, key) for key in keys]) / PAGES
            read = lambda start: rows_of(session, seqs_at(session, query, positions, start, PAGE))  # noqa: E731
            return _each(1, lambda: [read(start) for start in starts]) / PAGES

        value, other, ratio = in_turn(
            lambda: _read(database, lambda session: measure(session, raw=False)),
            lambda: _read(database, lambda session: measure(session, raw=True)),
            rounds=7,
        )
    return [Row("event_page_1m", value * 1000, "ms", other * 1000, ratio, "<= 2 x keyset select", ratio <= 2)]


def event_search_1m() -> list[Row]:
    """The newest fifty events that hold a word, against LIKE over the same payloads."""
    with sample(MANY) as database:

        def found(session: Session) -> list[LogRow]:
            query = make_query(session, EventFilter((Condition("text", WORD),)))
            sql = "SELECT rowid FROM event_text WHERE event_text MATCH ? ORDER BY rowid DESC LIMIT 50"
            return rows_of(session, [row[0] for row in session.sql(sql, (query.where.match,))])

        def like(session: Session) -> list[Any]:
            # All of them, as the search knows of all: a LIKE that finds fifty soon would look at little.
            return session.sql("SELECT count(*), max(seq) FROM event_log WHERE data LIKE ?", (f"%{WORD}%",))

        value, other, _ = in_turn(
            lambda: _read(database, lambda session: _each(10, lambda: found(session))),
            lambda: _read(database, lambda session: _each(1, lambda: like(session))),
            rounds=3,
        )
        assert len(_read(database, found)) == 50
    times = other / value
    return [Row("event_search_1m", value * 1000, "ms", other * 1000, times, ">= 100 x faster", times >= 100)]


def _keyset(session: Session, key: int) -> list[LogRow]:
    sql = (
        "SELECT e.seq, e.time_us, e.type, e.version, e.source, e.task_id, e.agent_id, substr(e.data, 1, 2000), e.hash, "
        "length(e.data) FROM event_facets f INDEXED BY event_facets_kind CROSS JOIN event_log e ON e.seq = f.seq "
        "WHERE f.kind = (SELECT id FROM event_names WHERE name = 'provider.called') AND f.seq <= ? "
        "ORDER BY f.seq DESC LIMIT 200"
    )
    return [LogRow(*row) for row in session.sql(sql, (key,))]


@contextmanager
def sample(rows: int) -> Iterator[Database]:
    """A log made for this run; set aside in build/ so that the next benchmark finds it."""
    folder = Path("build") / f"bench-events-{rows}"
    if not (folder / "swarm.db").exists():
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
            make(Path(name) / "log", rows, until_us=_UNTIL_US)
            folder.parent.mkdir(exist_ok=True)
            (Path(name) / "log").rename(folder)
    database = Database(folder / "swarm.db")
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as backups:
            # One that was set aside before a change of the tables is brought up to it.
            asyncio.run(database.open(lambda session: _migrate(session, Path(backups))))
        yield database
    finally:
        asyncio.run(database.close())


def _migrate(session: Session, backups: Path) -> None:
    migrate(session, backups)


def _read(database: Database, work: Callable[[Session], Any]) -> Any:
    return asyncio.run(database.read(work))


def _each(times: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times
