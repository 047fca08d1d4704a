"""The life of a task, read from its events: a timeline in words, and the bids by rank."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from timmy_desktop.events import agents, payments, routing, tasks
from timmy_desktop.events.base import EventRecord, UnknownEvent
from timmy_desktop.gui.wording import count, duration, sats
from timmy_desktop.inert import inert, inert_line

_MOST_DETAIL = 4_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. `detail` may have many lines; `role` is a colour role of the theme."""

    seq: int
    time_us: int
    glyph: str
    role: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bid:
    """One agent's offer. `rank` counts from 1, the winner first, then by score."""

    rank: int
    agent: str
    amount_msat: int
    score_milli: int
    won: bool
    round: int


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that the detail pane shows beside the task itself."""

    moments: tuple[Moment, ...] = ()
    bids: tuple[Bid, ...] = ()
    simulated: bool = False
    """Whether any of the money in it is play money."""


Names = Callable[[str], str]


def life_of(records: Iterable[EventRecord], name_of: Names) -> Life:
    """The life that `records` (of one task, in order) tell; `name_of` turns an agent's id into its name."""
    known = list(records)
    closed = max((r.seq for r in known if isinstance(r.event, tasks.AuctionClosed)), default=0)
    # A closed auction is one line: the bids have a table of their own.
    told = (r for r in known if not (isinstance(r.event, tasks.BidSubmitted) and r.seq < closed))
    moments = (_moment(record, name_of) for record in told)
    simulated = any(getattr(record.event, "simulated", False) for record in known)
    return Life(tuple(moment for moment in moments if moment), _ranked(known, name_of), simulated)


def _ranked(records: Sequence[EventRecord], name_of: Names) -> tuple[Bid, ...]:
    """The bids of the last auction that had any; a retried task has had several."""
    auction, offers, winners = 1, {}, {}
    for record in records:
        event = record.event
        if isinstance(event, tasks.TaskBidding):
            auction = event.round
        elif isinstance(event, tasks.BidSubmitted):
            offers.setdefault(auction, {})[event.agent_id] = event
        elif isinstance(event, tasks.AuctionClosed):
            winners[auction] = event.winner
    if not offers:
        return ()
    last = max(offers)
    winner = winners.get(last, "")
    order = sorted(
        offers[last].values(), key=lambda bid: (bid.agent_id != winner, -bid.score_milli, bid.amount_msat)
    )
    return tuple(
        Bid(
            rank,
            inert_line(name_of(bid.agent_id), 60),
            bid.amount_msat,
            bid.score_milli,
            bid.agent_id == winner,
            last,
        )
        for rank, bid in enumerate(order, start=1)
    )


def _moment(record: EventRecord, name_of: Names) -> Moment | None:
    event = record.event
    if isinstance(event, UnknownEvent):
        words = ("unknown", "muted", record.type, _pretty(event.data))
    else:
        teller = _TELLERS.get(type(event))
        if teller is None:
            return None
        words = teller(event, name_of)
    glyph, role, title, detail = words
    return Moment(record.seq, record.time_us, glyph, role, inert_line(title, 300), _cut(inert(detail)))


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MOST_DETAIL else text[: _MOST_DETAIL - 1] + "…"


