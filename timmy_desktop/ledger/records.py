"""The ledger's own sentences in the book: deposit, reserve, refund, and a payment from intent to outcome.

Each function runs inside the caller's transaction on the writer, checks again what the caller had read
before, and raises rather than do anything by halves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import SQL

from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import book
from timmy_desktop.ledger.book import ESCROW, FEES, IN_FLIGHT, OUTSIDE, TREASURY, Holding, Move, Transaction
from timmy_desktop.ledger.errors import AlreadyReservedError, LedgerError, NothingReservedError
from timmy_desktop.ledger.money import Msat, format_msat
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.tables import LedgerRow, TaskRow

STARTING_MEMO = "Simulated starting balance"


class ConcludedMeanwhileError(LedgerError):
    """Somebody else recorded the outcome first; theirs stands."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as the ledger knows it."""

    id: str
    state: str
    task_id: str
    agent_id: str
    amount_msat: Msat
    fee_msat: Msat
    payment_hash: str
    bolt11: str
    preimage: str
    reason: str
    simulated: bool


_COLUMNS = (
    LedgerRow.id, LedgerRow.state, LedgerRow.task_id, LedgerRow.agent_id, LedgerRow.amount_msat,
    LedgerRow.fee_msat, LedgerRow.payment_hash, LedgerRow.bolt11, LedgerRow.preimage, LedgerRow.reason,
    LedgerRow.simulated,
)  # fmt: skip


def payment_of(session: Session, task_id: str) -> Payment | None:
    """The task's newest payment, whatever became of it."""
    query = (
        LedgerRow.select(*_COLUMNS)
        .where((LedgerRow.task_id == task_id) & (LedgerRow.type == "payment"))
        .order_by(SQL("rowid DESC"))
        .limit(1)
    )
    return next((_payment(row) for row in session.dicts(query)), None)


def payment_by_id(session: Session, ledger_id: str) -> Payment:
    """The payment of that identifier; LedgerError when there is none."""
    for row in session.dicts(LedgerRow.select(*_COLUMNS).where(LedgerRow.id == ledger_id)):
        return _payment(row)
    raise LedgerError(f"There is no payment {ledger_id}.")


def payments_in_doubt(session: Session) -> list[Payment]:
    """Payments whose outcome is not known, oldest first."""
    query = (
        LedgerRow.select(*_COLUMNS)
        .where((LedgerRow.state == "pending") & (LedgerRow.type == "payment"))
        .order_by(LedgerRow.created_us)
    )
    return [_payment(row) for row in session.dicts(query)]


def was_funded(session: Session) -> bool:
    """Whether the treasury ever got its starting balance."""
    return bool(session.sql("SELECT 1 FROM ledger WHERE type = 'deposit' LIMIT 1"))


def deposit(session: Session, amount: Msat, time_us: int) -> None:
    """The simulated starting balance, once."""
    if was_funded(session):
        raise ConcludedMeanwhileError("The treasury already has its starting balance.")
    book.record(
        session,
        Transaction(
            id=new_id(), type="deposit", amount_msat=amount, simulated=True, time_us=time_us,
            memo=STARTING_MEMO, moves=(Move(OUTSIDE, TREASURY, amount),),
        ),
    )  # fmt: skip


def reserve(
    session: Session, task_id: str, agent_id: str, amount: Msat, *, simulated: bool, time_us: int
) -> None:
    """Treasury to escrow. A price of zero is noted and moves nothing."""
    held = book.holding(session, task_id)
    if held is not None and held.held_msat:
        raise AlreadyReservedError(
            f"{format_msat(held.held_msat)} are already reserved for this task. Release them first."
        )
    paid = payment_of(session, task_id)
    if paid is not None and paid.state in ("pending", "settled"):
        raise AlreadyReservedError("This task was paid, or its payment is under way.")
    book.record(
        session,
        Transaction(
            id=new_id(), type="reserve", amount_msat=amount, simulated=simulated, time_us=time_us,
            task_id=task_id, agent_id=agent_id, moves=(Move(TREASURY, ESCROW, amount),) if amount else (),
        ),
    )  # fmt: skip


