"""What was true at one moment: frozen, small, and without a word of what may have been forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from timmy_desktop.scrubber.shelf import Shelf, ShelfDraft

TREASURY = "treasury"


class BidThen(NamedTuple):
    """An offer in one of a task's auctions."""

    round: int
    agent_id: str
    amount_msat: int
    score_milli: int
    won: bool


class TaskThen(NamedTuple):
    """A task; the names are those of the table. Times are those of its events."""

    id: str
    text: str
    status: str
    created_us: int
    updated_us: int
    local_only: bool = False
    max_price_msat: int = 0
    attempt: int = 0
    agent_id: str = ""
    price_msat: int = 0
    paid_msat: int = 0
    fee_msat: int = 0
    result: str = ""
    reason: str = ""
    provider: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    duration_ms: int = 0
    conversation_id: str = ""
    round: int = 0
    bids: tuple[BidThen, ...] = ()

    @property
    def counted(self) -> str:
        return self.status


class AgentThen(NamedTuple):
    """An agent and its record."""

    id: str
    name: str
    role: str
    status: str
    completed: int = 0
    failed: int = 0

    @property
    def counted(self) -> str:
        return self.status


class AccountThen(NamedTuple):
    """An account of the book with what went in and out, ever."""

    name: str
    balance_msat: int = 0
    in_msat: int = 0
    out_msat: int = 0

    @property
    def counted(self) -> str:
        return "account"


class TransactionThen(NamedTuple):
    """A row of the ledger."""

    type: str
    state: str
    amount_msat: int
    time_us: int
    fee_msat: int = 0
    received_msat: int = 0
    payment_hash: str = ""
    account: str = TREASURY
    task_id: str = ""
    agent_id: str = ""
    simulated: bool = True
    flying_msat: int = 0
    is_reward: bool = False
    note: str = ""

    @property
    def counted(self) -> str:
        return self.state


class ReserveThen(NamedTuple):
    """What a task has in escrow."""

    held_msat: int

    @property
    def counted(self) -> str:
        return "held" if self.held_msat else "empty"


class ApprovalThen(NamedTuple):
    """A payment that waits, or waited, for a person."""

    id: str
    state: str
    amount_msat: int
    agent_id: str
    why: str

    @property
    def counted(self) -> str:
        return self.state


class DifferenceThen(NamedTuple):
    """Of which kind a difference between ledger and node is."""

    kind: str

    @property
    def counted(self) -> str:
        return self.kind


class ProviderThen(NamedTuple):
    """A provider: its circuit, its last attempt, and how many there were since the log begins."""

    name: str
    circuit: str = "CLOSED"
    reason: str = ""
    disabled: bool = False
    answers: int = 0
    failures: int = 0
    cancelled: int = 0
    failed_over: int = 0
    outcome: str = ""
    detail: str = ""
    model: str = ""
    ttft_ms: int = -1
    total_ms: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    asked_us: int = 0

    @property
    def counted(self) -> str:
        return self.circuit


class MemoryThen(NamedTuple):
    """That there was an entry; what it said is not the log's to tell."""

    id: str
    type: str
    owner: str
    visibility: str
    state: str
    stored_us: int
    pinned: bool = False
    superseded_by: str = ""

    @property
    def counted(self) -> str:
        return f"{self.type}/{self.visibility}/{self.state}"


class UpgradeThen(NamedTuple):
    """A proposal to change code."""

    id: str
    state: str
    title: str
    proposer: str
    created_us: int
    updated_us: int
    revision: int = 1
    risk: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0
    task_id: str = ""
    by: str = ""
    automatic: bool = False
    reason: str = ""
    commit: str = ""
    undone_by: str = ""
    tests: str = ""

    @property
    def counted(self) -> str:
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The state after event `seq`, which was written at `time_us`."""

    seq: int = 0
    time_us: int = 0
    skipped: int = 0
    """Events that would have counted and are of a newer version than this program knows."""
    failed: tuple[int, str] = (0, "")
    """The number and task of the last payment that failed: the refund right after it is told, not booked."""
    order: tuple[str, ...] = ()
    """The providers as the person put them; empty before that."""
    tasks: Shelf[TaskThen] = field(default_factory=Shelf)
    agents: Shelf[AgentThen] = field(default_factory=Shelf)
    accounts: Shelf[AccountThen] = field(default_factory=Shelf)
    transactions: Shelf[TransactionThen] = field(default_factory=Shelf)
    reserves: Shelf[ReserveThen] = field(default_factory=Shelf)
    approvals: Shelf[ApprovalThen] = field(default_factory=Shelf)
    differences: Shelf[DifferenceThen] = field(default_factory=Shelf)
    providers: Shelf[ProviderThen] = field(default_factory=Shelf)
    memories: Shelf[MemoryThen] = field(default_factory=Shelf)
    upgrades: Shelf[UpgradeThen] = field(default_factory=Shelf)


_SHELVES = (
    "tasks", "agents", "accounts", "transactions", "reserves", "approvals", "differences", "providers",
    "memories", "upgrades",
)  # fmt: skip


class Draft:
    """A world while events are folded into it."""

    def __init__(self, world: World) -> None:
        self.seq, self.time_us, self.skipped = world.seq, world.time_us, world.skipped
        self.failed, self.order = world.failed, world.order
        self.tasks: ShelfDraft[TaskThen] = world.tasks.draft()
        self.agents: ShelfDraft[AgentThen] = world.agents.draft()
        self.accounts: ShelfDraft[AccountThen] = world.accounts.draft()
        self.transactions: ShelfDraft[TransactionThen] = world.transactions.draft()
        self.reserves: ShelfDraft[ReserveThen] = world.reserves.draft()
        self.approvals: ShelfDraft[ApprovalThen] = world.approvals.draft()
        self.differences: ShelfDraft[DifferenceThen] = world.differences.draft()
        self.providers: ShelfDraft[ProviderThen] = world.providers.draft()
        self.memories: ShelfDraft[MemoryThen] = world.memories.draft()
        self.upgrades: ShelfDraft[UpgradeThen] = world.upgrades.draft()

    def frozen(self) -> World:
        """The world as it is now."""
        return World(
            seq=self.seq,
            time_us=self.time_us,
            skipped=self.skipped,
            failed=self.failed,
            order=self.order,
            **{name: getattr(self, name).frozen() for name in _SHELVES},
        )
