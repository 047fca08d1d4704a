"""What the tables hold, and the same of a folded world, as plain values that can be compared."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from timmy_desktop.scrubber.world import World

Plain = Mapping[str, Any]

_TASK = (
    "id", "text", "status", "local_only", "max_price_msat", "attempt", "agent_id", "price_msat", "paid_msat",
    "fee_msat", "result", "reason", "provider", "model", "tokens_in", "tokens_out", "duration_ms",
    "conversation_id",
)  # fmt: skip
# What a line says of itself is its memo, why it failed or was given back, or that it was late.
_NOTE = """
CASE WHEN type IN ('release', 'adjustment') THEN memo WHEN refers_to <> '' THEN CASE type WHEN 'payment' THEN 'late' ELSE flags END
WHEN flags <> '' THEN flags WHEN type IN ('payment', 'refund') THEN reason ELSE memo END
"""
_LEDGER = (
    "type, state, amount_msat, fee_msat, received_msat, payment_hash, task_id, agent_id, account, simulated,"
    + _NOTE
)
_MEMORY = "id, type, owner, visibility, state, pinned, superseded_by"
_UPGRADE = """
id, state, title, proposer, revision, automatic, task_id, applied_commit, rolled_back_commit, decided_by, reason,
(SELECT risk FROM upgrade_revisions WHERE upgrade_id = id AND number = revision),
(SELECT json_array_length(files) FROM upgrade_revisions WHERE upgrade_id = id AND number = revision)
"""
_CHOICES = "SELECT value FROM meta WHERE name = 'router.choices'"
_LAST_ATTEMPT = """
SELECT provider, outcome, detail, model, coalesce(ttft_ms, -1), total_ms, tokens_in, tokens_out
FROM provider_attempts WHERE id IN (SELECT max(id) FROM provider_attempts GROUP BY provider)
"""
_CIRCUITS = """
SELECT provider, state FROM provider_circuits
WHERE id IN (SELECT max(id) FROM provider_circuits GROUP BY provider)
"""
_OUTCOMES = """
SELECT provider, CASE outcome WHEN 'ok' THEN 'answers' WHEN 'cancelled' THEN 'cancelled' ELSE 'failures' END,
    count(*) FROM provider_attempts GROUP BY 1, 2
