"""Invoices that others pay: made, watched until the node tells, settled by its word and the preimage."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import InvoiceCancelled, InvoiceCreated, InvoiceSettled, PaymentExpired
from timmy_desktop.events.system import SystemWarning
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import book, invoice, records
from timmy_desktop.ledger.backends.base import InvoiceResult
from timmy_desktop.ledger.book import (
    INVOICED,
    OUTSIDE,
    RECEIVABLE,
    SUSPENSE,
    TREASURY,
    Move,
    Transaction,
)
from timmy_desktop.ledger.errors import BackendError, LedgerError
from timmy_desktop.ledger.money import Msat, msat, positive
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.records import ConcludedMeanwhileError
from timmy_desktop.ledger.settlement import LONGEST_REASON, SOURCE
from timmy_desktop.ledger.types import OpenInvoice
from timmy_desktop.storage.database import Database, Session

logger = logging.getLogger(__name__)

LONGEST_MEMO = 500
GRACE_US = 60_000_000
"""How long after its end an invoice may still be settled at the node before it is expired in the book."""
WATCHED_US = 86_400_000_000
"""How long a closed invoice is still asked about; later ones are found by reconciliation."""
_MOST_WATCHED = 50


@dataclass(frozen=True, slots=True)
class Incoming:
    """An invoice of ours as the book knows it."""

    id: str
    state: str
    payment_hash: str
    amount_msat: Msat
    account: str
    purpose: str
    memo: str
    bolt11: str
    payee: str
    task_id: str
    agent_id: str
    simulated: bool
    created_us: int
    expires_us: int


_NAMES = tuple(Incoming.__dataclass_fields__)
_SELECT = f"SELECT {', '.join(_NAMES)} FROM ledger"  # noqa: S608 - constants


class Receiving:
    """What comes in goes where it belongs: to the treasury what was asked for, to suspense what was not."""

    def __init__(self, *, bus: EventBus, db: Database, node: Node, clock: Clock) -> None:
        self._bus = bus
        self._db = db
        self._node = node
        self._clock = clock
        self._warned: set[str] = set()

    async def create(
        self, amount_msat: int, memo: str, *, expiry_s: int, purpose: str, task_id: str, agent_id: str
    ) -> OpenInvoice:
        """An invoice of the node, recorded before anybody sees it. BackendError or InvoiceError otherwise."""
        amount = positive(amount_msat)
        memo = inert_line(memo, LONGEST_MEMO)
        bill = await self._node.bill(amount, memo, expiry_s)
        now, expires_us, row_id = self._clock.now_us(), bill.expires_s * 1_000_000, new_id()
        if purpose in ("", *records.OWN_PURPOSES):
            purpose = "sale"
        row = Transaction(
            id=row_id, type="invoice", state="pending", purpose=inert_line(purpose, 40),
            account=book.agent_account(agent_id) if agent_id else TREASURY, amount_msat=amount,
            simulated=self._node.simulated, time_us=now, payment_hash=bill.payment_hash, memo=memo,
            bolt11=bill.bolt11, payee=bill.payee, task_id=task_id, agent_id=agent_id, expires_us=expires_us,
            moves=(Move(INVOICED, RECEIVABLE, amount),),
        )  # fmt: skip
        event = InvoiceCreated(
            source=SOURCE, task_id=task_id, agent_id=agent_id, payment_hash=bill.payment_hash,
            amount_msat=amount, simulated=row.simulated, bolt11=bill.bolt11, memo=memo, expires_us=expires_us,
            receivable=True, ledger_id=row_id,
        )  # fmt: skip
        await self._bus.publish(event, work=lambda session: book.record(session, row))
        return OpenInvoice(
            ledger_id=row_id, bolt11=bill.bolt11, payment_hash=bill.payment_hash, amount_msat=amount,
            memo=memo, created_us=now, expires_us=expires_us, simulated=row.simulated,
        )  # fmt: skip

    async def cancel(self, ledger_id: str, reason: str) -> None:
        """Not wanted any more. What is paid all the same is recorded and flagged as late."""
        incoming = await self._db.read(lambda session: by_id(session, ledger_id))
        if incoming.state != "pending":
            raise LedgerError(f"This invoice is already {incoming.state}.")
        try:
            await self._node.cancel_invoice(incoming.payment_hash)
        except LedgerError as error:
            logger.info("The node was not told of a cancelled invoice: %s", error)
        words = inert_line(reason, LONGEST_REASON) or "Cancelled."
        event = InvoiceCancelled(**_about(incoming), reason=words)
        await self._close(incoming, "failed", event, words)

    async def look_up(self, incoming: Incoming) -> str:
        """Asks the node about an invoice, records what it says, and returns the state that follows."""
        result = await self._node.lookup_invoice(incoming.payment_hash)
        if result.state == "settled":
            return await self.settle(incoming, result)
        run_out = self._clock.now_us() >= incoming.expires_us + GRACE_US
        if incoming.state == "pending" and run_out and result.state in ("open", "expired"):
            await self._close(
                incoming, "expired", PaymentExpired(**_about(incoming)), "Nobody paid it in time."
            )
            return "expired"
        return incoming.state

    async def settle(self, incoming: Incoming, result: InvoiceResult) -> str:
        """Books what came in, if it is proven; once, whoever else is asking."""
        received = msat(result.received_msat)
        if received <= 0 or not invoice.proves(result.preimage, incoming.payment_hash):
            return await self._doubted(incoming)
        now, proof = self._clock.now_us(), await self._word()
        flags = _flags(incoming, received)
        row = incoming.id if incoming.state == "pending" else new_id()
        event = InvoiceSettled(
            **_about(incoming), received_msat=received, preimage=result.preimage, flags=flags, ledger_id=row
        )
        try:
            await self._bus.publish(
                event,
                work=lambda session: _book(
                    session, incoming, received, result.preimage, flags, proof, now, row
                ),
            )
        except _ClosedMeanwhileError as closed:
            # It ran out while the node was asked: what is told of it must say that this came late.
            return await self.settle(closed.present, result)
        except ConcludedMeanwhileError:
            pass
        return "settled"

    async def watch(self) -> int:
        """Asks about every open invoice, and about those closed lately; returns how many are open."""
        open_ones = await self._db.read(pending)
        for incoming in open_ones:
            await self.look_up(incoming)
        return len(open_ones)

    async def watch_closed(self) -> None:
        """Asks about invoices that ran out or were cancelled within a day: some are paid all the same."""
        since = self._clock.now_us() - WATCHED_US
        for incoming in await self._db.read(lambda session: closed_since(session, since)):
            await self.look_up(incoming)

    async def _close(self, incoming: Incoming, state: str, event: Any, reason: str) -> None:
        now = self._clock.now_us()

        def write(session: Session) -> None:
            if by_id(session, incoming.id).state != "pending":
                raise ConcludedMeanwhileError("What became of this invoice is already recorded.")
            back = [Move(RECEIVABLE, INVOICED, incoming.amount_msat)]
            book.conclude(session, incoming.id, state, back, now, reason=reason)

        with suppress(ConcludedMeanwhileError):
            await self._bus.publish(event, work=write)

    async def _doubted(self, incoming: Incoming) -> str:
        if incoming.id not in self._warned:
            self._warned.add(incoming.id)
            message = (
                f"The Lightning node calls the invoice {incoming.payment_hash} settled, and its proof "
                "doesn't fit. Nothing was booked. Check the node."
            )
            logger.warning(message)
            await self._bus.publish(SystemWarning(source=SOURCE, message=message))
        return incoming.state

    async def _word(self) -> str:
        try:
            return f"node:{(await self._node.identity()).node_id}"
        except (LedgerError, BackendError):
            return "node"


def by_id(session: Session, ledger_id: str) -> Incoming:
    """The invoice of that identifier; LedgerError when there is none."""
    found = _select(session, "id = ? AND type = 'invoice' AND refers_to = ''", ledger_id)
    if not found:
        raise LedgerError(f"There is no invoice {ledger_id}.")
    return found[0]


def by_hash(session: Session, payment_hash: str) -> Incoming | None:
    """The invoice of that hash, whatever became of it first."""
    found = _select(session, "payment_hash = ? AND type = 'invoice' AND refers_to = ''", payment_hash)
    return found[0] if found else None


def pending(session: Session) -> list[Incoming]:
    """Open invoices, oldest first."""
    return _select(session, "state = 'pending' AND type = 'invoice' ORDER BY created_us")


def closed_since(session: Session, since_us: int) -> list[Incoming]:
    """Invoices that ran out or were cancelled since then and were not paid late; the newest."""
    return _select(
        session,
        "type = 'invoice' AND state <> 'pending' AND state <> 'settled' AND updated_us >= ? AND NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM ledger late WHERE late.refers_to = ledger.id AND late.type = 'invoice')"
        f" ORDER BY updated_us DESC LIMIT {_MOST_WATCHED}",
        since_us,
    )


def settled_late(session: Session, incoming: Incoming) -> bool:
    """Whether a closed invoice is known to have been paid all the same."""
    return bool(session.sql("SELECT 1 FROM ledger WHERE refers_to = ? AND type = 'invoice'", (incoming.id,)))


def _select(session: Session, condition: str, *values: object) -> list[Incoming]:
    rows = session.sql(f"{_SELECT} WHERE {condition}", values)
    return [
        Incoming(**{**dict(zip(_NAMES, row, strict=True)), "simulated": bool(row[_NAMES.index("simulated")])})
        for row in rows
    ]


class _ClosedMeanwhileError(Exception):
    """An invoice that was read as pending has been closed since: `present` is what it is now."""

    def __init__(self, present: Incoming) -> None:
        super().__init__(present.state)
        self.present = present


def _flags(incoming: Incoming, received: int) -> str:
    late = "late" if incoming.state != "pending" else ""
    over = "overpaid" if received > incoming.amount_msat else ""
    under = "underpaid" if received < incoming.amount_msat else ""
    return " ".join(filter(None, (late, over, under)))


def _book(
    session: Session,
    incoming: Incoming,
    received: Msat,
    preimage: str,
    flags: str,
    proof: str,
    now: int,
    ledger_id: str,
) -> None:
    moves = _came_in(incoming, received)
    present = by_id(session, incoming.id)
    if present.state == "pending":
        moves.append(Move(RECEIVABLE, INVOICED, incoming.amount_msat))
        book.conclude(
            session, incoming.id, "settled", moves, now,
            received_msat=received, preimage=preimage, proof=proof, flags=flags,
        )  # fmt: skip
        return
    if present.state == "settled" or settled_late(session, incoming):
        raise ConcludedMeanwhileError("What came in for this invoice is already recorded.")
    if incoming.state == "pending":
        raise _ClosedMeanwhileError(present)
    book.record(
        session,
        Transaction(
            id=ledger_id, type="invoice", purpose=incoming.purpose, account=incoming.account,
            amount_msat=incoming.amount_msat, simulated=incoming.simulated, time_us=now,
            payment_hash=incoming.payment_hash, received_msat=received, memo=incoming.memo,
            bolt11=incoming.bolt11, payee=incoming.payee, preimage=preimage, proof=proof, flags=flags,
            refers_to=incoming.id, task_id=incoming.task_id, agent_id=incoming.agent_id,
            expires_us=incoming.expires_us, moves=tuple(moves),
        ),
    )  # fmt: skip


def _came_in(incoming: Incoming, received: Msat) -> list[Move]:
    """What was asked for to its account; all of too little, and the rest of too much, to suspense."""
    if received < incoming.amount_msat:
        return [Move(OUTSIDE, SUSPENSE, received)]
    moves = [Move(OUTSIDE, incoming.account, incoming.amount_msat)]
    if received > incoming.amount_msat:
        moves.append(Move(OUTSIDE, SUSPENSE, Msat(received - incoming.amount_msat)))
    return moves


def _about(incoming: Incoming) -> dict[str, Any]:
    return {
        "source": SOURCE, "task_id": incoming.task_id, "agent_id": incoming.agent_id,
        "payment_hash": incoming.payment_hash, "amount_msat": incoming.amount_msat,
        "simulated": incoming.simulated,
    }  # fmt: skip
