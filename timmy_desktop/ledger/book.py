"""The book: double entry in millisatoshi. Every entry moves sats from accounts to accounts; none appear.

Accounts: `treasury` (free to spend), `escrow` (reserved for tasks), `in_flight` (sent, outcome unknown),
`agent:ID` (earned), `fees` (paid to the network), `outside` (the world; the only one that may be negative).
These functions run inside the caller's transaction on the writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from timmy_desktop.ledger.errors import InsufficientFundsError
from timmy_desktop.ledger.money import ZERO, Msat, format_msat, positive
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.tables import AccountRow, EntryRow, LedgerRow, PostingRow

TREASURY = "treasury"
ESCROW = "escrow"
IN_FLIGHT = "in_flight"
FEES = "fees"
OUTSIDE = "outside"
AGENT_PREFIX = "agent:"


def agent_account(agent_id: str) -> str:
    """Where an agent's earnings are."""
    return AGENT_PREFIX + agent_id


@dataclass(frozen=True, slots=True)
class Move:
    """So much from one account to another; more than zero, so an entry of moves sums to zero."""

    source: str
    target: str
    amount: Msat

    def __post_init__(self) -> None:
        positive(self.amount)


@dataclass(frozen=True, slots=True)
class Balances:
    """Running totals. `available + pending = net = incoming - outgoing - fees`."""

    available_msat: Msat = ZERO
    pending_msat: Msat = ZERO
    incoming_msat: Msat = ZERO
    outgoing_msat: Msat = ZERO
    fees_msat: Msat = ZERO
    net_msat: Msat = ZERO
    escrow_msat: Msat = ZERO
    in_flight_msat: Msat = ZERO


@dataclass(frozen=True, slots=True)
class Holding:
    """What a task last reserved, for whom, and how much of it is in escrow now."""

    task_id: str
    agent_id: str
    amount_msat: Msat
    held_msat: Msat


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A row of `ledger` as it is first written."""

    id: str
    type: str
    amount_msat: Msat
    simulated: bool
    time_us: int
    state: str = "settled"
    payment_hash: str = ""
    memo: str = ""
    bolt11: str = ""
    source: str = "ledger"
    task_id: str = ""
    agent_id: str = ""
    reason: str = ""
    moves: tuple[Move, ...] = field(default=())


def record(session: Session, transaction: Transaction) -> None:
    """Writes a new transaction and posts what it moves; InsufficientFundsError when an account lacks it."""
    t = transaction
    session.execute(
        LedgerRow.insert(
            id=t.id, type=t.type, state=t.state, payment_hash=t.payment_hash, amount_msat=t.amount_msat,
            memo=t.memo, bolt11=t.bolt11, source=t.source, task_id=t.task_id, agent_id=t.agent_id,
            simulated=int(t.simulated), reason=t.reason, created_us=t.time_us, updated_us=t.time_us,
        )
    )  # fmt: skip
    if t.moves:
        post(session, t.id, t.state, t.moves, t.time_us)


def conclude(
    session: Session,
    ledger_id: str,
    state: str,
    moves: Sequence[Move],
    time_us: int,
    *,
    fee_msat: int = 0,
    preimage: str = "",
    reason: str = "",
) -> None:
    """Brings a pending transaction to its last state, together with the entry that moves its money."""
    post(session, ledger_id, state, moves, time_us)
    session.execute(
        LedgerRow.update(
            state=state, fee_msat=fee_msat, preimage=preimage, reason=reason, updated_us=time_us
        ).where(LedgerRow.id == ledger_id)
    )


def post(session: Session, ledger_id: str, state: str, moves: Sequence[Move], time_us: int) -> None:
    """Posts one entry. The database refuses it when it doesn't sum to zero or was posted before."""
    amounts = net(moves)
    _refuse_overdraft(session, amounts)
    entry_id = session.execute(EntryRow.insert(ledger_id=ledger_id, state=state, time_us=time_us))
    session.execute(
        PostingRow.insert_many(
            [(entry_id, account, amount) for account, amount in amounts.items()],
            fields=[PostingRow.entry_id, PostingRow.account, PostingRow.amount_msat],
        )
    )
    session.execute(EntryRow.update(posted=1).where(EntryRow.id == entry_id))


def net(moves: Sequence[Move]) -> dict[str, int]:
    """What the moves add to each account; accounts that come out even are left out."""
    amounts: dict[str, int] = {}
    for move in moves:
        amounts[move.source] = amounts.get(move.source, 0) - move.amount
        amounts[move.target] = amounts.get(move.target, 0) + move.amount
    return {account: amount for account, amount in amounts.items() if amount}


def balance(session: Session, account: str) -> Msat:
    """The running balance of one account; zero for one that was never used."""
    rows = session.sql("SELECT balance_msat FROM accounts WHERE name = ?", (account,))
    return Msat(rows[0][0] if rows else 0)


def balances(session: Session) -> Balances:
    """All running totals; reads one row an account, whatever the number of transactions."""
    totals = {row["name"]: row for row in session.dicts(AccountRow.select())}

    def value(account: str, column: str = "balance_msat") -> int:
        return int(totals[account][column]) if account in totals else 0

    incoming = value(OUTSIDE, "out_msat")
    outgoing = sum(int(row["in_msat"]) for name, row in totals.items() if name.startswith(AGENT_PREFIX))
    fees = value(FEES)
    return Balances(
        available_msat=Msat(value(TREASURY)),
        pending_msat=Msat(value(ESCROW) + value(IN_FLIGHT)),
        incoming_msat=Msat(incoming),
        outgoing_msat=Msat(outgoing),
        fees_msat=Msat(fees),
        net_msat=Msat(incoming - outgoing - fees),
        escrow_msat=Msat(value(ESCROW)),
        in_flight_msat=Msat(value(IN_FLIGHT)),
    )


_HOLDING = """
SELECT
    (SELECT agent_id FROM ledger WHERE task_id = ? AND type = 'reserve' ORDER BY rowid DESC LIMIT 1),
    (SELECT amount_msat FROM ledger WHERE task_id = ? AND type = 'reserve' ORDER BY rowid DESC LIMIT 1),
    (SELECT coalesce(sum(postings.amount_msat), 0) FROM ledger
     JOIN entries ON entries.ledger_id = ledger.id JOIN postings ON postings.entry_id = entries.id
     WHERE ledger.task_id = ? AND postings.account = 'escrow')
"""


def holding(session: Session, task_id: str) -> Holding | None:
    """What the task reserved and what of it is in escrow; None when it never reserved anything."""
    agent_id, amount, held = session.sql(_HOLDING, (task_id, task_id, task_id))[0]
    return None if amount is None else Holding(task_id, agent_id, Msat(amount), Msat(held))


def _refuse_overdraft(session: Session, amounts: dict[str, int]) -> None:
    for account, amount in amounts.items():
        if amount >= 0 or account == OUTSIDE:
            continue
        has = balance(session, account)
        if has + amount < 0:
            raise InsufficientFundsError(_shortfall(account, has, -amount))


def _shortfall(account: str, has: int, wanted: int) -> str:
    next_step = (
        "Wait until running tasks release what they reserved, or post a cheaper task."
        if account == TREASURY
        else "Check the ledger: this should not happen."
    )
    return (
        f"The {account.replace('_', ' ')} holds {format_msat(has)}, {format_msat(wanted)} is needed: "
        f"{format_msat(wanted - has)} is missing. {next_step}"
    )