"""


class Seen(NamedTuple):
    """The tables in one read of the database, whose last event was `seq`."""

    seq: int
    time_us: int
    plain: Plain


def seen(connection: sqlite3.Connection) -> Seen:
    """Everything in one read transaction: what an event tells and what a table holds are of one moment."""
    connection.execute("BEGIN")
    try:
        last = connection.execute("SELECT seq, time_us FROM event_log ORDER BY seq DESC LIMIT 1").fetchone()
        return Seen(*(last or (0, 0)), _tables(connection))
    finally:
        connection.execute("ROLLBACK")


def _tables(connection: sqlite3.Connection) -> Plain:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    return {
        "tasks": {row[0]: row for row in rows(f"SELECT {', '.join(_TASK)} FROM tasks")},
        "bids": sorted(rows("SELECT task_id, round, agent_id, amount_msat, score_milli, won FROM bids")),
        "agents": {row[0]: row for row in rows("SELECT id, name, role, status, completed, failed FROM agents")},
        "accounts": {row[0]: row for row in rows("SELECT name, balance_msat, in_msat, out_msat FROM accounts")},
        "ledger": Counter(rows(f"SELECT {_LEDGER} FROM ledger")),
        "approvals": {
            row[0]: row for row in rows("SELECT id, state, amount_msat, agent_id, why FROM ledger_approvals")
        },
        "differences": dict(rows("SELECT id, kind FROM ledger_differences WHERE state = 'open'")),
        "memories": {row[0]: row for row in rows(f"SELECT {_MEMORY} FROM memory_entries")},
        "upgrades": {row[0]: row for row in rows(f"SELECT {_UPGRADE} FROM upgrades")},
        "attempts": {row[0]: row for row in rows(_LAST_ATTEMPT)},
        "outcomes": {(name, kind): number for name, kind, number in rows(_OUTCOMES)},
        "circuits": {name: state for name, state in rows(_CIRCUITS) if state != "CLOSED"},
        "failovers": dict(
            rows("SELECT from_provider, count(*) FROM provider_failovers GROUP BY from_provider")
        ),
        **_chosen(rows(_CHOICES)),
    }  # fmt: skip


def _chosen(rows: list[tuple[Any, ...]]) -> Plain:
    """The order of the providers, empty as long as it is that of the settings, and who is left out."""
    kept = json.loads(rows[0][0]) if rows else {"order": [], "configured": [], "switched_off": []}
    order = [] if kept["order"] == kept["configured"] else kept["order"]
    return {"order": order, "configured": kept["configured"], "switched_off": kept["switched_off"]}


def plain(world: World) -> Plain:
    """A folded world in the same shape."""
    asked = [one for one in world.providers if one.outcome]
    return {
        "tasks": {
            task.id: tuple(
                int(value) if isinstance(value := getattr(task, name), bool) else value for name in _TASK
            )
            for task in world.tasks
        },
        "bids": sorted(
            (task.id, bid.round, bid.agent_id, bid.amount_msat, bid.score_milli, int(bid.won))
            for task in world.tasks
            for bid in task.bids
        ),
        "agents": {one.id: tuple(one) for one in world.agents},
        "accounts": {one.name: tuple(one) for one in world.accounts},
        "ledger": Counter(
            (one.type, one.state, one.amount_msat, one.fee_msat, one.received_msat, one.payment_hash,
             one.task_id, one.agent_id, one.account, int(one.simulated), one.note)
            for one in world.transactions
        ),
        "approvals": {one.id: tuple(one) for one in world.approvals},
        "differences": {name: one.kind for name, one in world.differences.items().items()},
        "memories": {
            one.id: (*tuple(one)[:5], int(one.pinned), one.superseded_by) for one in world.memories
        },
        "upgrades": {
            one.id: (one.id, one.state, one.title, one.proposer, one.revision, int(one.automatic), one.task_id,
                     one.commit, one.undone_by, one.by, one.reason, one.risk, one.files)
            for one in world.upgrades
        },
        "attempts": {
            one.name: (one.name, one.outcome, one.detail, one.model, one.ttft_ms, one.total_ms, one.tokens_in,
                       one.tokens_out)
            for one in asked
        },
        "outcomes": {
            (one.name, kind): number
            for one in asked
            for kind in ("answers", "failures", "cancelled")
            if (number := getattr(one, kind))
        },
        "circuits": {one.name: one.circuit for one in world.providers if one.circuit != "CLOSED"},
        "failovers": {one.name: one.failed_over for one in world.providers if one.failed_over},
        "order": list(world.order),
        "switched_off": sorted(one.name for one in world.providers if one.disabled),
    }  # fmt: skip


def differences(folded: Plain, tables: Plain) -> list[str]:
    """Where they are not the same, in words for a failing test; empty where they are."""
    found = []
    configured = tables.get("configured")
    folded = {**folded, "configured": configured}
    if folded["order"] == configured:
        folded["order"] = []
    for name, there in tables.items():
        here = folded[name]
        if here == there:
            continue
        if isinstance(there, Counter):
            found.append(f"{name}: only folded {here - there}, only in the table {there - here}")
        elif isinstance(there, dict):
            keys = [key for key in {*here, *there} if here.get(key) != there.get(key)]
            found += [f"{name} {key}: folded {here.get(key)}, table {there.get(key)}" for key in keys[:5]]
        else:
            found.append(
                f"{name}: only folded {[r for r in here if r not in there][:5]}, only in the table {[r for r in there if r not in here][:5]}"
            )
    return found
