"""The built-in Lightning node: simulated, without a network, but with real invoices and real preimages.

It signs regtest invoices and pays its own and those of its simulated shop. An invoice's preimage is an HMAC
of its payment secret under the node's key, so that the invoice itself tells at any time what paying it gives:
no crash can lose it. Only what "somebody" paid to us is written down, in a journal.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from timmy_desktop.clock import Clock
from timmy_desktop.ledger import invoice as bolt11_invoice
from timmy_desktop.ledger.backends.base import (
    BackendInfo,
    BackendParts,
    InvoiceResult,
    NodeBalance,
    NodePayment,
    NodeReceipt,
    PaymentResult,
)
from timmy_desktop.ledger.backends.embedded_journal import Journal
from timmy_desktop.ledger.errors import BackendError, InvoiceError
from timmy_desktop.ledger.money import Msat

T = TypeVar("T")
NAME = "embedded"
NETWORK = "regtest"


class EmbeddedBackend:
    """Simulated: no sat of it is real money. Fees are zero, as between channels of one node."""

    def __init__(self, *, node_key: Callable[[], bytes], clock: Clock, journal: Path | None = None) -> None:
        """`node_key()` gives the 32-byte key of this data folder; it is asked once, off the loop."""
        self._load_key = node_key
        self._clock = clock
        self._key = self._shop_key = b""
        self._node_id = self._shop_id = ""
        self._refused: set[str] = set()
        self._journal = Journal(journal)
        self._thread: ThreadPoolExecutor | None = None

    @property
    def simulated(self) -> bool:
        return True

    @property
    def pays_itself(self) -> bool:
        return True

    async def start(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-lightning")
        await self._off_loop(self._load)

    async def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)

    async def info(self) -> BackendInfo:
        if self._thread is None:
            raise BackendError("The simulated Lightning node is not running.")
        return BackendInfo(NAME, NETWORK, self._node_id, simulated=True, alias="Simulated node")

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        return await self._off_loop(lambda: self._signed(self._key, amount_msat, memo, expiry_s))

    async def shop_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        """An invoice of the simulated shop: somebody whom this node can pay."""
        return await self._off_loop(lambda: self._signed(self._shop_key, amount_msat, memo, expiry_s))

    async def receive(self, bolt11: str, amount_msat: Msat) -> None:
        """As if somebody paid this invoice of ours, with this much; written down before it is so."""
        await self._off_loop(lambda: self._received(bolt11, amount_msat))

    async def lookup_invoice(self, payment_hash: str) -> InvoiceResult:
        return await self._off_loop(lambda: self._journal.look_up(payment_hash))

    async def cancel_invoice(self, payment_hash: str) -> None:
        """Nothing to do: nobody pays it but whoever simulates that."""

    async def pay_invoice(self, bolt11: str, max_fee_msat: Msat) -> PaymentResult:  # noqa: ARG002 - no fees
        result = await self._off_loop(lambda: self._paid(bolt11, must_be_open=True))
        if result.state == "failed":
            self._refused.add(bolt11)
        return result

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:
        """Settled for every invoice of this node that it didn't refuse, paid a moment or a crash ago."""
        if bolt11 in self._refused:
            return PaymentResult("failed", reason="The node refused the invoice.")
        result = await self._off_loop(lambda: self._paid(bolt11, must_be_open=False))
        if result.state == "settled" and not bolt11_invoice.proves(result.preimage, payment_hash):
            return PaymentResult("failed", reason="The invoice belongs to another payment.")
        return result

    async def balance(self) -> NodeBalance | None:
        return None

    async def payments(self, since_s: int) -> tuple[NodePayment, ...] | None:  # noqa: ARG002 - keeps no list
        return None

    async def receipts(self, since_s: int) -> tuple[NodeReceipt, ...] | None:
        return await self._off_loop(lambda: self._journal.since(since_s))

    def _load(self) -> None:
        self._key = self._load_key()
        self._shop_key = hmac.digest(self._key, b"simulated shop", "sha256")
        self._node_id = bolt11_invoice.public_key(self._key)
        self._shop_id = bolt11_invoice.public_key(self._shop_key)
        self._journal.load()

    def _signed(self, key: bytes, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        secret = os.urandom(32)
        return bolt11_invoice.sign(
            key,
            amount_msat=amount_msat,
            payment_hash=hashlib.sha256(self._preimage(secret)).hexdigest(),
            payment_secret=secret.hex(),
            memo=memo,
            now_s=self._clock.now_us() // 1_000_000,
            expiry_s=expiry_s,
        )

    def _received(self, bolt11: str, amount_msat: Msat) -> None:
        invoice = bolt11_invoice.decode(bolt11)
        if invoice.payee != self._node_id:
            raise InvoiceError("The simulated node can be paid by its own invoices only.")
        preimage = self._preimage(bytes.fromhex(invoice.payment_secret)).hex()
        self._journal.add(invoice.payment_hash, preimage, amount_msat, self._clock.now_us() // 1_000_000)

    def _paid(self, bolt11: str, *, must_be_open: bool) -> PaymentResult:
        try:
            invoice = bolt11_invoice.decode(bolt11)
        except InvoiceError as error:
            return PaymentResult("failed", reason=str(error))
        known = invoice.payee in (self._node_id, self._shop_id)
        if not known or invoice.network != bolt11_invoice.REGTEST:
            return PaymentResult("failed", reason="The simulated node can pay its own invoices only.")
        if must_be_open and self._clock.now_us() >= invoice.expires_s * 1_000_000:
            return PaymentResult("failed", reason="The invoice has expired.")
        preimage = self._preimage(bytes.fromhex(invoice.payment_secret)).hex()
        if not bolt11_invoice.proves(preimage, invoice.payment_hash):
            return PaymentResult("failed", reason="The invoice was not made by this node.")
        return PaymentResult("settled", preimage)

    def _preimage(self, secret: bytes) -> bytes:
        return hmac.digest(self._key, b"preimage" + secret, "sha256")

    async def _off_loop(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise BackendError("The simulated Lightning node is not running.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def make(parts: BackendParts) -> EmbeddedBackend:
    """The embedded node of this data folder."""
    return EmbeddedBackend(node_key=parts.node_key, clock=parts.clock, journal=parts.journal)
