"""What the router's history answers with; frozen, and free of any table's shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timmy_desktop.routing.types import CircuitState, Skipped


@dataclass(frozen=True, slots=True)
class LatencyBucket:
    """One stretch of time; percentiles are of whole answers, in milliseconds, None when there were none.

    `count` are answers, `failures` failed attempts; cancelled ones are neither.
    """

    start_us: int
    count: int
    failures: int
    cancelled: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    ttft_p50_ms: float | None
    ttft_p95_ms: float | None
    tokens_in: int
    tokens_out: int
    tokens_per_s: float
    cost_microcents: int


@dataclass(frozen=True, slots=True)
class ProviderSeries:
    """One provider's buckets, oldest first; stretches without a call are left out."""

    provider: str
    buckets: tuple[LatencyBucket, ...]


@dataclass(frozen=True, slots=True)
class CircuitInterval:
    """A circuit was OPEN or HALF_OPEN; `until_us` is the window's end while it still is."""

    provider: str
    state: CircuitState
    since_us: int
    until_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class FailoverMark:
    """Requests moved on; `count` of them within one bucket, for the reason of the last."""

    time_us: int
    from_provider: str
    to_provider: str
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class LatencySeries:
    """A window of time; buckets are `bucket_us` long and begin at multiples of that."""

    since_us: int
    until_us: int
    bucket_us: int
    providers: tuple[ProviderSeries, ...]
    circuits: tuple[CircuitInterval, ...]
    failovers: tuple[FailoverMark, ...]


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request in the list. `outcome` is "ok", "cancelled" or how the last attempt failed."""

    id: int
    request_id: str
    time_us: int
    purpose: str
    task_id: str
    agent_id: str
    conversation_id: str
    provider: str
    model: str
    outcome: str
    attempts: int
    ttft_ms: int | None
    total_ms: int
    tokens_in: int
    tokens_out: int
    cost_microcents: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it was sent; tool calls are in their JSON shape."""

    role: str
    content: str
    name: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt; `reason` says why this provider was chosen, `note` what was done to the prompt for it."""

    number: int
    time_us: int
    provider: str
    model: str
    is_remote: bool
    outcome: str
    detail: str
    queue_ms: int
    ttft_ms: int | None
    total_ms: int
    tokens_in: int
    tokens_out: int
    tokens_per_s: float
    cost_microcents: int
    breaker: str
    had_text: bool
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything about one request. `time_us` is when it was asked."""

    request_id: str
    time_us: int
    purpose: str
    task_id: str
    agent_id: str
    conversation_id: str
    local_only: bool
    max_tokens: int
    messages: tuple[SentMessage, ...]
    tools: tuple[str, ...]
    outcome: str
    provider: str
    model: str
    reason: str
    skipped: tuple[Skipped, ...]
    attempts: tuple[AttemptRecord, ...]
    queue_ms: int
    ttft_ms: int | None
    total_ms: int
    tokens_in: int
    tokens_out: int
    cost_microcents: int
    budget: str
    notes: tuple[str, ...]
