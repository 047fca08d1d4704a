"""The Lightning backend as the ledger trusts it: not at all. Deadlines, one network, one node."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from timmy_desktop.clock import Clock
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends.base import (
    BackendInfo,
    InvoiceResult,
    LightningBackend,
    NodeBalance,
    PaymentResult,
)
from timmy_desktop.ledger.errors import BackendError, LedgerError, WrongNodeError
from timmy_desktop.ledger.invoice import Invoice
from timmy_desktop.ledger.money import Msat
from timmy_desktop.ledger.types import NodeHealth

T = TypeVar("T")
# What reading an answer of another shape ends in, wherever an adapter did not look first.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
EXPIRY_S = 3600
TRUSTED_S = 60.0
"""How long a node that said who it is need not say so again."""


class Node:
    """Asks the backend; an answer about a payment that fails to come is *unknown*, never an exception."""

    def __init__(
        self, backend: LightningBackend, *, clock: Clock, answer_seconds: float, network: str
    ) -> None:
        """`network` is the one that the settings name: a node of another one is not used."""
        self._backend = backend
        self._clock = clock
        self._answer_s = answer_seconds
        self._network = network
        self._pinned = ""
        self._known: tuple[float, BackendInfo] | None = None
        self._thread: ThreadPoolExecutor | None = None

    @property
    def backend(self) -> LightningBackend:
        """The node itself, for what only some have."""
        return self._backend

    @property
    def network(self) -> str:
        """The network that the settings name."""
        return self._network

    @property
    def simulated(self) -> bool:
        """Whether no real money moves."""
        return self._backend.simulated

    @property
    def pays_itself(self) -> bool:
        """Whether it can pay invoices of its own."""
        return self._backend.pays_itself

    async def start(self) -> None:
        """Starts the backend."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-invoices")
        self._thread.submit(invoice.warm_up)
        await self._backend.start()

    async def stop(self) -> None:
        """Stops the backend and the thread that reads invoices."""
        thread, self._thread = self._thread, None
        self._known = None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)
        await self._backend.stop()

    def pin(self, node_id: str) -> None:
        """From here on only the node with this key is used."""
        self._pinned = node_id

    async def identity(self, *, again: bool = False) -> BackendInfo:
        """Who the node is. BackendError when it isn't there, WrongNodeError when it is another."""
        now = self._clock.monotonic()
        if self._known is None or again or not 0 <= now - self._known[0] < TRUSTED_S:
            self._known = (now, self._right(await self._in_time(self._backend.info())))
        return self._known[1]

    async def health(self) -> NodeHealth:
        """The network, the node and its height, asked now; and why it can't be used, if so."""
        try:
            info = await self._in_time(self._backend.info())
        except BackendError as error:
            self._known = None
            return NodeHealth(ok=False, backend="", simulated=self.simulated, problem=str(error))
        try:
            self._right(info)
            problem = "" if info.synced else "The node has not caught up with the chain yet. Wait for it."
        except WrongNodeError as error:
            problem = str(error)
        held = None if problem else await self._spendable()
        return NodeHealth(
            ok=not problem, backend=info.name, network=info.network, node_id=info.node_id, alias=info.alias,
            height=info.height, synced=info.synced, simulated=info.simulated, spendable_msat=held,
            problem=problem, cautions=info.cautions,
        )  # fmt: skip

    async def bill(self, amount: Msat, memo: str, expiry_s: int = EXPIRY_S) -> Invoice:
        """An invoice of the node, checked as if a stranger had made it; BackendError or InvoiceError."""
        info = await self.identity()
        text = await self._in_time(self._backend.create_invoice(amount, memo, expiry_s))
        now_s = self._now_s()
        return await self._reading(
            lambda: invoice.verified(
                text, payee=info.node_id, amount_msat=amount, now_s=now_s, network=info.prefix
            )
        )

    async def read(self, text: str) -> Invoice:
        """Somebody's invoice, read strictly; InvoiceError says what is wrong with it."""
        return await self._reading(lambda: invoice.decode(text))

    async def pay(self, bolt11: str, max_fee: Msat) -> PaymentResult:
        """Asks for the payment."""
        try:
            await self.identity()
        except (WrongNodeError, BackendError) as error:
            return PaymentResult("unknown", reason=str(error))
        return await self._answer(self._backend.pay_invoice(bolt11, max_fee))

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:
        """Asks what became of the payment."""
        try:
            await self.identity()
        except (WrongNodeError, BackendError) as error:
            return PaymentResult("unknown", reason=str(error))
        return await self._answer(self._backend.lookup(payment_hash, bolt11))

    async def lookup_invoice(self, payment_hash: str) -> InvoiceResult:
        """Asks what became of an invoice of the node."""
        try:
            await self.identity()
            return await self._in_time(self._backend.lookup_invoice(payment_hash))
        except (WrongNodeError, BackendError) as error:
            return InvoiceResult("unknown", reason=str(error))

    async def cancel_invoice(self, payment_hash: str) -> None:
        """Has the node refuse payments of an invoice, where it can; BackendError when it wasn't reached."""
        await self.identity()
        await self._in_time(self._backend.cancel_invoice(payment_hash))

    async def balance(self) -> NodeBalance | None:
        """What the node holds, in flight or not; None where it keeps no balance."""
        await self.identity()
        return await self._in_time(self._backend.balance())

    async def ask(self, question: Awaitable[T]) -> T:
        """Any other question, within the deadline; BackendError when no answer came."""
        return await self._in_time(question)

    def _right(self, info: BackendInfo) -> BackendInfo:
        if info.network != self._network:
            raise WrongNodeError(
                f"The Lightning node is on {info.network or 'an unknown network'}, and the settings say "
                f"{self._network}. Nothing is sent or received until they agree."
            )
        if self._pinned and info.node_id != self._pinned:
            raise WrongNodeError(
                f"This is another Lightning node ({info.node_id[:16]}…) than the book is about "
                f"({self._pinned[:16]}…). Start again to open a book for it, or point the settings back."
            )
        return info

    async def _spendable(self) -> Msat | None:
        try:
            held = await self._in_time(self._backend.balance())
        except BackendError:
            return None
        return None if held is None else held.local_msat

    async def _reading(self, work: Callable[[], Invoice]) -> Invoice:
        if self._thread is None:
            raise LedgerError("The ledger is not running, so nothing can be paid.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _answer(self, question: Awaitable[PaymentResult]) -> PaymentResult:
        try:
            return await self._in_time(question)
        except BackendError as error:
            self._known = None
            return PaymentResult("unknown", reason=str(error))

    async def _in_time(self, question: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._answer_s):
                return await question
        except TimeoutError as error:
            raise BackendError("The Lightning node did not answer in time.") from error
        except LedgerError:
            raise
        except _UNREADABLE as error:
            raise BackendError("What the Lightning node answered can't be read.") from error

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000
