"""The numbers beside the chart: of the whole window, or of the moment under the crosshair. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from timmy_desktop.gui.widgets.time_ticks import short_ms
from timmy_desktop.routing.records import LatencyBucket, LatencySeries

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One provider's row, ready to show; `–` where nothing was measured."""

    name: str
    role: str
    p50: str = "–"
    p95: str = "–"
    p99: str = "–"
    ttft: str = "–"
    rate: str = "–"
    failed: str = "–"
    asked: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ReadingTable:
    """Every row that the crosshair may ask for, by moment (seconds), and those of the whole window."""

    whole: tuple[Reading, ...]
    at: Mapping[float, tuple[Reading, ...]]
    width: float

    def rows(self, moment: float | None) -> tuple[Reading, ...]:
        return self.whole if moment is None else self.at.get(moment, self.whole)

    def words(self, moment: float | None, window: str) -> str:
        """What the rows are about."""
        if moment is None:
            return window
        start = datetime.fromtimestamp(moment).astimezone()
        if self.width >= 86_400:
            return f"{start.day} {start:%b}"
        return f"{start.day} {start:%b %H:%M}" if self.width >= 60 else f"{start:%H:%M:%S}"


def table_of(series: LatencySeries, whole: LatencySeries, roles: Mapping[str, str]) -> ReadingTable:
    """`whole` is the same window as a single bucket: its percentiles are of everything merged."""
    names = list(roles) + [p.provider for p in series.providers if p.provider not in roles]
    totals = {provider.provider: next(iter(provider.buckets), None) for provider in whole.providers}
    by_start: dict[int, dict[str, LatencyBucket]] = {}
    for provider in series.providers:
        for bucket in provider.buckets:
            by_start.setdefault(bucket.start_us, {})[provider.provider] = bucket
    return ReadingTable(
        whole=tuple(_reading(name, roles, totals.get(name)) for name in names),
        at={
            start / _SECOND: tuple(_reading(name, roles, found.get(name)) for name in names)
            for start, found in by_start.items()
        },
        width=series.bucket_us / _SECOND,
    )


def _reading(name: str, roles: Mapping[str, str], bucket: LatencyBucket | None) -> Reading:
    role = roles.get(name, "series8")
    if bucket is None or not (bucket.count or bucket.failures):
        return Reading(name, role)
    asked = bucket.count + bucket.failures
    return Reading(
        name=name,
        role=role,
        p50=_ms(bucket.p50_ms),
        p95=_ms(bucket.p95_ms),
        p99=_ms(bucket.p99_ms),
        ttft=_ms(bucket.ttft_p50_ms),
        rate=f"{bucket.tokens_per_s:.0f}" if bucket.count and bucket.tokens_per_s else "–",
        failed=f"{bucket.failures / asked:.0%}" if bucket.failures else "0",
        asked=asked,
    )


def _ms(value: float | None) -> str:
    return "–" if value is None else short_ms(value)
