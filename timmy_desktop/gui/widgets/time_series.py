"""What a chart over time shows, ready to be drawn. Computed off the GUI thread."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Array: TypeAlias = Any
"""A float array of numpy; NaN where a line breaks off."""
State = Literal["CLOSED", "OPEN", "HALF_OPEN"]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One series: a line, the bands above it, a second line, and its line on the track below.

    `x` are seconds; the heights are already on the chart's scale (their logarithm, where it has one).
    """

    name: str
    role: str
    x: Array
    line: Array
    second: Array
    band_x: Array
    band_low: Array
    band_middle: Array
    band_high: Array
    rate_x: Array
    rate: Array
    reach: tuple[Array, Array] | None = None
    """What it covers of each column of pixels, above and beneath, where their number is known."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A state over time: intervals of start, end (seconds), state and what the pointer tells."""

    name: str
    role: str
    spans: tuple[tuple[float, float, State, str], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment; `count` where several lie too near to be told apart."""

    at: float
    words: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """A share from 0 to 1 over the seconds from `start` to `end`."""

    start: float
    end: float
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class ChartPicture:
    """One whole chart. `steps` are the moments (seconds) at which there is something to read."""

    since: float
    until: float
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    rate_high: float
    rate_ticks: tuple[tuple[float, str], ...]
    curves: tuple[Curve, ...] = ()
    bars: tuple[Bar, ...] = ()
    lanes: tuple[Lane, ...] = ()
    marks: tuple[Mark, ...] = ()
    steps: tuple[float, ...] = ()
    width: float = 1.0
    """How many seconds one step stands for."""

    def step_at(self, moment: float) -> int:
        """The place in `steps` whose time holds `moment` or lies nearest before it; -1 without any."""
        if not self.steps:
            return -1
        place = bisect_right(self.steps, moment) - 1
        if place + 1 < len(self.steps) and (
            place < 0 or self.steps[place + 1] - moment < moment - self.steps[place] - self.width
        ):
            place += 1
        return max(place, 0)
