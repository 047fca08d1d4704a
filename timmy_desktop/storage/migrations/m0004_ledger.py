"""Schema 4: invoices that others pay, payments to others, approvals, reconciliation, sums by day.

SQLite can't change a CHECK, so the four tables of the book are made anew and their rows carried over, parents
before children. Triggers come last: they guard what is written from now on, and would refuse what is copied.
"""

from __future__ import annotations

_OLD_TRIGGERS = (
    "ledger_payment_starts_open", "ledger_terminal", "ledger_fixed", "ledger_preimage_kept",
    "ledger_moves_money", "ledger_kept", "entries_open_first", "entries_fixed", "entries_kept",
    "postings_into_open", "postings_fixed", "postings_kept", "accounts_kept", "accounts_open_empty",
    "accounts_by_entry", "entries_post",
)  # fmt: skip
_OLD_INDEXES = (
    "ledger_payment_hash", "ledger_task", "ledger_one_payment", "ledger_pending", "entries_open",
    "postings_account",
)  # fmt: skip

DROPPED = tuple(f"DROP TRIGGER {name}" for name in _OLD_TRIGGERS) + tuple(
    f"DROP INDEX {name}" for name in _OLD_INDEXES
)

RENAMED = tuple(
    f"ALTER TABLE {name} RENAME TO {name}_1" for name in ("ledger", "entries", "postings", "accounts")
)

