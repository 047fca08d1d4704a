"""Times, amounts and identifiers as people read them. Pure functions; all foreign text is made inert."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from timmy_desktop.identifiers import short_id as _short_id
from timmy_desktop.inert import inert, inert_line

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_KINDS = {"ollama": "Ollama", "embedded": "Embedded", "api": "API", "airllm": "AirLLM"}


def relative_time(time_us: int, now_us: int | None = None) -> str:
    """How long ago, short: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`, then the date.

    A time ahead of the clock (the clock was set back) reads `now`.
    """
    now = time.time_ns() // 1000 if now_us is None else now_us
    seconds = (now - time_us) // 1_000_000
    if seconds < 2:
        return "now"
    if seconds < _MINUTE:
        return f"{seconds} s ago"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    if seconds < 7 * _DAY:
        return f"{seconds // _DAY} d ago"
    return _local(time_us).strftime("%Y-%m-%d")


def exact_time(time_us: int) -> str:
    """The moment in local time to the millisecond, for a tooltip."""
    moment = _local(time_us)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def duration(milliseconds: int) -> str:
    """`240 ms`, `1.2 s`, `45 s`, `3 min 5 s`, `2 h 10 min`."""
    if milliseconds < 1000:
        return f"{max(milliseconds, 0)} ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    seconds = milliseconds // 1000
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"


def sats(amount_msat: int, *, sign: bool = False) -> str:
    """`1,234 sat`; what is below a sat follows the point: `1.234 sat`. `sign` writes the plus too."""
    whole, rest = divmod(abs(amount_msat), 1000)
    digits = f"{whole:,}" + (f".{rest:03d}".rstrip("0") if rest else "")
    lead = "−" if amount_msat < 0 else "+" if sign and amount_msat > 0 else ""
    return f"{lead}{digits} sat"


def dollars(microcents: int) -> str:
    """Millionths of a cent as dollars, with as many places as it takes."""
    if not microcents:
        return "$0"
    value = microcents / 100_000_000
    if value < 0.0001:
        return "< $0.0001"
    return f"${value:,.4f}" if value < 0.1 else f"${value:,.2f}"


def count(number: int, one: str, many: str = "") -> str:
    """`1 task`, `2,310 tasks`; `many` where an s is not enough."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def provider_words(provider: str, model: str = "") -> str:
    """`Ollama · llama3.2`, inert; a provider with a name of its own keeps it."""
    parts = (_KINDS.get(provider, provider), model)
    return " · ".join(inert_line(part, 60) for part in parts if part)


def short_id(identifier: str) -> str:
    """The end of an identifier, inert; what is already short stays whole."""
    return inert(identifier if len(identifier) <= 12 else _short_id(identifier))


def size(number: int) -> str:
    """Bytes as `980 B`, `12.4 kB`, `3.1 MB`."""
    value = float(number)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def _local(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us / 1_000_000, tz=UTC).astimezone()
