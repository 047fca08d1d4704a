"""The ledger's one face: escrow and pay for tasks, invoices, payments to others, approvals, reconciliation.

A payment's intent is on the disk before the backend is asked. An answer that doesn't come is *unknown*: the
payment stays pending, its sats stay in flight, and the backend is asked again, at every start too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import SuspenseReleased
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import approvals, attention, book, differences, receipt, receiving, records
from timmy_desktop.ledger.audit import Audit, audit
from timmy_desktop.ledger.backends.base import LightningBackend
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.book import Balances
from timmy_desktop.ledger.checking import Checker
from timmy_desktop.ledger.errors import (
    LedgerError,
    ReceiptError,
)
from timmy_desktop.ledger.escrow import Escrow
from timmy_desktop.ledger.limits import Limits
from timmy_desktop.ledger.money import ZERO, Msat, positive
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.opening import Opening
from timmy_desktop.ledger.receiving import Receiving
from timmy_desktop.ledger.reconcile import Reconciler
from timmy_desktop.ledger.settlement import (
    LONGEST_REASON,
    SOURCE,
    Settlement,
    Work,
    outcome_of,
)
from timmy_desktop.ledger.spending import Spending
from timmy_desktop.ledger.types import (
    PERSON,
    TREASURY,
    Approval,
    Attention,
    CheckedInvoice,
    NodeHealth,
    OpenInvoice,
    PaymentOutcome,
    Reconciliation,
)
from timmy_desktop.ledger.watch import Watch
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.supervisor import TaskSupervisor


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
        network: str = "regtest",
        limits: Limits | None = None,
        receipt_key: Callable[[], bytes] | None = None,
        answer_seconds: float = 10.0,
        ask_again_seconds: float = 30.0,
    ) -> None:
        """`treasury_msat` is the simulated starting balance. The backend is given `answer_seconds` for each
        answer, and must be on `network`. `receipt_key()` gives the 32 bytes that sign receipts."""
        self._bus = bus
        self._db = db
        self._clock = clock
        self._supervisor = supervisor
        self._limits = limits or Limits()
        self._receipt_key = receipt_key
        self._node = Node(backend, clock=clock, answer_seconds=answer_seconds, network=network)
        self._settlement = Settlement(bus=bus, db=db, node=self._node, clock=clock)
        self._opening = Opening(bus=bus, db=db, node=self._node, clock=clock, treasury_msat=treasury_msat)
        self._checker = Checker(db=db, node=self._node, clock=clock, limits=self._limits)
        self._receiving = Receiving(bus=bus, db=db, node=self._node, clock=clock)
        self._spending = Spending(
            bus=bus, db=db, clock=clock, supervisor=supervisor, checker=self._checker,
            settlement=self._settlement, spend_limits=self._limits, in_doubt=self._wake,
        )  # fmt: skip
        self._escrow = Escrow(
            bus=bus, db=db, node=self._node, clock=clock, supervisor=supervisor, limits=self._limits,
            opening=self._opening, settlement=self._settlement, spending=self._spending, in_doubt=self._wake,
        )  # fmt: skip
        self._reconciler = Reconciler(
            bus=bus, db=db, node=self._node, clock=clock, settlement=self._settlement,
            receiving_=self._receiving, resolve=self.resolve,
        )  # fmt: skip
        self._watch = Watch(
            db=db, clock=clock, supervisor=supervisor, resolve=self.resolve, opening=self._opening,
            receiving_=self._receiving, spending=self._spending, reconcile=self.reconcile,
            go_on=self._escrow.go_on_with_approved, ask_again_seconds=ask_again_seconds,
            simulated=backend.simulated,
        )  # fmt: skip

    @property
    def is_simulated(self) -> bool:
        """Whether no real money moves; to be said wherever sats are shown."""
        return self._node.simulated

    async def start(self) -> None:
        """Starts the backend, opens its book, and asks about payments in doubt."""
        await self._node.start()
        await self._watch.start()

    async def stop(self) -> None:
        """Stops asking. A payment under way stays pending and is asked about at the next start."""
        running = [*self._escrow.under_way.values(), *self._spending.under_way.values()]
        for task in running:
            task.cancel()
        await self._watch.stop()
        await asyncio.gather(*running, return_exceptions=True)
        await self._node.stop()

    # What the swarm needs: escrow at award, pay on a verified result, refund otherwise.

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
        await self._escrow.reserve(task_id, agent_id, amount_msat, also, work)

    async def pay(
        self, task_id: str, *, also: Sequence[Event] = (), work: Work | None = None
    ) -> PaymentOutcome:
        """Pays the agent what the task holds, once, however often and from wherever it is called.

        The caller's events and work are written with the intent, before the backend is asked: they stand
        whatever becomes of the payment. Repeated calls tell the outcome and write nothing more. A payment
        that fails for certain is refunded; one above a limit waits for a person. Raises NothingReservedError
        when the task holds nothing.
        """
        return await self._escrow.pay(task_id, also, work)

    async def refund(
        self, task_id: str, reason: str, *, also: Sequence[Event] = (), work: Work | None = None
    ) -> Msat:
        """Gives what the task holds back to the treasury and returns how much it was.

        Zero when it holds nothing: it never did, was refunded, or was paid; a payment under way can't be
        called back. The caller's events and work are written in any case.
        """
        return await self._escrow.refund(task_id, reason, also, work)

    # What a person sees and does.

    async def balances(self) -> Balances:
        """The running totals."""
        return await self._db.read(book.balances)

    async def check(self) -> Audit:
        """Adds up every posting there is and compares; names what doesn't fit."""
        return await self._db.read(audit)

    async def health(self) -> NodeHealth:
        """Which node this is, its network and height, and whether it may be used; asked now."""
        return await self._node.health()

    async def create_invoice(
        self,
        amount_msat: int,
        memo: str,
        *,
        expiry_s: int = 3600,
        purpose: str = "sale",
        task_id: str = "",
        agent_id: str = "",
    ) -> OpenInvoice:
        """An invoice for somebody outside, to the treasury or an agent; recorded before anybody sees it."""
        await self._opening.opened()
        made = await self._receiving.create(
            amount_msat, memo, expiry_s=expiry_s, purpose=purpose, task_id=task_id, agent_id=agent_id
        )
        self._wake()
        return made

    async def cancel_invoice(self, ledger_id: str, reason: str = "") -> None:
        """Not wanted any more; LedgerError when it was paid or has run out."""
        await self._receiving.cancel(ledger_id, reason)

    async def check_invoice(self, text: str) -> CheckedInvoice:
        """Somebody's invoice as the pay dialog shows it; InvoiceError when the text is none."""
        return await self._checker.check(text)

    async def pay_invoice(
        self, bolt11: str, shown_digest: str, *, purpose: str = "expense", memo: str = ""
    ) -> PaymentOutcome:
        """Pays what the person saw and confirmed: `shown_digest` is that of the checked invoice on screen."""
        await self._opening.opened()
        return await self._spending.pay(bolt11, shown_digest, purpose, memo)

    async def request_payment(
        self,
        bolt11: str,
        *,
        agent_id: str,
        task_id: str = "",
        account: str = TREASURY,
        purpose: str = "expense",
        memo: str = "",
    ) -> PaymentOutcome:
        """Pays for an agent within the limits; above one the outcome is `waiting` for a person."""
        await self._opening.opened()
        return await self._spending.request(
            bolt11, agent_id=agent_id, task_id=task_id, account=account, purpose=purpose, memo=memo
        )

    async def approvals(self) -> tuple[Approval, ...]:
        """What waits for a person, the oldest first."""
        return await self._db.read(approvals.waiting)

    async def approve(self, approval_id: str, shown_digest: str) -> PaymentOutcome:
        """The person's yes to exactly what was on screen; ApprovalError when it is not that any more."""
        approval = await self._spending.waiting(approval_id, shown_digest)
        if approval.payment_hash:
            return await self._spending.approve(approval_id, shown_digest)
        return await self._escrow.approve(approval_id, shown_digest)

    async def refuse(self, approval_id: str, reason: str = "") -> None:
        """The person's no. What a task holds for its reward goes back to the treasury."""
        refused = await self._spending.refuse(approval_id, reason)
        if not refused.payment_hash:
            await self.refund(refused.task_id, reason or "The payment was not approved.")

    async def ask(self, ledger_id: str) -> PaymentOutcome:
        """Asks the node now about a payment in doubt, or about an invoice of ours."""
        incoming = await self._db.read(lambda session: _incoming(session, ledger_id))
        if incoming is not None:
            state = await self._receiving.look_up(incoming)
            known = "unknown" if state == "pending" else "settled" if state == "settled" else "failed"
            return PaymentOutcome(known, payment_hash=incoming.payment_hash, ledger_id=ledger_id)  # type: ignore[arg-type]
        payment = await self._db.read(lambda session: records.payment_by_id(session, ledger_id))
        if payment.state != "pending" or self._busy() & {payment.task_id, payment.payment_hash}:
            return outcome_of(payment)
        return await self._settlement.look_up(payment)

    async def attention(self) -> Attention:
        """What needs a person: approvals, doubts, differences, suspense, and the node when it is not well."""
        found = await self._db.read(lambda session: attention.gathered(session, self._busy()))
        return replace(found, health=self._watch.last_health)

    async def reconcile(self, asked_by: str = PERSON) -> Reconciliation:
        """Compares ledger and node now; every difference is explained or an alarm, none is corrected."""
        await self._opening.opened(must=False)
        return await self._reconciler.run(asked_by)

    async def last_reconciliation(self) -> Reconciliation | None:
        """The newest comparison; None before the first."""
        return await self._db.read(differences.last_run)

    async def resolve_difference(self, difference_id: str, note: str, *, book: bool = False) -> None:
        """A person's word on an alarm: explained by `note`, or (`book`) recorded as the node says."""
        await self._reconciler.resolve(difference_id, note, record=book)

    async def release(self, ledger_id: str, note: str) -> None:
        """Sats in suspense belong to the treasury, a person says."""
        now, words = self._clock.now_us(), inert_line(note, LONGEST_REASON)
        held = await self._db.read(attention.held)
        amount = next((item.amount_msat for item in held if item.ledger_id == ledger_id), ZERO)
        row = new_id()
        event = SuspenseReleased(
            source=SOURCE, amount_msat=amount, simulated=self.is_simulated, note=words, ledger_id=row
        )
        await self._bus.publish(
            event, work=lambda session: attention.release(session, ledger_id, words, now, row)
        )

    async def receipt(self, ledger_id: str) -> str:
        """The signed proof of a payment that settled, as JSON text; ReceiptError when there is none."""
        if self._receipt_key is None:
            raise ReceiptError("There is no key here to sign receipts with.")
        facts, key = await self._db.read(lambda s: receipt.facts_of(s, ledger_id)), self._receipt_key
        return await asyncio.to_thread(lambda: receipt.issue(facts, key()))

    async def simulate_receipt(self, ledger_id: str, amount_msat: int | None = None) -> None:
        """As if somebody paid our invoice; only with the simulated node."""
        node = self._embedded()
        incoming = await self._db.read(lambda session: receiving.by_id(session, ledger_id))
        amount = incoming.amount_msat if amount_msat is None else positive(amount_msat)
        await node.receive(incoming.bolt11, amount)
        await self._receiving.look_up(incoming)

    async def simulated_bill(self, amount_msat: int, memo: str) -> str:
        """An invoice of the simulated shop, to try paying with; only with the simulated node."""
        return await self._embedded().shop_invoice(positive(amount_msat), inert_line(memo, 200), 3600)

    async def resolve(self) -> int:
        """Asks the backend about every payment in doubt; returns how many still are."""
        return await self._settlement.resolve(self._busy)

    async def tidy(self) -> None:
        """What is thought of now and then: approvals that ran out, closed invoices, the daily comparison."""
        await self._watch.tidy()

    def _embedded(self) -> EmbeddedBackend:
        backend = self._node.backend
        if not isinstance(backend, EmbeddedBackend):
            raise LedgerError("Only the simulated node can simulate.")
        return backend

    def _busy(self) -> frozenset[str]:
        """The tasks and payment hashes whose answer is awaited now."""
        return frozenset(self._escrow.under_way) | frozenset(self._spending.under_way)

    def _wake(self) -> None:
        self._watch.wake()


def _incoming(session: Session, ledger_id: str) -> receiving.Incoming | None:
    kind = session.sql("SELECT type FROM ledger WHERE id = ?", (ledger_id,))
    return receiving.by_id(session, ledger_id) if kind and kind[0][0] == "invoice" else None
