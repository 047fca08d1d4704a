"""Schema 3: the memory. A row is the truth, with its vector; triggers keep its words in its transaction."""

from __future__ import annotations

ENTRIES = (
    # AUTOINCREMENT: a number that the index still holds is never given to another entry.
    """
    CREATE TABLE memory_entries(
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE CHECK (id <> ''),
        type TEXT NOT NULL CHECK (type IN ('conversation', 'fact', 'document')),
        content TEXT NOT NULL,
        source TEXT NOT NULL DEFAULT '',
        owner TEXT NOT NULL CHECK (owner <> ''),
        visibility TEXT NOT NULL CHECK (visibility IN ('shared', 'private')),
        state TEXT NOT NULL CHECK (state IN ('accepted', 'proposed', 'rejected')),
        task_id TEXT NOT NULL DEFAULT '',
        conversation_id TEXT NOT NULL DEFAULT '',
        message_id TEXT NOT NULL DEFAULT '',
        document_id TEXT NOT NULL DEFAULT '',
        chunk INTEGER NOT NULL DEFAULT 0,
        digest BLOB NOT NULL,
        subject TEXT NOT NULL DEFAULT '',
        local_only INTEGER NOT NULL DEFAULT 0 CHECK (local_only IN (0, 1)),
        pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
        superseded_by TEXT NOT NULL DEFAULT '',
        metadata TEXT NOT NULL DEFAULT '{}',
        vector BLOB,
        vector_model TEXT NOT NULL DEFAULT '',
        rev INTEGER NOT NULL DEFAULT 1,
        indexed_rev INTEGER NOT NULL DEFAULT 0,
        created_us INTEGER NOT NULL CHECK (typeof(created_us) = 'integer'),
        updated_us INTEGER NOT NULL CHECK (typeof(updated_us) = 'integer'),
        used_us INTEGER NOT NULL DEFAULT 0,
        -- Points and hyphens belong to words (v1.2, low-end), but not where a sentence ends.
        words TEXT GENERATED ALWAYS AS (replace(replace(replace(replace(replace(replace(
            content || ' ', '...', ' '), '. ', ' '), '.' || char(10), ' '), '.)', ' '), '."', ' '), '- ', ' ')
        ) VIRTUAL,
        CHECK ((vector IS NULL) = (vector_model = ''))
    )
    """,
    "CREATE INDEX memory_entries_due ON memory_entries(number) WHERE indexed_rev <> rev",
    "CREATE INDEX memory_entries_same ON memory_entries(digest)",
    "CREATE INDEX memory_entries_subject ON memory_entries(subject) WHERE subject <> ''",
    "CREATE INDEX memory_entries_document ON memory_entries(document_id, chunk) WHERE document_id <> ''",
    "CREATE INDEX memory_entries_conversation ON memory_entries(conversation_id) WHERE conversation_id <> ''",
    "CREATE INDEX memory_entries_task ON memory_entries(task_id) WHERE task_id <> ''",
    "CREATE INDEX memory_entries_facts ON memory_entries(state, number) WHERE type = 'fact'",
    "CREATE INDEX memory_entries_pinned ON memory_entries(number) WHERE pinned = 1",
    "CREATE INDEX memory_entries_replaced ON memory_entries(superseded_by) WHERE superseded_by <> ''",
)

WORDS = (
    """
    CREATE VIRTUAL TABLE memory_words USING fts5(
        words, content = 'memory_entries', content_rowid = 'number',
        tokenize = "porter unicode61 tokenchars '-_.'"
    )
    """,
    """
    CREATE TRIGGER memory_words_added AFTER INSERT ON memory_entries
    BEGIN INSERT INTO memory_words(rowid, words) VALUES (NEW.number, NEW.words); END
    """,
    """
    CREATE TRIGGER memory_words_gone AFTER DELETE ON memory_entries
    BEGIN INSERT INTO memory_words(memory_words, rowid, words) VALUES ('delete', OLD.number, OLD.words); END
    """,
    """
    CREATE TRIGGER memory_words_changed AFTER UPDATE OF content ON memory_entries
    BEGIN
        INSERT INTO memory_words(memory_words, rowid, words) VALUES ('delete', OLD.number, OLD.words);
        INSERT INTO memory_words(rowid, words) VALUES (NEW.number, NEW.words);
    END
    """,
)

AROUND = (
    """
    CREATE TABLE memory_history(
        id INTEGER PRIMARY KEY,
        entry_id TEXT NOT NULL REFERENCES memory_entries(id) ON DELETE CASCADE,
        rev INTEGER NOT NULL,
        content TEXT NOT NULL,
        until_us INTEGER NOT NULL,
        what TEXT NOT NULL
    )
    """,
    "CREATE INDEX memory_history_entry ON memory_history(entry_id)",
    """
    CREATE TABLE memory_uses(
        id INTEGER PRIMARY KEY,
        entry_id TEXT NOT NULL REFERENCES memory_entries(id) ON DELETE CASCADE,
        reply_id TEXT NOT NULL,
        reply_kind TEXT NOT NULL CHECK (reply_kind IN ('message', 'task')),
        kind TEXT NOT NULL CHECK (kind IN ('retrieved', 'injected', 'cited')),
        by TEXT NOT NULL,
        time_us INTEGER NOT NULL,
        score_milli INTEGER NOT NULL DEFAULT 0,
        UNIQUE (reply_id, entry_id, kind)
    )
    """,
    "CREATE INDEX memory_uses_entry ON memory_uses(entry_id)",
    """
    CREATE TABLE memory_documents(
        id TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        title TEXT NOT NULL,
        owner TEXT NOT NULL,
        visibility TEXT NOT NULL,
        digest TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        imported_us INTEGER NOT NULL,
        UNIQUE (owner, path)
    )
    """,
    # What the index has to drop; a row goes when it has.
    "CREATE TABLE memory_tombstones(number INTEGER PRIMARY KEY)",
    """
    CREATE TRIGGER memory_entries_buried AFTER DELETE ON memory_entries
    BEGIN INSERT OR IGNORE INTO memory_tombstones(number) VALUES (OLD.number); END
    """,
    "CREATE TABLE memory_state(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)

STATEMENTS = ENTRIES + WORDS + AROUND
