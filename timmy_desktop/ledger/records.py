"""The ledger's own sentences in the book: deposit, reserve, refund, reward, payments from intent to outcome.

Each function runs inside the caller's transaction on the writer, checks again what the caller had read
before, and raises rather than do anything by halves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from peewee import SQL

from timmy_desktop.ledger import book
from timmy_desktop.ledger.book import (
    ESCROW,
    FEES,
    OUTSIDE,
    TREASURY,
    Holding,
    Move,
    Transaction,
    agent_account,
    flying_account,
)
from timmy_desktop.ledger.errors import AlreadyReservedError, LedgerError, NothingReservedError
from timmy_desktop.ledger.money import ZERO, Msat, format_msat
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.tables import LedgerRow, TaskRow

STARTING_MEMO = "Simulated starting balance"
OPENING_MEMO = "What the node held when its book was opened"
FUNDING, TASK, CLOSING, CORRECTION = "funding", "task", "closing", "correction"
OWN_PURPOSES = (FUNDING, TASK, CLOSING, CORRECTION)
"""What only the ledger itself may call a transaction's purpose: they say where its money goes."""


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
    purpose: str = TASK
    account: str = TREASURY
    payee: str = ""
    memo: str = ""
    fee_cap_msat: Msat = ZERO
    created_us: int = 0
    expires_us: int = 0

    @property
    def is_reward(self) -> bool:
        """Whether an agent is paid for a task with it, rather than somebody outside."""
        return self.purpose == TASK and bool(self.task_id)


_COLUMNS = (
    LedgerRow.id, LedgerRow.state, LedgerRow.task_id, LedgerRow.agent_id, LedgerRow.amount_msat,
    LedgerRow.fee_msat, LedgerRow.payment_hash, LedgerRow.bolt11, LedgerRow.preimage, LedgerRow.reason,
    LedgerRow.simulated, LedgerRow.purpose, LedgerRow.account, LedgerRow.payee, LedgerRow.memo,
    LedgerRow.fee_cap_msat, LedgerRow.created_us, LedgerRow.expires_us,
)  # fmt: skip
_KINDS = ("payment", "reward")


def payment_of(session: Session, task_id: str) -> Payment | None:
    """What the task last paid its agent, whatever became of it."""
    query = (
        LedgerRow.select(*_COLUMNS)
        .where((LedgerRow.task_id == task_id) & LedgerRow.type.in_(_KINDS) & (LedgerRow.purpose == TASK))
        .order_by(SQL("rowid DESC"))
        .limit(1)
    )
    return next((_payment(row) for row in session.dicts(query)), None)


def payment_by_id(session: Session, ledger_id: str) -> Payment:
    """The payment of that identifier; LedgerError when there is none."""
    query = LedgerRow.select(*_COLUMNS).where((LedgerRow.id == ledger_id) & LedgerRow.type.in_(_KINDS))
    for row in session.dicts(query):
        return _payment(row)
    raise LedgerError(f"There is no payment {ledger_id}.")


def payment_by_hash(session: Session, payment_hash: str) -> Payment | None:
    """The payment of that hash, whatever became of it first."""
    query = LedgerRow.select(*_COLUMNS).where(
        (LedgerRow.payment_hash == payment_hash) & (LedgerRow.type == "payment") & (LedgerRow.refers_to == "")
    )
    return next((_payment(row) for row in session.dicts(query)), None)


def settled_late(session: Session, payment: Payment) -> bool:
    """Whether a payment that had failed is known to have settled all the same."""
    return bool(session.sql("SELECT 1 FROM ledger WHERE refers_to = ? AND type = 'payment'", (payment.id,)))


def payments_in_doubt(session: Session) -> list[Payment]:
    """Payments whose outcome is not known, oldest first."""
    query = (
        LedgerRow.select(*_COLUMNS)
        .where((LedgerRow.state == "pending") & (LedgerRow.type == "payment"))
        .order_by(LedgerRow.created_us)
    )
    return [_payment(row) for row in session.dicts(query)]


