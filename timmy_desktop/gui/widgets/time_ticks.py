"""Where an axis of time or of durations puts its ticks, and what stands there. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    1, 2, 5, 10, 15, 30,
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
    _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY,
)  # fmt: skip
_NICE = (1, 2, 2.5, 5, 10)


def time_ticks(since: float, until: float, most: int) -> list[float]:
    """Moments (seconds since the epoch) on round local times, at most `most` of them."""
    span = max(until - since, 1e-6)
    step = next((step for step in _STEPS if span / step <= max(most, 1)), _STEPS[-1])
    offset = _offset(since)
    first = math.ceil((since + offset) / step) * step - offset
    return [first + step * place for place in range(int((until - first) // step) + 1)]


def time_words(moments: Sequence[float], step: float) -> list[str]:
    """The moments as a person reads them at this spacing; midnight says which day it is."""
    return [_words(datetime.fromtimestamp(moment).astimezone(), step) for moment in moments]


def linear_ticks(high: float, most: int) -> list[float]:
    """Round heights from 0 to `high`."""
    if high <= 0 or most < 1:
        return [0.0]
    raw = high / most
    size = 10 ** math.floor(math.log10(raw))
    step = next(nice * size for nice in _NICE if nice * size >= raw * 0.999)
    return [step * place for place in range(int(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between the exponents `low` and `high`, as exponents."""
    return [float(power) for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]


def short_ms(milliseconds: float) -> str:
    """A duration in little room: `8 ms`, `240 ms`, `1.2 s`, `14 s`, `3 min`; `–` for what is not known."""
    if milliseconds != milliseconds or milliseconds < 0:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min"


def _words(moment: datetime, step: float) -> str:
    if step >= _DAY or (moment.hour == 0 and moment.minute == 0 and moment.second == 0):
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M:%S}" if step < _MINUTE else f"{moment:%H:%M}"


def _offset(moment: float) -> float:
    offset = datetime.fromtimestamp(moment).astimezone().utcoffset() or timedelta()
    return offset.total_seconds()
