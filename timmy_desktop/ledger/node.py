"""The Lightning backend as the ledger trusts it: not at all. Deadlines, and invoices checked on arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from timmy_desktop.clock import Clock
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends.base import LightningBackend, PaymentResult
from timmy_desktop.ledger.errors import BackendError, LedgerError
from timmy_desktop.ledger.invoice import Invoice
from timmy_desktop.ledger.money import Msat

T = TypeVar("T")
EXPIRY_S = 3600


class Node:
    """Asks the backend; an answer about a payment that fails to come is *unknown*, never an exception."""

    def __init__(self, backend: LightningBackend, *, clock: Clock, answer_seconds: float) -> None:
        self._backend = backend
        self._clock = clock
        self._answer_s = answer_seconds
        self._thread: ThreadPoolExecutor | None = None

    @property
    def simulated(self) -> bool:
        """Whether no real money moves."""
        return self._backend.simulated

    async def start(self) -> None:
        """Starts the backend."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-invoices")
        self._thread.submit(invoice.warm_up)
        await self._backend.start()

    async def stop(self) -> None:
        """Stops the backend and the thread that reads invoices."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)
        await self._backend.stop()

    async def bill(self, amount: Msat, memo: str) -> Invoice:
        """The agent's invoice, checked as if a stranger had made it; BackendError or InvoiceError."""
        if self._thread is None:
            raise LedgerError("The ledger is not running, so nothing can be paid.")
        info = await self._in_time(self._backend.info())
        text = await self._in_time(self._backend.create_invoice(amount, memo, EXPIRY_S))
        now_s = self._clock.now_us() // 1_000_000
        return await asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: invoice.verified(
                text, payee=info.node_id, amount_msat=amount, now_s=now_s, network=info.network
            ),
        )

    async def pay(self, bolt11: str, max_fee: Msat) -> PaymentResult:
        """Asks for the payment."""
        return await self._answer(self._backend.pay_invoice(bolt11, max_fee))

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:
        """Asks what became of the payment."""
        return await self._answer(self._backend.lookup(payment_hash, bolt11))

    async def _answer(self, question: Awaitable[PaymentResult]) -> PaymentResult:
        try:
            return await self._in_time(question)
        except BackendError as error:
            return PaymentResult("unknown", reason=str(error))

    async def _in_time(self, question: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._answer_s):
                return await question
        except TimeoutError as error:
            raise BackendError("The Lightning node did not answer in time.") from error
