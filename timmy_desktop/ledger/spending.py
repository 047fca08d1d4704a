"""Payments to others: confirmed by the person, or asked for by an agent within limits, else approved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import ApprovalRequested, PaymentApproved, PaymentRefused
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import approvals, book, limits, records
from timmy_desktop.ledger.checking import Checker
from timmy_desktop.ledger.errors import ApprovalError, InvoiceError, LedgerError, OverLimitError
from timmy_desktop.ledger.limits import Limits
from timmy_desktop.ledger.money import ZERO
from timmy_desktop.ledger.records import Payment
from timmy_desktop.ledger.settlement import LONGEST_REASON, SOURCE, Settlement, sent
from timmy_desktop.ledger.types import PERSON, TREASURY, Approval, CheckedInvoice, PaymentOutcome
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.supervisor import TaskSupervisor

LONGEST_PURPOSE = 40
LONGEST_MEMO = 300
TOO_LATE = "Nobody decided before the invoice ran out."


class Spending:
    """What is paid here is exactly what was checked: the invoice is read again each time."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        checker: Checker,
        settlement: Settlement,
        spend_limits: Limits,
        in_doubt: Callable[[], None],
    ) -> None:
        """`in_doubt()` is called when a payment's outcome did not become known."""
        self._bus = bus
        self._db = db
        self._clock = clock
        self._supervisor = supervisor
        self._checker = checker
        self._settlement = settlement
        self._limits = spend_limits
        self._in_doubt = in_doubt
        self.under_way: dict[str, asyncio.Task[PaymentOutcome | Exception]] = {}

    async def pay(self, bolt11: str, shown_digest: str, purpose: str, memo: str) -> PaymentOutcome:
        """Pays what the person saw and confirmed; their word is above the limits."""
        checked = await self._payable(bolt11, TREASURY)
        if checked.digest != shown_digest:
            raise ApprovalError("This is not what was on screen. Look at the invoice again.")
        payment = self._intended(checked, TREASURY, purpose, memo, "", "")
        return await self._carried(payment, ())

    async def request(
        self, bolt11: str, *, agent_id: str, task_id: str, account: str, purpose: str, memo: str
    ) -> PaymentOutcome:
        """Pays for an agent when every limit allows it; else it waits for the person."""
        if account not in (TREASURY, book.agent_account(agent_id)):
            raise LedgerError("An agent spends from the treasury, within limits, or from its own account.")
        checked = await self._payable(bolt11, account)
        waits = await self._db.read(lambda s: approvals.waiting_for(s, checked.payment_hash, task_id))
        if waits is not None:
            return waiting_outcome(waits)
        payment = self._intended(checked, account, purpose, memo, task_id, agent_id)
        try:
            limits.refuse_unasked(self._limits, payment.amount_msat, payment.fee_cap_msat)
            return await self._carried(payment, (), guard=self.guard(payment))
        except OverLimitError as error:
            return await self._ask_person(payment, str(error))

    def guard(self, payment: Payment) -> Callable[[Session], None]:
        """Refuses on the writer, where no other payment can slip in between, what is over a limit."""
        amount, cap, agent = payment.amount_msat, payment.fee_cap_msat, payment.agent_id
        now = self._clock.now_us()

        def check(session: Session) -> None:
            before = limits.spent(session, payment.task_id, agent, now)
            limits.refuse_over(self._limits, before, amount, cap, of_agent=bool(agent))

        return check

    async def approve(self, approval_id: str, shown_digest: str) -> PaymentOutcome:
        """The person's yes to what was on screen, written in one transaction with the intent to pay."""
        approval = await self.waiting(approval_id, shown_digest)
        checked = await self._payable(approval.bolt11, approval.account)
        if checked.fee_cap_msat > approval.fee_cap_msat:
            raise ApprovalError(
                "The fee may now be higher than what was on screen. Ask for the payment again."
            )
        payment = self._intended(
            checked, approval.account, approval.purpose, approval.memo, approval.task_id, approval.agent_id
        )
        payment = replace(payment, fee_cap_msat=approval.fee_cap_msat)
        now = self._clock.now_us()

        def decide(session: Session) -> None:
            approvals.decide(session, approval_id, "approved", by=PERSON, time_us=now)
            approvals.tie(session, approval_id, payment.id)

        return await self._carried(payment, (self.approved(approval),), guard=decide)

    async def refuse(self, approval_id: str, reason: str, by: str = PERSON) -> Approval:
        """The person's no; nothing was moved for it, so nothing moves back."""
        state, now = "expired" if by != PERSON else "refused", self._clock.now_us()
        words = inert_line(reason, LONGEST_REASON)
        approval = await self._db.read(lambda session: approvals.by_id(session, approval_id))
        event = PaymentRefused(**_facts(approval), decided_by=by, reason=words)
        decided: Approval = await self._bus.publish(
            event,
            work=lambda s: approvals.decide(s, approval_id, state, by=by, time_us=now, reason=words),
        )
        return decided

    async def expire(self) -> None:
        """Lets go of what nobody decided before its invoice ran out."""
        now = self._clock.now_us()
        for approval in await self._db.read(approvals.waiting):
            if approval.expires_us and approval.expires_us <= now:
                await self.refuse(approval.id, TOO_LATE, by=SOURCE)

    async def waiting(self, approval_id: str, shown_digest: str) -> Approval:
        """The approval, if it still waits and is what was on screen; ApprovalError otherwise."""
        approval = await self._db.read(lambda session: approvals.by_id(session, approval_id))
        if approval.state != "waiting":
            raise ApprovalError(f"This payment was already {approval.state}.")
        if approval.digest != shown_digest:
            raise ApprovalError("This is not what was on screen. Look at the payment again.")
        return approval

    def approved(self, approval: Approval) -> PaymentApproved:
        """The event of the person's yes."""
        return PaymentApproved(**_facts(approval), digest=approval.digest, decided_by=PERSON)

    def wanted(self, payment: Payment, why: str) -> tuple[Approval, ApprovalRequested]:
        """What a person is to be asked about this payment, and the event that says so."""
        approval = approvals.sealed(
            Approval(
                id=new_id(), state="waiting", requested_by=payment.agent_id or SOURCE,
                why=inert_line(why, LONGEST_REASON), digest="", bolt11=payment.bolt11,
                payment_hash=payment.payment_hash, payee=payment.payee, amount_msat=payment.amount_msat,
                fee_cap_msat=payment.fee_cap_msat, account=payment.account, purpose=payment.purpose,
                memo=payment.memo, task_id=payment.task_id, agent_id=payment.agent_id,
                simulated=payment.simulated, requested_us=self._clock.now_us(),
                expires_us=payment.expires_us,
            )
        )  # fmt: skip
        event = ApprovalRequested(
            **_facts(approval), digest=approval.digest, payee=approval.payee, why=approval.why
        )
        return approval, event

    async def _ask_person(self, payment: Payment, why: str) -> PaymentOutcome:
        approval, event = self.wanted(payment, why)
        await self._bus.publish(event, work=lambda session: approvals.ask_for(session, approval))
        return waiting_outcome(approval)

    async def _payable(self, bolt11: str, account: str) -> CheckedInvoice:
        checked = await self._checker.check(bolt11, account)
        if checked.payment_hash in self.under_way:
            raise InvoiceError("A payment of this invoice is under way.")
        if not checked.can_be_paid:
            raise InvoiceError(" ".join(checked.problems))
        return checked

    def _intended(
        self, checked: CheckedInvoice, account: str, purpose: str, memo: str, task_id: str, agent_id: str
    ) -> Payment:
        purpose = inert_line(purpose, LONGEST_PURPOSE)
        if purpose in ("", *records.OWN_PURPOSES):
            purpose = "expense"
        return Payment(
            id=new_id(), state="pending", task_id=task_id, agent_id=agent_id, amount_msat=checked.amount_msat,
            fee_msat=ZERO, payment_hash=checked.payment_hash, bolt11=checked.bolt11, preimage="", reason="",
            simulated=checked.simulated, purpose=purpose,
            account=account, payee=checked.payee, memo=inert_line(memo, LONGEST_MEMO) or checked.memo,
            fee_cap_msat=checked.fee_cap_msat, expires_us=checked.expires_us,
        )  # fmt: skip

    async def _carried(
        self, payment: Payment, also: tuple[Any, ...], guard: Callable[[Session], None] | None = None
    ) -> PaymentOutcome:
        """Writes the intent and asks the node, in a task of its own: who waits may go."""
        if payment.payment_hash in self.under_way:
            raise InvoiceError("A payment of this invoice is under way.")
        running = self._supervisor.start(
            f"ledger: pay {payment.payment_hash[:8]}", self._carry(payment, also, guard)
        )
        self.under_way[payment.payment_hash] = running
        running.add_done_callback(lambda _: self.under_way.pop(payment.payment_hash, None))
        outcome = await asyncio.shield(running)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _carry(
        self, payment: Payment, also: tuple[Any, ...], guard: Callable[[Session], None] | None
    ) -> PaymentOutcome | Exception:
        try:
            return await self._intend_and_ask(payment, also, guard)
        except Exception as error:  # noqa: BLE001 - raised in the caller, who waits for it
            return error

    async def _intend_and_ask(
        self, payment: Payment, also: tuple[Any, ...], guard: Callable[[Session], None] | None
    ) -> PaymentOutcome:
        now = self._clock.now_us()

        def write(session: Session) -> None:
            if guard is not None:
                guard(session)
            records.intend_outside(session, payment, now)

        await self._bus.publish(*also, sent(payment), work=write)
        outcome = await self._settlement.carry_out(payment)
        if outcome.status == "unknown":
            self._in_doubt()
        return outcome


def _facts(approval: Approval) -> dict[str, Any]:
    return {
        "source": SOURCE, "task_id": approval.task_id, "agent_id": approval.agent_id,
        "payment_hash": approval.payment_hash, "amount_msat": approval.amount_msat,
        "simulated": approval.simulated, "approval_id": approval.id,
    }  # fmt: skip


def waiting_outcome(approval: Approval) -> PaymentOutcome:
    return PaymentOutcome(
        "waiting",
        payment_hash=approval.payment_hash,
        reason=f"Waits for your approval: {approval.why}",
        approval_id=approval.id,
    )
