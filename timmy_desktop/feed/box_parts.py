"""What goes into a black box beside the events: metrics, and the application's own log of that time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from timmy_desktop.feed.box_format import About
from timmy_desktop.storage.database import Session

MOST_LOG_BYTES = 2_000_000
_STAMP = len("2026-01-01 00:00:00,000")
_MOST_TEXTS = 5_000
_LEAST_CHARACTERS = 12
_METRICS = (
    "span_us", "start_us", "provider", "answers", "failures", "cancelled", "tokens_in", "tokens_out",
    "generating_ms", "cost_microcents",
)  # fmt: skip


def metrics(session: Session, since_us: int, until_us: int, about: About) -> dict[str, Any]:
    """Counts of events by type, what the providers did, and what the accounts held at the end."""
    by_type = session.sql(
        "SELECT type, count(*) FROM event_log WHERE seq BETWEEN ? AND ? GROUP BY type ORDER BY type",
        (about.first_seq, about.last_seq),
    )
    providers = session.sql(
        f"SELECT {', '.join(_METRICS)} FROM provider_metrics WHERE start_us + span_us > ? AND start_us < ? "  # noqa: S608
        "ORDER BY span_us, start_us, provider",
        (since_us, until_us),
    )
    accounts = session.sql("SELECT name, balance_msat FROM accounts ORDER BY name")
    return {
        "events_by_type": dict(by_type),
        "providers": [dict(zip(_METRICS, row, strict=True)) for row in providers],
        "accounts_msat": dict(accounts),
    }


def private_texts(session: Session, all_local: bool) -> list[str]:
    """What was said in local-only tasks, by which it is recognised in a text that has no task."""
    rows = session.sql(
        "SELECT text, result FROM tasks WHERE local_only >= ? ORDER BY created_us DESC LIMIT ?",
        (0 if all_local else 1, _MOST_TEXTS),
    )
    found = {str(text).strip() for row in rows for text in row if text}
    return [text for text in found if len(text) >= _LEAST_CHARACTERS]


def log_lines(folder: Path, since_us: int, until_us: int) -> str:
    """The newest two megabytes of what the application logged in that time, with a whole first line."""
    files = sorted(folder.glob("timmy.log*"), key=_age, reverse=True)
    lines: list[str] = []
    taken = False
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines(keepends=True):
            time_us = _time(line)
            # What has no time belongs to the line before it.
            taken = taken if time_us is None else since_us <= time_us < until_us
            if taken:
                lines.append(line)
    return _newest(lines)


def _newest(lines: list[str]) -> str:
    size, first = 0, len(lines)
    while first and size < MOST_LOG_BYTES:
        first -= 1
        size += len(lines[first])
    return "".join(lines[first:])


def _age(file: Path) -> int:
    number = file.suffix[1:]
    return int(number) if number.isdecimal() else 0


def _time(line: str) -> int | None:
    try:
        local = datetime.strptime(line[:_STAMP], "%Y-%m-%d %H:%M:%S,%f").astimezone()
    except ValueError:
        return None
    return int(local.astimezone(UTC).timestamp() * 1e6)
