"""What finding, counting, pruning and archiving events need, beside the log and never in its appends.

The tables of the index follow the log (storage/event_index.py): `meta.events_indexed` is the last one there.
"""

from __future__ import annotations

INDEX = (
    # Types, sources, tasks and agents by number; 0 is "none".
    "CREATE TABLE event_names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "INSERT INTO event_names(id, name) VALUES (0, '')",
    # The log without its data: narrow enough to be read through for any combination of filters.
    """
    CREATE TABLE event_facets(
        seq INTEGER PRIMARY KEY,
        time_us INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        source INTEGER NOT NULL,
        task INTEGER NOT NULL,
        agent INTEGER NOT NULL
    )
    """,
    "CREATE INDEX event_facets_kind ON event_facets(kind)",
    "CREATE INDEX event_facets_task ON event_facets(task) WHERE task <> 0",
    "CREATE INDEX event_facets_agent ON event_facets(agent) WHERE agent <> 0",
    # Words of the values; their text is in the log alone.
    "CREATE VIRTUAL TABLE event_text USING fts5(words, content='', tokenize='unicode61')",
)

COUNTERS = (
    """
    CREATE TABLE event_minutes(
        minute INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (minute, kind)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE event_hours(
        hour INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, kind)
    ) WITHOUT ROWID
    """,
    # For each stretch of 1,000 numbers: positions in a list without reading it.
    """
    CREATE TABLE event_blocks(
        block INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (block, kind)
    ) WITHOUT ROWID
    """,
)

PRUNING = (
    # Stretches that were removed: the hash that the chain goes on from, and the digest in their `log.pruned`.
    """
    CREATE TABLE event_gaps(
        first_seq INTEGER PRIMARY KEY,
        last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq),
        hash BLOB NOT NULL,
        pruned TEXT NOT NULL,
        mac BLOB NOT NULL
    )
    """,
    "CREATE INDEX event_gaps_pruned ON event_gaps(pruned)",
    """
    CREATE TABLE event_archives(
        file TEXT PRIMARY KEY,
        made_us INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        first_seq INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        digest TEXT NOT NULL
    )
    """,
)

FILTERS = ("CREATE TABLE event_filters(name TEXT PRIMARY KEY CHECK (name <> ''), filter TEXT NOT NULL)",)

STATEMENTS: tuple[str, ...] = INDEX + COUNTERS + PRUNING + FILTERS
