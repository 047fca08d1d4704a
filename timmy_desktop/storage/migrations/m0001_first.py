"""Schema 1: events, tasks, agents, bids, provider attempts, the book and conversations.

Times are integer microseconds UTC, money is integer millisatoshi, identifiers are UUIDv7 text.
"""

from __future__ import annotations

META = ("CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",)

EVENTS = (
    """
    CREATE TABLE event_log(
        seq INTEGER PRIMARY KEY,
        time_us INTEGER NOT NULL,
        type TEXT NOT NULL,
        version INTEGER NOT NULL,
        source TEXT NOT NULL,
        task_id TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        data TEXT NOT NULL,
        hash BLOB NOT NULL
    )
    """,
    "CREATE INDEX event_log_task ON event_log(task_id, seq) WHERE task_id <> ''",
)

SWARM = (
    """
    CREATE TABLE agents(
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('idle', 'busy', 'stopped')),
        joined_us INTEGER NOT NULL,
        completed INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE tasks(
        id TEXT PRIMARY KEY,
        text TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN
            ('created', 'bidding', 'assigned', 'running', 'completed', 'failed', 'cancelled')),
        created_us INTEGER NOT NULL,
        updated_us INTEGER NOT NULL,
        local_only INTEGER NOT NULL DEFAULT 0,
        max_price_msat INTEGER NOT NULL DEFAULT 0,
        attempt INTEGER NOT NULL DEFAULT 0,
        agent_id TEXT NOT NULL DEFAULT '',
        price_msat INTEGER NOT NULL DEFAULT 0,
        paid_msat INTEGER NOT NULL DEFAULT 0,
        fee_msat INTEGER NOT NULL DEFAULT 0,
        result TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        provider TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        tokens_in INTEGER NOT NULL DEFAULT 0,
        tokens_out INTEGER NOT NULL DEFAULT 0,
        duration_ms INTEGER NOT NULL DEFAULT 0,
        conversation_id TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX tasks_open ON tasks(status) WHERE status NOT IN ('completed', 'failed', 'cancelled')",
    """
    CREATE TABLE bids(
        id TEXT PRIMARY KEY,
        task_id TEXT NOT NULL REFERENCES tasks(id),
        round INTEGER NOT NULL,
        agent_id TEXT NOT NULL,
        amount_msat INTEGER NOT NULL CHECK (amount_msat >= 0),
        score_milli INTEGER NOT NULL,
        won INTEGER NOT NULL DEFAULT 0,
        time_us INTEGER NOT NULL,
        UNIQUE (task_id, round, agent_id)
    )
    """,
)

ROUTING = (
    """
    CREATE TABLE provider_attempts(
        id INTEGER PRIMARY KEY,
        request_id TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        time_us INTEGER NOT NULL,
        task_id TEXT NOT NULL DEFAULT '',
        purpose TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL,
        ttft_ms INTEGER,
        total_ms INTEGER NOT NULL,
        tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        breaker TEXT NOT NULL
    )
    """,
    "CREATE INDEX provider_attempts_request ON provider_attempts(request_id)",
)

LEDGER: tuple[str, ...] = ()

CONVERSATIONS = (
    """
    CREATE TABLE conversations(
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        updated_us INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE messages(
        id TEXT PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations(id),
        position INTEGER NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'notice')),
        text TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('streaming', 'done', 'stopped', 'failed')),
        created_us INTEGER NOT NULL,
        provider TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        ttft_ms INTEGER NOT NULL DEFAULT 0,
        total_ms INTEGER NOT NULL DEFAULT 0,
        task_id TEXT NOT NULL DEFAULT '',
        UNIQUE (conversation_id, position)
    )
    """,
)

STATEMENTS = META + EVENTS + SWARM + ROUTING + LEDGER + CONVERSATIONS
