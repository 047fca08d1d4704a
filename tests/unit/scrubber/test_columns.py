"""No column of a table that a dock shows is left out of the past without a reason, by the schema itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.fakes.past_columns import FOLDED, KEPT, NO_STATE, NOT_STATE
from timmy_desktop.storage.migrations import MIGRATIONS


@pytest.fixture
def schema() -> Iterator[dict[str, set[str]]]:
    """The columns of each table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in (one for migration in MIGRATIONS for one in migration):
            connection.execute(statement)
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
            " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'memory_words_%' AND name NOT LIKE 'event_text_%'"
        ).fetchall()
        yield {
            # Generated columns too, which `table_info` leaves out.
            name: {row[1] for row in connection.execute(f"PRAGMA table_xinfo({name})")}
            for (name,) in names
        }


def test_every_table_is_of_the_past_or_says_why_not(schema: dict[str, set[str]]) -> None:
    told = {*FOLDED, *KEPT}
    assert told | set(NO_STATE) == set(schema)
    assert not told & set(NO_STATE)


def test_every_column_is_told_once_or_says_why_not(schema: dict[str, set[str]]) -> None:
    for table in {*FOLDED, *KEPT}:
        folded, kept = set(FOLDED.get(table, ())), set(KEPT.get(table, ()))
        reasons = set(NOT_STATE.get(table, {}))
        assert folded | kept | reasons == schema[table], table
        assert not (folded | kept) & reasons, table
    assert all(reason for columns in NOT_STATE.values() for reason in columns.values())
