"""Escrow and payments: reserved at award, paid on completion against the preimage, released on failure.

A payment's intent is on the disk before the backend is asked. An answer that doesn't come is *unknown*: the
payment stays pending, its sats stay in flight, and the backend is asked again, at every start too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import PaymentRefunded, SatsDeposited, SatsReserved
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import book, records
from timmy_desktop.ledger.audit import Audit, audit
from timmy_desktop.ledger.backends.base import LightningBackend
from timmy_desktop.ledger.book import Balances, Holding
from timmy_desktop.ledger.errors import LedgerError, MoneyError, NothingReservedError
from timmy_desktop.ledger.money import ZERO, Msat, format_msat, msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.records import Payment
from timmy_desktop.ledger.settlement import (
    LONGEST_REASON,
    SOURCE,
    PaymentOutcome,
    Settlement,
    Work,
    both,
    outcome_of,
)
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)


class Ledger:
    """Every sat that agents are promised and paid. Tables and events change in the same transactions."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        backend: LightningBackend,
        clock: Clock,
        supervisor: TaskSupervisor,
        treasury_msat: int,
        max_fee_msat: int = 0,
        answer_seconds: float = 10.0,
        ask_again_seconds: float = 30.0,
    ) -> None:
        """`treasury_msat` is the simulated starting balance. `max_fee_msat` is the most that a payment's
        route may cost on top. The backend is given `answer_seconds` for each answer."""
        self._bus = bus
        self._db = db
        self._clock = clock
        self._supervisor = supervisor
        self._treasury = treasury_msat
        self._ask_again_s = ask_again_seconds
        self._node = Node(backend, clock=clock, answer_seconds=answer_seconds)
        self._settlement = Settlement(
            bus=bus, db=db, node=self._node, clock=clock, max_fee=msat(max_fee_msat)
        )
        self._paying: dict[str, asyncio.Task[PaymentOutcome | Exception]] = {}
        self._doubt = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether no real money moves; to be said wherever sats are shown."""
        return self._node.simulated

    async def start(self) -> None:
        """Starts the backend, funds the treasury the first time, and asks about payments in doubt."""
        await self._node.start()
        await self._fund()
        if await self.resolve():
            self._doubt.set()
        self._asking = self._supervisor.start("ledger: payments in doubt", self._ask_again())

    async def stop(self) -> None:
        """Stops asking. A payment under way stays pending and is asked about at the next start."""
        running = [task for task in (self._asking, *self._paying.values()) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._asking = None
        await self._node.stop()

    async def reserve(
        self,
        task_id: str,
        agent_id: str,
        amount_msat: int,
        *,
        also: Sequence[Event] = (),
        work: Work | None = None,
    ) -> None:
        """Puts the price of a task into escrow, in one transaction with the caller's events and work.

        Raises InsufficientFundsError, AlreadyReservedError, MoneyError; then nothing was written.
        """
        amount = msat(amount_msat)
        if amount < 0:
            raise MoneyError(f"A price can't be less than zero: {format_msat(amount)}.")
        if not task_id or not agent_id:
            raise LedgerError("Sats are reserved for a task and an agent; one of them is missing.")
        now, simulated = self._clock.now_us(), self.is_simulated
        event = SatsReserved(
            source=SOURCE, task_id=task_id, agent_id=agent_id, amount_msat=amount, simulated=simulated
        )

        def write(session: Session) -> None:
            records.reserve(session, task_id, agent_id, amount, simulated=simulated, time_us=now)

        await self._bus.publish(*([event] if amount else []), *also, work=both(write, work))

    async def pay(
        self, task_id: str, *, also: Sequence[Event] = (), work: Work | None = None
    ) -> PaymentOutcome:
        """Pays the agent what the task holds, once, however often and from wherever it is called.

        The caller's events and work are written with the intent, before the backend is asked: they stand
        whatever becomes of the payment. Repeated calls tell the outcome and write nothing more. A payment
        that fails for certain is refunded. Raises NothingReservedError when the task holds nothing.
        """
        running = self._paying.get(task_id)
        if running is None:
            running = self._supervisor.start(f"ledger: pay {task_id}", self._pay(task_id, also, work))
            self._paying[task_id] = running
            running.add_done_callback(lambda _: self._paying.pop(task_id, None))
        outcome = await asyncio.shield(running)
        if isinstance(outcome, PaymentOutcome):
            return outcome
        raise outcome

    async def refund(
        self, task_id: str, reason: str, *, also: Sequence[Event] = (), work: Work | None = None
    ) -> Msat:
        """Gives what the task holds back to the treasury and returns how much it was.

        Zero when it holds nothing: it never did, was refunded, or was paid; a payment under way can't be
        called back. The caller's events and work are written in any case.
        """
        while True:
            held = await self._db.read(lambda session: book.holding(session, task_id))
            if held is None or not held.held_msat:
                await self._publish(also, work)
                return ZERO
            try:
                await self._refund(held, inert_line(reason, LONGEST_REASON), also, work)
            except NothingReservedError:
                continue  # what it holds changed between reading and writing
            return held.held_msat

    async def balances(self) -> Balances:
        """The running totals."""
        return await self._db.read(book.balances)

    async def check(self) -> Audit:
        """Adds up every posting there is and compares; names what doesn't fit."""
        return await self._db.read(audit)

    async def resolve(self) -> int:
        """Asks the backend about every payment in doubt; returns how many still are."""
        return await self._settlement.resolve(lambda: frozenset(self._paying))

    async def _fund(self) -> None:
        amount = msat(self._treasury)
        if amount <= 0 or not self.is_simulated or await self._db.read(records.was_funded):
            return
        event = SatsDeposited(source=SOURCE, amount_msat=amount, memo=records.STARTING_MEMO, simulated=True)
        now = self._clock.now_us()
        await self._bus.publish(event, work=lambda session: records.deposit(session, amount, now))

    async def _refund(self, held: Holding, reason: str, also: Sequence[Event], work: Work | None) -> None:
        now, simulated = self._clock.now_us(), self.is_simulated
        event = PaymentRefunded(
            source=SOURCE, task_id=held.task_id, agent_id=held.agent_id, amount_msat=held.held_msat,
            reason=reason, simulated=simulated,
        )  # fmt: skip

        def write(session: Session) -> None:
            records.refund(session, held, reason, simulated=simulated, time_us=now)

        await self._bus.publish(event, *also, work=both(write, work))

    async def _pay(
        self, task_id: str, also: Sequence[Event], work: Work | None
    ) -> PaymentOutcome | Exception:
        try:
            outcome = await self._paid(task_id, also, work)
        except Exception as error:  # noqa: BLE001 - raised in the caller, who waits for it
            return error
        if outcome.status == "unknown":
            self._doubt.set()
        return outcome

    async def _paid(self, task_id: str, also: Sequence[Event], work: Work | None) -> PaymentOutcome:
        payment, held = await self._db.read(lambda session: _standing(session, task_id))
        holds = held is not None and held.held_msat > 0
        if payment is not None and payment.state == "pending":
            return await self._settlement.look_up(payment)
        if payment is not None and (payment.state == "settled" or not holds):
            return outcome_of(payment)
        if held is not None and holds:
            return await self._settlement.pay(held, also, work)
        if held is not None and not held.amount_msat:
            await self._publish(also, work)
            return PaymentOutcome("settled")
        raise NothingReservedError("Nothing is reserved for this task, so nothing can be paid.")

    async def _publish(self, also: Sequence[Event], work: Work | None) -> None:
        if also or work is not None:
            await self._bus.publish(*also, work=work)

    async def _ask_again(self) -> None:
        while True:
            await self._doubt.wait()
            await asyncio.sleep(self._ask_again_s)
            self._doubt.clear()
            try:
                unresolved = await self.resolve()
            except (StorageError, LedgerError) as error:
                logger.warning("Payments in doubt could not be resolved: %s", error)
                unresolved = 1
            if unresolved:
                self._doubt.set()


def _standing(session: Session, task_id: str) -> tuple[Payment | None, Holding | None]:
    return records.payment_of(session, task_id), book.holding(session, task_id)
