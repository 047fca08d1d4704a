"""The tables hold the states and decisions by themselves, whatever the code above them does."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from timmy_desktop.storage.database import Database
from timmy_desktop.storage.migrations import migrate

DIGEST = "d" * 64
STATES = ("proposed", "approved", "applied", "rejected", "expired", "failed", "rolled_back")
LAWFUL = {
    ("proposed", "approved"), ("proposed", "rejected"), ("proposed", "expired"), ("approved", "applied"),
    ("approved", "failed"), ("applied", "rolled_back"),
}  # fmt: skip


@pytest.fixture
async def db(tmp_path: Path) -> Any:
    database = Database(tmp_path / "swarm.db")
    await database.open(lambda session: migrate(session, tmp_path / "backups") and None)
    await database.close()
    connection = sqlite3.connect(tmp_path / "swarm.db")
    connection.execute(
        "INSERT INTO upgrade_targets(id, folder, branch, opened_us) VALUES ('t', '/r', 'main', 1)"
    )
    connection.execute(
        "INSERT INTO upgrades(id, target_id, title, description, reasoning, proposer, origin, state, revision,"
        " created_us, updated_us, expires_us) VALUES ('u', 't', 'x', 'x', '', 'Forge', 'task', 'proposed', 0, 1, 1, 9)"
    )
    revise(connection, 1)
    yield connection
    connection.close()


def revise(db: sqlite3.Connection, number: int, conflicts: str = "[]") -> None:
    db.execute(
        "INSERT INTO upgrade_revisions VALUES ('u', ?, 1, 'base', 'head', 'commit', 'tree', x'00', ?, '[]', 'low',"
        " '[]', ?, '')",
        (number, DIGEST, conflicts),
    )
    db.execute("UPDATE upgrades SET revision = ?", (number,))


APPROVE = (
    "UPDATE upgrades SET state = 'approved', decided_by = 'ann', decided_us = 2, shown_digest = '{digest}',"
    " approved_base = '{base}', approved_tree = '{tree}'"
)


def approve(db: sqlite3.Connection, digest: str = DIGEST, base: str = "head", tree: str = "tree") -> None:
    db.execute(APPROVE.format(digest=digest, base=base, tree=tree))


def brought_to(db: sqlite3.Connection, state: str) -> None:
    if state in ("approved", "applied", "failed", "rolled_back"):
        approve(db)
    if state in ("applied", "rolled_back"):
        db.execute("UPDATE upgrades SET new_head = 'c'")
        db.execute("UPDATE upgrades SET state = 'applied', applied_commit = 'c'")
    if state == "rolled_back":
        db.execute("UPDATE upgrades SET new_head = 'd'")
        db.execute("UPDATE upgrades SET state = 'rolled_back', rolled_back_commit = 'd'")
    if state in ("rejected", "expired", "failed"):
        db.execute("UPDATE upgrades SET state = ?", (state,))


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
async def test_only_lawful_changes_of_state(db: sqlite3.Connection, old: str, new: str) -> None:
    brought_to(db, old)
    if old == new or (old, new) in LAWFUL:
        return
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE upgrades SET state = ?, new_head = 'c', applied_commit = 'c'", (new,))


@pytest.mark.parametrize(
    "wrong", [{"digest": "e" * 64}, {"base": "another"}, {"tree": "another"}, {"tree": ""}]
)
async def test_an_approval_is_of_what_was_shown(db: sqlite3.Connection, wrong: dict[str, str]) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="bound to the diff"):
        approve(db, **wrong)


async def test_an_approval_is_of_the_newest_revision_that_can_be_merged(db: sqlite3.Connection) -> None:
    revise(db, 2, '["a.txt"]')
    with pytest.raises(sqlite3.IntegrityError, match="bound to the diff"):
        approve(db)


@pytest.mark.parametrize(
    ("state", "statement"),
    [
        ("approved", "UPDATE upgrades SET shown_digest = 'x'"),
        ("approved", "UPDATE upgrades SET approved_tree = 'x'"),
        ("approved", "UPDATE upgrades SET decided_by = 'eve'"),
        ("approved", "UPDATE upgrades SET revision = 2"),
        ("approved", "INSERT INTO upgrade_revisions SELECT upgrade_id, 2, created_us, base_commit, target_head,"
         " head_commit, tree, patch, digest, files, risk, risk_reasons, conflicts, note FROM upgrade_revisions"),
        ("approved", "UPDATE upgrades SET state = 'applied', applied_commit = 'not what was written down'"),
        ("proposed", "UPDATE upgrades SET decided_by = 'ann'"),
        ("proposed", "UPDATE upgrades SET proposer = 'ann'"),
        ("proposed", "UPDATE upgrades SET state = 'approved'"),
        ("proposed", "UPDATE upgrade_revisions SET patch = x'01'"),
        ("proposed", "DELETE FROM upgrade_revisions"),
        ("proposed", "DELETE FROM upgrades"),
        ("rejected", "DELETE FROM upgrades"),
    ],
)  # fmt: skip
async def test_what_is_decided_stays(db: sqlite3.Connection, state: str, statement: str) -> None:
    brought_to(db, state)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(statement)


async def test_nothing_begins_approved(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="begins as proposed"):
        db.execute(
            "INSERT INTO upgrades(id, target_id, title, description, reasoning, proposer, origin, state, revision,"
            " created_us, updated_us, expires_us) VALUES ('v', 't', 'x', 'x', '', 'F', 'task', 'approved', 0, 1, 1, 9)"
        )
