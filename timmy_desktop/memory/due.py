"""What the index still owes the table: texts without a vector, vectors not indexed, graves.

Each function runs inside its caller's transaction or read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from timmy_desktop.memory.rows import chunks
from timmy_desktop.memory.vectors import VectorRow
from timmy_desktop.memory.visibility import marks
from timmy_desktop.storage.database import Session

_SHELF = (
    "SELECT number, owner, visibility, local_only, type, created_us, pinned, "
    "state = 'accepted' AND superseded_by = '', vector FROM memory_entries "
)
_DUE = "memory_entries INDEXED BY memory_entries_due WHERE indexed_rev <> rev"


class Text(NamedTuple):
    """A text to embed, as of `rev`."""

    number: int
    rev: int
    content: str


class Ready(NamedTuple):
    """A vector to index, as of `rev`."""

    number: int
    rev: int
    vector: bytes


def counts(session: Session) -> tuple[int, int]:
    """How many entries there are, and how many are not in the index as they are."""
    entries = session.sql("SELECT count(*) FROM memory_entries")[0][0]
    return int(entries), int(session.sql(f"SELECT count(*) FROM {_DUE}")[0][0])  # noqa: S608 - constant


def texts(session: Session, model: str, limit: int) -> list[Text]:
    """Entries to embed, the newest first: who has just stored something looks for it soonest."""
    statement = f"SELECT number, rev, content FROM {_DUE} AND vector_model <> ? ORDER BY number DESC LIMIT ?"  # noqa: S608
    return [Text(*row) for row in session.sql(statement, (model, limit))]


def write_vectors(session: Session, model: str, of: Sequence[tuple[Text, bytes]]) -> None:
    """Vectors beside their texts, unless those have changed meanwhile."""
    session.connection.executemany(
        "UPDATE memory_entries SET vector = ?, vector_model = ? WHERE number = ? AND rev = ?",
        [(vector, model, text.number, text.rev) for text, vector in of],
    )


def ready(session: Session, model: str, limit: int) -> list[Ready]:
    """Vectors that the index lacks."""
    statement = f"SELECT number, rev, vector FROM {_DUE} AND vector_model = ? ORDER BY number LIMIT ?"  # noqa: S608
    return [Ready(*row) for row in session.sql(statement, (model, limit))]


def mark_indexed(session: Session, done: Sequence[Ready]) -> None:
    """That the index holds these, as they were."""
    session.connection.executemany(
        "UPDATE memory_entries SET indexed_rev = ? WHERE number = ?", [(row.rev, row.number) for row in done]
    )


def mark_unindexed(session: Session) -> None:
    """That the index holds nothing: it was made anew. What it should have dropped it does not hold either."""
    session.sql("UPDATE memory_entries SET indexed_rev = 0 WHERE indexed_rev <> 0")
    session.sql("DELETE FROM memory_tombstones")


def graves(session: Session, limit: int) -> list[int]:
    """Numbers of entries that are gone from the table and maybe not from the index."""
    return [row[0] for row in session.sql("SELECT number FROM memory_tombstones LIMIT ?", (limit,))]


def bury(session: Session, numbers: Sequence[int]) -> None:
    """That the index does not hold these any more."""
    session.sql(f"DELETE FROM memory_tombstones WHERE number IN ({marks(numbers)})", numbers)  # noqa: S608


def shelf_page(session: Session, model: str, after: int, limit: int) -> list[VectorRow]:
    """Rows for the shelves, by number, beginning after `after`."""
    where = "WHERE number > ? AND vector_model = ? ORDER BY number LIMIT ?"
    return [VectorRow(*row) for row in session.sql(_SHELF + where, (after, model, limit))]


def shelf_rows(session: Session, model: str, numbers: Sequence[int]) -> list[VectorRow]:
    """Rows for the shelves, of these numbers, as far as they are there."""
    return [
        VectorRow(*row)
        for chunk in chunks(numbers)
        for row in session.sql(
            f"{_SHELF} WHERE number IN ({marks(chunk)}) AND vector_model = ?", [*chunk, model]
        )
    ]