def _pretty(values: dict[str, Any]) -> str:
    return "\n".join(f"{key}: {_value(value)}" for key, value in values.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_Words = tuple[str, str, str, str]


def _created(event: tasks.TaskCreated, name_of: Names) -> _Words:
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
    return "bid", "muted", title, f"score {event.score_milli / 1000:.3f}" if event.score_milli else ""


def _closed(event: tasks.AuctionClosed, name_of: Names) -> _Words:
    took = f"{event.reason} · {duration(event.duration_ms)}"
    if not event.winner:
        return "warn", "warn", "The auction ended without a winner", took
    words = f"{name_of(event.winner)} wins at {sats(event.amount_msat)}"
    return "agent", "good", words, f"{count(event.bids, 'bid')} · {took}"


def _assigned(event: tasks.TaskAssigned, name_of: Names) -> _Words:
    return "agent", "accent", f"Given to {name_of(event.agent_id)}", f"attempt {event.attempt}"


def _started(event: tasks.TaskStarted, name_of: Names) -> _Words:
    return "play", "accent", f"{name_of(event.agent_id)} began to work", ""


def _stepped(event: tasks.TaskStepped, name_of: Names) -> _Words:
    facts = [
        f"{event.provider} · {event.model}" if event.model else event.provider,
        count(event.tokens_in + event.tokens_out, "token"),
        duration(event.duration_ms),
    ]
    asked = f"asked for {', '.join(event.tool_calls)}\n" if event.tool_calls else ""
    said = f"\n{event.text}" if event.text.strip() else ""
    return "model", "accent", f"Step {event.step}", f"{asked}{' · '.join(facts)}{said}"


def _completed(event: tasks.TaskCompleted, name_of: Names) -> _Words:
    facts = f"{count(event.tokens_in + event.tokens_out, 'token')} · {duration(event.duration_ms)}"
    return "good", "good", "Completed", facts


def _called(event: agents.ToolCalled, name_of: Names) -> _Words:
    return "tool", "accent", f"Called {event.tool}", _pretty(event.arguments)


def _answered(event: agents.ToolCompleted, name_of: Names) -> _Words:
    facts = f"{count(event.size, 'character')} · {duration(event.duration_ms)}"
    return "check", "muted", f"{event.tool} answered", f"{facts}\n{event.summary}"


def _attempt(event: routing.ProviderCalled, name_of: Names) -> _Words:
    where = f"{event.provider} · {event.model}" if event.model else event.provider
    if event.outcome in ("ok", "completed", "done", "success"):
        first = f"first word {duration(event.ttft_ms)} · " if event.ttft_ms >= 0 else ""
        tokens = count(event.tokens_in + event.tokens_out, "token")
        return "model", "muted", f"{where} answered", f"{first}{duration(event.total_ms)} · {tokens}"
    facts = f"{event.outcome} after {duration(event.total_ms)}"
    return "warn", "warn", f"{where} did not answer", f"{facts}\n{event.detail}"


def _failed_over(event: routing.ProviderFailedOver, name_of: Names) -> _Words:
    onward = f"Moved on to {event.to_provider}" if event.to_provider else "No provider was left"
    return "router", "warn", onward, f"{event.from_provider}: {event.reason}"


def _settled(event: payments.PaymentSettled, name_of: Names) -> _Words:
    fee = f"fee {sats(event.fee_msat)} · " if event.fee_msat else ""
    return "sats", "good", f"Paid {sats(event.amount_msat)}{_label(event)}", f"{fee}hash {event.payment_hash}"


def _label(event: Any) -> str:
    return " (simulated)" if event.simulated else ""


_TELLERS: dict[type, Callable[[Any, Names], _Words]] = {
    tasks.TaskCreated: _created,
    tasks.TaskBidding: _bidding,
    tasks.BidSubmitted: _bid,
    tasks.AuctionClosed: _closed,
    tasks.TaskAssigned: _assigned,
    tasks.TaskStarted: _started,
    tasks.TaskStepped: _stepped,
    tasks.TaskCompleted: _completed,
    tasks.TaskFailed: lambda event, name_of: ("bad", "bad", "Failed", event.reason),
    tasks.TaskRetried: lambda event, name_of: (
        "retry",
        "warn",
        f"Goes to auction again, attempt {event.attempt}",
        event.reason,
    ),
    tasks.TaskCancelled: lambda event, name_of: ("stop", "muted", "Cancelled", event.reason),
    agents.ToolCalled: _called,
    agents.ToolCompleted: _answered,
    agents.ToolFailed: lambda event, name_of: ("warn", "warn", f"{event.tool} refused", event.reason),
    routing.ProviderCalled: _attempt,
    routing.ProviderFailedOver: _failed_over,
    payments.SatsReserved: lambda event, name_of: (
        "sats",
        "muted",
        f"{sats(event.amount_msat)} reserved",
        "held in escrow until there is a result",
    ),
    payments.InvoiceCreated: lambda event, name_of: (
        "sats",
        "muted",
        f"Invoice over {sats(event.amount_msat)}{_label(event)}",
        event.memo,
    ),
    payments.PaymentSent: lambda event, name_of: (
        "send",
        "muted",
        f"Paying {sats(event.amount_msat)}{_label(event)}",
        "",
    ),
    payments.PaymentSettled: _settled,
    payments.PaymentFailed: lambda event, name_of: (
        "bad",
        "bad",
        f"The payment of {sats(event.amount_msat)} failed{_label(event)}",
        event.reason,
    ),
    payments.PaymentExpired: lambda event, name_of: (
        "warn",
        "warn",
        f"The invoice over {sats(event.amount_msat)} ran out unpaid{_label(event)}",
        "",
    ),
    payments.PaymentRefunded: lambda event, name_of: (
        "retry",
        "muted",
        f"{sats(event.amount_msat)} went back to the treasury",
        event.reason,
    ),
}

FOLLOWED = tuple(_TELLERS)
"""The events that a task's life is told from."""
