"""What a black box holds beside its events, as lines of text. Nothing in it is trusted to have a shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from timmy_desktop.feed.box_format import About, fingerprint
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.ledger.money import MSAT_PER_SAT

_SPANS = {60_000_000: "minute", 3_600_000_000: "hour", 86_400_000_000: "day"}
_MOST_ROWS = 5_000


def moment(time_us: int) -> str:
    """A time for a person, in their own zone; a wide open range has no such time."""
    try:
        return datetime.fromtimestamp(time_us / 1e6, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "…"


def about_lines(about: About, signer: str) -> str:
    """What ran, and how much is in the box."""
    pairs = {
        "made": moment(about.made_us),
        "from": moment(about.since_us),
        "until": moment(about.until_us),
        "events": f"{about.events:,} ({about.first_seq:,} to {about.last_seq:,})",
        "redacted": f"{about.redacted:,}",
        "log": inert_line(about.log_id, 80),
        "signed by": fingerprint(signer) or "nobody: the signature does not fit",
    }
    versions = {inert_line(name, 60): inert_line(text, 120) for name, text in about.versions.items()}
    return f"{_pairs(pairs)}\n\n{_pairs(versions)}"


def metric_lines(metrics: Any) -> str:
    """Events by type, what the accounts held, and the providers' sums."""
    values = metrics if isinstance(metrics, Mapping) else {}
    parts = [_table("Events", _mapping(values.get("events_by_type")))]
    accounts = {name: msat / MSAT_PER_SAT for name, msat in _mapping(values.get("accounts_msat")).items()}
    if accounts:
        parts.append(_table("Accounts, sat", accounts))
    if rows := _provider_lines(values.get("providers")):
        parts.append("\n".join(["Providers", "", *rows]))
    return "\n\n".join(parts)


def json_lines(value: Any) -> str:
    """Any value, inert."""
    return inert(json.dumps(value, ensure_ascii=False, indent=2))


def _mapping(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        return {}
    return {inert_line(str(name), 80): one for name, one in value.items() if isinstance(one, int | float)}


def _table(title: str, values: Mapping[str, float]) -> str:
    if not values:
        return f"{title}\n\n  none"
    wide = max(map(len, values))
    rows = [
        f"  {name:<{wide}}  {number:>14,.{0 if number == int(number) else 3}f}"
        for name, number in values.items()
    ]
    return "\n".join([title, "", *rows])


def _provider_lines(rows: Any) -> list[str]:
    if not isinstance(rows, list):
        return []
    head = f"  {'from':<19}  {'for a':<6}  {'provider':<16}  {'answers':>9}  {'failures':>9}  {'tokens':>12}"
    lines = [_provider_line(row) for row in rows[:_MOST_ROWS] if isinstance(row, Mapping)]
    return [head, *lines] if lines else []


def _provider_line(row: Mapping[str, Any]) -> str:
    def number(name: str) -> int:
        value = row.get(name)
        return value if isinstance(value, int) else 0

    span = _SPANS.get(number("span_us"), "…")
    tokens = number("tokens_in") + number("tokens_out")
    name = inert_line(str(row.get("provider", "")), 16)
    counts = f"{number('answers'):>9,}  {number('failures'):>9,}  {tokens:>12,}"
    return f"  {moment(number('start_us')):<19}  {span:<6}  {name:<16}  {counts}"


def _pairs(values: Mapping[str, str]) -> str:
    wide = max(map(len, values), default=0)
    return "\n".join(f"{name:<{wide}}  {text}" for name, text in values.items())
