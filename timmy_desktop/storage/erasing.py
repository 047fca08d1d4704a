"""Deletes so that the bytes go: overwritten in the file, out of FTS5's pieces and the write-ahead log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from timmy_desktop.storage.database import Database, Session

logger = logging.getLogger(__name__)

PAGES_IN_A_STEP = 64
"""Pages that FTS5 writes at once: some ten milliseconds, in which nobody else writes."""
_CHECKPOINT_TRIES = 20
_CHECKPOINT_WAIT_SECONDS = 0.05


@contextmanager
def erasing(session: Session) -> Iterator[None]:
    """What is deleted or replaced meanwhile is overwritten in the file, not just let go."""
    session.sql("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        session.sql("PRAGMA secure_delete = FAST")


async def merge_words(database: Database, table: str) -> None:
    """Has an FTS5 table written anew without the words of what was deleted, in short writes.

    The first one, negative, has all its pieces become one; each after it goes on with that.
    """
    pages = -PAGES_IN_A_STEP
    while await database.write(partial(_merge_some, table=table, pages=pages)):
        pages = PAGES_IN_A_STEP
        await asyncio.sleep(0)


async def empty_wal(database: Database) -> None:
    """Folds the write-ahead log into the file and empties it; a reader under way is waited for."""
    for _ in range(_CHECKPOINT_TRIES):
        busy = await database.on_writer(
            lambda: database.session().sql("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]
        )
        if not busy:
            return
        await asyncio.sleep(_CHECKPOINT_WAIT_SECONDS)
    logger.warning("The write-ahead log could not be emptied: somebody reads all the time.")


def _merge_some(session: Session, table: str, pages: int) -> bool:
    """Whether anything was left to do: one change alone is the command itself."""
    before = session.connection.total_changes
    with erasing(session):
        session.sql(f"INSERT INTO {table}({table}, rank) VALUES ('merge', ?)", (pages,))  # noqa: S608 - a name
    return session.connection.total_changes - before >= 2