def was_funded(session: Session) -> bool:
    """Whether the book of the present node ever got its first sats."""
    return bool(
        session.sql(
            "SELECT 1 FROM ledger WHERE type = 'deposit' AND created_us >="
            " coalesce((SELECT max(opened_us) FROM ledger_books WHERE id > 1), 0) LIMIT 1"
        )
    )


def deposit(
    session: Session, amount: Msat, time_us: int, *, ledger_id: str, simulated: bool = True, proof: str = ""
) -> None:
    """The starting balance, once: simulated, or what a real node holds."""
    if was_funded(session):
        raise ConcludedMeanwhileError("The treasury already has its starting balance.")
    book.record(
        session,
        Transaction(
            id=ledger_id, type="deposit", purpose=FUNDING, amount_msat=amount, simulated=simulated,
            time_us=time_us, memo=STARTING_MEMO if simulated else OPENING_MEMO, proof=proof,
            moves=(Move(OUTSIDE, TREASURY, amount),),
        ),
    )  # fmt: skip


def reserve(
    session: Session,
    task_id: str,
    agent_id: str,
    amount: Msat,
    *,
    ledger_id: str,
    simulated: bool,
    time_us: int,
    fee_cap: Msat = ZERO,
) -> None:
    """Treasury to escrow, the most that the fee may be too. A price of zero is noted and moves nothing."""
    held = book.holding(session, task_id)
    if held is not None and held.held_msat:
        raise AlreadyReservedError(
            f"{format_msat(held.held_msat)} are already reserved for this task. Release them first."
        )
    paid = payment_of(session, task_id)
    if paid is not None and paid.state in ("pending", "settled"):
        raise AlreadyReservedError("This task was paid, or its payment is under way.")
    moves = (Move(TREASURY, ESCROW, Msat(amount + fee_cap)),) if amount else ()
    book.record(
        session,
        Transaction(
            id=ledger_id, type="reserve", purpose=TASK, amount_msat=amount, simulated=simulated,
            time_us=time_us, fee_cap_msat=fee_cap, task_id=task_id, agent_id=agent_id, moves=moves,
        ),
    )  # fmt: skip


def refund(
    session: Session, held: Holding, reason: str, *, ledger_id: str, simulated: bool, time_us: int
) -> None:
    """Escrow to treasury: everything that the task holds."""
    _still(session, held)
    book.record(
        session,
        Transaction(
            id=ledger_id, type="refund", purpose=TASK, amount_msat=held.held_msat, simulated=simulated,
            time_us=time_us, task_id=held.task_id, agent_id=held.agent_id, reason=reason,
            moves=(Move(ESCROW, TREASURY, held.held_msat),),
        ),
    )  # fmt: skip


def reward(session: Session, payment: Payment, held: Holding, time_us: int) -> None:
    """Escrow to the agent within the book, where its sats stay on the node that holds the treasury."""
    _still(session, held)
    moves = [Move(ESCROW, agent_account(held.agent_id), payment.amount_msat)]
    if kept := Msat(held.held_msat - payment.amount_msat):
        moves.append(Move(ESCROW, TREASURY, kept))
    book.record(session, _transaction(payment, time_us, tuple(moves), kind="reward"))
    _tell_task(session, payment, ZERO)


def intend(session: Session, payment: Payment, held: Holding, time_us: int) -> None:
    """What the task holds, the cap of the fee too, from escrow to in flight; before the backend is asked."""
    _still(session, held)
    moves = (Move(ESCROW, flying_account(payment.account), held.held_msat),)
    book.record(session, _transaction(payment, time_us, moves))


def intend_outside(session: Session, payment: Payment, time_us: int) -> None:
    """The amount and its fee's cap from the payer's account to in flight; before the backend is asked."""
    if payment_by_hash(session, payment.payment_hash) is not None:
        raise ConcludedMeanwhileError("This invoice was already paid, or its payment is under way.")
    amount = Msat(payment.amount_msat + payment.fee_cap_msat)
    moves = (Move(payment.account, flying_account(payment.account), amount),)
    book.record(session, _transaction(payment, time_us, moves))


