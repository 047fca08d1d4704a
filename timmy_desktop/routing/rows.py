"""What the router keeps, as events and rows: made when they are written, not while somebody waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from timmy_desktop.events.base import Event
from timmy_desktop.events.routing import (
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    ProviderCalled,
    ProviderFailedOver,
)
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.breaker import Transition
from timmy_desktop.routing.journal import Look, Passage, Signal
from timmy_desktop.routing.types import MOST_TOKENS, Attempt, CompletionRequest, Message, Skipped

SOURCE = "router"
DETAIL_CHARACTERS = 500
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that is over: `sent` is what the last provider was sent, times are milliseconds."""

    request: CompletionRequest
    sent: CompletionRequest
    attempts: tuple[Attempt, ...]
    skipped: tuple[Skipped, ...]
    began_us: int
    total_ms: int
    ttft_ms: int | None
    budget: str = ""
    order: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()
    passages: tuple[Passage, ...] = ()


def called(request: CompletionRequest, attempt: Attempt) -> ProviderCalled:
    """The event of an attempt."""
    return ProviderCalled(
        source=SOURCE,
        agent_id=request.agent_id,
        task_id=request.task_id,
        ttft_ms=-1 if attempt.ttft_ms is None else attempt.ttft_ms,
        **_shared(request, attempt),
    )


def attempt_row(request: CompletionRequest, attempt: Attempt, now_us: int) -> Row:
    """The row of an attempt."""
    return _shared(request, attempt) | {
        "time_us": now_us,
        "task_id": request.task_id,
        "agent_id": request.agent_id,
        "ttft_ms": attempt.ttft_ms,
        "breaker": attempt.breaker,
        "is_remote": int(attempt.is_remote),
        "queue_ms": attempt.queue_ms,
        "milli_tokens_per_s": _speed(attempt),
        "cost_microcents": attempt.cost_microcents,
        "had_text": int(attempt.had_text),
        "reason": line(attempt.reason),
        "note": line(attempt.note),
    }


def _shared(request: CompletionRequest, attempt: Attempt) -> Row:
    return {
        "request_id": request.request_id,
        "attempt": attempt.number,
        "provider": attempt.provider,
        "model": line(attempt.model),
        "purpose": request.purpose,
        "outcome": attempt.outcome,
        "detail": line(attempt.detail),
        "total_ms": attempt.total_ms,
        "tokens_in": attempt.usage.tokens_in,
        "tokens_out": attempt.usage.tokens_out,
    }


def _speed(attempt: Attempt) -> int:
    if attempt.ttft_ms is None or not attempt.usage.tokens_out:
        return 0
    speed = attempt.usage.tokens_out * 1_000_000 // max(1, attempt.total_ms - attempt.ttft_ms)
    return min(speed, MOST_TOKENS)


def request_row(ended: Ended, run: str) -> Row:
    """The row of a request."""
    request, last = ended.request, ended.attempts[-1] if ended.attempts else None
    notes = list(dict.fromkeys(attempt.note for attempt in ended.attempts if attempt.note))
    return {
        "request_id": request.request_id,
        "run": run,
        "time_us": ended.began_us,
        "purpose": request.purpose,
        "task_id": request.task_id,
        "agent_id": request.agent_id,
        "conversation_id": request.conversation_id,
        "local_only": int(request.local_only),
        "max_tokens": request.max_tokens,
        "messages": _json([_message(message) for message in ended.sent.messages]),
        "tools": _json([tool.name for tool in ended.sent.tools]),
        "outcome": last.outcome if last is not None else "not_asked",
        "provider": last.provider if last is not None else "",
        "model": line(last.model) if last is not None else "",
        "attempts": len(ended.attempts),
        "queue_ms": sum(attempt.queue_ms for attempt in ended.attempts),
        "ttft_ms": ended.ttft_ms,
        "total_ms": ended.total_ms,
        "tokens_in": sum(attempt.usage.tokens_in for attempt in ended.attempts),
        "tokens_out": sum(attempt.usage.tokens_out for attempt in ended.attempts),
        "cost_microcents": sum(attempt.cost_microcents for attempt in ended.attempts),
        "reason": line(last.reason) if last is not None else "",
        "skipped": _json([[skip.provider, line(skip.reason)] for skip in ended.skipped]),
        "notes": _json([line(note) for note in notes]),
        "budget": line(ended.budget),
        "journal": _json([ended.order, ended.looks, ended.passages]),
    }


def _message(message: Message) -> Row:
    shaped: Row = {"role": message.role, "content": _sound(message.content)}
    if message.name:
        shaped["name"] = _sound(message.name)
    if message.tool_calls:
        shaped["tool_calls"] = [
            {"id": _sound(call.id), "name": _sound(call.name), "arguments": _arguments(call.arguments)}
            for call in message.tool_calls
        ]
    return shaped


def _json(value: Any) -> str:
    return orjson.dumps(value, default=list).decode()  # named tuples, which it does not take for tuples


def _arguments(arguments: Mapping[str, Any]) -> Row:
    """A tool call's arguments; a model may have made up what JSON of ours can't carry."""
    try:
        orjson.dumps(dict(arguments))
    except TypeError:
        return {"unreadable": line(repr(dict(arguments)))}
    return dict(arguments)


def _sound(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def moved_on(request: CompletionRequest, failed: Attempt, to_provider: str) -> ProviderFailedOver:
    """The event of a request that moved on; `to_provider` is empty when there was none."""
    return ProviderFailedOver(
        source=SOURCE,
        task_id=request.task_id,
        agent_id=request.agent_id,
        request_id=request.request_id,
        from_provider=failed.provider,
        to_provider=to_provider,
        reason=line(failed.detail),
    )


def failover_row(event: ProviderFailedOver, now_us: int) -> Row:
    """The row of that event."""
    return {
        "time_us": now_us,
        "request_id": event.request_id,
        "from_provider": event.from_provider,
        "to_provider": event.to_provider,
        "reason": event.reason,
    }


def circuit(provider: str, transition: Transition) -> Event:
    """The event of a circuit that changed."""
    if transition.state == "OPEN":
        reason, failures = line(transition.reason), transition.failures
        return CircuitOpened(source=SOURCE, provider=provider, reason=reason, failures=failures)
    if transition.state == "HALF_OPEN":
        return CircuitHalfOpened(source=SOURCE, provider=provider)
    return CircuitClosed(source=SOURCE, provider=provider)


def circuit_row(provider: str, transition: Transition, now_us: int) -> Row:
    """The row of that event."""
    return {
        "time_us": now_us,
        "provider": provider,
        "state": transition.state,
        "reason": line(transition.reason),
    }


def signal_row(signal: Signal, run: str, now_us: int) -> Row:
    """The row of a signal."""
    return {
        "run": run,
        "seq": signal.tick.seq,
        "monotonic": signal.tick.at,
        "time_us": now_us,
        "provider": signal.provider,
        "kind": signal.kind,
        "detail": _sound(signal.detail),
    }


def line(text: str) -> str:
    """`text` on one harmless line."""
    return inert_line(text, DETAIL_CHARACTERS)


def joined(rows: Sequence[Row]) -> list[Row]:
    """The last row for each provider, of rows that replace each other."""
    return list({row["provider"]: row for row in rows}.values())
