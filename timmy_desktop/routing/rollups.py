"""`provider_metrics`: attempts rolled up by provider and minute, five minutes … a day, when recorded.

Each length of time has rows of its own, so that a month is read as quickly as an hour. Failures are counted
and are not in the latency; probes are not counted at all; what was cancelled is neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from timmy_desktop.routing import percentiles
from timmy_desktop.storage.database import Session

MINUTE_US = 60_000_000
SPANS_US = (MINUTE_US, 5 * MINUTE_US, 30 * MINUTE_US, 180 * MINUTE_US, 1440 * MINUTE_US)
PROBE = "probe"
_MOST = 2**62  # SQLite's integers end soon after; a server that counts absurdly must not stop the counting

Row: TypeAlias = Mapping[str, Any]
_READ = (
    "SELECT answers, failures, cancelled, tokens_in, tokens_out, generating_ms, cost_microcents, "
    "total_ms, ttft_ms FROM provider_metrics WHERE span_us = ? AND start_us = ? AND provider = ?"
)
_WRITE = (
    "INSERT OR REPLACE INTO provider_metrics(span_us, start_us, provider, answers, failures, cancelled, "
    "tokens_in, tokens_out, generating_ms, cost_microcents, total_ms, ttft_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(slots=True)
class Tally:
    """What some attempts on one provider add up to."""

    answers: int = 0
    failures: int = 0
    cancelled: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    generating_ms: int = 0
    cost_microcents: int = 0
    total_ms: list[int] = field(default_factory=list)
    ttft_ms: list[int] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Counts one attempt, a row of `provider_attempts`."""
        self.cost_microcents += row["cost_microcents"]
        self.tokens_in += row["tokens_in"]
        self.tokens_out += row["tokens_out"]
        if row["outcome"] == "cancelled":
            self.cancelled += 1
        elif row["outcome"] != "ok":
            self.failures += 1
        else:
            self._answered(row)

    def _answered(self, row: Row) -> None:
        self.answers += 1
        self.total_ms.append(row["total_ms"])
        if row["ttft_ms"] is not None:
            self.ttft_ms.append(row["ttft_ms"])
            self.generating_ms += max(0, row["total_ms"] - row["ttft_ms"])


def fold(session: Session, rows: Iterable[Row]) -> None:
    """Adds attempts to the roll-ups; in the transaction that inserts them."""
    counted = [row for row in rows if row["purpose"] != PROBE]
    for span in SPANS_US:
        tallies: dict[tuple[int, str], Tally] = defaultdict(Tally)
        for row in counted:
            tallies[row["time_us"] // span * span, row["provider"]].add(row)
        for (start, provider), tally in tallies.items():
            _fold_one(session, (span, start, provider), tally)


def _fold_one(session: Session, key: tuple[int, int, str], tally: Tally) -> None:
    found = session.sql(_READ, key)
    kept = found[0] if found else (0, 0, 0, 0, 0, 0, 0, b"", b"")
    counts = (
        tally.answers,
        tally.failures,
        tally.cancelled,
        tally.tokens_in,
        tally.tokens_out,
        tally.generating_ms,
        tally.cost_microcents,
    )
    summed = [min(before + more, _MOST) for before, more in zip(kept, counts, strict=False)]
    total = percentiles.added(kept[7], tally.total_ms)
    ttft = percentiles.added(kept[8], tally.ttft_ms)
    session.sql(_WRITE, (*key, *summed, total, ttft))


def span_for(width_us: int) -> int:
    """The length of the roll-ups to read for buckets of about `width_us`; 0 when they are too coarse."""
    fitting = [span for span in SPANS_US if span <= width_us * 2]
    return fitting[-1] if fitting and width_us >= MINUTE_US else 0


def bucket_width(since_us: int, until_us: int, buckets: int) -> tuple[int, int]:
    """How long the buckets are, at most `buckets` of them, and the length of the roll-ups to read (or 0)."""
    wanted = max(1, -(-(until_us - since_us) // max(1, buckets)))
    span = span_for(wanted)
    return (-(-wanted // span) * span, span) if span else (wanted, 0)


MetricsRow: TypeAlias = tuple[str, int, int, int, int, int, int, int, int, bytes, bytes]


def read(session: Session, span: int, since_us: int, until_us: int) -> list[MetricsRow]:
    """The roll-ups of length `span` that begin in the window: provider, start, counts, histograms."""
    return session.sql(
        "SELECT provider, start_us, answers, failures, cancelled, tokens_in, tokens_out, generating_ms, "
        "cost_microcents, total_ms, ttft_ms FROM provider_metrics "
        "WHERE span_us = ? AND start_us >= ? AND start_us < ? ORDER BY start_us",
        (span, since_us, until_us),
    )


def read_attempts(session: Session, width: int, since_us: int, until_us: int) -> list[MetricsRow]:
    """The same from the attempts themselves, for windows too short for roll-ups."""
    tallies: dict[tuple[str, int], Tally] = defaultdict(Tally)
    names = (
        "time_us",
        "provider",
        "outcome",
        "ttft_ms",
        "total_ms",
        "tokens_in",
        "tokens_out",
        "cost_microcents",
    )
    rows = session.sql(
        f"SELECT {', '.join(names)} FROM provider_attempts "  # noqa: S608 - constant names
        "WHERE time_us >= ? AND time_us < ? AND purpose <> 'probe' ORDER BY time_us",
        (since_us, until_us),
    )
    for values in rows:
        row = dict(zip(names, values, strict=True))
        tallies[row["provider"], row["time_us"] // width * width].add(row)
    return [(provider, start, *_packed(tally)) for (provider, start), tally in tallies.items()]


def _packed(tally: Tally) -> tuple[int, int, int, int, int, int, int, bytes, bytes]:
    return (
        tally.answers,
        tally.failures,
        tally.cancelled,
        tally.tokens_in,
        tally.tokens_out,
        tally.generating_ms,
        tally.cost_microcents,
        percentiles.added(b"", tally.total_ms),
        percentiles.added(b"", tally.ttft_ms),
    )


def histograms(rows: Sequence[MetricsRow]) -> tuple[list[bytes], list[bytes]]:
    """The histograms of whole answers and of first tokens."""
    return [row[9] for row in rows], [row[10] for row in rows]
