"""A ledger written out, read into an empty database and told again, to be held against the one it came from."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from timmy_desktop.ledger.export import FORMATS
from timmy_desktop.ledger.export.booked import Booked, read_booked, restore
from timmy_desktop.ledger.export.json_lines import read_json_lines
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.migrations import migrate


def opened() -> tuple[SqliteDatabase, Session]:
    database = SqliteDatabase(":memory:", pragmas={"foreign_keys": 1, "recursive_triggers": 1})
    database.connect()
    session = Session(database)
    migrate(session, Path("/nonexistent"))
    return database, session


def exported(kind: Any, lines: Iterable[Booked], names: dict[str, str] | None = None) -> str:
    file = io.StringIO()
    writer = FORMATS[kind](file, names or {})
    writer.write(lines)
    writer.finish()
    return file.getvalue()


TABLES = ("ledger", "entries", "postings", "accounts", "entry_balances", "account_days", "flow_days")


def contents(session: Session) -> dict[str, list[Any]]:
    def rows(table: str) -> list[Any]:
        columns = [row[1] for row in session.sql(f"PRAGMA table_info({table})")]
        kept = [name for name in columns if (table, name) != ("postings", "id")]
        return sorted(session.sql(f"SELECT {', '.join(kept)} FROM {table}"), key=repr)

    return {table: rows(table) for table in TABLES}


def told_again(session: Session) -> tuple[dict[str, list[Any]], str, str]:
    """What the tables of an empty book hold once the export was imported, and both exports."""
    numbers = [row[0] for row in session.sql("SELECT rowid FROM ledger ORDER BY rowid")]
    text = exported("jsonl", read_booked(session, numbers))
    database, other = opened()
    try:
        with other.transaction():
            restore(other, read_json_lines(text.splitlines(keepends=True)))
        return contents(other), text, exported("jsonl", read_booked(other, numbers))
    finally:
        database.close()
