"""The book: double entry in millisatoshi. Every entry moves sats from accounts to accounts; none appear.

Accounts: `treasury` (free to spend), `escrow` (reserved for tasks), `in_flight` (sent, outcome unknown; an
agent's own is `in_flight:ID`), `agent:ID` (earned), `fees` (paid to the network), `suspense` (received, and
not yet clear for what), `outside` (the world). Open invoices are in `receivable`, against `invoiced`:
expected, not had. These functions run inside the caller's transaction on the writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from timmy_desktop.ledger.errors import InsufficientFundsError
from timmy_desktop.ledger.money import ZERO, Msat, format_msat, positive
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.tables import EntryRow, LedgerRow, PostingRow

TREASURY = "treasury"
ESCROW = "escrow"
IN_FLIGHT = "in_flight"
FEES = "fees"
SUSPENSE = "suspense"
OUTSIDE = "outside"
RECEIVABLE = "receivable"
INVOICED = "invoiced"
AGENT_PREFIX = "agent:"
FLYING_PREFIX = "in_flight:"
MAY_BE_NEGATIVE = frozenset({OUTSIDE, INVOICED, SUSPENSE})


def agent_account(agent_id: str) -> str:
    """Where an agent's earnings are."""
    return AGENT_PREFIX + agent_id


def flying_account(account: str) -> str:
    """Where what `account` (the treasury or an agent's) sends is until the node tells."""
    return IN_FLIGHT if account == TREASURY else FLYING_PREFIX + account.removeprefix(AGENT_PREFIX)


BY_THE_BOOK = "book"
"""What proves a transaction that moves sats between accounts of the book alone."""

_COLUMNS = (
    "id", "type", "state", "purpose", "account", "payment_hash", "amount_msat", "fee_msat", "fee_cap_msat",
    "received_msat", "memo", "bolt11", "payee", "preimage", "flags", "refers_to", "source", "task_id",
    "agent_id", "reason", "expires_us",
)  # fmt: skip


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
    """Running totals. `available + pending + suspense = net = incoming - outgoing - fees`.

    `pending_msat` is on its way out: in escrow or in flight. `receivable_msat` may come in: open invoices,
    which are no money yet. `outgoing_msat` is what agents have earned and what was sent to others.
    """

    available_msat: Msat = ZERO
    pending_msat: Msat = ZERO
    incoming_msat: Msat = ZERO
    outgoing_msat: Msat = ZERO
    fees_msat: Msat = ZERO
    net_msat: Msat = ZERO
    escrow_msat: Msat = ZERO
    in_flight_msat: Msat = ZERO
    receivable_msat: Msat = ZERO
    suspense_msat: Msat = ZERO


