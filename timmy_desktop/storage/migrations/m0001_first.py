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

LEDGER = (
    # Running totals; only posting an entry changes them. `outside` is where sats come from and go to.
    """
    CREATE TABLE accounts(
        name TEXT PRIMARY KEY CHECK (name <> ''),
        balance_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(balance_msat) = 'integer'),
        in_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(in_msat) = 'integer'),
        out_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(out_msat) = 'integer'),
        CHECK (balance_msat = in_msat - out_msat),
        CHECK (balance_msat >= 0 OR name = 'outside')
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE ledger(
        id TEXT PRIMARY KEY CHECK (id <> ''),
        type TEXT NOT NULL CHECK (type IN ('deposit', 'reserve', 'payment', 'refund')),
        state TEXT NOT NULL CHECK (state IN ('pending', 'settled', 'failed', 'expired')),
        payment_hash TEXT NOT NULL DEFAULT '',
        amount_msat INTEGER NOT NULL CHECK (typeof(amount_msat) = 'integer' AND amount_msat >= 0),
        fee_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(fee_msat) = 'integer' AND fee_msat >= 0),
        memo TEXT NOT NULL DEFAULT '',
        bolt11 TEXT NOT NULL DEFAULT '',
        preimage TEXT NOT NULL DEFAULT '',
        source TEXT NOT NULL DEFAULT '',
        task_id TEXT NOT NULL DEFAULT '',
        agent_id TEXT NOT NULL DEFAULT '',
        simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
        reason TEXT NOT NULL DEFAULT '',
        created_us INTEGER NOT NULL CHECK (typeof(created_us) = 'integer'),
        updated_us INTEGER NOT NULL CHECK (typeof(updated_us) = 'integer'),
        CHECK (type <> 'payment' OR state <> 'settled'
               OR (length(payment_hash) = 64 AND length(preimage) = 64))
    )
    """,
    "CREATE UNIQUE INDEX ledger_payment_hash ON ledger(payment_hash) WHERE payment_hash <> ''",
    "CREATE INDEX ledger_task ON ledger(task_id) WHERE task_id <> ''",
    # Two payments for one task can't both be under way or done.
    """
    CREATE UNIQUE INDEX ledger_one_payment ON ledger(task_id)
    WHERE type = 'payment' AND task_id <> '' AND state IN ('pending', 'settled')
    """,
    "CREATE INDEX ledger_pending ON ledger(created_us) WHERE state = 'pending'",
    # What a transaction's arrival in a state moves: once for each state, counted when `posted`.
    """
    CREATE TABLE entries(
        id INTEGER PRIMARY KEY,
        ledger_id TEXT NOT NULL REFERENCES ledger(id),
        state TEXT NOT NULL CHECK (state IN ('pending', 'settled', 'failed', 'expired')),
        posted INTEGER NOT NULL DEFAULT 0 CHECK (posted IN (0, 1)),
        time_us INTEGER NOT NULL CHECK (typeof(time_us) = 'integer'),
        UNIQUE (ledger_id, state)
    )
    """,
    # An entry that was opened and never posted is found by the next one.
    "CREATE UNIQUE INDEX entries_open ON entries(posted) WHERE posted = 0",
    """
    CREATE TABLE postings(
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        account TEXT NOT NULL CHECK (account <> ''),
        amount_msat INTEGER NOT NULL CHECK (typeof(amount_msat) = 'integer' AND amount_msat <> 0),
        UNIQUE (entry_id, account)
    )
    """,
    "CREATE INDEX postings_account ON postings(account)",
    """
    CREATE TRIGGER ledger_payment_starts_open BEFORE INSERT ON ledger
    WHEN NEW.type = 'payment' AND NEW.state NOT IN ('pending', 'failed')
    BEGIN SELECT RAISE(ABORT, 'a payment settles after it was recorded as pending'); END
    """,
    """
    CREATE TRIGGER ledger_terminal BEFORE UPDATE ON ledger WHEN OLD.state <> 'pending'
    BEGIN SELECT RAISE(ABORT, 'a settled, failed or expired transaction never changes'); END
    """,
    """
    CREATE TRIGGER ledger_fixed
    BEFORE UPDATE OF id, type, payment_hash, amount_msat, memo, bolt11, source, task_id, agent_id, simulated,
        created_us ON ledger
    BEGIN SELECT RAISE(ABORT, 'what a transaction is about never changes'); END
    """,
    """
    CREATE TRIGGER ledger_preimage_kept BEFORE UPDATE OF preimage ON ledger
    WHEN OLD.state = 'pending' AND OLD.preimage <> '' AND NEW.preimage <> OLD.preimage
    BEGIN SELECT RAISE(ABORT, 'a preimage is kept'); END
    """,
    """
    CREATE TRIGGER ledger_moves_money BEFORE UPDATE OF state ON ledger
    WHEN OLD.state = 'pending' AND NEW.state <> OLD.state AND NOT EXISTS (
        SELECT 1 FROM entries WHERE ledger_id = NEW.id AND state = NEW.state AND posted = 1)
    BEGIN SELECT RAISE(ABORT, 'a state changes with the entry that moves its money'); END
    """,
    """
    CREATE TRIGGER ledger_kept BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
    """,
    """
    CREATE TRIGGER entries_open_first BEFORE INSERT ON entries WHEN NEW.posted <> 0
    BEGIN SELECT RAISE(ABORT, 'an entry is posted after its postings'); END
    """,
    """
    CREATE TRIGGER entries_fixed BEFORE UPDATE ON entries
    WHEN OLD.posted <> 0 OR NEW.id <> OLD.id OR NEW.ledger_id <> OLD.ledger_id OR NEW.state <> OLD.state
        OR NEW.time_us <> OLD.time_us
    BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END
    """,
    """
    CREATE TRIGGER entries_kept BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END
    """,
    """
    CREATE TRIGGER postings_into_open BEFORE INSERT ON postings
    WHEN (SELECT posted FROM entries WHERE id = NEW.entry_id) IS NOT 0
    BEGIN SELECT RAISE(ABORT, 'postings are added to an open entry only'); END
    """,
    """
    CREATE TRIGGER postings_fixed BEFORE UPDATE ON postings
    BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END
    """,
    """
    CREATE TRIGGER postings_kept BEFORE DELETE ON postings
    BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END
    """,
    """
    CREATE TRIGGER accounts_kept BEFORE DELETE ON accounts
    BEGIN SELECT RAISE(ABORT, 'accounts are kept'); END
    """,
    """
    CREATE TRIGGER accounts_open_empty BEFORE INSERT ON accounts
    WHEN NEW.balance_msat <> 0 OR NEW.in_msat <> 0 OR NEW.out_msat <> 0
    BEGIN SELECT RAISE(ABORT, 'an account opens empty'); END
    """,
    """
    CREATE TRIGGER accounts_by_entry BEFORE UPDATE ON accounts
    WHEN NEW.name <> OLD.name OR NOT EXISTS (SELECT 1 FROM entries WHERE posted = 0)
    BEGIN SELECT RAISE(ABORT, 'a balance changes with an entry only'); END
    """,
    # The heart: an entry counts when it sums to zero and takes from no task what it did not put in escrow.
    """
    CREATE TRIGGER entries_post BEFORE UPDATE OF posted ON entries WHEN OLD.posted = 0 AND NEW.posted = 1
    BEGIN
        SELECT RAISE(ABORT, 'the postings of an entry must sum to zero')
        WHERE (SELECT coalesce(sum(amount_msat), 1) FROM postings WHERE entry_id = NEW.id) <> 0;
        SELECT RAISE(ABORT, 'a task can pay out only what it put into escrow')
        WHERE EXISTS (
            SELECT 1 FROM postings WHERE entry_id = NEW.id AND account = 'escrow' AND amount_msat < 0
        ) AND (
            SELECT sum(postings.amount_msat) FROM ledger
            JOIN entries ON entries.ledger_id = ledger.id JOIN postings ON postings.entry_id = entries.id
            WHERE ledger.task_id = (SELECT task_id FROM ledger WHERE id = NEW.ledger_id)
                AND ledger.task_id <> '' AND postings.account = 'escrow'
        ) < 0;
        INSERT INTO accounts(name) SELECT account FROM postings
        WHERE entry_id = NEW.id AND account NOT IN (SELECT name FROM accounts);
        UPDATE accounts SET
            balance_msat = balance_msat + moved.amount,
            in_msat = in_msat + max(moved.amount, 0),
            out_msat = out_msat + max(-moved.amount, 0)
        FROM (SELECT account, amount_msat AS amount FROM postings WHERE entry_id = NEW.id) AS moved
        WHERE accounts.name = moved.account;
    END
    """,
)

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
        reason TEXT NOT NULL DEFAULT '',
        local_only INTEGER NOT NULL DEFAULT 0 CHECK (local_only IN (0, 1)),
        UNIQUE (conversation_id, position)
    )
    """,
)

STATEMENTS = META + EVENTS + SWARM + ROUTING + LEDGER + CONVERSATIONS
