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
        "SELECT name, -balance_msat FROM accounts WHERE balance_msat < 0"
        " AND name NOT IN ('outside', 'invoiced', 'suspense')",
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
        SELECT task_id, count(*) FROM ledger WHERE type IN ('payment', 'reward') AND purpose = 'task'
            AND task_id <> '' AND refers_to = '' AND state IN ('pending', 'settled')
        GROUP BY task_id HAVING count(*) > 1
        """,
    ),
    (
        "account {0} is {1} msat, its open transactions are {2}",
        """
        SELECT 'receivable', held, expected FROM (SELECT
            (SELECT coalesce(sum(balance_msat), 0) FROM accounts WHERE name = 'receivable') AS held,
            (SELECT coalesce(sum(amount_msat), 0) FROM ledger WHERE type = 'invoice' AND state = 'pending')
                AS expected) WHERE held <> expected
        UNION ALL
        SELECT 'in_flight', held, expected FROM (SELECT
            (SELECT coalesce(sum(balance_msat), 0) FROM accounts
             WHERE name = 'in_flight' OR name LIKE 'in_flight:%') AS held,
            (SELECT coalesce(sum(amount_msat + fee_cap_msat), 0) FROM ledger
             WHERE type = 'payment' AND state = 'pending') AS expected) WHERE held <> expected
        """,
    ),
    (
        "day {0} says {2} msat for account {1}, its postings say {3}",
        """
        SELECT * FROM (
            SELECT day, account, sum(said) AS said, sum(held) AS held FROM (
                SELECT day, account, in_msat - out_msat AS said, 0 AS held FROM account_days
                UNION ALL
                SELECT entries.time_us / 86400000000, account, 0, amount_msat FROM postings
                JOIN entries ON entries.id = postings.entry_id
            ) GROUP BY day, account
        ) WHERE said <> held
        """,
    ),
    (
        "the sums by day say {1} msat were {0}, the accounts {2}",
        """
        SELECT * FROM (
            SELECT 'received', (SELECT coalesce(sum(received_msat), 0) FROM flow_days) AS days,
                (SELECT coalesce(sum(out_msat), 0) FROM accounts WHERE name = 'outside') AS total
            UNION ALL
            SELECT 'sent', (SELECT coalesce(sum(sent_msat + spent_msat), 0) FROM flow_days),
                (SELECT coalesce(sum(in_msat), 0) FROM accounts WHERE name = 'outside')
            UNION ALL
            SELECT 'fees', (SELECT coalesce(sum(fee_msat), 0) FROM flow_days),
                (SELECT coalesce(sum(balance_msat), 0) FROM accounts WHERE name = 'fees')
        ) WHERE days <> total
        """,
    ),
    (
        "after entry {0} the treasury is said to hold {1} msat, and held {2}",
        """
        SELECT id, said, held FROM (
            SELECT entries.id AS id, entry_balances.treasury_msat AS said,
                sum(coalesce(postings.amount_msat, 0)) OVER (ORDER BY entries.id) AS held
            FROM entries LEFT JOIN entry_balances ON entry_balances.entry_id = entries.id
            LEFT JOIN postings ON postings.entry_id = entries.id AND postings.account = 'treasury'
            WHERE posted = 1
        ) WHERE said IS NOT held LIMIT 20
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
        "SELECT type, id, preimage, payment_hash FROM ledger"
        " WHERE type IN ('payment', 'invoice') AND state = 'settled'"
    )
    return [
        f"{kind} {row_id} is settled without a preimage that hashes to its payment hash"
        for kind, row_id, preimage, payment_hash in settled
        if not invoice.proves(preimage, payment_hash)
    ]
