"""The built-in Lightning node: simulated, without a network, but with real invoices and real preimages.

It signs regtest invoices and pays only its own. It keeps no state that a crash could lose: an invoice's
preimage is an HMAC of its payment secret under the node's key, so that the invoice itself tells, at any
time, what paying it gives.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from timmy_desktop.clock import Clock
from timmy_desktop.ledger import invoice as bolt11_invoice
from timmy_desktop.ledger.backends.base import BackendInfo, PaymentResult
from timmy_desktop.ledger.errors import BackendError, InvoiceError
from timmy_desktop.ledger.money import Msat

T = TypeVar("T")
NAME = "embedded"


class EmbeddedBackend:
    """Simulated: no sat of it is real money. Fees are zero, as between channels of one node."""

    def __init__(self, *, node_key: Callable[[], bytes], clock: Clock) -> None:
        """`node_key()` gives the 32-byte key of this data folder; it is asked once, off the loop."""
        self._load_key = node_key
        self._clock = clock
        self._key = b""
        self._node_id = ""
        self._refused: set[str] = set()
        self._thread: ThreadPoolExecutor | None = None

    @property
    def simulated(self) -> bool:
        return True

    async def start(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-lightning")
        self._key, self._node_id = await self._off_loop(self._keys)

    async def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)

    async def info(self) -> BackendInfo:
        return BackendInfo(NAME, bolt11_invoice.REGTEST, self._node_id, simulated=True)

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        return await self._off_loop(lambda: self._signed(amount_msat, memo, expiry_s))

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

    def _keys(self) -> tuple[bytes, str]:
        key = self._load_key()
        return key, bolt11_invoice.public_key(key)

    def _signed(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        secret = os.urandom(32)
        return bolt11_invoice.sign(
            self._key,
            amount_msat=amount_msat,
            payment_hash=hashlib.sha256(self._preimage(secret)).hexdigest(),
            payment_secret=secret.hex(),
            memo=memo,
            now_s=self._clock.now_us() // 1_000_000,
            expiry_s=expiry_s,
        )

    def _paid(self, bolt11: str, *, must_be_open: bool) -> PaymentResult:
        try:
            invoice = bolt11_invoice.decode(bolt11)
        except InvoiceError as error:
            return PaymentResult("failed", reason=str(error))
        if invoice.payee != self._node_id or invoice.network != bolt11_invoice.REGTEST:
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
