"""What the ledger asks of a Lightning node, and the three answers that a payment can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from timmy_desktop.ledger.money import ZERO, Msat

PaymentState = Literal["settled", "failed", "unknown"]


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
class BackendInfo:
    """Which node this is. `simulated` backends move no real money, and are shown so wherever they appear."""

    name: str
    network: str
    node_id: str
    simulated: bool


class LightningBackend(Protocol):
    """One node. Methods raise BackendError when it wasn't reached; that says nothing about a payment."""

    @property
    def simulated(self) -> bool:
        """Whether no real money moves; known before the backend has started."""
        ...

    async def start(self) -> None:
        """Loads keys or connects."""
        ...

    async def stop(self) -> None:
        """Lets go of threads and connections."""
        ...

    async def info(self) -> BackendInfo:
        """The node's identity; every invoice of `create_invoice` is signed by `node_id`."""
        ...

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        """A signed BOLT 11 invoice for exactly this amount, on behalf of the agent that is to be paid."""
        ...

    async def pay_invoice(self, bolt11: str, max_fee_msat: Msat) -> PaymentResult:
        """Pays once, however often it is asked for the same payment hash, for a fee of at most this."""
        ...

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:
        """What became of a payment that was asked for, maybe before a crash.

        `failed` if the node was never asked and the question can't be on its way to it any more.
        """
        ...
