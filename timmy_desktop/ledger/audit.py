"""Adds the whole book up again, from the postings alone, and names everything that doesn't fit."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.ledger import invoice
from timmy_desktop.storage.database import Session


@dataclass(frozen=True, slots=True)
class Audit:
    """What adding up found; `problems` is empty when every sat is accounted for."""

    transactions: int
    postings: int
    problems: tuple[str, ...]

    @property
    def adds_up(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


_CHECKS = (
    (
        "entry {0} sums to {1} msat, not to zero",
        "SELECT entry_id, sum(amount_msat) FROM postings GROUP BY entry_id HAVING sum(amount_msat) <> 0",
    ),
    ("entry {0} was opened and never posted", "SELECT id FROM entries WHERE posted = 0"),
    (
        "account {0} says {1} msat, its postings say {2}",
        """
        SELECT accounts.name, balance_msat, coalesce(sum(amount_msat), 0) FROM accounts
        LEFT JOIN postings ON postings.account = accounts.name
        GROUP BY accounts.name HAVING balance_msat <> coalesce(sum(amount_msat), 0)
        """,
    ),
    (
        "account {0} has postings and no balance",
        "SELECT DISTINCT account FROM postings WHERE account NOT IN (SELECT name FROM accounts)",
    ),
    (
        "account {0} is overdrawn by {1} msat",
        "SELECT name, -balance_msat FROM accounts WHERE balance_msat < 0 AND name <> 'outside'",
    ),
    (
        "transaction {0} is {1} without the entry that moves its money",
        """
        SELECT id, state FROM ledger WHERE amount_msat > 0 AND NOT EXISTS (
            SELECT 1 FROM entries WHERE ledger_id = ledger.id AND entries.state = ledger.state AND posted = 1)
        """,
    ),
    (
        "transaction {0} is {1} but moved money as {2}",
        """
        SELECT ledger.id, ledger.state, entries.state FROM entries
        JOIN ledger ON ledger.id = entries.ledger_id
        WHERE entries.state <> ledger.state AND entries.state <> 'pending'
        """,
    ),
    (
        "task {0} holds {1} msat in escrow",
        """
        SELECT ledger.task_id, sum(postings.amount_msat) FROM ledger
        JOIN entries ON entries.ledger_id = ledger.id JOIN postings ON postings.entry_id = entries.id
        WHERE postings.account = 'escrow' GROUP BY ledger.task_id HAVING sum(postings.amount_msat) < 0
        """,
    ),
    (
        "task {0} has {1} payments that settled or may yet",
        """
        SELECT task_id, count(*) FROM ledger WHERE type = 'payment' AND state IN ('pending', 'settled')
        GROUP BY task_id HAVING count(*) > 1
        """,
    ),
)


def audit(session: Session) -> Audit:
    """Reads everything; for a reader, not the writer."""
    problems = [
        sentence.format(*row) for sentence, query in _CHECKS for row in session.sql(query)
    ] + _unproven(session)
    counts = session.sql("SELECT (SELECT count(*) FROM ledger), (SELECT count(*) FROM postings)")[0]
    return Audit(counts[0], counts[1], tuple(problems))


def _unproven(session: Session) -> list[str]:
    settled = session.sql(
        "SELECT id, preimage, payment_hash FROM ledger WHERE type = 'payment' AND state = 'settled'"
    )
    return [
        f"payment {row_id} is settled without a preimage that hashes to its payment hash"
        for row_id, preimage, payment_hash in settled
        if not invoice.proves(preimage, payment_hash)
    ]
