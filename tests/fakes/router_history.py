"""A router's history made of arithmetic: providers with a story, in the shapes of routing/records.py."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from timmy_desktop.gui.panels.router.outcome import Outcome
from timmy_desktop.routing.policy import Limits, Policy
from timmy_desktop.routing.records import (
    AttemptRecord,
    CircuitInterval,
    FailoverMark,
    LatencyBucket,
    LatencySeries,
    ProviderSeries,
    Receipt,
    RequestRow,
    SentMessage,
)
from timmy_desktop.routing.types import Health, ProviderStatus, Skipped

NOW_US = 1_764_158_400_000_000
SECOND = 1_000_000
FIVE = ("ollama", "airllm", "embedded", "api", "openrouter")
_BASE_MS = {"ollama": 900.0, "airllm": 5200.0, "embedded": 1900.0, "api": 620.0, "openrouter": 1150.0}
_RATE = {"ollama": 38.0, "airllm": 4.0, "embedded": 21.0, "api": 72.0, "openrouter": 55.0}


class FakeHistory:
    """`story`: healthy, failing over, open, empty. Questions are noted in `asked`."""

    def __init__(self, story: str = "healthy", names: Sequence[str] = FIVE[:4], now_us: int = NOW_US) -> None:
        self.story, self.names, self.now_us = story, tuple(names), now_us
        self.asked: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.rows: list[RequestRow] = [] if story == "empty" else made_rows(420, now_us, self.names)
        self.receipts: dict[str, Receipt] = {}

    async def series(self, since_us: int, until_us: int, buckets: int) -> LatencySeries:
        self.asked.append(("series", since_us, until_us, buckets))
        if self.fault is not None:
            raise self.fault
        return made_series(self.story, self.names, since_us, until_us, buckets, self.now_us)

    async def requests(
        self,
        limit: int = 200,
        before: int | None = None,
        provider: str | None = None,
        outcome: str | None = None,
        text: str = "",
    ) -> list[RequestRow]:
        self.asked.append(("requests", limit, before, provider, outcome, text))
        if self.fault is not None:
            raise self.fault
        found = [
            row
            for row in self.rows
            if (before is None or row.id < before)
            and (provider is None or row.provider == provider)
            and (
                outcome is None
                or (row.outcome == outcome if outcome != "failed" else row.outcome not in ("ok", "cancelled"))
            )
            and text.casefold() in row.excerpt.casefold()
        ]
        return found[:limit]

    async def receipt(self, request_id: str) -> Receipt:
        if self.fault is not None:
            raise self.fault
        if request_id in self.receipts:
            return self.receipts[request_id]
        return made_receipt(next(row for row in self.rows if row.request_id == request_id))


def made_series(
    story: str, names: Sequence[str], since_us: int, until_us: int, buckets: int, now_us: int = NOW_US
) -> LatencySeries:
    width = max((until_us - since_us) // max(buckets, 1), 1)
    if story == "empty":
        return LatencySeries(
            since_us, until_us, width, tuple(ProviderSeries(name, ()) for name in names), (), ()
        )
    span = until_us - since_us
    broken = (since_us + span * 55 // 100, since_us + span * 78 // 100)
    if story == "open":
        broken = (since_us + span * 62 // 100, until_us + 1)
    providers = []
    for name in names:
        rng = random.Random(name)
        points = []
        start = since_us // width * width
        for number in range(buckets):
            at = start + number * width
            if at >= min(until_us, now_us):
                break
            point = _bucket(name, at, number, buckets, rng)
            if story != "healthy" and name == names[0] and broken[0] <= at < broken[1]:
                if at < broken[0] + span // 40:
                    points.append(replace(_nothing(at), failures=3))
                continue
            if point is not None:
                points.append(point)
        providers.append(ProviderSeries(name, tuple(points)))
    circuits, failovers = _trouble(story, names, broken, span, until_us)
    return LatencySeries(since_us, until_us, width, tuple(providers), circuits, failovers)


def _bucket(name: str, at: int, number: int, buckets: int, rng: random.Random) -> LatencyBucket | None:
    busy = 0.5 + 0.5 * math.sin(number / buckets * 11 + len(name))
    if buckets > 1 and rng.random() > {"ollama": 0.97, "api": 0.85, "airllm": 0.16}.get(name, 0.7):
        return None
    base = _BASE_MS[name] * (0.85 + 0.5 * busy + rng.random() * 0.16)
    tail = 1.25 + rng.random() * 0.35
    failures = 1 if rng.random() < 0.01 else 0
    return LatencyBucket(
        start_us=at, count=3 + int(busy * 6), failures=failures, cancelled=0,
        p50_ms=base, p95_ms=base * tail, p99_ms=base * tail * (1.15 + rng.random() * 0.4),
        ttft_p50_ms=base * 0.24, ttft_p95_ms=base * 0.4, tokens_in=900, tokens_out=420,
        tokens_per_s=_RATE[name] * (1.1 - 0.35 * busy + rng.random() * 0.06), cost_microcents=0,
    )  # fmt: skip


def _nothing(at: int) -> LatencyBucket:
    return LatencyBucket(at, 0, 0, 0, None, None, None, None, None, 0, 0, 0.0, 0)


def _trouble(
    story: str, names: Sequence[str], broken: tuple[int, int], span: int, until_us: int
) -> tuple[tuple[CircuitInterval, ...], tuple[FailoverMark, ...]]:
    if story == "healthy" or len(names) < 2:
        return (), ()
    reason = "Ollama refuses the connection at 127.0.0.1:11434. Start it: ollama serve"
    end = min(broken[1], until_us)
    half = end - span // 25
    circuits = [CircuitInterval(names[0], "OPEN", broken[0], end if story == "open" else half, reason)]
    if story != "open":
        circuits.append(CircuitInterval(names[0], "HALF_OPEN", half, end, ""))
    marks = [FailoverMark(broken[0] + span * step // 400, names[0], names[1], reason) for step in (0, 2, 9)]
    if len(names) > 2:
        marks.append(
            FailoverMark(broken[0] + span // 14, names[1], names[2], "AirLLM took longer than 60 s to begin.")
        )
    return tuple(circuits), tuple(marks)


def made_rows(many: int, now_us: int, names: Sequence[str]) -> list[RequestRow]:
    rng = random.Random(7)
    words = (
        "Explain the event log",
        "Summarise the meeting notes",
        "List the uses of tar",
        "Find the failing test",
    )
    rows = []
    for number in range(many, 0, -1):
        failed = number % 17 == 0
        name = names[number % len(names)]
        rows.append(
            RequestRow(
                id=number, request_id=f"01JREQ{number:08d}", time_us=now_us - (many - number) * 47 * SECOND,
                purpose="chat" if number % 3 else "agent", task_id="" if number % 3 else f"task-{number}", agent_id="",
                conversation_id="", provider="" if failed else name, model="" if failed else f"{name}-model:3b",
                outcome="refused" if failed else "cancelled" if number % 29 == 0 else "ok", attempts=1 + (number % 5 == 0),
                ttft_ms=None if failed else 200 + rng.randrange(300), total_ms=900 + rng.randrange(4000), tokens_in=620,
                tokens_out=0 if failed else 180 + rng.randrange(300), cost_microcents=42_000 if name == "api" else 0,
                excerpt=words[number % len(words)],
            )
        )  # fmt: skip
    return rows


def made_receipt(row: RequestRow) -> Receipt:
    failed = AttemptRecord(
        1, row.time_us, "ollama", "llama3.2:3b", False, "refused", "Ollama refuses the connection. Start it: ollama serve",
        0, None, 4, 0, 0, 0.0, 0, "CLOSED", False, "First in the order.", "",
    )  # fmt: skip
    answered = AttemptRecord(
        2, row.time_us + 4000, row.provider, row.model, row.provider == "api", row.outcome, "", 3, row.ttft_ms, row.total_ms,
        row.tokens_in, row.tokens_out, 41.5, row.cost_microcents, "CLOSED", True, "Next in the order after ollama failed.",
        "The oldest 2 messages were left out: the model's context is 4,096 tokens.",
    )  # fmt: skip
    attempts = (failed, answered) if row.attempts > 1 else (replace(answered, number=1),)
    return Receipt(
        request_id=row.request_id, time_us=row.time_us, purpose=row.purpose, task_id=row.task_id, agent_id="",
        conversation_id="", local_only=False, max_tokens=512,
        messages=(SentMessage("system", "You are Timmy."), SentMessage("user", row.excerpt + "?")), tools=("read_file",),
        outcome=row.outcome, provider=row.provider, model=row.model, reason="First in the order that could answer.",
        skipped=(Skipped("airllm", "Its circuit is open for 12 s more."),), attempts=attempts, queue_ms=3,
        ttft_ms=row.ttft_ms, total_ms=row.total_ms, tokens_in=row.tokens_in, tokens_out=row.tokens_out,
        cost_microcents=row.cost_microcents, budget="$0.0042 of $1.00 today", notes=(answered.note and (answered.note,)) or (),
    )  # fmt: skip


def made_statuses(story: str = "healthy", names: Sequence[str] = FIVE[:4]) -> tuple[ProviderStatus, ...]:
    made = []
    for place, name in enumerate(names):
        remote = name in ("api", "openrouter")
        bad = story in ("open", "failing") and place == 0
        health = Health("ready", "", f"{name}-model:3b", ())
        if bad:
            health = Health("unavailable", "Ollama refuses the connection. Start it: ollama serve", "", ())
        elif story == "empty" or name == "openrouter":
            health = Health("not_configured", "Set a key in Preferences.", "", ())
        state: Any = "OPEN" if bad and story == "open" else "HALF_OPEN" if bad else "CLOSED"
        error = "Refused: nothing listens at 127.0.0.1:11434." if bad else ""
        trial = 12.0 if state == "OPEN" else 0.0
        made.append(
            ProviderStatus(
                name,
                name,
                remote,
                state,
                health,
                error,
                health.model,
                -1 if bad else 640,
                seconds_to_trial=trial,
            )
        )
    return tuple(made)


class FakeControl:
    """The router's face to the dock: states that a test chooses, and what it was told to do."""

    def __init__(self, story: str = "healthy", names: Sequence[str] = FIVE[:4]) -> None:
        self.statuses = made_statuses(story, names)
        self.done: list[tuple[Any, ...]] = []

    def status(self) -> tuple[ProviderStatus, ...]:
        return self.statuses

    def policy(self) -> Policy:
        limits = {status.name: Limits(60.0, 600.0) for status in self.statuses}
        return Policy(tuple(status.name for status in self.statuses), limits=limits)

    async def rehearse(self, policy: Policy) -> Outcome:
        self.done.append(("rehearse", policy))
        if policy == self.policy():
            return Outcome("Replayed 420 requests: each would have gone the way it went.", "good")
        facts = (
            ("3 → 0", "unanswered", ""),
            ("25 → 9", "failed attempts", ""),
            ("320 ms → 210 ms", "first token", ""),
        )
        change = "2025-11-26 11:36:05  Ollama (refused) → API  ⇒  API  (1.3 s → about 640 ms)"
        return Outcome(
            "Of 420 requests, 25 would have gone another way. Times of what was not asked then are estimates.",
            "accent",
            facts,
            tuple((f"01JREQ{number:08d}", change) for number in range(400, 375, -1)),
        )

    async def try_now(self, name: str) -> None:
        self.done.append(("try", name))

    async def set_enabled(self, name: str, enabled: bool) -> None:
        self.done.append(("enable" if enabled else "disable", name))
        self.statuses = tuple(
            replace(status, is_enabled=enabled) if status.name == name else status for status in self.statuses
        )

    async def reorder(self, names: Sequence[str]) -> None:
        self.done.append(("order", tuple(names)))
        by_name = {status.name: status for status in self.statuses}
        self.statuses = tuple(by_name[name] for name in names)
