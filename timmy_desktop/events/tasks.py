"""Events in the life of a task, from posted to done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class TaskCreated(Event):
    """A person, or Timmy on a person's behalf, posted a task."""

    type: ClassVar[str] = "task.created"
    text: str
    local_only: bool = False
    max_price_msat: int = 0
    conversation_id: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskBidding(Event):
    """The auction opened; the agents named may bid until it closes."""

    type: ClassVar[str] = "task.bidding"
    eligible: list[str]
    round: int = 1


@dataclass(frozen=True, kw_only=True)
class BidSubmitted(Event):
    """An agent (`agent_id`) offered to do the task."""

    type: ClassVar[str] = "bid.submitted"
    amount_msat: int
    score_milli: int = 0


@dataclass(frozen=True, kw_only=True)
class AuctionClosed(Event):
    """The auction ended; `winner` is empty when nobody bid. `reason` says why it closed when it did."""

    type: ClassVar[str] = "auction.closed"
    winner: str
    amount_msat: int
    bids: int
    reason: str
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class TaskAssigned(Event):
    """The task was given to `agent_id` for `price_msat`, which is reserved for it.

    `ledger_id` is the row of the ledger, where nothing was to be reserved and no other event tells of it.
    """

    type: ClassVar[str] = "task.assigned"
    price_msat: int
    attempt: int = 1
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskStarted(Event):
    """The agent began to work."""

    type: ClassVar[str] = "task.started"
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class TaskStepped(Event):
    """One round of the agent loop ended: what the model said, and the tools that it asked for."""

    type: ClassVar[str] = "task.stepped"
    step: int
    text: str
    tool_calls: list[str]
    provider: str
    model: str
    tokens_in: int
    tokens_out: int
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class TaskCompleted(Event):
    """The task has a result; `note` is what has to be known with it."""

    type: ClassVar[str] = "task.completed"
    result: str
    provider: str
    model: str
    duration_ms: int
    tokens_in: int
    tokens_out: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskFailed(Event):
    """The task ended without a result; `reason` says why and what to do."""

    type: ClassVar[str] = "task.failed"
    severity: ClassVar[str] = "error"
    reason: str


@dataclass(frozen=True, kw_only=True)
class TaskRetried(Event):
    """The task goes back to auction: an attempt ended without a result, or a person asked (`asked_for`)."""

    type: ClassVar[str] = "task.retried"
    severity: ClassVar[str] = "warning"
    reason: str
    attempt: int
    asked_for: bool = False


@dataclass(frozen=True, kw_only=True)
class TaskCancelled(Event):
    """A person called the task off."""

    type: ClassVar[str] = "task.cancelled"
    reason: str


@dataclass(frozen=True, kw_only=True)
class TaskQueued(Event):
    """Nobody bid; the task waits until somebody is free who was not asked yet."""

    type: ClassVar[str] = "task.queued"


@dataclass(frozen=True, kw_only=True)
class TaskPaymentNoted(Event):
    """Why a completed task is not paid; empty when it was paid after all."""

    type: ClassVar[str] = "task.payment_noted"
    reason: str
