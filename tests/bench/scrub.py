"""Any moment of a log of a million events, against reading the same stretch of rows and nothing else."""

from __future__ import annotations

import asyncio
import random
import statistics
import time

from tests.bench.event_queries import MANY, sample
from tests.bench.harness import Row
from timmy_desktop.scrubber.scrubber import EVERY, Scrubber
from timmy_desktop.storage.database import Database

_SEEKS = 60
_GOAL_MS = 100


def scrub_seek_1m() -> list[Row]:
    """From a wish to the folded world, at random moments, once the log was read; and how long reading it took."""
    with sample(MANY) as database:
        reading, p95, reference = asyncio.run(_measured(database))
    ratio = p95 / reference
    return [
        Row("scrub_seek_1m", p95, "ms p95", reference, ratio, f"< {_GOAL_MS} ms", p95 < _GOAL_MS),
        Row("scrub_read_1m", reading, "s once", None, None, "reported", True),
    ]


async def _measured(database: Database) -> tuple[float, float, float]:
    scrubber = Scrubber(database=database, key=lambda: b"")
    start = time.perf_counter()
    await scrubber.prepare()
    reading = time.perf_counter() - start
    chance = random.Random(7)
    moments = [chance.randrange(1, MANY) for _ in range(_SEEKS)]
    seeks, reads = [], []
    for seq in moments:
        start = time.perf_counter()
        await scrubber.at(seq)
        seeks.append((time.perf_counter() - start) * 1_000)
        low = seq // EVERY * EVERY
        start = time.perf_counter()
        await database.read(
            lambda session, low=low, seq=seq: session.sql(  # type: ignore[misc]
                "SELECT seq, data FROM event_log WHERE seq > ? AND seq <= ?", (low, seq)
            )
        )
        reads.append((time.perf_counter() - start) * 1_000)
    return reading, statistics.quantiles(seeks, n=20)[-1], max(statistics.median(reads), 0.001)
