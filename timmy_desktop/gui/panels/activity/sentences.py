"""One sentence for each event, with its picture and tone. Pure; what others wrote is made inert."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from timmy_desktop.events import agents, memory, payments, routing, system, tasks, upgrades
from timmy_desktop.events.base import Event, EventRecord, UnknownEvent
from timmy_desktop.gui.findings import provider_name
from timmy_desktop.gui.panels.activity import upgrade_sentences
from timmy_desktop.gui.wording import count, duration, sats, short_id
from timmy_desktop.inert import inert_line

Names = Mapping[str, str]

_LONG, _SHORT = 160, 60

# The part of an event's type before the point, and the chip that it is filtered by.
TOPICS = {
    "task": "tasks",
    "bid": "tasks",
    "auction": "tasks",
    "agent": "agents",
    "tool": "agents",
    "invoice": "money",
    "payment": "money",
    "ledger": "money",
    "provider": "models",
    "upgrade": "tasks",
    "memory": "memory",
    "system": "system",
    "log": "system",
}
_GLYPHS = {
    "task": "tasks",
    "bid": "bid",
    "auction": "bid",
    "agent": "agent",
    "tool": "tool",
    "invoice": "sats",
    "payment": "sats",
    "ledger": "sats",
    "provider": "router",
    "memory": "memory",
    "upgrade": "upgrades",
    "system": "system",
    "log": "shield",
}
_TONES = {"warning": "warn", "error": "bad"}
_GOOD = frozenset(
    {tasks.TaskCompleted, payments.PaymentSettled, routing.CircuitClosed, upgrades.UpgradeApplied}
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a row shows. `tone` is `muted`, `good`, `warn` or `bad`."""

    text: str
    glyph: str
    tone: str


def topic_of(type_name: str) -> str:
    """The chip that an event of this type is filtered by; `other` for unknown topics."""
    return TOPICS.get(type_name.partition(".")[0], "other")


def tone_of(event: Event) -> str:
    """How much the event asks for attention."""
    if isinstance(event, routing.ProviderCalled) and event.outcome not in ("ok", "cancelled"):
        return "warn"
    if isinstance(event, system.LogVerified):
        return "good" if event.intact else "bad"
    return "good" if type(event) in _GOOD else _TONES.get(event.severity, "muted")


def sentence(record: EventRecord, names: Names) -> Sentence:
    """What happened, in words. `names` gives agents' names by their identifiers."""
    event = record.event
    kind = record.type.partition(".")[0]
    writer = _WRITERS.get(type(event))
    text = _unknown(record) if writer is None else writer(event, who(event.agent_id, names))
    return Sentence(inert_line(text, _LONG), _GLYPHS.get(kind, "unknown"), tone_of(event))


def joined_sentence(events: Sequence[agents.AgentJoined]) -> Sentence:
    """Several that joined one after the other, as at every start, in the order in which they did."""
    names = ", ".join(event.name for event in events)
    return Sentence(inert_line(f"{count(len(events), 'agent')} joined: {names}", _LONG), "agent", "muted")


def who(agent_id: str, names: Names) -> str:
    """The agent's name; the end of its identifier where nobody knows it; empty for none."""
    return inert_line(names.get(agent_id) or short_id(agent_id), _SHORT) if agent_id else ""


def _said(text: str) -> str:
    return f"“{inert_line(text, _SHORT)}”"


def _unknown(record: EventRecord) -> str:
    event = record.event
    data: Mapping[str, Any] = event.data if isinstance(event, UnknownEvent) else _fields(event)
    pairs = ", ".join(f"{key} {inert_line(str(value), 40)}" for key, value in list(data.items())[:4])
    return f"{record.type}: {pairs}" if pairs else record.type


def _fields(event: Event) -> dict[str, Any]:
    return {key: value for key, value in vars(event).items() if key not in ("source", "task_id", "agent_id")}


def _created(event: tasks.TaskCreated, _: str) -> str:
    return f"Task posted: {_said(event.text)}" + (", local models only" if event.local_only else "")


def _bidding(event: tasks.TaskBidding, _: str) -> str:
    return f"Auction opened for {count(len(event.eligible), 'agent')}" + (
        f", round {event.round}" if event.round > 1 else ""
    )


def _closed(event: tasks.AuctionClosed, name: str) -> str:
    if not event.winner:
        return f"Auction closed without a bid: {event.reason}"
    won = f"{name or 'The best bid'} won for {sats(event.amount_msat)}"
    return f"{won}, {count(event.bids, 'bid')} in {duration(event.duration_ms)}"


