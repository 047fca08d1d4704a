"""A book of an earlier version is carried over whole: rows, entries, balances, and payments still in doubt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from timmy_desktop.ledger import book, records
from timmy_desktop.ledger.audit import audit
from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.migrations import MIGRATIONS, migrate

EARLIER = 3
DAY_US = 86_400_000_000


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    pragmas = {"foreign_keys": 1, "recursive_triggers": 1}
    database = SqliteDatabase(str(tmp_path / "swarm.db"), pragmas=pragmas)
    database.connect()
    made = Session(database)
    migrate(made, tmp_path, MIGRATIONS[:EARLIER])
    yield made
    database.close()


def row(session: Session, key: str, kind: str, state: str, amount: int, **more: object) -> None:
    columns = {"id": key, "type": kind, "state": state, "amount_msat": amount, "simulated": 1,
               "created_us": DAY_US, "updated_us": DAY_US, **more}  # fmt: skip
    places = ",".join("?" * len(columns))
    session.sql(f"INSERT INTO ledger({','.join(columns)}) VALUES ({places})", list(columns.values()))


def entry(session: Session, key: str, state: str, day: int, **postings: int) -> None:
    session.sql("INSERT INTO entries(ledger_id, state, time_us) VALUES (?, ?, ?)", (key, state, day * DAY_US))
    number = session.sql("SELECT max(id) FROM entries")[0][0]
    for account, amount in postings.items():
        session.sql("INSERT INTO postings(entry_id, account, amount_msat) VALUES (?, ?, ?)",
                    (number, account.replace("agent_", "agent:"), amount))  # fmt: skip
    session.sql("UPDATE entries SET posted = 1 WHERE id = ?", (number,))


def earlier_book(session: Session) -> None:
    row(session, "a", "deposit", "settled", 1000)
    entry(session, "a", "settled", 1, outside=-1000, treasury=1000)
    row(session, "b", "reserve", "settled", 300, task_id="t", agent_id="forge")
    entry(session, "b", "settled", 1, treasury=-300, escrow=300)
    row(session, "c", "payment", "pending", 300, task_id="t", agent_id="forge", payment_hash="ab" * 32)
    entry(session, "c", "pending", 1, escrow=-300, in_flight=300)
    entry(session, "c", "settled", 2, in_flight=-300, agent_forge=300)
    session.sql("UPDATE ledger SET state = 'settled', preimage = ?, updated_us = ? WHERE id = 'c'",
                ("cd" * 32, 2 * DAY_US))  # fmt: skip
    row(session, "d", "reserve", "settled", 200, task_id="u", agent_id="quill")
    entry(session, "d", "settled", 2, treasury=-200, escrow=200)
    row(session, "e", "payment", "pending", 200, task_id="u", agent_id="quill", payment_hash="ef" * 32)
    entry(session, "e", "pending", 2, escrow=-200, in_flight=200)


def test_everything_is_there_and_adds_up(session: Session, tmp_path: Path) -> None:
    earlier_book(session)
    (backup, *_) = migrate(session, tmp_path)
    assert backup.exists()
    sums = book.balances(session)
    assert (sums.available_msat, sums.in_flight_msat, sums.outgoing_msat) == (500, 200, 300)
    rows = session.sql("SELECT id, purpose, proof, account, settled_us FROM ledger ORDER BY rowid")
    assert rows == [
        ("a", "funding", "book", "treasury", DAY_US), ("b", "task", "book", "treasury", DAY_US),
        ("c", "task", "node", "treasury", 2 * DAY_US), ("d", "task", "book", "treasury", DAY_US),
        ("e", "task", "", "treasury", 0),
    ]  # fmt: skip
    assert [found for found in audit(session).problems if "preimage" not in found] == []
    assert session.sql("SELECT treasury_msat FROM entry_balances ORDER BY entry_id") == [
        (1000,), (700,), (700,), (700,), (500,), (500,)
    ]  # fmt: skip
    flows = "SELECT day, agent_id, received_msat, earned_msat FROM flow_days WHERE received_msat + earned_msat > 0"
    assert sorted(session.sql(flows)) == [(1, "", 1000, 0), (2, "forge", 0, 300)]


def test_what_was_in_doubt_is_settled_after_it(session: Session, tmp_path: Path) -> None:
    earlier_book(session)
    migrate(session, tmp_path)
    (payment,) = records.payments_in_doubt(session)
    with session.transaction():
        records.settle(session, payment, "12" * 32, Msat(0), 3 * DAY_US, "node")
    assert book.balance(session, "agent:quill") == 200
    assert book.holding(session, "u") is not None


def test_the_triggers_guard_the_past_again(session: Session, tmp_path: Path) -> None:
    earlier_book(session)
    migrate(session, tmp_path)
    for statement in ("UPDATE ledger SET amount_msat = 1", "DELETE FROM postings", "DELETE FROM flow_days",
                      "UPDATE account_days SET in_msat = 1"):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match=r"never|append-only|kept|entry only"):
            session.sql(statement)