def refund(session: Session, held: Holding, reason: str, *, simulated: bool, time_us: int) -> None:
    """Escrow to treasury: everything that the task holds."""
    _still(session, held)
    book.record(
        session,
        Transaction(
            id=new_id(), type="refund", amount_msat=held.held_msat, simulated=simulated, time_us=time_us,
            task_id=held.task_id, agent_id=held.agent_id, reason=reason,
            moves=(Move(ESCROW, TREASURY, held.held_msat),),
        ),
    )  # fmt: skip


def intend(session: Session, payment: Payment, held: Holding, memo: str, max_fee: Msat, time_us: int) -> None:
    """Escrow, and the most that the fee may be, to in flight; before the backend is asked."""
    _still(session, held)
    moves = [Move(ESCROW, IN_FLIGHT, held.held_msat)]
    if max_fee:
        moves.append(Move(TREASURY, IN_FLIGHT, max_fee))
    book.record(session, _transaction(payment, memo, time_us, tuple(moves)))


def give_up(session: Session, payment: Payment, held: Holding, memo: str, time_us: int) -> None:
    """A payment that failed before anything was sent: escrow goes back to the treasury."""
    _still(session, held)
    moves = (Move(ESCROW, TREASURY, held.held_msat),)
    book.record(session, _transaction(payment, memo, time_us, moves))


def settle(session: Session, payment: Payment, preimage: str, fee: Msat, time_us: int) -> None:
    """In flight to the agent, the fee to fees, what was kept for a larger fee back to the treasury."""
    flying = _flying(session, payment)
    moves = [Move(IN_FLIGHT, book.agent_account(payment.agent_id), payment.amount_msat)]
    kept = Msat(flying - payment.amount_msat)
    if kept:
        moves.append(Move(IN_FLIGHT, TREASURY, kept))
    if fee:
        moves.append(Move(TREASURY, FEES, fee))
    book.conclude(session, payment.id, "settled", moves, time_us, fee_msat=fee, preimage=preimage)
    # What the task cost is the ledger's to say; written here it is never behind the book.
    session.execute(
        TaskRow.update(paid_msat=payment.amount_msat, fee_msat=fee).where(TaskRow.id == payment.task_id)
    )


def fail(session: Session, payment: Payment, reason: str, time_us: int) -> None:
    """In flight back to the treasury."""
    flying = _flying(session, payment)
    book.conclude(session, payment.id, "failed", [Move(IN_FLIGHT, TREASURY, flying)], time_us, reason=reason)


def _payment(row: dict[str, Any]) -> Payment:
    return Payment(**{**row, "simulated": bool(row["simulated"])})


def _transaction(payment: Payment, memo: str, time_us: int, moves: tuple[Move, ...]) -> Transaction:
    return Transaction(
        id=payment.id, type="payment", state=payment.state, amount_msat=payment.amount_msat,
        simulated=payment.simulated, time_us=time_us, payment_hash=payment.payment_hash, memo=memo,
        bolt11=payment.bolt11, task_id=payment.task_id, agent_id=payment.agent_id, reason=payment.reason,
        moves=moves,
    )  # fmt: skip


def _flying(session: Session, payment: Payment) -> Msat:
    rows = session.sql(
        "SELECT ledger.state, postings.amount_msat FROM ledger"
        " JOIN entries ON entries.ledger_id = ledger.id AND entries.state = 'pending'"
        " JOIN postings ON postings.entry_id = entries.id AND postings.account = ?"
        " WHERE ledger.id = ?",
        (IN_FLIGHT, payment.id),
    )
    if not rows or rows[0][0] != "pending":
        raise ConcludedMeanwhileError("The payment's outcome is already recorded.")
    return Msat(rows[0][1])


def _still(session: Session, held: Holding) -> None:
    if book.holding(session, held.task_id) != held:
        raise NothingReservedError("What this task had reserved was released or paid out meanwhile.")
