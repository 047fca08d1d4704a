"""The things of a moment, as the tables name them: frozen, and without a word of what may be forgotten."""

from __future__ import annotations

from typing import NamedTuple

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
    ledger_id: str = ""
    treasury_msat: int = 0
    """What the treasury held when it reached this state."""

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


class ComparisonThen(NamedTuple):
    """The last comparison of ledger and node; `number` says how many there were."""

    id: str
    state: str
    checked: int
    open: int
    time_us: int
    number: int

    @property
    def counted(self) -> str:
        return self.state


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
    edits: int = 0
    """How often its words were changed; what they were is in the memory's own history, if anywhere."""

    @property
    def counted(self) -> str:
        return f"{self.type}/{self.visibility}/{self.state}"


class TargetThen(NamedTuple):
    """A repository that was opened to proposals."""

    id: str
    folder: str
    branch: str
    opened_us: int
    python: str = ""
    allowed: tuple[str, ...] = ()
    unsandboxed: bool = False
    closed: bool = False

    @property
    def counted(self) -> str:
        return "closed" if self.closed else "open"


class TestsThen(NamedTuple):
    """One run of tests."""

    revision: int
    which: str
    outcome: str
    passed: int
    failed: int
    errors: int
    skipped: int
    duration_ms: int


class CommentThen(NamedTuple):
    """What a reviewer said; without words and side where an event is too old to tell them."""

    id: str
    upgrade_id: str
    revision: int
    path: str
    line: int
    side: str
    text: str
    author: str
    created_us: int
    answered_in: int = 0

    @property
    def counted(self) -> str:
        return "answered" if self.answered_in else "open"


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
    target_id: str = ""
    runs: tuple[TestsThen, ...] = ()
    proofs: tuple[tuple[int, str], ...] = ()
    """Revision and digest of each proof packet that is complete."""
    seen: tuple[tuple[str, str], ...] = ()
    """Files that the reviewer marked, each with the digest of its part of the patch."""
    decisions: int = 0
    """How many there were; they are kept in their table and never changed."""
    expires_us: int = 0
    step: str = ""
    old_head: str = ""
    new_head: str = ""
    checkout: str = ""
    checkout_note: str = ""
    can_look_again: bool = False
    applied_us: int = 0
    canary_until_us: int = 0
    suspicion: str = ""

    @property
    def counted(self) -> str:
        return self.state
