"""From sums and steps to a ready picture of the money: scales, bars, words. Runs off the GUI thread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from timmy_desktop.gui.widgets.time_ticks import linear_ticks
from timmy_desktop.gui.wording import sats
from timmy_desktop.ledger.history_sums import DAY_US, BalanceSeries, Flow

Tick = tuple[float, str]
_SECOND = 1_000_000
_HEADROOM = 1.12
_FLAT = 0.6
"""A balance that never fell below this share of its most is shown from near its least on, not from zero."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What moved over a few days: seconds, msat, and what is told of it."""

    since: float
    until: float
    in_msat: int
    out_msat: int
    words: str


@dataclass(frozen=True, slots=True)
class MoneyPicture:
    """`line`: (seconds, msat), each height holding until the next. `swing`: (from, to, least, most)."""

    since: float
    until: float
    line: tuple[tuple[float, float], ...]
    swing: tuple[tuple[float, float, float, float], ...]
    low: float
    high: float
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    bar_high: float
    bar_ticks: tuple[Tick, ...]
    days_a_bar: int


def picture_of(series: BalanceSeries, flows: Sequence[Flow], most_bars: int) -> MoneyPicture:
    """`flows` are by day, in their order; `most_bars` can be told apart in the room there is."""
    since, until = series.since_us / _SECOND, series.until_us / _SECOND
    line = [(since, float(series.before_msat))]
    swing = []
    for step in series.steps:
        moment = step.time_us / _SECOND
        if step.least_msat < step.most_msat:
            began = max(line[-1][0], step.first_us / _SECOND)
            swing.append((began, moment, float(step.least_msat), float(step.most_msat)))
        line.append((moment, float(step.last_msat)))
    line.append((until, line[-1][1]))
    low, high = _scale([height for _, height in line] + [height for *_, a, b in swing for height in (a, b)])
    days = max(1, math.ceil((series.until_us - series.since_us) / DAY_US / max(most_bars, 1)))
    bars = _bars(series, flows, days)
    bar_high = max((max(bar.in_msat, bar.out_msat) for bar in bars), default=0) * _HEADROOM or 1000.0
    return MoneyPicture(
        since, until, tuple(line), tuple(swing), low, high, _ticks(low, high, 4), bars, bar_high,
        _ticks(0, bar_high, 2)[1:], days,
    )  # fmt: skip


def short_sats(msat: float) -> str:
    """A height in little room: `0`, `450`, `12k`, `1.2M`."""
    value = msat / 1000
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value:g}"


def _scale(heights: Sequence[float]) -> tuple[float, float]:
    least, most = min(heights), max(heights)
    if least < 0:
        return least * _HEADROOM, max(most, 0) * _HEADROOM or 1000.0
    if most <= 0:
        return 0.0, 1000.0
    room = (most - least) * (_HEADROOM - 1) or most * 0.02
    return (max(least - room, 0.0) if least > most * _FLAT else 0.0), most + room


def _ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    steps = linear_ticks(high - low, most)
    size = steps[1] if len(steps) > 1 else high - low
    first = math.ceil(low / size) if size else 0
    values = [size * place for place in range(first, first + most + 2) if size * place <= high]
    return tuple((value, short_sats(value)) for value in values)


def _bars(series: BalanceSeries, flows: Sequence[Flow], days: int) -> tuple[Bar, ...]:
    first, last = series.since_us // DAY_US, series.until_us // DAY_US
    groups: dict[int, list[Flow]] = {}
    for flow in flows:
        groups.setdefault((int(flow.key) - first) // days, []).append(flow)
    made = []
    for place, group in sorted(groups.items()):
        start = first + place * days
        end = min(start + days, last + 1)
        received = sum(flow.received_msat for flow in group)
        out = sum(flow.out_msat for flow in group)
        fees = sum(flow.fee_msat for flow in group)
        if received or out:
            words = f"{_span(start, end)}: {_told(received, out, fees)}"
            made.append(Bar(start * DAY_US / _SECOND, end * DAY_US / _SECOND, received, out, words))
    return tuple(made)


def _told(received: int, out: int, fees: int) -> str:
    parts = [f"in {sats(received)}", f"out {sats(out)}"]
    return ", ".join(parts) + (f", of that {sats(fees)} fees" if fees else "")


def _span(start: int, end: int) -> str:
    first, last = (datetime.fromtimestamp(day * 86_400, UTC) for day in (start, end - 1))
    words = f"{first.day} {first:%b}" + ("" if first == last else f" to {last.day} {last:%b}")
    return f"{words} (UTC)"