TABLES = (
    # `outside` is where sats come from and go to; `invoiced` is the other side of what is expected, so that
    # open invoices are a running total too; `suspense` goes below zero when money left that nobody booked.
    """
    CREATE TABLE accounts(
        name TEXT PRIMARY KEY CHECK (name <> ''),
        balance_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(balance_msat) = 'integer'),
        in_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(in_msat) = 'integer'),
        out_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(out_msat) = 'integer'),
        CHECK (balance_msat = in_msat - out_msat),
        CHECK (balance_msat >= 0 OR name IN ('outside', 'invoiced', 'suspense'))
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE ledger(
        id TEXT PRIMARY KEY CHECK (id <> ''),
        type TEXT NOT NULL CHECK (type IN ('deposit', 'reserve', 'payment', 'refund', 'reward', 'invoice',
            'release', 'adjustment', 'closing')),
        state TEXT NOT NULL CHECK (state IN ('pending', 'settled', 'failed', 'expired')),
        purpose TEXT NOT NULL DEFAULT '' CHECK (length(purpose) <= 40),
        account TEXT NOT NULL DEFAULT 'treasury' CHECK (account = 'treasury' OR account LIKE 'agent:_%'),
        payment_hash TEXT NOT NULL DEFAULT '',
        amount_msat INTEGER NOT NULL CHECK (typeof(amount_msat) = 'integer' AND amount_msat >= 0),
        fee_msat INTEGER NOT NULL DEFAULT 0 CHECK (typeof(fee_msat) = 'integer' AND fee_msat >= 0),
        fee_cap_msat INTEGER NOT NULL DEFAULT 0
            CHECK (typeof(fee_cap_msat) = 'integer' AND fee_cap_msat >= 0),
        received_msat INTEGER NOT NULL DEFAULT 0
            CHECK (typeof(received_msat) = 'integer' AND received_msat >= 0),
        memo TEXT NOT NULL DEFAULT '',
        bolt11 TEXT NOT NULL DEFAULT '',
        payee TEXT NOT NULL DEFAULT '',
        preimage TEXT NOT NULL DEFAULT '',
        proof TEXT NOT NULL DEFAULT '',
        flags TEXT NOT NULL DEFAULT '',
        refers_to TEXT NOT NULL DEFAULT '',
        source TEXT NOT NULL DEFAULT '',
        task_id TEXT NOT NULL DEFAULT '',
        agent_id TEXT NOT NULL DEFAULT '',
        simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
        reason TEXT NOT NULL DEFAULT '',
        created_us INTEGER NOT NULL CHECK (typeof(created_us) = 'integer'),
        updated_us INTEGER NOT NULL CHECK (typeof(updated_us) = 'integer'),
        expires_us INTEGER NOT NULL DEFAULT 0 CHECK (typeof(expires_us) = 'integer'),
        settled_us INTEGER NOT NULL DEFAULT 0 CHECK (typeof(settled_us) = 'integer'),
        CHECK (type NOT IN ('payment', 'invoice') OR state <> 'settled'
               OR (length(payment_hash) = 64 AND length(preimage) = 64 AND proof <> '')),
        CHECK (refers_to = '' OR refers_to <> id)
    )
    """,
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
    """
    CREATE TABLE postings(
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        account TEXT NOT NULL CHECK (account <> ''),
        amount_msat INTEGER NOT NULL CHECK (typeof(amount_msat) = 'integer' AND amount_msat <> 0),
        UNIQUE (entry_id, account)
    )
    """,
    # What the treasury held after each entry: the running balance of a table that starts anywhere.
    """
    CREATE TABLE entry_balances(
        entry_id INTEGER PRIMARY KEY REFERENCES entries(id),
        treasury_msat INTEGER NOT NULL CHECK (typeof(treasury_msat) = 'integer')
    )
    """,
    # Sums by day (UTC, days since 1970), kept by the trigger that posts. A chart reads days, not entries.
    """
    CREATE TABLE account_days(
        day INTEGER NOT NULL,
        account TEXT NOT NULL,
        in_msat INTEGER NOT NULL DEFAULT 0,
        out_msat INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, account)
    ) WITHOUT ROWID
    """,
    # received: from outside. earned: by agents. sent: to outside by the treasury; spent: by an agent.
    """
    CREATE TABLE flow_days(
        day INTEGER NOT NULL,
        agent_id TEXT NOT NULL,
        purpose TEXT NOT NULL,
        simulated INTEGER NOT NULL,
        received_msat INTEGER NOT NULL DEFAULT 0,
        earned_msat INTEGER NOT NULL DEFAULT 0,
        sent_msat INTEGER NOT NULL DEFAULT 0,
        spent_msat INTEGER NOT NULL DEFAULT 0,
        fee_msat INTEGER NOT NULL DEFAULT 0,
        entries INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (day, agent_id, purpose, simulated)
    ) WITHOUT ROWID
    """,
    # Which node the book is about. A new node is a new book: `base_…` are the totals when it was opened.
    """
    CREATE TABLE ledger_books(
        id INTEGER PRIMARY KEY,
        node_id TEXT NOT NULL CHECK (node_id <> ''),
        network TEXT NOT NULL CHECK (network <> ''),
        backend TEXT NOT NULL,
        simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
        opened_us INTEGER NOT NULL,
        base_in_msat INTEGER NOT NULL DEFAULT 0,
        base_out_msat INTEGER NOT NULL DEFAULT 0,
        base_fees_msat INTEGER NOT NULL DEFAULT 0
    )
    """,
    # A payment that waits for a person. `digest` is of everything that the person is shown.
    """
    CREATE TABLE ledger_approvals(
        id TEXT PRIMARY KEY CHECK (id <> ''),
        state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'expired')),
        requested_by TEXT NOT NULL,
        why TEXT NOT NULL,
        digest TEXT NOT NULL CHECK (length(digest) = 64),
        bolt11 TEXT NOT NULL,
        payment_hash TEXT NOT NULL,
        payee TEXT NOT NULL,
        amount_msat INTEGER NOT NULL CHECK (typeof(amount_msat) = 'integer' AND amount_msat > 0),
        fee_cap_msat INTEGER NOT NULL CHECK (typeof(fee_cap_msat) = 'integer' AND fee_cap_msat >= 0),
        account TEXT NOT NULL,
        purpose TEXT NOT NULL,
        memo TEXT NOT NULL,
        task_id TEXT NOT NULL,
        agent_id TEXT NOT NULL,
        simulated INTEGER NOT NULL,
        requested_us INTEGER NOT NULL,
        expires_us INTEGER NOT NULL,
        decided_us INTEGER NOT NULL DEFAULT 0,
        decided_by TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        ledger_id TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE ledger_reconciliations(
        id TEXT PRIMARY KEY CHECK (id <> ''),
        asked_by TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('agrees', 'differs', 'unreachable')),
        backend TEXT NOT NULL,
        network TEXT NOT NULL,
        node_id TEXT NOT NULL,
        height INTEGER NOT NULL,
        book_msat INTEGER NOT NULL,
        node_msat INTEGER,
        checked INTEGER NOT NULL,
        open INTEGER NOT NULL,
        detail TEXT NOT NULL,
        started_us INTEGER NOT NULL,
        finished_us INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE ledger_differences(
        id TEXT PRIMARY KEY CHECK (id <> ''),
        run_id TEXT NOT NULL REFERENCES ledger_reconciliations(id),
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'explained', 'resolved')),
        book_says TEXT NOT NULL,
        node_says TEXT NOT NULL,
        amount_msat INTEGER NOT NULL,
        explanation TEXT NOT NULL DEFAULT '',
        ledger_id TEXT NOT NULL DEFAULT '',
        found_us INTEGER NOT NULL,
        seen_us INTEGER NOT NULL,
        resolved_us INTEGER NOT NULL DEFAULT 0,
        resolved_by TEXT NOT NULL DEFAULT ''
    )
    """,
)

