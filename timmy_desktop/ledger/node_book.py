"""Which node the book is about. Another node is another book: what the old one held is closed out."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.ledger import book, records
from timmy_desktop.ledger.backends.base import BackendInfo
from timmy_desktop.ledger.book import (
    ESCROW,
    FEES,
    FLYING_PREFIX,
    IN_FLIGHT,
    INVOICED,
    OUTSIDE,
    RECEIVABLE,
    Move,
    Transaction,
)
from timmy_desktop.ledger.errors import WrongNodeError
from timmy_desktop.ledger.money import Msat, format_msat
from timmy_desktop.storage.database import Session


@dataclass(frozen=True, slots=True)
class NodeBook:
    """The node that the present book is about."""

    node_id: str
    network: str
    backend: str
    simulated: bool


def present(session: Session) -> NodeBook | None:
    """The book that is open; None before the first node was seen."""
    rows = session.sql(
        "SELECT node_id, network, backend, simulated FROM ledger_books ORDER BY id DESC LIMIT 1"
    )
    return _node_book(*rows[0]) if rows else None


def _node_book(node_id: str, network: str, backend: str, simulated: int) -> NodeBook:
    return NodeBook(node_id, network, backend, bool(simulated))


def is_about(found: NodeBook | None, info: BackendInfo) -> bool:
    """Whether the open book is this node's. Simulated ones are all one: their keys guard no money."""
    if found is None or found.network != info.network:
        return False
    return found.node_id == info.node_id or (found.simulated and info.simulated)


def is_empty(session: Session) -> bool:
    """Whether nothing was ever recorded in the book that is open."""
    opened = "SELECT coalesce(max(opened_us), 0) FROM ledger_books"
    rows = session.sql(f"SELECT 1 FROM ledger WHERE created_us >= ({opened}) AND type <> 'closing' LIMIT 1")  # noqa: S608
    return not rows


def open_book(session: Session, info: BackendInfo, time_us: int, ledger_id: str) -> Msat:
    """Opens the book of this node and returns what the one before it held; `ledger_id` is its closing's.

    Raises WrongNodeError while the old book has payments in doubt, sats in escrow or open invoices: they
    can only be settled with the old node.
    """
    found = present(session)
    closed = Msat(0)
    if _replaces(session, info):
        closed = _close(session, ledger_id, was_simulated=found.simulated if found else True, time_us=time_us)
    rows = session.sql(
        "SELECT coalesce(max(CASE name WHEN 'outside' THEN out_msat END), 0),"
        " coalesce(max(CASE name WHEN 'outside' THEN in_msat END), 0),"
        " coalesce(max(CASE name WHEN 'fees' THEN balance_msat END), 0) FROM accounts"
    )
    base = rows[0] if closed or found is not None else (0, 0, 0)
    session.sql(
        "INSERT INTO ledger_books(node_id, network, backend, simulated, opened_us, base_in_msat,"
        " base_out_msat, base_fees_msat) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (info.node_id, info.network, info.name, int(info.simulated), time_us, *base),
    )
    return closed


def to_be_closed(session: Session, info: BackendInfo) -> Msat:
    """What the book that is open holds, and one for this node would close out."""
    if not _replaces(session, info):
        return Msat(0)
    held = session.sql("SELECT name, balance_msat FROM accounts")
    return Msat(sum(amount for name, amount in held if _is_ours(name)))


def _close(session: Session, ledger_id: str, *, was_simulated: bool, time_us: int) -> Msat:
    held = dict(session.sql("SELECT name, balance_msat FROM accounts WHERE balance_msat <> 0"))
    stuck = sum(
        amount
        for name, amount in held.items()
        if name in (ESCROW, IN_FLIGHT, RECEIVABLE) or name.startswith(FLYING_PREFIX)
    )
    if stuck:
        raise WrongNodeError(
            f"The book is about another Lightning node, with {format_msat(stuck)} still reserved, in flight "
            "or invoiced there. Point the settings back to it, let those finish, and change nodes then."
        )
    moves = [
        Move(name, OUTSIDE, amount) if amount > 0 else Move(OUTSIDE, name, Msat(-amount))
        for name, amount in held.items()
        if _is_ours(name)
    ]
    if not moves:
        return Msat(0)
    total = Msat(sum(amount for name, amount in held.items() if _is_ours(name)))
    book.record(
        session,
        Transaction(
            id=ledger_id, type="closing", purpose=records.CLOSING, amount_msat=Msat(abs(total)),
            simulated=was_simulated, time_us=time_us, memo="The book of another node was opened",
            moves=tuple(moves),
        ),
    )  # fmt: skip
    return total


def _is_ours(name: str) -> bool:
    return name not in (OUTSIDE, FEES, RECEIVABLE, INVOICED)


def _replaces(session: Session, info: BackendInfo) -> bool:
    """Whether there is a book already; one from before books had nodes was the simulated node's."""
    if present(session) is not None:
        return True
    return not info.simulated and bool(session.sql("SELECT 1 FROM ledger LIMIT 1"))
