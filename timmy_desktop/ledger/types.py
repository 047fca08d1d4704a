"""What the ledger tells those above it: invoices, approvals, doubts, the node's health, reconciliations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from timmy_desktop.ledger.money import ZERO, Msat

PERSON = "person"
TREASURY = "treasury"

OutcomeStatus = Literal["settled", "failed", "unknown", "waiting"]


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """What became of a payment. `reason` says why it didn't arrive, or not yet.

    `unknown` may still settle. `waiting` is above a limit: nothing was sent, a person decides about
    `approval_id`.
    """

    status: OutcomeStatus
    paid_msat: Msat = ZERO
    fee_msat: Msat = ZERO
    payment_hash: str = ""
    reason: str = ""
    ledger_id: str = ""
    approval_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvoice:
    """An invoice of ours that waits to be paid; times in microseconds UTC."""

    ledger_id: str
    bolt11: str
    payment_hash: str
    amount_msat: Msat
    memo: str
    created_us: int
    expires_us: int
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedInvoice:
    """Somebody's invoice, read strictly, and everything that speaks against paying it.

    `digest` is of what the person is shown; paying wants it back, so that what is paid is what was shown.
    `known` is the state of a payment of the same hash in the ledger: settled, pending, failed; else empty.
    """

    bolt11: str
    network: str
    payee: str
    payment_hash: str
    amount_msat: Msat
    memo: str
    created_us: int
    expires_us: int
    fee_cap_msat: Msat
    available_msat: Msat
    simulated: bool
    is_ours: bool
    known: str
    digest: str
    problems: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def can_be_paid(self) -> bool:
        """Whether nothing forbids it; `cautions` are for the person to weigh."""
        return not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A payment that waits for a person, because it is above a limit; `why` names the limit."""

    id: str
    state: str
    requested_by: str
    why: str
    digest: str
    bolt11: str
    payment_hash: str
    payee: str
    amount_msat: Msat
    fee_cap_msat: Msat
    account: str
    purpose: str
    memo: str
    task_id: str
    agent_id: str
    simulated: bool
    requested_us: int
    expires_us: int
    decided_us: int = 0
    decided_by: str = ""
    reason: str = ""
    ledger_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A payment that was asked for and of which the node has not said what became of it."""

    ledger_id: str
    payment_hash: str
    amount_msat: Msat
    payee: str
    memo: str
    task_id: str
    agent_id: str
    since_us: int
    under_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Sats in suspense: too much, too little or late; a person says where they belong."""

    ledger_id: str
    flags: tuple[str, ...]
    amount_msat: Msat
    memo: str
    settled_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """Which node this is and whether it may be used; `problem` says why not and what to do."""

    ok: bool
    backend: str
    network: str = ""
    node_id: str = ""
    alias: str = ""
    height: int = 0
    synced: bool = False
    simulated: bool = False
    spendable_msat: Msat | None = None
    problem: str = ""
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where ledger and node disagree. `open` is an alarm; `explained` needs nobody; `resolved` was decided.

    `kind` is one of balance, settled_only_at_node, failed_at_node, unknown_to_ledger, amount, fee.
    `can_be_booked`: `resolve_difference(…, book=True)` records what the node says.
    """

    id: str
    run_id: str
    kind: str
    subject: str
    state: str
    book_says: str
    node_says: str
    amount_msat: Msat
    explanation: str
    ledger_id: str
    found_us: int
    seen_us: int
    resolved_us: int = 0
    resolved_by: str = ""

    @property
    def can_be_booked(self) -> bool:
        """Whether there is something that could be recorded in the book."""
        return self.kind in ("balance", "settled_only_at_node", "unknown_to_ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One comparison of ledger and node. `node_msat` is None where the node keeps no balance to compare."""

    id: str
    asked_by: str
    state: str
    backend: str
    network: str
    node_id: str
    height: int
    book_msat: Msat
    node_msat: Msat | None
    checked: int
    open: int
    detail: str
    started_us: int
    finished_us: int
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What needs a person, for the top of the dock; all empty when nothing does."""

    approvals: tuple[Approval, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    differences: tuple[Difference, ...] = ()
    held: tuple[Held, ...] = ()
    health: NodeHealth | None = field(default=None)

    @property
    def is_empty(self) -> bool:
        """Whether nobody has to do anything."""
        healthy = self.health is None or self.health.ok
        return healthy and not (self.approvals or self.doubts or self.differences or self.held)