_CARRIED = (
    "id, type, state, payment_hash, amount_msat, fee_msat, memo, bolt11, preimage, source, task_id, agent_id,"
    " simulated, reason, created_us, updated_us"
)
_DAY_US = 86_400_000_000

COPIED = (
    "INSERT INTO accounts(name, balance_msat, in_msat, out_msat)"
    " SELECT name, balance_msat, in_msat, out_msat FROM accounts_1",
    # In the order of the rows: the newest reservation of a task is the one with the highest rowid.
    f"""
    INSERT INTO ledger({_CARRIED}, purpose, proof, settled_us)
    SELECT {_CARRIED},
        CASE type WHEN 'deposit' THEN 'funding' ELSE 'task' END,
        CASE WHEN state <> 'settled' THEN '' WHEN type = 'payment' THEN 'node' ELSE 'book' END,
        CASE state WHEN 'settled' THEN updated_us ELSE 0 END
    FROM ledger_1 ORDER BY rowid
    """,  # noqa: S608 - constants
    "INSERT INTO entries(id, ledger_id, state, posted, time_us)"
    " SELECT id, ledger_id, state, posted, time_us FROM entries_1",
    "INSERT INTO postings(id, entry_id, account, amount_msat)"
    " SELECT id, entry_id, account, amount_msat FROM postings_1",
    "DROP TABLE postings_1",
    "DROP TABLE entries_1",
    "DROP TABLE ledger_1",
    "DROP TABLE accounts_1",
)

# What the trigger keeps from now on, for what was posted before it.
SUMMED = (
    """
    INSERT INTO entry_balances(entry_id, treasury_msat)
    SELECT entries.id, sum(coalesce(postings.amount_msat, 0)) OVER (ORDER BY entries.id)
    FROM entries LEFT JOIN postings ON postings.entry_id = entries.id AND postings.account = 'treasury'
    """,
    f"""
    INSERT INTO account_days(day, account, in_msat, out_msat)
    SELECT entries.time_us / {_DAY_US}, account, sum(max(amount_msat, 0)), sum(max(-amount_msat, 0))
    FROM postings JOIN entries ON entries.id = postings.entry_id GROUP BY 1, 2
    """,  # noqa: S608 - constants
    f"""
    INSERT INTO flow_days(day, agent_id, purpose, simulated, received_msat, earned_msat, sent_msat, fee_msat,
        entries)
    SELECT entries.time_us / {_DAY_US}, ledger.agent_id, ledger.purpose, ledger.simulated,
        sum(CASE WHEN postings.account = 'outside' THEN max(-postings.amount_msat, 0) ELSE 0 END),
        sum(CASE WHEN postings.account LIKE 'agent:%' THEN max(postings.amount_msat, 0) ELSE 0 END),
        sum(CASE WHEN postings.account = 'outside' THEN max(postings.amount_msat, 0) ELSE 0 END),
        sum(CASE WHEN postings.account = 'fees' THEN postings.amount_msat ELSE 0 END),
        count(DISTINCT entries.id)
    FROM entries JOIN ledger ON ledger.id = entries.ledger_id
    JOIN postings ON postings.entry_id = entries.id GROUP BY 1, 2, 3, 4
    """,  # noqa: S608 - constants
)

