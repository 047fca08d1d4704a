"""Events of the Lightning ledger. `ledger_id` is the row that an event made, empty where it made none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class _Payment(Event):
    payment_hash: str
    amount_msat: int
    simulated: bool


@dataclass(frozen=True, kw_only=True)
class InvoiceCreated(_Payment):
    """An agent asked to be paid by this BOLT 11 invoice; `receivable`: somebody outside is asked to."""

    type: ClassVar[str] = "invoice.created"
    bolt11: str
    memo: str
    expires_us: int
    receivable: bool = False
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SatsReserved(Event):
    """The price of a task was put into escrow at award, with the most that its fee may be."""

    type: ClassVar[str] = "payment.reserved"
    amount_msat: int
    simulated: bool
    fee_cap_msat: int = 0
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentSent(_Payment):
    """The intent to pay from `account` was recorded; the backend is asked next."""

    type: ClassVar[str] = "payment.sent"
    fee_cap_msat: int = 0
    account: str = "treasury"
    purpose: str = "task"
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentSettled(_Payment):
    """The payment arrived, proven by the preimage (hex) that hashes to the payment hash.

    `purpose` is `task` when an agent was paid for one, else what the payer called it.
    """

    type: ClassVar[str] = "payment.settled"
    fee_msat: int
    preimage: str
    purpose: str = "task"


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(_Payment):
    """The backend said for certain that the payment will not arrive."""

    type: ClassVar[str] = "payment.failed"
    severity: ClassVar[str] = "error"
    reason: str
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentExpired(_Payment):
    """The invoice ran out unpaid."""

    type: ClassVar[str] = "payment.expired"
    severity: ClassVar[str] = "warning"


@dataclass(frozen=True, kw_only=True)
class PaymentRefunded(Event):
    """What was reserved for a task went back to the treasury."""

    type: ClassVar[str] = "payment.refunded"
    amount_msat: int
    simulated: bool
    reason: str
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SatsDeposited(Event):
    """Sats came into the treasury from outside; simulated ones say so."""

    type: ClassVar[str] = "payment.deposited"
    amount_msat: int
    memo: str
    simulated: bool
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SatsRewarded(Event):
    """An agent was paid within the book: its sats stay on the node that holds the treasury."""

    type: ClassVar[str] = "payment.rewarded"
    amount_msat: int
    simulated: bool
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class InvoiceSettled(_Payment):
    """Somebody paid an invoice of ours: the node says so, and the preimage (hex) hashes to the payment hash.

    `flags` are words apart by a space: late, overpaid, underpaid.
    """

    type: ClassVar[str] = "invoice.settled"
    received_msat: int
    preimage: str
    flags: str
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class InvoiceCancelled(_Payment):
    """An invoice of ours is not wanted any more; a payment of it that still comes is recorded and flagged."""

    type: ClassVar[str] = "invoice.cancelled"
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaymentSettledLate(_Payment):
    """A payment that had failed or expired in the book settled all the same, by the node's word and proof."""

    type: ClassVar[str] = "payment.settled_late"
    severity: ClassVar[str] = "warning"
    fee_msat: int
    preimage: str
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ApprovalRequested(_Payment):
    """A payment is above a limit and waits for a person; `digest` is of all that the person is shown."""

    type: ClassVar[str] = "payment.approval_requested"
    severity: ClassVar[str] = "warning"
    approval_id: str
    digest: str
    payee: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PaymentApproved(_Payment):
    """A person approved the payment whose `digest` was on screen."""

    type: ClassVar[str] = "payment.approved"
    approval_id: str
    digest: str
    decided_by: str


@dataclass(frozen=True, kw_only=True)
class PaymentRefused(_Payment):
    """A payment that waited for a person was refused, or waited too long."""

    type: ClassVar[str] = "payment.refused"
    approval_id: str
    decided_by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SuspenseReleased(Event):
    """A person said where sats in suspense belong: to the treasury."""

    type: ClassVar[str] = "payment.released"
    amount_msat: int
    simulated: bool
    note: str
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class BookOpened(Event):
    """From here on the ledger is about this Lightning node."""

    type: ClassVar[str] = "ledger.opened"
    backend: str
    network: str
    node_id: str
    simulated: bool
    closed_msat: int
    ledger_id: str = ""


@dataclass(frozen=True, kw_only=True)
class LedgerReconciled(Event):
    """Ledger and node were compared; `open` differences wait for a person."""

    type: ClassVar[str] = "ledger.reconciled"
    state: str
    checked: int
    open: int
    network: str
    height: int
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class DifferenceFound(Event):
    """Ledger and node disagree about something that nothing explains."""

    type: ClassVar[str] = "ledger.difference_found"
    severity: ClassVar[str] = "error"
    difference_id: str
    kind: str
    subject: str
    book_says: str
    node_says: str
    amount_msat: int


@dataclass(frozen=True, kw_only=True)
class DifferenceResolved(Event):
    """A person explained a difference, or it was there no more; `booked_msat` is what was booked for it."""

    type: ClassVar[str] = "ledger.difference_resolved"
    difference_id: str
    note: str
    booked_msat: int
    ledger_id: str = ""
