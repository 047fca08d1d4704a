"""Lightning nodes that do what real ones do on bad days: say nothing, refuse, answer late, or lie."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any, Literal

from timmy_desktop.clock import Clock
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends.base import (
    BackendInfo,
    InvoiceResult,
    NodeBalance,
    NodePayment,
    NodeReceipt,
    PaymentResult,
)
from timmy_desktop.ledger.errors import BackendError
from timmy_desktop.ledger.money import Msat

Mood = Literal["settles", "fails", "silent", "lies"]


@dataclass
class _Known:
    preimage: str
    amount: int = 0
    own: bool = True
    state: Literal["made", "in_flight", "settled", "failed"] = "made"
    asked: int = 0


class FakeLightning:
    """A node with a memory of its own, which outlives the application that asks it.

    `mood` is how it takes the next payment: "silent" holds it in flight and lets the caller time out, until
    `settle_held` or `fail_held`; "lies" calls it settled with a preimage that proves nothing.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        mood: Mood = "settles",
        fee_msat: int = 0,
        is_simulated: bool = True,
        can_pay_itself: bool = True,
        seed: bytes = b"a fake node",
    ) -> None:
        self.mood = mood
        self.is_simulated = is_simulated
        self.can_pay_itself = can_pay_itself
        self.network = "regtest"
        self.local = 0
        self.received: dict[str, int] = {}
        self.fee = Msat(fee_msat)
        self.reachable = True
        self.known: dict[str, _Known] = {}
        self._clock = clock
        self._key = hashlib.sha256(seed).digest()
        self._shop_key = hashlib.sha256(b"a shop").digest()

    @property
    def simulated(self) -> bool:
        return self.is_simulated

    @property
    def pays_itself(self) -> bool:
        return self.can_pay_itself

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def info(self) -> BackendInfo:
        self._reach()
        return BackendInfo("fake", self.network, invoice.public_key(self._key), self.is_simulated)

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        return self._invoice(self._key, amount_msat, memo, expiry_s)

    def shop_invoice(self, amount_msat: int, memo: str = "A book", expiry_s: int = 3600) -> str:
        """Somebody else's invoice, which this node can pay."""
        return self._invoice(self._shop_key, Msat(amount_msat), memo, expiry_s)

    def receive(self, payment_hash: str, amount_msat: int) -> None:
        """As if somebody paid an invoice of ours with this much."""
        if payment_hash not in self.received:
            self.local += amount_msat
        self.received.setdefault(payment_hash, amount_msat)

    async def lookup_invoice(self, payment_hash: str) -> InvoiceResult:
        self._reach()
        if payment_hash not in self.received:
            return InvoiceResult("open" if payment_hash in self.known else "unknown")
        preimage = os.urandom(32).hex() if self.mood == "lies" else self.known[payment_hash].preimage
        return InvoiceResult("settled", preimage, Msat(self.received[payment_hash]))

    async def cancel_invoice(self, payment_hash: str) -> None:
        self._reach()

    async def balance(self) -> NodeBalance | None:
        self._reach()
        return None if self.is_simulated else NodeBalance(Msat(self.local), Msat(0))

    async def payments(self, since_s: int) -> tuple[NodePayment, ...] | None:
        self._reach()
        if self.is_simulated:
            return None
        listed = [
            NodePayment(payment_hash, Msat(known.amount), await self.lookup(payment_hash, ""))
            for payment_hash, known in self.known.items()
            if known.asked
        ]
        return tuple(listed)

    async def receipts(self, since_s: int) -> tuple[NodeReceipt, ...] | None:
        self._reach()
        return tuple([NodeReceipt(key, await self.lookup_invoice(key)) for key in self.received])

    def _invoice(self, key: bytes, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        self._reach()
        preimage = os.urandom(32)
        payment_hash = hashlib.sha256(preimage).hexdigest()
        self.known[payment_hash] = _Known(preimage.hex(), amount_msat, key is self._key)
        return invoice.sign(
            key,
            amount_msat=amount_msat,
            payment_hash=payment_hash,
            payment_secret=os.urandom(32).hex(),
            memo=memo,
            now_s=self._clock.now_us() // 1_000_000,
            expiry_s=expiry_s,
        )

    async def pay_invoice(self, bolt11: str, max_fee_msat: Msat) -> PaymentResult:
        self._reach()
        payment_hash = invoice.decode(bolt11).payment_hash
        known = self.known.get(payment_hash)
        if known is None:
            return PaymentResult("failed", reason="no route")
        known.asked += 1
        if known.state == "made":
            self._arrive(known, {"settles": "settled", "fails": "failed"}.get(self.mood, "in_flight"))
        if self.mood == "silent" and known.state == "in_flight":
            raise BackendError("The node did not answer.")
        return await self.lookup(payment_hash, bolt11)

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:
        self._reach()
        known = self.known.get(payment_hash)
        if known is None or known.state in ("made", "failed"):
            return PaymentResult("failed", reason="no route")
        if known.state == "settled":
            return PaymentResult("settled", known.preimage, self.fee)
        if self.mood == "lies":
            return PaymentResult("settled", os.urandom(32).hex(), self.fee)
        return PaymentResult("unknown")

    def settle_held(self) -> None:
        """Everything in flight arrives."""
        self._end("settled")

    def fail_held(self) -> None:
        """Everything in flight comes back."""
        self._end("failed")

    def _end(self, state: Literal["settled", "failed"]) -> None:
        for known in self.known.values():
            if known.state == "in_flight":
                self._arrive(known, state)

    def settle_failed(self) -> None:
        """What this node had called failed arrives all the same: it was wrong."""
        for known in self.known.values():
            if known.state == "failed":
                self._arrive(known, "settled")

    def _arrive(self, known: _Known, state: Any) -> None:
        known.state = state
        if state == "settled":
            self.local -= self.fee + (0 if known.own else known.amount)

    def _reach(self) -> None:
        if not self.reachable:
            raise BackendError("The node is not reachable.")
