"""Sats for tasks: into escrow at award with the cap of a fee, to the agent on a result, else back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import PaymentRefunded, SatsReserved
from timmy_desktop.events.tasks import TaskAssigned
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import approvals, book, records
from timmy_desktop.ledger.book import Holding
from timmy_desktop.ledger.errors import (
    ApprovalError,
    LedgerError,
    MoneyError,
    NothingReservedError,
    OverLimitError,
)
from timmy_desktop.ledger.limits import Limits
from timmy_desktop.ledger.money import ZERO, Msat, format_msat, msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.opening import Opening
from timmy_desktop.ledger.records import Payment
from timmy_desktop.ledger.settlement import LONGEST_REASON, SOURCE, Settlement, Work, both, outcome_of
from timmy_desktop.ledger.spending import Spending, waiting_outcome
from timmy_desktop.ledger.types import PERSON, Approval, PaymentOutcome
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.supervisor import TaskSupervisor


class Escrow:
    """Tables and events change in the same transactions, those of the caller too."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        node: Node,
        clock: Clock,
        supervisor: TaskSupervisor,
        limits: Limits,
        opening: Opening,
        settlement: Settlement,
        spending: Spending,
        in_doubt: Callable[[], None],
    ) -> None:
        """`in_doubt()` is called when a payment's outcome did not become known."""
        self._bus = bus
        self._db = db
        self._node = node
        self._clock = clock
        self._supervisor = supervisor
        self._limits = limits
        self._opening = opening
        self._settlement = settlement
        self._spending = spending
        self._in_doubt = in_doubt
        self.under_way: dict[str, asyncio.Task[PaymentOutcome | Exception]] = {}

    async def reserve(
        self, task_id: str, agent_id: str, amount_msat: int, also: Sequence[Event], work: Work | None
    ) -> None:
        """Treasury to escrow, in one transaction with the caller's events and work."""
        amount = msat(amount_msat)
        if amount < 0:
            raise MoneyError(f"A price can't be less than zero: {format_msat(amount)}.")
        if not task_id or not agent_id:
            raise LedgerError("Sats are reserved for a task and an agent; one of them is missing.")
        await self._opening.ready()
        now, simulated, row = self._clock.now_us(), self._node.simulated, new_id()
        fee_cap = self._limits.fee_cap(amount) if self._node.pays_itself else ZERO
        event = SatsReserved(
            source=SOURCE, task_id=task_id, agent_id=agent_id, amount_msat=amount, simulated=simulated,
            fee_cap_msat=fee_cap, ledger_id=row,
        )  # fmt: skip

        def write(session: Session) -> None:
            records.reserve(
                session, task_id, agent_id, amount, ledger_id=row, simulated=simulated, time_us=now,
                fee_cap=fee_cap,
            )  # fmt: skip

        told = [event, *also] if amount else [_for_nothing(one, row) for one in also]
        await self._bus.publish(*told, work=both(write, work))

    async def pay(self, task_id: str, also: Sequence[Event], work: Work | None) -> PaymentOutcome:
        """What the task holds to its agent, once, however often it is called."""
        running = self.under_way.get(task_id)
        if running is None:
            running = self._supervisor.start(f"ledger: pay {task_id}", self._pay(task_id, also, work))
            self.under_way[task_id] = running
            running.add_done_callback(lambda _: self.under_way.pop(task_id, None))
        outcome = await asyncio.shield(running)
        if isinstance(outcome, PaymentOutcome):
            return outcome
        raise outcome

    async def refund(self, task_id: str, reason: str, also: Sequence[Event], work: Work | None) -> Msat:
        """What the task holds back to the treasury; how much it was."""
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

    async def approve(self, approval_id: str, shown_digest: str) -> PaymentOutcome:
        """The person's yes to a reward above a limit, if the task still holds what was on screen."""
        approval = await self._spending.waiting(approval_id, shown_digest)
        now = self._clock.now_us()
        held = await self._db.read(lambda session: book.holding(session, approval.task_id))
        if held is None or (held.agent_id, held.amount_msat) != (approval.agent_id, approval.amount_msat):
            raise ApprovalError("The task holds other sats now than were on screen.")
        await self._bus.publish(
            self._spending.approved(approval),
            work=lambda s: approvals.decide(s, approval_id, "approved", by=PERSON, time_us=now),
        )
        return await self.pay(approval.task_id, (), None)

    async def go_on_with_approved(self) -> None:
        """Rewards that a person approved just before a crash are paid now."""
        for task_id in await self._db.read(approvals.approved_tasks):
            await self.pay(task_id, (), None)

    async def _refund(self, held: Holding, reason: str, also: Sequence[Event], work: Work | None) -> None:
        now, simulated, row = self._clock.now_us(), self._node.simulated, new_id()
        event = PaymentRefunded(
            source=SOURCE, task_id=held.task_id, agent_id=held.agent_id, amount_msat=held.held_msat,
            reason=reason, simulated=simulated, ledger_id=row,
        )  # fmt: skip

        def write(session: Session) -> None:
            records.refund(session, held, reason, ledger_id=row, simulated=simulated, time_us=now)
            approvals.withdraw(session, held.task_id, now)

        await self._bus.publish(event, *also, work=both(write, work))

    async def _pay(
        self, task_id: str, also: Sequence[Event], work: Work | None
    ) -> PaymentOutcome | Exception:
        try:
            outcome = await self._paid(task_id, also, work)
        except Exception as error:  # noqa: BLE001 - raised in the caller, who waits for it
            return error
        if outcome.status == "unknown":
            self._in_doubt()
        return outcome

    async def _paid(self, task_id: str, also: Sequence[Event], work: Work | None) -> PaymentOutcome:
        payment, held, waits, approved = await self._db.read(lambda session: _standing(session, task_id))
        holds = held is not None and held.held_msat > 0
        if payment is not None and payment.state == "pending":
            return await self._settlement.look_up(payment)
        if payment is not None and (payment.state == "settled" or not holds):
            return outcome_of(payment)
        if held is not None and holds:
            if waits is not None:
                return waiting_outcome(waits)
            return await self._pay_held(held, also, work, approved=approved)
        if held is not None and not held.amount_msat:
            await self._publish(also, work)
            return PaymentOutcome("settled")
        raise NothingReservedError("Nothing is reserved for this task, so nothing can be paid.")

    async def _pay_held(
        self, held: Holding, also: Sequence[Event], work: Work | None, *, approved: bool
    ) -> PaymentOutcome:
        payment = self._settlement.reward_of(held)
        if approved:
            tie = both(lambda session: approvals.tie_task(session, held.task_id, payment.id), work)
            return await self._settlement.pay(payment, held, also, tie)
        try:
            guard = self._spending.guard(payment)
            return await self._settlement.pay(payment, held, also, work, guard)
        except OverLimitError as error:
            approval, event = self._spending.wanted(payment, str(error))
            ask = both(lambda session: approvals.ask_for(session, approval), work)
            await self._bus.publish(*also, event, work=ask)
            return waiting_outcome(approval)

    async def _publish(self, also: Sequence[Event], work: Work | None) -> None:
        if also or work is not None:
            await self._bus.publish(*also, work=work)


def _for_nothing(event: Event, ledger_id: str) -> Event:
    """A price of zero is noted in the ledger, and only the award tells of it."""
    return replace(event, ledger_id=ledger_id) if isinstance(event, TaskAssigned) else event


def _standing(session: Session, task_id: str) -> tuple[Payment | None, Holding | None, Approval | None, bool]:
    return (
        records.payment_of(session, task_id),
        book.holding(session, task_id),
        approvals.waiting_for(session, "", task_id),
        approvals.approved_for(session, task_id),
    )
