"""What the ledger asks of a Lightning node, and the few answers that it can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from timmy_desktop.clock import Clock
from timmy_desktop.ledger.money import ZERO, Msat

PaymentState = Literal["settled", "failed", "unknown"]
InvoiceState = Literal["open", "settled", "expired", "unknown"]

# The names that settings and people use, and what BOLT 11 writes for them.
NETWORKS = {"mainnet": "bc", "testnet": "tb", "signet": "tbs", "regtest": "bcrt"}


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """A node's word on a payment. *Unknown* is not failed: the money may still arrive.

    `failed` is said only when the payment can't arrive any more. `settled` comes with the preimage (hex),
    which the ledger checks against the payment hash before it believes it.
    """

    state: PaymentState
    preimage: str = ""
    fee_msat: Msat = ZERO
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceResult:
    """A node's word on an invoice of its own; `expired` also when it was cancelled there.

    `settled` comes with the preimage and with what really came in, which may be more or less than asked for.
    """

    state: InvoiceState
    preimage: str = ""
    received_msat: Msat = ZERO
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """Which node this is. `simulated` backends move no real money, and are shown so wherever they appear."""

    name: str
    network: str
    node_id: str
    simulated: bool
    alias: str = ""
    height: int = 0
    synced: bool = True
    cautions: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """How BOLT 11 invoices of this network begin; empty for one that nobody knows."""
        return NETWORKS.get(self.network, "")


@dataclass(frozen=True, slots=True)
class NodeBalance:
    """What is on our side of the channels, and what of ours is on its way out.

    `rounding_msat` is how far off it may be because the node rounds what it says.
    """

    local_msat: Msat
    in_flight_msat: Msat
    rounding_msat: Msat = ZERO


@dataclass(frozen=True, slots=True)
class NodePayment:
    """A payment as the node lists it, for reconciliation."""

    payment_hash: str
    amount_msat: Msat
    result: PaymentResult


@dataclass(frozen=True, slots=True)
class NodeReceipt:
    """An invoice that was paid, as the node lists it, for reconciliation."""

    payment_hash: str
    result: InvoiceResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendParts:
    """What a backend may be made from. `secret()` blocks while the keychain answers: call it off the loop."""

    clock: Clock
    node_key: Callable[[], bytes]
    secret: Callable[[], str] = str
    url: str = ""
    certificate: Path | None = None
    journal: Path | None = None


class LightningBackend(Protocol):
    """One node. Methods raise BackendError when it wasn't reached; that says nothing about a payment."""

    @property
    def simulated(self) -> bool:
        """Whether no real money moves; known before the backend has started."""
        ...

    @property
    def pays_itself(self) -> bool:
        """Whether it can pay invoices of its own. Where it can't, agents are paid within the book."""
        ...

    async def start(self) -> None:
        """Loads keys. A node that is not there now is no error: `info` says so."""
        ...

    async def stop(self) -> None:
        """Lets go of threads and connections."""
        ...

    async def info(self) -> BackendInfo:
        """The node's identity; every invoice of `create_invoice` is signed by `node_id`."""
        ...

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        """A signed BOLT 11 invoice of this node for exactly this amount."""
        ...

    async def lookup_invoice(self, payment_hash: str) -> InvoiceResult:
        """What became of an invoice of this node; `unknown` when it knows none of that hash."""
        ...

    async def cancel_invoice(self, payment_hash: str) -> None:
        """Makes the node refuse payments of it, where the node can do that."""
        ...

    async def pay_invoice(self, bolt11: str, max_fee_msat: Msat) -> PaymentResult:
        """Pays once, however often it is asked for the same payment hash, for a fee of at most this."""
        ...

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:
        """What became of a payment that was asked for, maybe before a crash.

        `failed` if the node was never asked and the question can't be on its way to it any more.
        """
        ...

    async def balance(self) -> NodeBalance | None:
        """What the node holds; None where it keeps no balance of its own."""
        ...

    async def payments(self, since_s: int) -> tuple[NodePayment, ...] | None:
        """Payments made since then, the settled and the failed ones; None where it keeps no list."""
        ...

    async def receipts(self, since_s: int) -> tuple[NodeReceipt, ...] | None:
        """Invoices paid since then; None where it keeps no list."""
        ...
