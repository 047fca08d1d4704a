"""From measured series to a ready picture: scales, gaps, bands, marks. Runs off the GUI thread."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from timmy_desktop.gui.panels.router.words import circuit_words, failover_words
from timmy_desktop.gui.widgets.column_reach import edges_of, reach_above, reach_beneath
from timmy_desktop.gui.widgets.time_series import Array, Bar, ChartPicture, Curve, Lane, Mark
from timmy_desktop.gui.widgets.time_ticks import linear_ticks, log_ticks, short_ms
from timmy_desktop.gui.wording import provider_words
from timmy_desktop.routing.records import CircuitInterval, FailoverMark, LatencySeries, ProviderSeries

_SECOND = 1_000_000
_FLOOR_MS = 1.0
_LEAST_HIGH_MS = 10.0
_HEADROOM, _LOG_HEADROOM, _RATE_HEADROOM = 1.14, 1.9, 1.75
_USUAL = 0.985
"""The scale ends above this share of the p99s: one outlier must not flatten everything else."""
_GAP_STEPS, _GAP_SHARE, _LEAST_SHARE = 3, 0.02, 0.006
_NEAR_SHARE = 1 / 90
_MOST_BAND = 1_500
_MOST_LINE, _MOST_BARS = 1_600, 120
_MOST_MARK_LINES = 4


def picture_of(
    series: LatencySeries, roles: Mapping[str, str], *, log: bool, columns: int = 0
) -> ChartPicture:
    """The chart of what was measured. `roles`: series colours by provider, in the order to draw.

    `columns`: how many pixels the chart is wide, where that is known; drawing it is then far less work.
    """
    by_name = {provider.provider: provider for provider in series.providers}
    known = [by_name[name] for name in roles if name in by_name]
    shown = known + [provider for provider in series.providers if provider.provider not in roles]
    span = (series.until_us - series.since_us) / _SECOND
    width = max(series.bucket_us / _SECOND, 1e-6)
    found = [_Columns(provider, width, span) for provider in shown]
    low, high, ticks = _scale(found, log)
    rate_high = max((column.highest_rate for column in found), default=0.0) * _RATE_HEADROOM or 10.0
    curves = [column.curve(roles.get(column.name, "series8"), log) for column in found]
    since, until = series.since_us / _SECOND, series.until_us / _SECOND
    return ChartPicture(
        since=since,
        until=until,
        low=low,
        high=high,
        ticks=ticks,
        rate_high=rate_high,
        rate_ticks=tuple((tick, f"{tick:g}") for tick in linear_ticks(rate_high, 2)),
        curves=tuple(_with_reach(curve, since, until, columns) for curve in curves),
        bars=_bars(shown, width, span),
        lanes=_lanes(series, roles, [provider.provider for provider in shown]),
        marks=_marks(series.failovers, span),
        steps=_steps(shown),
        width=width,
    )


def _with_reach(curve: Curve, since: float, until: float, columns: int) -> Curve:
    if not columns:
        return curve
    edges = edges_of(since, until, columns)
    return replace(curve, reach=(reach_above(curve, edges), reach_beneath(curve, edges)))


class _Columns:
    """One provider's buckets as arrays, with gaps as NaN and lonely points widened so that they show."""

    def __init__(self, provider: ProviderSeries, width: float, span: float) -> None:
        self.name = provider.provider
        points = provider.buckets
        middle = np.array([point.start_us / _SECOND for point in points], float) + width / 2
        self.values = {
            key: np.array([_number(getattr(point, key)) for point in points], float)
            for key in ("p50_ms", "p95_ms", "p99_ms", "ttft_p50_ms", "tokens_per_s")
        }
        self.highest_rate = _most(self.values["tokens_per_s"])
        keep = np.isfinite(self.values["p50_ms"])
        self.x, self.places = _stretches(middle[keep], np.flatnonzero(keep), width, span)

    def curve(self, role: str, log: bool) -> Curve:
        laid = {key: _laid(values, self.places) for key, values in self.values.items()}
        line, upper, top, second = (
            _on_scale(laid[key], log) for key in ("p50_ms", "p95_ms", "p99_ms", "ttft_p50_ms")
        )
        band_x, low, middle, high = _thinned(self.x, line, upper, top)
        places = np.union1d(_telling(line), _telling(second))
        rate_places = _telling(laid["tokens_per_s"])
        return Curve(
            name=self.name,
            role=role,
            x=self.x[places],
            line=line[places],
            second=second[places],
            band_x=band_x,
            band_low=low,
            band_middle=middle,
            band_high=high,
            rate_x=self.x[rate_places],
            rate=laid["tokens_per_s"][rate_places],
        )


