"""Latency over time, read from the roll-ups: buckets, circuits and failovers on one time axis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from timmy_desktop.routing import percentiles, rollups
from timmy_desktop.routing.records import (
    CircuitInterval,
    FailoverMark,
    LatencyBucket,
    LatencySeries,
    ProviderSeries,
)
from timmy_desktop.storage.database import Session

MOST_BUCKETS = 2000
MOST_MARKS = 1000
_PARTS_OF_A_WHOLE = 60


def read_series(session: Session, since_us: int, until_us: int, buckets: int) -> LatencySeries:
    """The window in at most about `buckets` buckets; they begin at multiples of their length.

    A single one is the window itself, exact to a sixtieth of it: all of its answers, and hardly any other.
    """
    until_us = max(until_us, since_us + 1)
    is_whole = buckets <= 1
    width, span = rollups.bucket_width(
        since_us, until_us, _PARTS_OF_A_WHOLE if is_whole else min(buckets, MOST_BUCKETS)
    )
    first = since_us // width * width
    if span:
        rows = rollups.read(session, span, since_us // span * span if is_whole else first, until_us)
    else:
        rows = rollups.read_attempts(session, width, since_us if is_whole else first, until_us)
    return LatencySeries(
        since_us=since_us,
        until_us=until_us,
        bucket_us=until_us - since_us if is_whole else width,
        providers=_wholes(rows, since_us) if is_whole else _providers(rows, width),
        circuits=_circuits(session, since_us, until_us),
        failovers=_failovers(session, since_us, until_us, width),
    )


def _wholes(rows: Sequence[rollups.MetricsRow], since_us: int) -> tuple[ProviderSeries, ...]:
    grouped: dict[str, list[rollups.MetricsRow]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    return tuple(ProviderSeries(name, (_bucket(since_us, grouped[name]),)) for name in sorted(grouped))


def _providers(rows: Sequence[rollups.MetricsRow], width: int) -> tuple[ProviderSeries, ...]:
    grouped: dict[str, dict[int, list[rollups.MetricsRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        grouped[row[0]][row[1] // width * width].append(row)
    return tuple(
        ProviderSeries(name, tuple(_bucket(start, grouped[name][start]) for start in sorted(grouped[name])))
        for name in sorted(grouped)
    )


def _bucket(start: int, rows: Sequence[rollups.MetricsRow]) -> LatencyBucket:
    total, ttft = rollups.histograms(rows)
    answers, failures, cancelled, tokens_in, tokens_out, generating, cost = (
        sum(counts) for counts in zip(*(row[2:9] for row in rows), strict=True)
    )
    p50, p95, p99 = percentiles.quantiles(total, (0.5, 0.95, 0.99)) or (None, None, None)
    first50, first95 = percentiles.quantiles(ttft, (0.5, 0.95)) or (None, None)
    return LatencyBucket(
        start_us=start,
        count=answers,
        failures=failures,
        cancelled=cancelled,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        ttft_p50_ms=first50,
        ttft_p95_ms=first95,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_per_s=round(tokens_out * 1000 / generating, 2) if generating else 0.0,
        cost_microcents=cost,
    )


def _circuits(session: Session, since_us: int, until_us: int) -> tuple[CircuitInterval, ...]:
    names = [name for (name,) in session.sql("SELECT DISTINCT provider FROM provider_circuits")]
    return tuple(
        interval for name in sorted(names) for interval in _intervals(session, name, since_us, until_us)
    )


def _intervals(session: Session, provider: str, since_us: int, until_us: int) -> list[CircuitInterval]:
    before = session.sql(
        "SELECT time_us, state, reason FROM provider_circuits WHERE provider = ? AND time_us <= ? "
        "ORDER BY time_us DESC, id DESC LIMIT 1",
        (provider, since_us),
    )
    within = session.sql(
        "SELECT time_us, state, reason FROM provider_circuits WHERE provider = ? AND time_us > ? "
        "AND time_us < ? ORDER BY time_us, id",
        (provider, since_us, until_us),
    )
    changes = [*((since_us, state, reason) for _, state, reason in before), *within]
    ends = [*(time_us for time_us, _, _ in changes[1:]), until_us]
    return [
        CircuitInterval(provider, state, start, end, reason)
        for (start, state, reason), end in zip(changes, ends, strict=True)
        if state != "CLOSED"
    ]


def _failovers(session: Session, since_us: int, until_us: int, width: int) -> tuple[FailoverMark, ...]:
    rows = session.sql(
        "SELECT max(time_us), from_provider, to_provider, reason, count(*) FROM provider_failovers "
        "WHERE time_us >= ? AND time_us < ? GROUP BY time_us / ?, from_provider, to_provider "
        "ORDER BY max(time_us) DESC LIMIT ?",
        (since_us, until_us, width, MOST_MARKS),
    )
    return tuple(FailoverMark(*row) for row in reversed(rows))