@dataclass(frozen=True, slots=True)
class Holding:
    """What a task last reserved, for whom, and how much of it is in escrow now, the fee's cap included."""

    task_id: str
    agent_id: str
    amount_msat: Msat
    fee_cap_msat: Msat
    held_msat: Msat


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A row of `ledger` as it is first written; its fields are the columns."""

    id: str
    type: str
    amount_msat: Msat
    simulated: bool
    time_us: int
    state: str = "settled"
    purpose: str = ""
    account: str = TREASURY
    payment_hash: str = ""
    fee_cap_msat: Msat = ZERO
    fee_msat: Msat = ZERO
    received_msat: Msat = ZERO
    memo: str = ""
    bolt11: str = ""
    payee: str = ""
    preimage: str = ""
    proof: str = ""
    flags: str = ""
    refers_to: str = ""
    source: str = "ledger"
    task_id: str = ""
    agent_id: str = ""
    reason: str = ""
    expires_us: int = 0
    moves: tuple[Move, ...] = field(default=())


def record(session: Session, transaction: Transaction) -> None:
    """Writes a new transaction and posts what it moves; InsufficientFundsError when an account lacks it."""
    t = transaction
    settled = t.state == "settled"
    columns = {name: getattr(t, name) for name in _COLUMNS}
    session.execute(
        LedgerRow.insert(
            **{**columns, "proof": t.proof or (BY_THE_BOOK if settled else "")},
            simulated=int(t.simulated), created_us=t.time_us, updated_us=t.time_us,
            settled_us=t.time_us if settled else 0,
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
    **outcome: object,
) -> None:
    """Brings a pending transaction to its last state, together with the entry that moves its money.

    `outcome`: those of fee_msat, received_msat, preimage, proof, flags, reason that have become known.
    """
    post(session, ledger_id, state, moves, time_us)
    settled_us = time_us if state == "settled" else 0
    session.execute(
        LedgerRow.update(state=state, updated_us=time_us, settled_us=settled_us, **outcome).where(
            LedgerRow.id == ledger_id
        )
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
    totals = {name: (held, out) for name, held, out in session.sql(_TOTALS)}

    def held(account: str) -> int:
        return int(totals.get(account, (0, 0))[0])

    base_in, base_out, base_fees = base(session)
    theirs = sum(int(amount) for name, (amount, _) in totals.items() if name.startswith(_AGENTS))
    incoming = int(totals.get(OUTSIDE, (0, 0))[1])
    in_flight = held(IN_FLIGHT)
    outgoing = held(OUTSIDE) + incoming + theirs
    return Balances(
        available_msat=Msat(held(TREASURY)),
        pending_msat=Msat(held(ESCROW) + in_flight),
        incoming_msat=Msat(incoming - base_in),
        outgoing_msat=Msat(outgoing - base_out),
        fees_msat=Msat(held(FEES) - base_fees),
        net_msat=Msat(incoming - base_in - (outgoing - base_out) - (held(FEES) - base_fees)),
        escrow_msat=Msat(held(ESCROW)),
        in_flight_msat=Msat(in_flight),
        receivable_msat=Msat(held(RECEIVABLE)),
        suspense_msat=Msat(held(SUSPENSE)),
    )


def base(session: Session) -> tuple[int, int, int]:
    """Incoming, outgoing and fees when the book of the present node was opened."""
    rows = session.sql(
        "SELECT base_in_msat, base_out_msat, base_fees_msat FROM ledger_books ORDER BY id DESC LIMIT 1"
    )
    return rows[0] if rows else (0, 0, 0)


def held_by_node(session: Session) -> Msat:
    """What a node that agrees with the book holds: all that came in and neither went out nor was a fee."""
    rows = session.sql(
        "SELECT coalesce(sum(balance_msat), 0) FROM accounts WHERE name IN ('outside', 'fees')"
    )
    return Msat(-int(rows[0][0]))


_TOTALS = "SELECT name, balance_msat, out_msat FROM accounts"
_AGENTS = (AGENT_PREFIX, FLYING_PREFIX)
_HOLDING = """
SELECT agent_id, amount_msat, fee_cap_msat,
    (SELECT coalesce(sum(postings.amount_msat), 0) FROM ledger
     JOIN entries ON entries.ledger_id = ledger.id JOIN postings ON postings.entry_id = entries.id
     WHERE ledger.task_id = ? AND postings.account = 'escrow')
FROM ledger WHERE task_id = ? AND type = 'reserve' ORDER BY rowid DESC LIMIT 1
"""


def holding(session: Session, task_id: str) -> Holding | None:
    """What the task reserved and what of it is in escrow; None when it never reserved anything."""
    rows = session.sql(_HOLDING, (task_id, task_id))
    if not rows:
        return None
    agent_id, amount, fee_cap, held = rows[0]
    return Holding(task_id, agent_id, Msat(amount), Msat(fee_cap), Msat(held))


def _refuse_overdraft(session: Session, amounts: dict[str, int]) -> None:
    for account, amount in amounts.items():
        if amount >= 0 or account in MAY_BE_NEGATIVE:
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