def _stretches(x: Array, places: Array, width: float, span: float) -> tuple[Array, Array]:
    """The x of the line and, for each, the bucket it comes from; -1 where the line breaks off."""
    if not len(x):
        return np.empty(0), np.empty(0, int)
    gap = max(width * _GAP_STEPS, span * _GAP_SHARE)
    half = max(width, span * _LEAST_SHARE) / 2
    cuts = np.flatnonzero(np.diff(x) > gap) + 1
    starts = np.concatenate(([0], cuts))
    ends = np.concatenate((cuts, [len(x)]))
    xs: list[Array] = []
    froms: list[Array] = []
    for start, end in zip(starts, ends, strict=True):
        if end - start == 1:
            xs.append(np.array([x[start] - half, x[start] + half, x[start] + half]))
            froms.append(np.array([places[start], places[start], -1]))
        else:
            xs.append(np.append(x[start:end], x[end - 1]))
            froms.append(np.append(places[start:end], -1))
    return np.concatenate(xs), np.concatenate(froms)


def _laid(values: Array, places: Array) -> Array:
    return np.where(places < 0, np.nan, values[places]) if len(places) else np.empty(0)


def _on_scale(values: Array, log: bool) -> Array:
    return np.log10(np.maximum(values, _FLOOR_MS)) if log else values


def _thinned(x: Array, low: Array, middle: Array, high: Array) -> tuple[Array, Array, Array, Array]:
    """Bands keep their outline with fewer points: the lowest and the highest of each few."""
    every = math.ceil(len(x) / _MOST_BAND)
    if every < 2:
        return x, low, middle, high
    starts = np.arange(0, len(x), every)
    return (
        x[starts],
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(middle, starts),
        np.maximum.reduceat(high, starts),
    )


def _telling(line: Array) -> Array:
    """Where a line has to go so that it looks the same: of each few points the lowest and the highest."""
    every = math.ceil(len(line) / _MOST_LINE) * 2
    if every < 4:
        return np.arange(len(line))
    whole = len(line) // every * every
    blocks = line[:whole].reshape(-1, every)
    starts = np.arange(0, whole, every)
    low = starts + np.argmin(np.where(np.isfinite(blocks), blocks, np.inf), axis=1)
    high = starts + np.argmax(np.where(np.isfinite(blocks), blocks, -np.inf), axis=1)
    gaps = np.flatnonzero(~np.isfinite(line))
    return np.unique(np.concatenate((low, high, gaps, np.arange(whole, len(line)))))


def _scale(columns: Sequence[_Columns], log: bool) -> tuple[float, float, tuple[tuple[float, str], ...]]:
    tops = np.concatenate([column.values["p99_ms"] for column in columns] or [np.empty(0)])
    tops = tops[np.isfinite(tops)]
    middles = max((_most(column.values["p50_ms"]) for column in columns), default=0.0)
    usual = float(np.quantile(tops, _USUAL)) if len(tops) else 0.0
    high = max(usual, middles, _LEAST_HIGH_MS) * _HEADROOM
    if not log:
        return 0.0, high, tuple((tick, short_ms(tick)) for tick in linear_ticks(high, 4))
    smallest = [
        float(np.nanmin(values))
        for column in columns
        for key in ("p50_ms", "ttft_p50_ms")
        if np.isfinite(values := column.values[key]).any()
    ]
    bottom = math.floor(math.log10(max(min(smallest, default=_FLOOR_MS), _FLOOR_MS)))
    top = max(math.log10(max(float(tops.max(initial=0.0)), high) * _LOG_HEADROOM), bottom + 1)
    return float(bottom), top, tuple((tick, short_ms(10**tick)) for tick in log_ticks(bottom, top))


