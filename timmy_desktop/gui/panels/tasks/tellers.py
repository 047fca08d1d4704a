"""What each event of a task's life is called on the timeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from timmy_desktop.events import agents, payments, routing, tasks
from timmy_desktop.events.base import Event, UnknownEvent
from timmy_desktop.gui.wording import count, duration, provider_words, sats

Names = Callable[[str], str]
"""Turns an agent's id into its name."""
_Words = tuple[str, str, str, str]


def words_of(event: Event, name_of: Names) -> tuple[str, str, str, str] | None:
    """Glyph, colour role, title and detail; None for what the timeline leaves out. Not yet inert."""
    if isinstance(event, UnknownEvent):
        return "unknown", "muted", event.type_name, _pretty(event.data)
    if type(event) in _NAMING:
        return _NAMING[type(event)](event, name_of)
    teller = _TELLERS.get(type(event))
    return None if teller is None else teller(event)


def _pretty(values: dict[str, Any]) -> str:
    return "\n".join(f"{key}: {_value(value)}" for key, value in values.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _created(event: tasks.TaskCreated) -> _Words:
    limits = ["local models only"] if event.local_only else []
    if event.max_price_msat:
        limits.append(f"at most {sats(event.max_price_msat)}")
    return "clock", "muted", "Posted", ", ".join(limits)


def _bidding(event: tasks.TaskBidding, name_of: Names) -> _Words:
    names = ", ".join(name_of(agent) for agent in event.eligible)
    again = f", round {event.round}" if event.round > 1 else ""
    return "bid", "accent", f"Auction opened{again}", f"May bid: {names}" if names else "Nobody may bid"


def _bid(event: tasks.BidSubmitted, name_of: Names) -> _Words:
    title = f"{name_of(event.agent_id)} bids {sats(event.amount_msat)}"
    return "bid", "muted", title, f"score {event.score_milli:,}" if event.score_milli else ""


def _closed(event: tasks.AuctionClosed, name_of: Names) -> _Words:
    took = f"{event.reason} · {duration(event.duration_ms)}"
    if not event.winner:
        return "warn", "warn", "The auction ended without a winner", took
    words = f"{name_of(event.winner)} wins at {sats(event.amount_msat)}"
    return "agent", "good", words, f"{count(event.bids, 'bid')} · {took}"


def _assigned(event: tasks.TaskAssigned, name_of: Names) -> _Words:
    again = f"attempt {event.attempt}" if event.attempt > 1 else ""
    return "agent", "accent", f"Given to {name_of(event.agent_id)}", again


def _started(event: tasks.TaskStarted, name_of: Names) -> _Words:
    return "play", "accent", f"{name_of(event.agent_id)} began to work", ""


def _stepped(event: tasks.TaskStepped) -> _Words:
    facts = [
        provider_words(event.provider, event.model),
        count(event.tokens_in + event.tokens_out, "token"),
        duration(event.duration_ms),
    ]
    asked = f"asked for {', '.join(event.tool_calls)}\n" if event.tool_calls else ""
    said = f"\n{event.text}" if event.text.strip() else ""
    return "model", "accent", f"Step {event.step}", f"{asked}{' · '.join(facts)}{said}"


def _completed(event: tasks.TaskCompleted) -> _Words:
    facts = f"{count(event.tokens_in + event.tokens_out, 'token')} · {duration(event.duration_ms)}"
    return "good", "good", "Completed", facts


def _called(event: agents.ToolCalled) -> _Words:
    return "tool", "accent", f"Called {event.tool}", _pretty(event.arguments)


def _answered(event: agents.ToolCompleted) -> _Words:
    facts = f"{count(event.size, 'character')} · {duration(event.duration_ms)}"
    return "check", "muted", f"{event.tool} answered", f"{facts}\n{event.summary}"


def _attempt(event: routing.ProviderCalled) -> _Words:
    where = provider_words(event.provider, event.model)
    if event.outcome == "ok":
        first = f"first word {duration(event.ttft_ms)} · " if event.ttft_ms >= 0 else ""
        tokens = count(event.tokens_in + event.tokens_out, "token")
        return "model", "muted", f"{where} answered", f"{first}{duration(event.total_ms)} · {tokens}"
    if event.outcome == "cancelled":
        return "stop", "muted", f"{where} was stopped", f"after {duration(event.total_ms)}"
    return "warn", "warn", f"{where} did not answer", f"after {duration(event.total_ms)} · {event.detail}"


def _failed_over(event: routing.ProviderFailedOver) -> _Words:
    onward = (
        f"Moved on to {provider_words(event.to_provider)}" if event.to_provider else "No provider was left"
    )
    return "router", "warn", onward, f"{provider_words(event.from_provider)}: {event.reason}"


def _settled(event: payments.PaymentSettled) -> _Words:
    fee = f"fee {sats(event.fee_msat)} · " if event.fee_msat else ""
    return "sats", "good", f"Paid {sats(event.amount_msat)}{_label(event)}", f"{fee}hash {event.payment_hash}"


def _label(event: Any) -> str:
    return " (simulated)" if event.simulated else ""


_NAMING: dict[type, Callable[[Any, Names], _Words]] = {
    tasks.TaskBidding: _bidding,
    tasks.BidSubmitted: _bid,
    tasks.AuctionClosed: _closed,
    tasks.TaskAssigned: _assigned,
    tasks.TaskStarted: _started,
}
_TELLERS: dict[type, Callable[[Any], _Words]] = {
    tasks.TaskCreated: _created,
    tasks.TaskStepped: _stepped,
    tasks.TaskCompleted: _completed,
    tasks.TaskFailed: lambda event: ("bad", "bad", "Failed", event.reason),
    tasks.TaskRetried: lambda event: (
        "retry",
        "warn",
        f"Goes to auction again, attempt {event.attempt}",
        event.reason,
    ),
    tasks.TaskQueued: lambda _: ("clock", "muted", "Nobody bid", "waits for somebody who was not asked yet"),
    tasks.TaskPaymentNoted: lambda event: ("sats", "muted", event.reason or "Paid after all", ""),
    tasks.TaskCancelled: lambda event: ("stop", "muted", "Cancelled", event.reason),
    agents.ToolCalled: _called,
    agents.ToolCompleted: _answered,
    agents.ToolFailed: lambda event: ("warn", "warn", f"{event.tool} refused", event.reason),
    routing.ProviderCalled: _attempt,
    routing.ProviderFailedOver: _failed_over,
    payments.SatsReserved: lambda event: (
        "sats",
        "muted",
        f"{sats(event.amount_msat)} reserved{_label(event)}",
        "held in escrow until there is a result",
    ),
    payments.InvoiceCreated: lambda event: (
        "sats",
        "muted",
        f"Invoice over {sats(event.amount_msat)}{_label(event)}",
        event.memo,
    ),
    payments.PaymentSent: lambda event: (
        "send",
        "muted",
        f"Paying {sats(event.amount_msat)}{_label(event)}",
        "",
    ),
    payments.PaymentSettled: _settled,
    payments.SatsRewarded: lambda event: (
        "sats",
        "good",
        f"Paid {sats(event.amount_msat)}{_label(event)}",
        "within the book",
    ),
    payments.ApprovalRequested: lambda event: (
        "warn",
        "warn",
        f"{sats(event.amount_msat)} wait for your approval{_label(event)}",
        event.why,
    ),
    payments.PaymentFailed: lambda event: (
        "bad",
        "bad",
        f"The payment of {sats(event.amount_msat)} failed{_label(event)}",
        event.reason,
    ),
    payments.PaymentExpired: lambda event: (
        "warn",
        "warn",
        f"The invoice over {sats(event.amount_msat)} ran out unpaid{_label(event)}",
        "",
    ),
    payments.PaymentRefunded: lambda event: (
        "retry",
        "muted",
        f"{sats(event.amount_msat)} went back to the treasury{_label(event)}",
        event.reason,
    ),
}

FOLLOWED = (*_TELLERS, *_NAMING)
"""The events that a task's life is told from."""