def give_up(session: Session, payment: Payment, held: Holding, time_us: int) -> None:
    """A payment that failed before anything was sent: escrow goes back to the treasury."""
    _still(session, held)
    moves = (Move(ESCROW, TREASURY, held.held_msat),)
    book.record(session, _transaction(payment, time_us, moves))


def settle(
    session: Session, payment: Payment, preimage: str, fee: Msat, time_us: int, proof: str = "node"
) -> None:
    """In flight to whom it was for, the fee to fees, what was kept for a larger fee back to the payer."""
    flying = flying_account(payment.account)
    kept = Msat(_flying(session, payment) - payment.amount_msat)
    moves = [Move(flying, _target(payment), payment.amount_msat)]
    if kept:
        moves.append(Move(flying, payment.account, kept))
    if fee:
        moves.append(Move(payment.account, FEES, fee))
    book.conclude(
        session, payment.id, "settled", moves, time_us, fee_msat=fee, preimage=preimage, proof=proof
    )
    _tell_task(session, payment, fee)


def fail(session: Session, payment: Payment, reason: str, time_us: int) -> None:
    """In flight back to the payer."""
    moves = [Move(flying_account(payment.account), payment.account, _flying(session, payment))]
    book.conclude(session, payment.id, "failed", moves, time_us, reason=reason)


def settle_late(
    session: Session, payment: Payment, preimage: str, fee: Msat, time_us: int, proof: str, ledger_id: str
) -> None:
    """A payment that had failed settled all the same: a row of its own, by suspense if the payer lacks it."""
    if settled_late(session, payment):
        raise ConcludedMeanwhileError("The late settlement is already recorded.")
    lacks = book.balance(session, payment.account) < payment.amount_msat + fee
    payer = book.SUSPENSE if lacks else payment.account
    moves = [Move(payer, _target(payment), payment.amount_msat)]
    if fee:
        moves.append(Move(payer, FEES, fee))
    late = replace(payment, id=ledger_id, state="settled", fee_msat=fee, preimage=preimage, reason="")
    row = _transaction(late, time_us, tuple(moves))
    book.record(session, replace(row, refers_to=payment.id, flags="late", proof=proof))


def _target(payment: Payment) -> str:
    return agent_account(payment.agent_id) if payment.is_reward else OUTSIDE


def _tell_task(session: Session, payment: Payment, fee: Msat) -> None:
    """What the task cost is the ledger's to say; written here it is never behind the book."""
    if payment.is_reward:
        session.execute(
            TaskRow.update(paid_msat=payment.amount_msat, fee_msat=fee).where(TaskRow.id == payment.task_id)
        )


def _payment(row: dict[str, Any]) -> Payment:
    return Payment(**{**row, "simulated": bool(row["simulated"])})


def _transaction(
    payment: Payment, time_us: int, moves: tuple[Move, ...], kind: str = "payment"
) -> Transaction:
    p = payment
    return Transaction(
        id=p.id, type=kind, state=p.state, purpose=p.purpose, account=p.account, amount_msat=p.amount_msat,
        fee_cap_msat=p.fee_cap_msat, fee_msat=p.fee_msat, simulated=p.simulated, time_us=time_us,
        payment_hash=p.payment_hash, memo=p.memo, bolt11=p.bolt11, payee=p.payee, preimage=p.preimage,
        task_id=p.task_id, agent_id=p.agent_id, reason=p.reason, expires_us=p.expires_us, moves=moves,
    )  # fmt: skip


def _flying(session: Session, payment: Payment) -> Msat:
    rows = session.sql(
        "SELECT ledger.state, postings.amount_msat FROM ledger"
        " JOIN entries ON entries.ledger_id = ledger.id AND entries.state = 'pending'"
        " JOIN postings ON postings.entry_id = entries.id AND postings.account = ?"
        " WHERE ledger.id = ?",
        (flying_account(payment.account), payment.id),
    )
    if not rows or rows[0][0] != "pending":
        raise ConcludedMeanwhileError("The payment's outcome is already recorded.")
    return Msat(rows[0][1])


def _still(session: Session, held: Holding) -> None:
    if book.holding(session, held.task_id) != held:
        raise NothingReservedError("What this task had reserved was released or paid out meanwhile.")
