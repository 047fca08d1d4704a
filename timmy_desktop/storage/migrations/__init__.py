"""Numbered, forward-only changes of the schema; a backup is taken before each that meets existing data."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import NewerSchemaError
from timmy_desktop.storage.migrations import (
    m0001_first,
    m0002_router,
    m0003_memory,
    m0004_ledger,
    m0005_upgrades,
    m0006_events,
    m0007_bases,
)

# Each entry's place in this tuple is its number; entries are never changed once released.
MIGRATIONS: tuple[Sequence[str], ...] = (
    m0001_first.STATEMENTS,
    m0002_router.STATEMENTS,
    m0003_memory.STATEMENTS,
    m0004_ledger.STATEMENTS,
    m0005_upgrades.STATEMENTS,
    m0006_events.STATEMENTS,
    m0007_bases.STATEMENTS,
)

SCHEMA_VERSION = len(MIGRATIONS)


def migrate(session: Session, backups: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> list[Path]:
    """Brings the schema up to date, each step in one transaction, and returns the backups taken.

    Raises NewerSchemaError for a database that a newer version of the application wrote.
    """
    current = int(session.sql("PRAGMA user_version")[0][0])
    if current > len(migrations):
        raise NewerSchemaError(
            f"This database was written by a newer version (schema {current}, this one knows "
            f"{len(migrations)}). Update the application to open it."
        )
    taken = []
    for number in range(current, len(migrations)):
        if current:  # a database that is just being made has nothing to lose
            taken.append(_back_up(session, backups, number))
        with session.transaction():
            for statement in migrations[number]:
                session.sql(statement)
            session.sql(f"PRAGMA user_version = {number + 1}")
    return taken


def _back_up(session: Session, backups: Path, version: int) -> Path:
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = backups / f"swarm-schema-{version}.db"
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with closing(sqlite3.connect(partial)) as copy:
        session.connection.backup(copy)
    partial.replace(target)
    return target
