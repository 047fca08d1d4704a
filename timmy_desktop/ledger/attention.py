"""What needs a person: approvals, payments in doubt, differences and sats in suspense."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from timmy_desktop.ledger import approvals, book, differences, records
from timmy_desktop.ledger.book import SUSPENSE, TREASURY, Move, Transaction
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.money import Msat
from timmy_desktop.ledger.types import Attention, Doubt, Held
from timmy_desktop.storage.database import Session

_HELD = """
SELECT id, flags, amount_msat, received_msat, memo, settled_us FROM ledger
WHERE flags <> '' AND type = 'invoice' AND state = 'settled' AND received_msat <> amount_msat
    AND NOT EXISTS (SELECT 1 FROM ledger freed WHERE freed.refers_to = ledger.id AND freed.type = 'release')
ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Released:
    """Sats that left suspense."""

    amount_msat: Msat
    simulated: bool


def gathered(session: Session, under_way: Collection[str]) -> Attention:
    """All of it but the node's health; `under_way` are the tasks and hashes whose answer is awaited now."""
    return Attention(
        approvals=approvals.waiting(session),
        doubts=tuple(_doubt(payment, under_way) for payment in records.payments_in_doubt(session)),
        differences=differences.open_ones(session),
        held=held(session),
    )


def held(session: Session) -> tuple[Held, ...]:
    """What is in suspense and why, the oldest first."""
    return tuple(
        Held(
            ledger_id=row_id, flags=tuple(flags.split()), memo=memo, settled_us=settled,
            amount_msat=_in_suspense(amount, received),
        )
        for row_id, flags, amount, received, memo, settled in session.sql(_HELD)
    )  # fmt: skip


def release(session: Session, ledger_id: str, note: str, time_us: int, row_id: str) -> Released:
    """Suspense to the treasury by a row of its own, because a person says so; once for each transaction."""
    found = next((item for item in held(session) if item.ledger_id == ledger_id), None)
    if found is None:
        raise LedgerError("Nothing of this transaction is in suspense.")
    simulated = bool(session.sql("SELECT simulated FROM ledger WHERE id = ?", (ledger_id,))[0][0])
    book.record(
        session,
        Transaction(
            id=row_id, type="release", purpose=records.CORRECTION, amount_msat=found.amount_msat,
            simulated=simulated, time_us=time_us, refers_to=ledger_id, memo=note, source="person",
            moves=(Move(SUSPENSE, TREASURY, found.amount_msat),),
        ),
    )  # fmt: skip
    return Released(found.amount_msat, simulated)


def _in_suspense(amount: int, received: int) -> Msat:
    return Msat(received - amount if received > amount else received)


def _doubt(payment: records.Payment, under_way: Collection[str]) -> Doubt:
    return Doubt(
        ledger_id=payment.id, payment_hash=payment.payment_hash, amount_msat=payment.amount_msat,
        payee=payment.payee, memo=payment.memo, task_id=payment.task_id, agent_id=payment.agent_id,
        since_us=payment.created_us,
        under_way=payment.payment_hash in under_way or payment.task_id in under_way,
    )  # fmt: skip
