"""How far lines and bands reach in each column of pixels. Pure arithmetic, made for any thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from timmy_desktop.gui.widgets.time_series import Array, Curve


def edges_of(since: float, until: float, columns: int, width: float | None = None) -> Array:
    """Where columns begin and end, in seconds; `width`: how many of them the span takes, where not all."""
    return since + np.arange(columns + 1) / (width or columns) * (until - since)


def reach_above(curve: Curve, edges: Array) -> Array:
    """Rows of one height a column: the band's low, middle and high, then low and high of both lines."""
    band, lines = Columns(curve.band_x, edges), Columns(curve.x, edges)
    return np.stack(
        (
            band.low(curve.band_low),
            band.high(curve.band_middle),
            band.high(curve.band_high),
            *lines.both(curve.line),
            *lines.both(curve.second),
        )
    )


def reach_beneath(curve: Curve, edges: Array) -> Array:
    """Low and high, column by column, of the line on the track below."""
    return np.stack(Columns(curve.rate_x, edges).both(curve.rate))


class Columns:
    """How low and how high lines over the same `x` go between each two edges. No point is left out.

    The answers are NaN where a line does not go.
    """

    def __init__(self, x: Array, edges: Array) -> None:
        self._empty = len(x) < 2
        self._nothing = np.full(len(edges), np.nan)
        self._filled = np.empty(0, int)
        if self._empty:
            return
        starts: Any = np.searchsorted(x, edges)
        self._filled = np.flatnonzero(starts[1:] > starts[:-1])
        self._begins, self._end = starts[self._filled], starts[-1]
        # Between which two points an edge lies, and how near to the second.
        self._after = np.clip(starts, 1, len(x) - 1)
        before = x[self._after - 1]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            share = (edges - before) / (x[self._after] - before)
        self._share = np.where((edges < x[0]) | (edges > x[-1]), np.nan, share)

    def both(self, y: Array) -> tuple[Array, Array]:
        """The lowest and the highest of a line in each column."""
        at = self._at(y)
        return self._furthest(np.fmin, y, at), self._furthest(np.fmax, y, at)

    def low(self, y: Array) -> Array:
        """The lowest alone."""
        return self._furthest(np.fmin, y, self._at(y))

    def high(self, y: Array) -> Array:
        """The highest alone."""
        return self._furthest(np.fmax, y, self._at(y))

    def _at(self, y: Array) -> Array:
        if self._empty:
            return self._nothing
        before = y[self._after - 1]
        return before + (y[self._after] - before) * self._share

    def _furthest(self, further: Any, y: Array, at: Array) -> Array:
        found = further(at[:-1], at[1:])
        if len(self._filled):
            of_points = further.reduceat(y[: self._end], self._begins)
            found[self._filled] = further(found[self._filled], of_points)
        return found
