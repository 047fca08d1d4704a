"""Schema 2: what the router keeps: requests, roll-ups by time, circuits, failovers, signals and budgets.

Times are integer microseconds UTC unless named otherwise; costs are integer microcents (1e-8 of a unit).
"""

from __future__ import annotations

REQUESTS = (
    """
    CREATE TABLE provider_requests(
        id INTEGER PRIMARY KEY,
        request_id TEXT NOT NULL UNIQUE,
        run TEXT NOT NULL,
        time_us INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        task_id TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        local_only INTEGER NOT NULL,
        max_tokens INTEGER NOT NULL,
        messages TEXT NOT NULL,
        tools TEXT NOT NULL,
        outcome TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        queue_ms INTEGER NOT NULL,
        ttft_ms INTEGER,
        total_ms INTEGER NOT NULL,
        tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        cost_microcents INTEGER NOT NULL CHECK (typeof(cost_microcents) = 'integer'),
        reason TEXT NOT NULL,
        skipped TEXT NOT NULL,
        notes TEXT NOT NULL,
        budget TEXT NOT NULL,
        journal TEXT NOT NULL
    )
    """,
    "CREATE INDEX provider_requests_time ON provider_requests(time_us)",
    "CREATE INDEX provider_requests_task ON provider_requests(task_id) WHERE task_id <> ''",
)

ATTEMPTS = (
    "ALTER TABLE provider_attempts ADD COLUMN agent_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE provider_attempts ADD COLUMN is_remote INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE provider_attempts ADD COLUMN queue_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE provider_attempts ADD COLUMN milli_tokens_per_s INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE provider_attempts ADD COLUMN cost_microcents INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE provider_attempts ADD COLUMN had_text INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE provider_attempts ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE provider_attempts ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX provider_attempts_time ON provider_attempts(time_us)",
    "CREATE INDEX provider_attempts_paid ON provider_attempts(time_us) WHERE cost_microcents > 0",
)

# One row for each provider, length of time (a minute, an hour, a day) and its beginning.
METRICS = (
    """
    CREATE TABLE provider_metrics(
        span_us INTEGER NOT NULL,
        start_us INTEGER NOT NULL,
        provider TEXT NOT NULL,
        answers INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        cancelled INTEGER NOT NULL,
        tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        generating_ms INTEGER NOT NULL,
        cost_microcents INTEGER NOT NULL,
        total_ms BLOB NOT NULL,
        ttft_ms BLOB NOT NULL,
        PRIMARY KEY (span_us, start_us, provider)
    ) WITHOUT ROWID
    """,
)

STORY = (
    """
    CREATE TABLE provider_circuits(
        id INTEGER PRIMARY KEY,
        time_us INTEGER NOT NULL,
        provider TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
        reason TEXT NOT NULL
    )
    """,
    "CREATE INDEX provider_circuits_time ON provider_circuits(provider, time_us)",
    """
    CREATE TABLE provider_failovers(
        id INTEGER PRIMARY KEY,
        time_us INTEGER NOT NULL,
        request_id TEXT NOT NULL,
        from_provider TEXT NOT NULL,
        to_provider TEXT NOT NULL,
        reason TEXT NOT NULL
    )
    """,
    "CREATE INDEX provider_failovers_time ON provider_failovers(time_us)",
    # Everything but requests that moved a breaker or a health, for the rehearsal.
    """
    CREATE TABLE provider_signals(
        id INTEGER PRIMARY KEY,
        run TEXT NOT NULL,
        seq INTEGER NOT NULL,
        monotonic REAL NOT NULL,
        time_us INTEGER NOT NULL,
        provider TEXT NOT NULL,
        kind TEXT NOT NULL,
        detail TEXT NOT NULL
    )
    """,
    "CREATE INDEX provider_signals_time ON provider_signals(time_us)",
)

STATE = (
    """
    CREATE TABLE provider_breakers(
        provider TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
        cause TEXT NOT NULL,
        reason TEXT NOT NULL,
        failures INTEGER NOT NULL,
        openings INTEGER NOT NULL,
        until_us INTEGER NOT NULL,
        disabled TEXT NOT NULL,
        updated_us INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)

CONVERSATIONS = ("ALTER TABLE conversations ADD COLUMN local_only INTEGER NOT NULL DEFAULT 0",)

STATEMENTS = REQUESTS + ATTEMPTS + METRICS + STORY + STATE + CONVERSATIONS
