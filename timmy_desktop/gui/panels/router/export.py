"""The chart's numbers as a file. What a provider is called must not run in a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from timmy_desktop.inert import cell
from timmy_desktop.routing.records import LatencySeries

_SECOND = 1_000_000
_COLUMNS = (
    "time_utc", "provider", "answers", "failures", "p50_ms", "p95_ms", "p99_ms", "first_token_p50_ms",
    "first_token_p95_ms", "tokens_in", "tokens_out", "tokens_per_s", "cost_microcents",
)  # fmt: skip


def as_csv(series: LatencySeries) -> str:
    """One line for each provider and stretch of time in which it was asked."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    rows = [
        (bucket.start_us, provider.provider, bucket)
        for provider in series.providers
        for bucket in provider.buckets
    ]
    for start, name, bucket in sorted(rows, key=lambda row: row[:2]):
        numbers = (
            bucket.count, bucket.failures, bucket.p50_ms, bucket.p95_ms, bucket.p99_ms, bucket.ttft_p50_ms,
            bucket.ttft_p95_ms,
            bucket.tokens_in, bucket.tokens_out, bucket.tokens_per_s, bucket.cost_microcents,
        )  # fmt: skip
        writer.writerow((_utc(start), safe_cell(name), *(_cell(number) for number in numbers)))
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Text that a spreadsheet takes for text."""
    return cell(text, 200)


def file_name(series: LatencySeries, ending: str) -> str:
    """Says which moment the chart ended at."""
    return f"router-{datetime.fromtimestamp(series.until_us / _SECOND).astimezone():%Y-%m-%d-%H%M%S}.{ending}"


def _cell(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:.1f}" if isinstance(number, float) else str(number)


def _utc(time_us: int) -> str:
    return (
        datetime.fromtimestamp(time_us / _SECOND, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