def _stepped(event: tasks.TaskStepped, name: str) -> str:
    did = f"asked for {', '.join(event.tool_calls)}" if event.tool_calls else _said(event.text)
    return f"{name}, step {event.step}: {did}"


def _completed(event: tasks.TaskCompleted, name: str) -> str:
    return f"{name or 'The agent'} finished in {duration(event.duration_ms)}: {_said(event.result)}"


def _called(event: routing.ProviderCalled, _: str) -> str:
    provider = provider_name(event.provider)
    model = f"{provider} · {event.model}" if event.model else provider
    if event.outcome == "ok":
        return f"{model} answered in {duration(event.total_ms)}, {count(event.tokens_out, 'token')}"
    if event.outcome == "cancelled":
        return f"{model} was stopped after {duration(event.total_ms)}"
    return f"{model} did not answer: {event.detail or event.outcome}"


def _failed_over(event: routing.ProviderFailedOver, _: str) -> str:
    if not event.to_provider:
        return f"No provider was left after {provider_name(event.from_provider)}: {event.reason}"
    passed, taken = provider_name(event.from_provider), provider_name(event.to_provider)
    return f"Moved on from {passed} to {taken}: {event.reason}"


def _opened(event: routing.CircuitOpened, _: str) -> str:
    after = f" after {count(event.failures, 'failure')}" if event.failures > 1 else ""
    return f"{provider_name(event.provider)} is left out{after}: {event.reason}"


def _invoice(event: payments.InvoiceCreated, name: str) -> str:
    return f"{name or 'An agent'} asks to be paid {_money(event)}"


def _money(event: Any) -> str:
    return sats(event.amount_msat) + (" (simulated)" if event.simulated else "")


def _settled(event: payments.PaymentSettled, name: str) -> str:
    fee = f", fee {sats(event.fee_msat)}" if event.fee_msat else ""
    return f"{name or 'The invoice'} was paid {_money(event)}{fee}"


def _started(event: system.SystemStarted, _: str) -> str:
    after = "" if event.clean else " after an unclean stop; everything recorded is there"
    return f"Timmy Desktop {event.version_name} started{after}"


def _pruned(event: system.LogPruned, _: str) -> str:
    kept = f"; kept in {inert_line(event.archive, _SHORT)}" if event.archive else ""
    what = "old event" if event.before_us else "event"
    why = "" if event.before_us else ", for what was forgotten"
    return f"{count(event.events, what)} removed from the log{why}{kept}"


def _verified(event: system.LogVerified, _: str) -> str:
    rows = count(event.last_seq - event.first_seq + 1, "event")
    return f"The chain over {rows} is whole" if event.intact else f"The chain over {rows} is broken"


def _memories(number: int) -> str:
    return count(number, "memory", "memories")


def _stored(event: memory.MemoryStored, _: str) -> str:
    whose = "Your" if event.owner == "person" else f"{event.owner.capitalize()}'s"
    done = "proposed" if event.state == "proposed" else "stored"
    return f"{whose} memory: {count(len(event.entries), event.entry_type)} {done}"


