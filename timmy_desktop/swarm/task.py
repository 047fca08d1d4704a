"""What a task is and which way its life may go: values and one table, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from timmy_desktop.inert import storable
from timmy_desktop.swarm.errors import TaskRejectedError, TaskStateError

LONGEST_TEXT = 100_000
# Sats that exist, in millisatoshi: no price can be above it.
MOST_MSAT = 2_100_000_000_000_000_000


class TaskStatus(StrEnum):
    """Where a task is in its life."""

    CREATED = "created"
    BIDDING = "bidding"
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the task has ended. A failed or cancelled one can be posted anew by a person's retry."""
        return self in TERMINAL


_S = TaskStatus
TERMINAL = frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED})

# Back to `created` goes what is auctioned again: nobody bid yet, an attempt failed, a person asked.
TRANSITIONS: dict[TaskStatus, frozenset[TaskStatus]] = {
    _S.CREATED: frozenset({_S.BIDDING, _S.FAILED, _S.CANCELLED}),
    _S.BIDDING: frozenset({_S.CREATED, _S.ASSIGNED, _S.FAILED, _S.CANCELLED}),
    _S.ASSIGNED: frozenset({_S.CREATED, _S.RUNNING, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.CREATED, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset({_S.CREATED}),
    _S.CANCELLED: frozenset({_S.CREATED}),
}


def moved(old: TaskStatus, new: TaskStatus) -> TaskStatus:
    """`new`, when the table allows the step from `old`; TaskStateError otherwise."""
    if new not in TRANSITIONS[old]:
        raise TaskStateError(f"A task that is {old} can't become {new}.")
    return new


def checked_text(text: str) -> str:
    """The text of a task as it is stored, or TaskRejectedError with what to change."""
    if len(text) > LONGEST_TEXT:
        raise TaskRejectedError(
            f"The task has {len(text):,} characters, more than the {LONGEST_TEXT:,} that a task may have. "
            "Put the material into a file of the opened folder and name the file in the task."
        )
    cleaned = storable(text).strip()
    if not any(char.isprintable() and not char.isspace() for char in cleaned):
        raise TaskRejectedError("The task is empty. Say in a sentence or more what is to be done.")
    return cleaned


def checked_price(max_price_msat: int) -> int:
    """The most that a task may cost, millisatoshi, 0 for no limit; TaskRejectedError when it is no price."""
    if not 0 <= max_price_msat <= MOST_MSAT:
        raise TaskRejectedError("The highest price must be 0 (no limit) or a positive number of sats.")
    return max_price_msat


@dataclass(frozen=True, slots=True)
class BidView:
    """One bid as the database holds it."""

    task_id: str
    round: int
    agent_id: str
    agent_name: str
    amount_msat: int
    score_milli: int
    won: bool
    time_us: int


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as the database holds it. Times are microseconds UTC, money is millisatoshi.

    `reason` says why it failed or was cancelled, what holds it up, or what to know about its result.
    """

    id: str
    text: str
    status: TaskStatus
    created_us: int
    updated_us: int
    local_only: bool
    max_price_msat: int
    attempt: int
    agent_id: str
    agent_name: str
    price_msat: int
    paid_msat: int
    fee_msat: int
    result: str
    reason: str
    provider: str
    model: str
    tokens_in: int
    tokens_out: int
    duration_ms: int
    conversation_id: str
    bids: tuple[BidView, ...] = ()