INDEXES = (
    # One payment and one invoice for each hash; a late settlement is a row that refers to its first.
    """
    CREATE UNIQUE INDEX ledger_payment_hash ON ledger(payment_hash, type)
    WHERE payment_hash <> '' AND refers_to = ''
    """,
    "CREATE UNIQUE INDEX ledger_late ON ledger(refers_to, type) WHERE refers_to <> ''",
    "CREATE INDEX ledger_task ON ledger(task_id) WHERE task_id <> ''",
    "CREATE INDEX ledger_agent ON ledger(agent_id, id) WHERE agent_id <> ''",
    # Two rewards for one task can't both be under way or done.
    """
    CREATE UNIQUE INDEX ledger_one_payment ON ledger(task_id)
    WHERE type IN ('payment', 'reward') AND purpose = 'task' AND task_id <> '' AND refers_to = ''
        AND state IN ('pending', 'settled')
    """,
    "CREATE INDEX ledger_pending ON ledger(created_us) WHERE state = 'pending'",
    "CREATE INDEX ledger_closed_invoices ON ledger(updated_us) WHERE type = 'invoice' AND state <> 'pending'",
    "CREATE INDEX ledger_flagged ON ledger(id) WHERE flags <> ''",
    "CREATE UNIQUE INDEX entries_open ON entries(posted) WHERE posted = 0",
    "CREATE INDEX postings_account ON postings(account)",
    "CREATE INDEX ledger_approvals_waiting ON ledger_approvals(requested_us) WHERE state = 'waiting'",
    """
    CREATE UNIQUE INDEX ledger_approvals_once ON ledger_approvals(payment_hash)
    WHERE state = 'waiting' AND payment_hash <> ''
    """,
    """
    CREATE UNIQUE INDEX ledger_approvals_task ON ledger_approvals(task_id)
    WHERE state = 'waiting' AND payment_hash = ''
    """,
    "CREATE INDEX ledger_reconciliations_time ON ledger_reconciliations(started_us)",
    "CREATE UNIQUE INDEX ledger_differences_open ON ledger_differences(kind, subject) WHERE state = 'open'",
)

