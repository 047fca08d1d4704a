"""The book itself, and what the database refuses even when the program is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peewee import PeeweeException

from tests.fakes.ledger_copies import opened
from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import book
from timmy_desktop.ledger.audit import audit
from timmy_desktop.ledger.book import ESCROW, IN_FLIGHT, OUTSIDE, TREASURY, Move, Transaction
from timmy_desktop.ledger.errors import InsufficientFundsError, MoneyError
from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.database import Session

HASH, PREIMAGE = "ab" * 32, "cd" * 32


@pytest.fixture
def session() -> Iterator[Session]:
    database, made = opened()
    yield made
    database.close()


def write(session: Session, kind: str, *moves: Move, **values: object) -> str:
    made = Transaction(
        id=new_id(), type=kind, amount_msat=moves[0].amount if moves else Msat(0), simulated=True, time_us=1,
        purpose="task", moves=moves, **values,  # type: ignore[arg-type]
    )  # fmt: skip
    with session.transaction():
        book.record(session, made)
    return made.id


def funded(session: Session, amount: int = 1000) -> str:
    return write(session, "deposit", Move(OUTSIDE, TREASURY, Msat(amount)))


def pending(session: Session) -> str:
    funded(session)
    write(session, "reserve", Move(TREASURY, ESCROW, Msat(600)), task_id="t")
    return write(
        session,
        "payment",
        Move(ESCROW, IN_FLIGHT, Msat(600)),
        task_id="t",
        state="pending",
        payment_hash=HASH,
    )


def refused(session: Session, statement: str, words: str, *parameters: object) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=words):
        session.sql(statement, parameters)


def test_moves_are_of_more_than_nothing() -> None:
    for amount in (0, -1):
        with pytest.raises(MoneyError):
            Move(TREASURY, ESCROW, Msat(amount))


def test_an_overdraft_says_what_is_missing_and_what_to_do(session: Session) -> None:
    funded(session, 5000)
    with pytest.raises(
        InsufficientFundsError, match=r"treasury holds 5 sat, 7 sat is needed: 2 sat is missing\. Wait"
    ):
        write(session, "reserve", Move(TREASURY, ESCROW, Msat(7000)), task_id="t")
    assert book.balance(session, TREASURY) == 5000
    assert audit(session).adds_up


def test_an_entry_that_does_not_sum_to_zero_is_not_posted(session: Session) -> None:
    row = funded(session)
    session.sql("INSERT INTO entries(id, ledger_id, state, time_us) VALUES (9, ?, 'pending', 1)", (row,))
    session.sql("INSERT INTO postings(entry_id, account, amount_msat) VALUES (9, 'treasury', 5)")
    refused(session, "UPDATE entries SET posted = 1 WHERE id = 9", "sum to zero")
    assert not audit(session).adds_up


def test_an_empty_entry_is_not_posted(session: Session) -> None:
    row = funded(session)
    session.sql("INSERT INTO entries(id, ledger_id, state, time_us) VALUES (9, ?, 'pending', 1)", (row,))
    refused(session, "UPDATE entries SET posted = 1 WHERE id = 9", "sum to zero")


def test_an_entry_left_open_stops_the_next(session: Session) -> None:
    row = funded(session)
    session.sql("INSERT INTO entries(ledger_id, state, time_us) VALUES (?, 'pending', 1)", (row,))
    with pytest.raises(PeeweeException, match="UNIQUE"):
        funded(session)


def test_a_task_can_not_spend_what_another_put_into_escrow(session: Session) -> None:
    funded(session)
    write(session, "reserve", Move(TREASURY, ESCROW, Msat(600)), task_id="mine")
    with pytest.raises(PeeweeException, match="only what it put into escrow"):
        write(session, "refund", Move(ESCROW, TREASURY, Msat(1)), task_id="yours")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE postings SET amount_msat = 1", "append-only"),
        ("DELETE FROM postings", "append-only"),
        ("DELETE FROM entries", "append-only"),
        ("UPDATE entries SET posted = 0", "never changes"),
        ("UPDATE entries SET ledger_id = 'x'", "never changes"),
        ("INSERT INTO postings(entry_id, account, amount_msat) VALUES (1, 'fees', 5)", "open entry"),
        ("INSERT INTO postings(entry_id, account, amount_msat) VALUES (77, 'fees', 5)", "open entry"),
        ("INSERT INTO entries(ledger_id, state, posted, time_us) VALUES ('x', 'failed', 1, 1)", "after its"),
        ("DELETE FROM ledger", "append-only"),
        ("UPDATE ledger SET amount_msat = 1", "never change"),
        ("UPDATE ledger SET state = 'failed' WHERE type = 'deposit'", "never changes"),
        ("UPDATE ledger SET state = 'failed' WHERE type = 'payment'", "moves its money"),
        ("UPDATE ledger SET state = 'settled' WHERE type = 'payment'", "moves its money"),
        ("UPDATE accounts SET balance_msat = 5, in_msat = 5, out_msat = 0", "with an entry only"),
        ("INSERT INTO accounts VALUES ('agent:x', 5, 5, 0)", "opens empty"),
        ("DELETE FROM accounts", "are kept"),
        ("INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE type = 'deposit'", "append-only"),
        ("INSERT OR REPLACE INTO accounts VALUES ('treasury', 0, 0, 0)", "are kept"),
    ],
)
def test_the_past_can_not_be_changed(session: Session, statement: str, words: str) -> None:
    pending(session)
    refused(session, statement, words)


@pytest.mark.parametrize(
    "values",
    [
        "('x', 'payment', 'settled', '', 5, 1)",
        "('x', 'payment', 'expired', '', 5, 1)",
        "('x', 'gift', 'settled', '', 5, 1)",
        "('x', 'refund', 'lost', '', 5, 1)",
        "('x', 'refund', 'settled', '', -5, 1)",
        "('x', 'refund', 'settled', '', 1.5, 1)",
        "('x', 'refund', 'settled', '', 'much', 1)",
        "('x', 'refund', 'settled', '', 5, 2)",
        f"('x', 'payment', 'failed', '{HASH}', 5, 1)",
        "('', 'refund', 'settled', '', 5, 1)",
    ],
)
def test_rows_that_make_no_sense_are_refused(session: Session, values: str) -> None:
    pending(session)
    with pytest.raises(sqlite3.IntegrityError):
        session.sql(
            "INSERT INTO ledger(id, type, state, payment_hash, amount_msat, simulated, created_us, updated_us)"
            f" VALUES {values[:-1]}, 1, 1)"
        )


def test_a_second_payment_for_a_task_is_refused(session: Session) -> None:
    pending(session)
    with pytest.raises(PeeweeException, match=r"UNIQUE.*task_id"):
        write(session, "payment", task_id="t", state="pending", payment_hash="ee" * 32)


def test_a_payment_ends_once_and_keeps_its_preimage(session: Session) -> None:
    row = pending(session)
    to_agent = [Move(IN_FLIGHT, book.agent_account("a"), Msat(600))]
    with session.transaction():
        book.conclude(session, row, "settled", to_agent, 2, preimage=PREIMAGE, proof="node")
    refused(session, "UPDATE ledger SET preimage = '' WHERE id = ?", "never changes", row)
    refused(session, "UPDATE ledger SET state = 'failed' WHERE id = ?", "never changes", row)
    funded(session)
    write(session, "reserve", Move(TREASURY, IN_FLIGHT, Msat(600)))
    with pytest.raises((PeeweeException, sqlite3.IntegrityError)), session.transaction():
        book.conclude(session, row, "settled", to_agent, 3, preimage=PREIMAGE, proof="node")
    with pytest.raises((PeeweeException, sqlite3.IntegrityError)), session.transaction():
        book.conclude(session, row, "failed", [Move(IN_FLIGHT, TREASURY, Msat(600))], 3)
    assert book.balance(session, "agent:a") == 600


def test_a_preimage_can_not_be_wiped_while_pending(session: Session) -> None:
    row = pending(session)
    session.sql("UPDATE ledger SET preimage = ? WHERE id = ?", (PREIMAGE, row))
    refused(session, "UPDATE ledger SET preimage = '' WHERE id = ?", "preimage is kept", row)


def test_settling_without_a_preimage_is_refused(session: Session) -> None:
    row = pending(session)
    with pytest.raises(PeeweeException), session.transaction():
        book.conclude(session, row, "settled", [Move(IN_FLIGHT, TREASURY, Msat(600))], 2)
    assert book.balance(session, IN_FLIGHT) == 600


def test_the_audit_finds_a_false_proof(session: Session) -> None:
    row = pending(session)
    assert audit(session).adds_up
    with session.transaction():
        to_agent = [Move(IN_FLIGHT, "agent:a", Msat(600))]
        book.conclude(session, row, "settled", to_agent, 2, preimage=PREIMAGE, proof="node")
    assert "without a preimage that hashes" in audit(session).problems[0]


ACCOUNTS = [TREASURY, ESCROW, IN_FLIGHT, "fees", "agent:a", OUTSIDE]
moves = st.lists(
    st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 1000)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40)
@given(st.lists(moves, max_size=12))
def test_whatever_is_moved_the_book_adds_up(entries: list[list[tuple[str, str, int]]]) -> None:
    database, session = opened()
    try:
        funded(session, 2000)
        for number, entry in enumerate(entries):
            wanted = [Move(source, target, Msat(amount)) for source, target, amount in entry]
            try:
                write(session, "reserve", *wanted, task_id=f"t{number % 3}")
            except (InsufficientFundsError, PeeweeException):
                continue
        held = dict(session.sql("SELECT name, balance_msat FROM accounts"))
        assert sum(held.values()) == 0
        assert all(amount >= 0 for name, amount in held.items() if name != OUTSIDE)
        meant = ("without the entry", "its open transactions")  # the moves here belong to no payment
        problems = [found for found in audit(session).problems if not any(words in found for words in meant)]
        assert problems == []
    finally:
        database.close()
