"""Every balance at a million entries: running totals against adding the postings up."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from peewee import SqliteDatabase

from tests.bench.harness import Row, in_turn
from timmy_desktop.ledger import book
from timmy_desktop.ledger.audit import audit
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.migrations import m0004_ledger, migrate

ENTRIES = 1_000_001
GOAL = 1000.0
_CALLS = 200
_DAY_US = 86_400_000_000
_START_US = 1_760_000_000_000_000
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
_AGENT = "'agent-' || (i % 6)"
_TIME = f"{_START_US} + i * 60 * 1000000"
_SUM = "SELECT account, sum(amount_msat) FROM postings GROUP BY account"


def balance_1m() -> list[Row]:
    """Balances by the running totals, equal to the sum of all postings and to the audit."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        database = SqliteDatabase(
            str(Path(name) / "swarm.db"), pragmas={"journal_mode": "wal", "cache_size": -16_000}
        )
        database.connect()
        try:
            session = Session(database)
            migrate(session, Path(name) / "backups")
            fill(session, ENTRIES)
            assert dict(session.sql(_SUM)) == dict(session.sql("SELECT name, balance_msat FROM accounts"))
            project, reference, ratio = in_turn(lambda: _balances(session), lambda: _summed(session))
            assert audit(session).problems == ()
        finally:
            database.close()
    faster = 1 / ratio
    row = Row(
        "balance_1m", project * 1e6, "µs", reference * 1e6, faster, f">= {GOAL:,.0f} x faster", faster >= GOAL
    )
    return [row]


def fill(session: Session, entries: int) -> None:
    """A book of so many entries, made by bulk statements; the triggers stand again when it is there."""
    triggers = session.sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN "
                           "('ledger', 'entries', 'postings', 'accounts', 'entry_balances', 'account_days',"
                           " 'flow_days')")  # fmt: skip
    with session.transaction():
        for name, _ in triggers:
            session.sql(f"DROP TRIGGER {name}")
        _write_rows(session, (entries - 1) // 2)
        for statement in m0004_ledger.SUMMED:
            session.sql(statement)
        for _, statement in triggers:
            session.sql(statement)


def _write_rows(session: Session, tasks: int) -> None:
    """Each task reserves 2,000 msat and has them rewarded within the book: two rows, two entries."""
    session.sql(
        "INSERT INTO ledger(id, type, state, purpose, amount_msat, proof, simulated, created_us, updated_us,"
        " settled_us) VALUES ('0', 'deposit', 'settled', 'funding', ?, 'book', 1, 1, 1, 1)",
        (tasks * 2000,),
    )
    for order, kind, key in ((0, "reserve", "a"), (1, "reward", "b")):
        session.sql(
            f"{_NUMBERS} INSERT INTO ledger(id, type, state, purpose, amount_msat, proof, task_id, agent_id,"
            f" simulated, created_us, updated_us, settled_us) SELECT printf('%08d{key}', i), '{kind}', 'settled',"
            f" 'task', 2000, 'book', 'task-' || i, {_AGENT}, 1, {_TIME}, {_TIME}, {_TIME} FROM n",
            (tasks,),
        )
        session.sql(
            f"{_NUMBERS} INSERT INTO entries(id, ledger_id, state, posted, time_us)"
            f" SELECT i * 2 + {order}, printf('%08d{key}', i), 'settled', 1, {_TIME} FROM n",
            (tasks,),
        )
    session.sql("INSERT INTO entries(id, ledger_id, state, posted, time_us) VALUES (1, '0', 'settled', 1, 1)")
    session.sql("INSERT INTO postings(entry_id, account, amount_msat) VALUES (1, 'outside', ?), (1, 'treasury', ?)",
                (-tasks * 2000, tasks * 2000))  # fmt: skip
    for order, account, amount in (
        (0, "'treasury'", -2000), (0, "'escrow'", 2000), (1, "'escrow'", -2000), (1, f"'agent:' || {_AGENT}", 2000),
    ):  # fmt: skip
        session.sql(
            f"{_NUMBERS} INSERT INTO postings(entry_id, account, amount_msat)"
            f" SELECT i * 2 + {order}, {account}, {amount} FROM n",
            (tasks,),
        )
    session.sql(
        "INSERT INTO accounts(name, balance_msat, in_msat, out_msat) SELECT account, sum(amount_msat),"
        " sum(max(amount_msat, 0)), sum(max(-amount_msat, 0)) FROM postings GROUP BY account"
    )


def _balances(session: Session) -> float:
    start = time.perf_counter()
    for _ in range(_CALLS):
        book.balances(session)
    return (time.perf_counter() - start) / _CALLS


def _summed(session: Session) -> float:
    start = time.perf_counter()
    session.sql(_SUM)
    return time.perf_counter() - start
