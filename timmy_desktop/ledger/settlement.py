"""A payment from the intent to its outcome: intent on the disk first, then the node, then the proof."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import (
    InvoiceCreated,
    PaymentFailed,
    PaymentRefunded,
    PaymentSent,
    PaymentSettled,
    PaymentSettledLate,
    SatsRewarded,
)
from timmy_desktop.events.system import SystemWarning
from timmy_desktop.identifiers import new_id, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import invoice, records
from timmy_desktop.ledger.backends.base import PaymentResult
from timmy_desktop.ledger.book import Holding
from timmy_desktop.ledger.errors import BackendError, InvoiceError, LedgerError, WrongNodeError
from timmy_desktop.ledger.money import ZERO, msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.records import ConcludedMeanwhileError, Payment
from timmy_desktop.ledger.types import OutcomeStatus, PaymentOutcome
from timmy_desktop.storage.database import Database, Session

logger = logging.getLogger(__name__)

Work = Callable[[Session], Any]

SOURCE = "ledger"
LONGEST_REASON = 500
LONGEST_MEMO = 120
_STATUS: dict[str, OutcomeStatus] = {"settled": "settled", "pending": "unknown"}


class Settlement:
    """Carries payments through; what it learns, it records once, whoever else is asking."""

    def __init__(self, *, bus: EventBus, db: Database, node: Node, clock: Clock) -> None:
        self._bus = bus
        self._db = db
        self._node = node
        self._clock = clock
        self._warned: set[str] = set()

    async def pay(
        self,
        payment: Payment,
        held: Holding,
        also: Sequence[Event],
        work: Work | None,
        guard: Work = lambda _: None,
    ) -> PaymentOutcome:
        """Pays the agent what the task holds. The caller's events and work go with the intent.

        `guard(session)` may refuse in that transaction, before anything is written.
        """
        if not self._node.pays_itself:
            return await self._reward(payment, held, also, work, guard)
        try:
            bill = await self._node.bill(held.amount_msat, payment.memo)
        except (BackendError, InvoiceError, WrongNodeError) as error:
            reason = inert_line(f"No invoice could be had: {error}", LONGEST_REASON)
            failed = replace(payment, state="failed", reason=reason)
            return await self._give_up(failed, held, also, work)
        payment = replace(
            payment, payment_hash=bill.payment_hash, bolt11=bill.bolt11, payee=bill.payee,
            expires_us=bill.expires_s * 1_000_000,
        )  # fmt: skip
        now = self._clock.now_us()
        created = InvoiceCreated(
            **about(payment), bolt11=bill.bolt11, memo=bill.memo, expires_us=payment.expires_us
        )
        await self._bus.publish(
            *also,
            created,
            sent(payment),
            work=both(guard, both(lambda session: records.intend(session, payment, held, now), work)),
        )
        return await self.carry_out(payment)

    async def carry_out(self, payment: Payment) -> PaymentOutcome:
        """Asks the node to pay what was intended, and records what it says."""
        return await self._conclude(payment, await self._node.pay(payment.bolt11, payment.fee_cap_msat))

    async def look_up(self, payment: Payment) -> PaymentOutcome:
        """Asks the node about a payment in doubt and records what it says."""
        return await self._conclude(payment, await self._node.lookup(payment.payment_hash, payment.bolt11))

    async def resolve(self, but_not: Callable[[], frozenset[str]]) -> int:
        """Asks about every payment in doubt but those named (tasks, hashes); returns how many are left."""
        doubtful = await self._db.read(records.payments_in_doubt)
        busy = but_not()
        idle = [payment for payment in doubtful if not busy & {payment.task_id, payment.payment_hash}]
        looks = await asyncio.gather(*(self.look_up(payment) for payment in idle), return_exceptions=True)
        for look in looks:
            if isinstance(look, BaseException):
                raise look
        known = sum(isinstance(look, PaymentOutcome) and look.status != "unknown" for look in looks)
        return len(doubtful) - known

    async def record_late(self, payment: Payment, result: PaymentResult) -> str:
        """Books a payment that had failed and settled all the same; needs the same proof as any other."""
        if result.state != "settled" or not invoice.proves(result.preimage, payment.payment_hash):
            raise LedgerError("There is no proof that this payment settled.")
        fee, now, proof = msat(result.fee_msat), self._clock.now_us(), await self._word()
        row = new_id()
        event = PaymentSettledLate(**about(payment), fee_msat=fee, preimage=result.preimage, ledger_id=row)
        await self._bus.publish(
            event,
            work=lambda session: records.settle_late(session, payment, result.preimage, fee, now, proof, row),
        )
        return row

    def reward_of(self, held: Holding) -> Payment:
        """The payment of what a task holds, before it has an invoice."""
        memo = inert_line(f"Task {short_id(held.task_id)}, done by {held.agent_id}", LONGEST_MEMO)
        return Payment(
            id=new_id(), state="pending", task_id=held.task_id, agent_id=held.agent_id,
            amount_msat=held.amount_msat, fee_msat=ZERO, payment_hash="", bolt11="", preimage="", reason="",
            simulated=self._node.simulated, memo=memo, fee_cap_msat=held.fee_cap_msat,
        )  # fmt: skip

    async def _reward(
        self, payment: Payment, held: Holding, also: Sequence[Event], work: Work | None, guard: Work
    ) -> PaymentOutcome:
        settled = replace(payment, state="settled")
        event = SatsRewarded(
            source=SOURCE, task_id=held.task_id, agent_id=held.agent_id, amount_msat=held.amount_msat,
            simulated=settled.simulated, ledger_id=settled.id,
        )  # fmt: skip
        now = self._clock.now_us()
        await self._bus.publish(
            *also,
            event,
            work=both(guard, both(lambda session: records.reward(session, settled, held, now), work)),
        )
        return outcome_of(settled)

    async def _conclude(self, payment: Payment, result: PaymentResult) -> PaymentOutcome:
        try:
            if result.state == "failed":
                return await self._fail(payment, result.reason or "The Lightning node refused the payment.")
            if result.state == "settled" and invoice.proves(result.preimage, payment.payment_hash):
                return await self._settle(payment, result)
        except ConcludedMeanwhileError:
            return outcome_of(await self._db.read(lambda session: records.payment_by_id(session, payment.id)))
        except LedgerError as error:
            return await self._doubted(payment, f"The Lightning node's answer can't be booked: {error}")
        if result.state == "settled":
            return await self._doubted(payment, "The Lightning node's proof doesn't fit the payment hash.")
        reason = inert_line(result.reason, LONGEST_REASON) or "The Lightning node does not know yet."
        return replace(outcome_of(payment), reason=reason)

    async def _settle(self, payment: Payment, result: PaymentResult) -> PaymentOutcome:
        fee, now, proof = msat(result.fee_msat), self._clock.now_us(), await self._word()
        await self._bus.publish(
            PaymentSettled(**about(payment), fee_msat=fee, preimage=result.preimage, purpose=payment.purpose),
            work=lambda session: records.settle(session, payment, result.preimage, fee, now, proof),
        )
        return PaymentOutcome("settled", payment.amount_msat, fee, payment.payment_hash, ledger_id=payment.id)

    async def _fail(self, payment: Payment, reason: str) -> PaymentOutcome:
        now, reason = self._clock.now_us(), inert_line(reason, LONGEST_REASON)
        await self._bus.publish(
            *_failure(payment, reason), work=lambda session: records.fail(session, payment, reason, now)
        )
        return PaymentOutcome(
            "failed", payment_hash=payment.payment_hash, reason=reason, ledger_id=payment.id
        )

    async def _give_up(
        self, payment: Payment, held: Holding, also: Sequence[Event], work: Work | None
    ) -> PaymentOutcome:
        now = self._clock.now_us()
        await self._bus.publish(
            *also,
            *_failure(payment, payment.reason),
            work=both(lambda session: records.give_up(session, payment, held, now), work),
        )
        return outcome_of(payment)

    async def _word(self) -> str:
        """Whose word settles: the key of the node that was asked."""
        try:
            return f"node:{(await self._node.identity()).node_id}"
        except LedgerError:
            return "node"

    async def _doubted(self, payment: Payment, reason: str) -> PaymentOutcome:
        """The payment stays pending although the node has spoken; a person is told once."""
        if payment.id not in self._warned:
            self._warned.add(payment.id)
            message = f"{reason} The payment {payment.payment_hash} stays pending. Check the node."
            logger.warning(message)
            told = {"source": SOURCE, "task_id": payment.task_id, "agent_id": payment.agent_id}
            await self._bus.publish(SystemWarning(**told, message=message))
        return replace(outcome_of(payment), reason=reason)


def both(write: Work, work: Work | None) -> Work:
    """The ledger's own work and then the caller's, in one transaction."""

    def run(session: Session) -> None:
        write(session)
        if work is not None:
            work(session)

    return run


def outcome_of(payment: Payment) -> PaymentOutcome:
    """What the book says of the payment."""
    status = _STATUS.get(payment.state, "failed")
    paid = payment.amount_msat if status == "settled" else ZERO
    return PaymentOutcome(
        status, paid, payment.fee_msat, payment.payment_hash, payment.reason, ledger_id=payment.id
    )


def about(payment: Payment) -> dict[str, Any]:
    """What every event of a payment says."""
    return {
        "source": SOURCE,
        "task_id": payment.task_id,
        "agent_id": payment.agent_id,
        "payment_hash": payment.payment_hash,
        "amount_msat": payment.amount_msat,
        "simulated": payment.simulated,
    }


def sent(payment: Payment) -> PaymentSent:
    """The event of the intent to pay."""
    return PaymentSent(
        **about(payment), fee_cap_msat=payment.fee_cap_msat, account=payment.account, purpose=payment.purpose,
        ledger_id=payment.id,
    )  # fmt: skip


def _failure(payment: Payment, reason: str) -> tuple[Event, ...]:
    failed = PaymentFailed(**about(payment), reason=reason, ledger_id=payment.id)
    if not payment.is_reward:
        return (failed,)
    refunded = PaymentRefunded(
        source=SOURCE, task_id=payment.task_id, agent_id=payment.agent_id, amount_msat=payment.amount_msat,
        reason=reason, simulated=payment.simulated,
    )  # fmt: skip
    return failed, refunded