def _bars(providers: Sequence[ProviderSeries], width: float, span: float) -> tuple[Bar, ...]:
    asked: dict[int, int] = {}
    failed: dict[int, int] = {}
    for provider in providers:
        for point in provider.buckets:
            asked[point.start_us] = asked.get(point.start_us, 0) + point.count
            failed[point.start_us] = failed.get(point.start_us, 0) + point.failures
    wide = max(width, span / _MOST_BARS)
    bins: dict[int, list[int]] = {}
    for start in sorted(asked):
        sums = bins.setdefault(int(start / _SECOND / wide), [0, 0])
        sums[0] += asked[start] + failed[start]
        sums[1] += failed[start]
    return tuple(
        Bar(place * wide, (place + 1) * wide, failures / every)
        for place, (every, failures) in bins.items()
        if failures
    )


def _lanes(series: LatencySeries, roles: Mapping[str, str], names: Sequence[str]) -> tuple[Lane, ...]:
    spans: dict[str, list[CircuitInterval]] = {name: [] for name in names}
    for interval in series.circuits:
        spans.setdefault(interval.provider, []).append(interval)
    return tuple(
        Lane(provider_words(name), roles.get(name, "series8"), _filled(series, rows))
        for name, rows in spans.items()
    )


def _filled(
    series: LatencySeries, rows: Iterable[CircuitInterval]
) -> tuple[tuple[float, float, Any, str], ...]:
    """The intervals, with closed ones in between where nothing else is known."""
    made: list[tuple[float, float, Any, str]] = []
    at = series.since_us
    for row in sorted(rows, key=lambda row: row.since_us):
        start, end = max(row.since_us, series.since_us), min(row.until_us or series.until_us, series.until_us)
        if end < start:
            continue
        if start > at:
            made.append((at / _SECOND, start / _SECOND, "CLOSED", ""))
        words = circuit_words(row.provider, row.state, f"{_clock(row.since_us)} to {_clock(end)}", row.reason)
        made.append((start / _SECOND, end / _SECOND, row.state, words))
        at = max(at, end)
    if at < series.until_us:
        made.append((at / _SECOND, series.until_us / _SECOND, "CLOSED", ""))
    return tuple(made)


def _marks(failovers: Sequence[FailoverMark], span: float) -> tuple[Mark, ...]:
    """Failovers that lie too near to be told apart become one mark with their number."""
    groups: list[list[FailoverMark]] = []
    for failover in sorted(failovers, key=lambda failover: failover.time_us):
        if groups and (failover.time_us - groups[-1][0].time_us) / _SECOND < span * _NEAR_SHARE:
            groups[-1].append(failover)
        else:
            groups.append([failover])
    return tuple(_mark(group) for group in groups)


def _mark(group: Sequence[FailoverMark]) -> Mark:
    lines = [failover_words(failover, _clock(failover.time_us)) for failover in group[:_MOST_MARK_LINES]]
    if len(group) > _MOST_MARK_LINES:
        lines.append(f"and {len(group) - _MOST_MARK_LINES} more: zoom in to see them")
    return Mark(group[0].time_us / _SECOND, "\n".join(lines), sum(failover.count for failover in group))


def _steps(providers: Iterable[ProviderSeries]) -> tuple[float, ...]:
    return tuple(
        sorted(
            {
                point.start_us / _SECOND
                for p in providers
                for point in p.buckets
                if point.count or point.failures
            }
        )
    )


def _number(value: float | None) -> float:
    return math.nan if value is None or value < 0 else float(value)


def _most(values: Array) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _clock(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / _SECOND).astimezone():%d %b %H:%M:%S}"
