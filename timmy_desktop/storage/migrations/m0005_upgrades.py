"""Schema 5: proposals to change code. Triggers hold the states, and bind an approval to the bytes shown.

Times are integer microseconds UTC. Digests are SHA-256 in hexadecimal, over a patch as it is stored.
"""

from __future__ import annotations

TARGETS = (
    """
    CREATE TABLE upgrade_targets(
        id TEXT PRIMARY KEY,
        folder TEXT NOT NULL UNIQUE,
        branch TEXT NOT NULL CHECK (branch <> ''),
        python TEXT NOT NULL DEFAULT '',
        allowed TEXT NOT NULL DEFAULT '[]',
        unsandboxed INTEGER NOT NULL DEFAULT 0 CHECK (unsandboxed IN (0, 1)),
        opened_us INTEGER NOT NULL,
        closed_us INTEGER NOT NULL DEFAULT 0
    )
    """,
)

UPGRADES = (
    """
    CREATE TABLE upgrades(
        id TEXT PRIMARY KEY,
        target_id TEXT NOT NULL REFERENCES upgrade_targets(id),
        title TEXT NOT NULL,
        description TEXT NOT NULL,
        reasoning TEXT NOT NULL,
        proposer TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('task', 'chat', 'command', 'part', 'branch')),
        state TEXT NOT NULL CHECK (state IN
            ('proposed', 'approved', 'applied', 'rejected', 'expired', 'failed', 'rolled_back')),
        revision INTEGER NOT NULL,
        branch TEXT NOT NULL DEFAULT '',
        task_id TEXT NOT NULL DEFAULT '',
        conversation_id TEXT NOT NULL DEFAULT '',
        parent_id TEXT NOT NULL DEFAULT '',
        created_us INTEGER NOT NULL CHECK (typeof(created_us) = 'integer'),
        updated_us INTEGER NOT NULL CHECK (typeof(updated_us) = 'integer'),
        expires_us INTEGER NOT NULL CHECK (typeof(expires_us) = 'integer'),
        decided_by TEXT NOT NULL DEFAULT '',
        decided_us INTEGER NOT NULL DEFAULT 0,
        automatic INTEGER NOT NULL DEFAULT 0 CHECK (automatic IN (0, 1)),
        shown_digest TEXT NOT NULL DEFAULT '',
        approved_base TEXT NOT NULL DEFAULT '',
        approved_tree TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        can_look_again INTEGER NOT NULL DEFAULT 0 CHECK (can_look_again IN (0, 1)),
        -- How far applying or rolling back has come, written before each step that can't be repeated blindly.
        step TEXT NOT NULL DEFAULT '' CHECK (step IN ('', 'apply', 'move', 'checkout', 'undo', 'undo_move',
            'undo_checkout')),
        old_head TEXT NOT NULL DEFAULT '',
        new_head TEXT NOT NULL DEFAULT '',
        checkout TEXT NOT NULL DEFAULT '',
        checkout_note TEXT NOT NULL DEFAULT '',
        applied_commit TEXT NOT NULL DEFAULT '',
        applied_us INTEGER NOT NULL DEFAULT 0,
        rolled_back_commit TEXT NOT NULL DEFAULT '',
        canary_until_us INTEGER NOT NULL DEFAULT 0,
        suspicion TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX upgrades_state ON upgrades(state, created_us)",
    "CREATE INDEX upgrades_task ON upgrades(task_id) WHERE task_id <> ''",
    "CREATE INDEX upgrades_step ON upgrades(id) WHERE step <> ''",
    """
    CREATE TABLE upgrade_revisions(
        upgrade_id TEXT NOT NULL REFERENCES upgrades(id),
        number INTEGER NOT NULL CHECK (number > 0),
        created_us INTEGER NOT NULL,
        base_commit TEXT NOT NULL CHECK (base_commit <> ''),
        target_head TEXT NOT NULL CHECK (target_head <> ''),
        head_commit TEXT NOT NULL CHECK (head_commit <> ''),
        tree TEXT NOT NULL,
        patch BLOB NOT NULL,
        digest TEXT NOT NULL CHECK (length(digest) = 64),
        files TEXT NOT NULL,
        risk TEXT NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
        risk_reasons TEXT NOT NULL,
        conflicts TEXT NOT NULL,
        note TEXT NOT NULL,
        PRIMARY KEY (upgrade_id, number)
    ) WITHOUT ROWID
    """,
)

AROUND = (
    """
    CREATE TABLE upgrade_tests(
        id INTEGER PRIMARY KEY,
        upgrade_id TEXT NOT NULL REFERENCES upgrades(id),
        revision INTEGER NOT NULL,
        kind TEXT NOT NULL,
        tree TEXT NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'failed', 'none', 'broken', 'not_run')),
        report TEXT NOT NULL,
        time_us INTEGER NOT NULL
    )
    """,
    "CREATE INDEX upgrade_tests_of ON upgrade_tests(upgrade_id, revision, kind)",
    """
    CREATE TABLE upgrade_proofs(
        upgrade_id TEXT NOT NULL REFERENCES upgrades(id),
        revision INTEGER NOT NULL,
        proof TEXT NOT NULL,
        time_us INTEGER NOT NULL,
        PRIMARY KEY (upgrade_id, revision)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE upgrade_comments(
        id TEXT PRIMARY KEY,
        upgrade_id TEXT NOT NULL REFERENCES upgrades(id),
        revision INTEGER NOT NULL,
        path TEXT NOT NULL,
        line INTEGER NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('old', 'new')),
        text TEXT NOT NULL,
        author TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        answered_in INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX upgrade_comments_of ON upgrade_comments(upgrade_id, created_us)",
    """
    CREATE TABLE upgrade_decisions(
        id INTEGER PRIMARY KEY,
        upgrade_id TEXT NOT NULL REFERENCES upgrades(id),
        kind TEXT NOT NULL CHECK (kind IN
            ('approved', 'rejected', 'accepted_part', 'expired', 'rolled_back')),
        by TEXT NOT NULL CHECK (by <> ''),
        time_us INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        digest TEXT NOT NULL,
        base TEXT NOT NULL,
        hunks TEXT NOT NULL DEFAULT '[]',
        reason TEXT NOT NULL DEFAULT '',
        automatic INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX upgrade_decisions_of ON upgrade_decisions(upgrade_id, id)",
    # `digest` is that of the file's part of the patch: a file that changed since is not seen any more.
    """
    CREATE TABLE upgrade_seen(
        upgrade_id TEXT NOT NULL REFERENCES upgrades(id),
        path TEXT NOT NULL,
        digest TEXT NOT NULL,
        time_us INTEGER NOT NULL,
        PRIMARY KEY (upgrade_id, path)
    ) WITHOUT ROWID
    """,
)

GUARDS = (
    """
    CREATE TRIGGER upgrades_begin BEFORE INSERT ON upgrades
    WHEN NEW.state <> 'proposed' OR NEW.revision <> 0 OR NEW.shown_digest <> '' OR NEW.applied_commit <> ''
    BEGIN SELECT RAISE(ABORT, 'a proposal begins as proposed, undecided'); END
    """,
    """
    CREATE TRIGGER upgrades_identity BEFORE UPDATE ON upgrades
    WHEN NEW.id <> OLD.id OR NEW.target_id <> OLD.target_id OR NEW.proposer <> OLD.proposer
        OR NEW.origin <> OLD.origin OR NEW.created_us <> OLD.created_us OR NEW.parent_id <> OLD.parent_id
    BEGIN SELECT RAISE(ABORT, 'what a proposal is never changes'); END
    """,
    """
    CREATE TRIGGER upgrades_states BEFORE UPDATE OF state ON upgrades
    WHEN NEW.state <> OLD.state AND NOT (
        (OLD.state = 'proposed' AND NEW.state IN ('approved', 'rejected', 'expired'))
        OR (OLD.state = 'approved' AND NEW.state IN ('applied', 'failed'))
        OR (OLD.state = 'applied' AND NEW.state = 'rolled_back')
    )
    BEGIN SELECT RAISE(ABORT, 'a proposal can not go from that state to this one'); END
    """,
    # The heart: an approval names who, when, and exactly the newest revision that can be merged.
    """
    CREATE TRIGGER upgrades_approval BEFORE UPDATE OF state ON upgrades
    WHEN OLD.state = 'proposed' AND NEW.state = 'approved'
    BEGIN
        SELECT RAISE(ABORT, 'an approval names who and when')
        WHERE NEW.decided_by = '' OR NEW.decided_us = 0;
        SELECT RAISE(ABORT, 'an approval is bound to the diff that was shown')
        WHERE NOT EXISTS (
            SELECT 1 FROM upgrade_revisions
            WHERE upgrade_id = NEW.id AND number = NEW.revision AND digest = NEW.shown_digest
                AND target_head = NEW.approved_base AND tree = NEW.approved_tree AND tree <> ''
                AND conflicts = '[]'
        );
    END
    """,
    """
    CREATE TRIGGER upgrades_decided BEFORE UPDATE ON upgrades
    WHEN OLD.state <> 'proposed' AND (NEW.revision <> OLD.revision OR NEW.shown_digest <> OLD.shown_digest
        OR NEW.approved_base <> OLD.approved_base OR NEW.approved_tree <> OLD.approved_tree
        OR NEW.decided_by <> OLD.decided_by OR NEW.decided_us <> OLD.decided_us
        OR NEW.automatic <> OLD.automatic)
    BEGIN SELECT RAISE(ABORT, 'a decision is not changed'); END
    """,
    """
    CREATE TRIGGER upgrades_undecided BEFORE UPDATE ON upgrades
    WHEN NEW.state = 'proposed' AND (NEW.shown_digest <> '' OR NEW.decided_by <> '' OR NEW.step <> '')
    BEGIN SELECT RAISE(ABORT, 'what is proposed is undecided'); END
    """,
    """
    CREATE TRIGGER upgrades_applied BEFORE UPDATE OF state ON upgrades
    WHEN NEW.state = 'applied' AND OLD.state = 'approved'
        AND (NEW.applied_commit = '' OR NEW.applied_commit <> OLD.new_head)
    BEGIN SELECT RAISE(ABORT, 'what was applied is the commit that was written down before'); END
    """,
    """
    CREATE TRIGGER upgrades_rolled_back BEFORE UPDATE OF state ON upgrades
    WHEN NEW.state = 'rolled_back' AND OLD.state = 'applied'
        AND (NEW.rolled_back_commit = '' OR NEW.rolled_back_commit <> OLD.new_head)
    BEGIN SELECT RAISE(ABORT, 'what was rolled back is the commit that was written down before'); END
    """,
    """
    CREATE TRIGGER upgrades_ended BEFORE UPDATE ON upgrades
    WHEN OLD.state IN ('rejected', 'expired', 'failed', 'rolled_back') AND NEW.state <> OLD.state
    BEGIN SELECT RAISE(ABORT, 'that proposal has ended'); END
    """,
    """
    CREATE TRIGGER upgrades_kept BEFORE DELETE ON upgrades
    BEGIN SELECT RAISE(ABORT, 'proposals are kept'); END
    """,
    """
    CREATE TRIGGER upgrade_revisions_of_proposed BEFORE INSERT ON upgrade_revisions
    WHEN (SELECT state FROM upgrades WHERE id = NEW.upgrade_id) IS NOT 'proposed'
        OR NEW.number <> (SELECT revision FROM upgrades WHERE id = NEW.upgrade_id) + 1
    BEGIN SELECT RAISE(ABORT, 'only what is proposed is revised, one revision after the other'); END
    """,
    """
    CREATE TRIGGER upgrade_revisions_fixed BEFORE UPDATE ON upgrade_revisions
    BEGIN SELECT RAISE(ABORT, 'a revision never changes'); END
    """,
    """
    CREATE TRIGGER upgrade_revisions_kept BEFORE DELETE ON upgrade_revisions
    BEGIN SELECT RAISE(ABORT, 'revisions are kept'); END
    """,
    """
    CREATE TRIGGER upgrade_tests_fixed BEFORE UPDATE ON upgrade_tests
    BEGIN SELECT RAISE(ABORT, 'a test report never changes'); END
    """,
    """
    CREATE TRIGGER upgrade_tests_kept BEFORE DELETE ON upgrade_tests
    BEGIN SELECT RAISE(ABORT, 'test reports are kept'); END
    """,
    """
    CREATE TRIGGER upgrade_decisions_fixed BEFORE UPDATE ON upgrade_decisions
    BEGIN SELECT RAISE(ABORT, 'a decision is not changed'); END
    """,
    """
    CREATE TRIGGER upgrade_decisions_kept BEFORE DELETE ON upgrade_decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are kept'); END
    """,
)

STATEMENTS = TARGETS + UPGRADES + AROUND + GUARDS
