"""Events of the Lightning ledger."""

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
    """An agent asked to be paid by this BOLT 11 invoice."""

    type: ClassVar[str] = "invoice.created"
    bolt11: str
    memo: str
    expires_us: int


@dataclass(frozen=True, kw_only=True)
class SatsReserved(Event):
    """The price of a task was put into escrow at award."""

    type: ClassVar[str] = "payment.reserved"
    amount_msat: int
    simulated: bool


@dataclass(frozen=True, kw_only=True)
class PaymentSent(_Payment):
    """The intent to pay was recorded; the backend is asked next."""

    type: ClassVar[str] = "payment.sent"


@dataclass(frozen=True, kw_only=True)
class PaymentSettled(_Payment):
    """The payment arrived, proven by the preimage (hex) that hashes to the payment hash."""

    type: ClassVar[str] = "payment.settled"
    fee_msat: int
    preimage: str


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(_Payment):
    """The backend said for certain that the payment will not arrive."""

    type: ClassVar[str] = "payment.failed"
    severity: ClassVar[str] = "error"
    reason: str


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


@dataclass(frozen=True, kw_only=True)
class SatsDeposited(Event):
    """Sats came into the treasury from outside; simulated ones say so."""

    type: ClassVar[str] = "payment.deposited"
    amount_msat: int
    memo: str
    simulated: bool
