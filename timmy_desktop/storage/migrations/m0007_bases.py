"""Schema 7: what the past is folded from where the log was pruned (storage/event_bases.py).

Words stand beside the base, each in a row of its own and not compressed: so that they can be forgotten.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE event_bases(
        seq INTEGER PRIMARY KEY,
        time_us INTEGER NOT NULL,
        digest TEXT NOT NULL CHECK (length(digest) = 64),
        state BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE event_base_words(
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        field TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (kind, id, field)
    ) WITHOUT ROWID
    """,
)