TRIGGERS = (
    """
    CREATE TRIGGER ledger_starts_open BEFORE INSERT ON ledger
    WHEN NEW.type IN ('payment', 'invoice') AND NEW.refers_to = '' AND NEW.state NOT IN ('pending', 'failed')
    BEGIN SELECT RAISE(ABORT, 'a payment settles after it was recorded as pending'); END
    """,
    """
    CREATE TRIGGER ledger_late_refers BEFORE INSERT ON ledger
    WHEN NEW.refers_to <> '' AND NEW.type IN ('payment', 'invoice') AND NOT EXISTS (
        SELECT 1 FROM ledger WHERE id = NEW.refers_to AND type = NEW.type AND refers_to = ''
            AND payment_hash = NEW.payment_hash AND state IN ('failed', 'expired'))
    BEGIN SELECT RAISE(ABORT, 'a late settlement refers to one that had failed or expired'); END
    """,
    """
    CREATE TRIGGER ledger_terminal BEFORE UPDATE ON ledger WHEN OLD.state <> 'pending'
    BEGIN SELECT RAISE(ABORT, 'a settled, failed or expired transaction never changes'); END
    """,
    """
    CREATE TRIGGER ledger_fixed
    BEFORE UPDATE OF id, type, purpose, account, payment_hash, amount_msat, fee_cap_msat, memo, bolt11, payee,
        refers_to, source, task_id, agent_id, simulated, created_us, expires_us ON ledger
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
    """
    CREATE TRIGGER entry_balances_fixed BEFORE UPDATE ON entry_balances
    BEGIN SELECT RAISE(ABORT, 'a running balance never changes'); END
    """,
    """
    CREATE TRIGGER entry_balances_kept BEFORE DELETE ON entry_balances
    BEGIN SELECT RAISE(ABORT, 'running balances are append-only'); END
    """,
    """
    CREATE TRIGGER entry_balances_by_entry BEFORE INSERT ON entry_balances
    WHEN (SELECT posted FROM entries WHERE id = NEW.entry_id) IS NOT 0
    BEGIN SELECT RAISE(ABORT, 'a running balance is written with its entry only'); END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_{verb.split()[0].lower()}_by_entry BEFORE {verb} ON {table}
        WHEN NOT EXISTS (SELECT 1 FROM entries WHERE posted = 0)
        BEGIN SELECT RAISE(ABORT, 'sums by day change with an entry only'); END
        """  # noqa: S608 - constants
        for table in ("account_days", "flow_days")
        for verb in ("INSERT", "UPDATE")
    ),
    *(
        f"""
        CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, '{words} are kept'); END
        """
        for table, words in (
            ("account_days", "sums by day"),
            ("flow_days", "sums by day"),
            ("ledger_books", "books"),
            ("ledger_approvals", "approvals"),
            ("ledger_reconciliations", "reconciliations"),
            ("ledger_differences", "differences"),
        )
    ),
    """
    CREATE TRIGGER ledger_books_fixed BEFORE UPDATE ON ledger_books
    BEGIN SELECT RAISE(ABORT, 'books are kept'); END
    """,
    """
    CREATE TRIGGER ledger_approvals_wait BEFORE INSERT ON ledger_approvals WHEN NEW.state <> 'waiting'
    BEGIN SELECT RAISE(ABORT, 'an approval is asked for before it is given'); END
    """,
    """
    CREATE TRIGGER ledger_approvals_terminal BEFORE UPDATE ON ledger_approvals
    WHEN OLD.state NOT IN ('waiting', 'approved') OR (OLD.state = 'approved' AND
        (OLD.ledger_id <> '' OR NEW.state <> OLD.state OR NEW.decided_us <> OLD.decided_us))
    BEGIN SELECT RAISE(ABORT, 'a decision never changes'); END
    """,
    """
    CREATE TRIGGER ledger_approvals_fixed
    BEFORE UPDATE OF id, requested_by, why, digest, bolt11, payment_hash, payee, amount_msat, fee_cap_msat,
        account, purpose, memo, task_id, agent_id, simulated, requested_us, expires_us ON ledger_approvals
    BEGIN SELECT RAISE(ABORT, 'what is to be approved never changes'); END
    """,
    """
    CREATE TRIGGER ledger_reconciliations_fixed BEFORE UPDATE ON ledger_reconciliations
    BEGIN SELECT RAISE(ABORT, 'reconciliations are kept'); END
    """,
    """
    CREATE TRIGGER ledger_differences_terminal BEFORE UPDATE ON ledger_differences WHEN OLD.state <> 'open'
    BEGIN SELECT RAISE(ABORT, 'an explained difference never changes'); END
    """,
    # The heart: an entry counts when it sums to zero and takes from no task what it did not put in escrow.
    f"""
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
        INSERT INTO entry_balances(entry_id, treasury_msat)
        SELECT NEW.id, coalesce((SELECT balance_msat FROM accounts WHERE name = 'treasury'), 0);
        INSERT INTO account_days(day, account, in_msat, out_msat)
        SELECT NEW.time_us / {_DAY_US}, account, max(amount_msat, 0), max(-amount_msat, 0)
        FROM postings WHERE entry_id = NEW.id
        ON CONFLICT (day, account) DO UPDATE SET
            in_msat = in_msat + excluded.in_msat, out_msat = out_msat + excluded.out_msat;
        INSERT INTO flow_days(day, agent_id, purpose, simulated, received_msat, earned_msat, sent_msat,
            spent_msat, fee_msat, entries)
        SELECT NEW.time_us / {_DAY_US}, ledger.agent_id, ledger.purpose, ledger.simulated,
            sum(CASE WHEN postings.account = 'outside' THEN max(-postings.amount_msat, 0) ELSE 0 END),
            sum(CASE WHEN postings.account LIKE 'agent:%' AND ledger.account = 'treasury'
                THEN max(postings.amount_msat, 0) ELSE 0 END),
            sum(CASE WHEN postings.account = 'outside' AND ledger.account = 'treasury'
                THEN max(postings.amount_msat, 0) ELSE 0 END),
            sum(CASE WHEN postings.account = 'outside' AND ledger.account <> 'treasury'
                THEN max(postings.amount_msat, 0) ELSE 0 END),
            sum(CASE WHEN postings.account = 'fees' THEN postings.amount_msat ELSE 0 END),
            1
        FROM ledger JOIN postings ON postings.entry_id = NEW.id WHERE ledger.id = NEW.ledger_id
        GROUP BY ledger.id
        ON CONFLICT (day, agent_id, purpose, simulated) DO UPDATE SET
            received_msat = received_msat + excluded.received_msat,
            earned_msat = earned_msat + excluded.earned_msat,
            sent_msat = sent_msat + excluded.sent_msat,
            spent_msat = spent_msat + excluded.spent_msat,
            fee_msat = fee_msat + excluded.fee_msat,
            entries = entries + 1;
    END
    """,  # noqa: S608 - constants
)

STATEMENTS: tuple[str, ...] = DROPPED + RENAMED + TABLES + COPIED + SUMMED + INDEXES + TRIGGERS