_COMPARED = {"agrees": "they agree", "differs": "they differ", "unreachable": "the node was not there"}
_WRITERS: dict[type[Event], Callable[[Any, str], str]] = {
    tasks.TaskCreated: _created,
    tasks.TaskBidding: _bidding,
    tasks.BidSubmitted: lambda event, name: f"{name} bids {sats(event.amount_msat)}",
    tasks.AuctionClosed: _closed,
    tasks.TaskAssigned: lambda event, name: f"{name} gets the task for {sats(event.price_msat)}",
    tasks.TaskStarted: lambda event, name: (
        f"{name} began" + (f", attempt {event.attempt}" if event.attempt > 1 else "")
    ),
    tasks.TaskStepped: _stepped,
    tasks.TaskCompleted: _completed,
    tasks.TaskFailed: lambda event, _: f"Task failed: {event.reason}",
    tasks.TaskRetried: lambda event, _: f"Another try, number {event.attempt + 1}: {event.reason}",
    tasks.TaskQueued: lambda _event, _: "Nobody bid: the task waits for somebody who was not asked yet",
    tasks.TaskPaymentNoted: lambda event, _: event.reason or "The task was paid after all",
    tasks.TaskCancelled: lambda event, _: (
        f"Task cancelled: {event.reason}" if event.reason else "Task cancelled"
    ),
    agents.AgentJoined: lambda event, _: f"{event.name} joined" + (f", {event.role}" if event.role else ""),
    agents.AgentLeft: lambda event, _: f"{event.name} left: {event.reason}",
    agents.AgentStatusChanged: lambda event, name: f"{name} is {event.new}, was {event.old}",
    agents.ToolCalled: lambda event, name: f"{name} uses {event.tool}",
    agents.ToolCompleted: lambda event, name: (
        f"{event.tool} answered {name} in {duration(event.duration_ms)}"
    ),
    agents.ToolFailed: lambda event, name: f"{event.tool} refused {name}: {event.reason}",
    payments.InvoiceCreated: _invoice,
    payments.SatsDeposited: lambda event, _: f"{_money(event)} came into the treasury: {event.memo}",
    payments.SatsReserved: lambda event, _: f"{_money(event)} reserved for the task",
    payments.PaymentSent: lambda event, name: f"Paying {name or 'the invoice'} {_money(event)}",
    payments.PaymentSettled: _settled,
    payments.PaymentFailed: lambda event, _: f"Payment of {_money(event)} failed: {event.reason}",
    payments.PaymentExpired: lambda event, _: f"Invoice over {_money(event)} expired unpaid",
    payments.SatsRewarded: lambda event, name: f"{name} was paid {_money(event)} within the book",
    payments.InvoiceSettled: lambda event, _: (
        f"{sats(event.received_msat)} came in for an invoice" + (f", {event.flags}" if event.flags else "")
    ),
    payments.InvoiceCancelled: lambda event, _: f"Invoice over {_money(event)} cancelled: {event.reason}",
    payments.PaymentSettledLate: lambda event, _: f"Payment of {_money(event)} settled after all, late",
    payments.ApprovalRequested: lambda event, _: f"{_money(event)} wait for your approval: {event.why}",
    payments.PaymentApproved: lambda event, _: f"Payment of {_money(event)} approved",
    payments.PaymentRefused: lambda event, _: f"Payment of {_money(event)} not approved: {event.reason}",
    payments.SuspenseReleased: lambda event, _: f"{_money(event)} released to the treasury: {event.note}",
    payments.BookOpened: lambda event, _: f"The ledger is about the {event.backend} node on {event.network}",
    payments.LedgerReconciled: lambda event, _: (
        f"Ledger and node compared: {_COMPARED.get(event.state, event.state)}"
    ),
    payments.DifferenceFound: lambda event, _: (
        f"Ledger and node differ: the ledger says {event.book_says}, the node {event.node_says}"
    ),
    payments.DifferenceResolved: lambda event, _: f"A difference with the node was explained: {event.note}",
    payments.PaymentRefunded: lambda event, _: f"{_money(event)} went back: {event.reason}",
    routing.ProviderCalled: _called,
    routing.ProviderFailedOver: _failed_over,
    routing.CircuitOpened: _opened,
    routing.CircuitHalfOpened: lambda event, _: f"{provider_name(event.provider)} is tried again",
    routing.CircuitClosed: lambda event, _: f"{provider_name(event.provider)} works again",
    routing.ProviderEnabled: lambda event, _: f"{provider_name(event.provider)} is switched on",
    routing.ProviderDisabled: lambda event, _: f"{provider_name(event.provider)} is switched off",
    routing.ProvidersReordered: lambda event, _: (
        f"Providers are asked in this order: {', '.join(map(provider_name, event.order))}"
    ),
    routing.ProviderTried: lambda event, _: (
        f"{provider_name(event.provider)} was tried: {event.detail or event.state}"
    ),
    routing.RouterHistoryThinned: lambda event, _: f"{event.requests:,} old requests were thinned out",
    system.SystemStarted: _started,
    system.SystemStopped: lambda _event, _: "Timmy Desktop stopped in good order",
    system.SystemInfo: lambda event, _: event.message,
    system.SystemWarning: lambda event, _: event.message,
    system.SystemFault: lambda event, _: event.message,
    memory.MemoryStored: _stored,
    memory.MemoryUpdated: lambda event, _: f"{_memories(len(event.entries))}: {event.what}",
    memory.MemoryForgotten: lambda event, _: f"{_memories(len(event.entries))} {event.reason}",
    memory.MemoryRecalled: lambda event, _: (
        f"{_memories(event.injected)} given to a reply, {event.cited} cited"
    ),
    memory.MemoryIndexed: lambda event, _: (
        f"The memory's index was built anew: {_memories(event.count)}, {duration(event.duration_ms)}"
    ),
    system.LogVerified: _verified,
    system.LogPruned: _pruned,
    **upgrade_sentences.WRITERS,
}
