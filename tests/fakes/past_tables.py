"""What the tables hold, and the same of a folded world, as plain values that can be compared."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.fakes.past_columns import FOLDED, KEPT
from timmy_desktop.scrubber.kept import Kept, line_key
from timmy_desktop.scrubber.world import World

Row = Mapping[str, Any]
Plain = Mapping[str, Any]
Values = tuple[Any, ...]

# What a line says of itself is its memo, why it failed or was given back, or that it was late.
_NOTE = """
CASE WHEN type IN ('release', 'adjustment') THEN memo WHEN refers_to <> '' THEN CASE type WHEN 'payment' THEN 'late' ELSE flags END
WHEN flags <> '' THEN flags WHEN type IN ('payment', 'refund') THEN reason ELSE memo END
"""
_BALANCES = """
SELECT ledger_id, treasury_msat FROM entry_balances JOIN entries ON entries.id = entry_id
WHERE entry_id IN (SELECT max(id) FROM entries GROUP BY ledger_id)
"""
_SIZES = """
SELECT up.id, risk, json_array_length(files), (SELECT count(*) FROM upgrade_tests AS one WHERE one.upgrade_id = up.id),
    (SELECT count(*) FROM upgrade_proofs AS one WHERE one.upgrade_id = up.id),
    (SELECT count(*) FROM upgrade_decisions AS one WHERE one.upgrade_id = up.id)
FROM upgrades AS up JOIN upgrade_revisions AS last ON last.upgrade_id = up.id AND last.number = up.revision
"""
_CHOICES = "SELECT value FROM meta WHERE name = 'router.choices'"
_LAST_ATTEMPT = """
SELECT provider, outcome, detail, model, coalesce(ttft_ms, -1) AS ttft_ms, total_ms, tokens_in, tokens_out
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
# Of comparisons the last is shown, of differences those that are open.
_OF = {
    "ledger_differences": "WHERE state = 'open'",
    "ledger_reconciliations": "ORDER BY rowid DESC LIMIT 1",
    "upgrade_tests": "ORDER BY id",
    "upgrade_decisions": "ORDER BY id",
}
_KEYS = {
    "accounts": ("name",), "bids": ("task_id", "round", "agent_id"), "upgrade_seen": ("upgrade_id", "path"),
    "upgrade_revisions": ("upgrade_id", "number"), "upgrade_proofs": ("upgrade_id", "revision"),
}  # fmt: skip
_BY_OTHER_WORDS = ("entry_balances", "provider_attempts", "provider_circuits", "provider_failovers")


class Seen(NamedTuple):
    """The tables in one read of the database, whose last event was `seq`."""

    seq: int
    time_us: int
    plain: Plain
    kept: Plain


def seen(connection: sqlite3.Connection) -> Seen:
    """Everything in one read transaction: what an event tells and what a table holds are of one moment."""
    connection.execute("BEGIN")
    try:
        last = connection.execute("SELECT seq, time_us FROM event_log ORDER BY seq DESC LIMIT 1").fetchone()
        return Seen(*(last or (0, 0)), _tables(connection), _kept_rows(connection))
    finally:
        connection.execute("ROLLBACK")


def _tables(connection: sqlite3.Connection) -> Plain:
    def rows(sql: str) -> list[Values]:
        return connection.execute(sql).fetchall()

    found = {
        table: _keyed(table, columns, rows(f"SELECT {', '.join(columns)} FROM {table} {_OF.get(table, '')}"))
        for table, columns in FOLDED.items()
        if table not in _BY_OTHER_WORDS
    }
    for one in found["upgrade_targets"].values():
        one["allowed"] = json.loads(one["allowed"])
    return {
        **found,
        "notes": dict(rows(f"SELECT id, {_NOTE} FROM ledger")),
        "entry_balances": dict(rows(_BALANCES)),
        "comparisons": rows("SELECT count(*) FROM ledger_reconciliations")[0][0],
        "edits": dict(rows("SELECT entry_id, count(*) FROM memory_history GROUP BY 1")),
        "closed_targets": sorted(one[0] for one in rows("SELECT id FROM upgrade_targets WHERE closed_us <> 0")),
        "upgrade_sizes": {one[0]: one for one in rows(_SIZES)},
        "provider_attempts": _keyed("provider_attempts", FOLDED["provider_attempts"], rows(_LAST_ATTEMPT)),
        "outcomes": {(name, kind): number for name, kind, number in rows(_OUTCOMES)},
        "provider_circuits": {name: state for name, state in rows(_CIRCUITS) if state != "CLOSED"},
        "provider_failovers": dict(
            rows("SELECT from_provider, count(*) FROM provider_failovers GROUP BY from_provider")
        ),
        **_chosen(rows(_CHOICES)),
    }  # fmt: skip


def _kept_rows(connection: sqlite3.Connection) -> Plain:
    found: dict[str, Any] = {}
    for table, columns in KEPT.items():
        wanted = columns if "upgrade_id" in columns else ("id", *columns)
        statement = f"SELECT {', '.join(wanted)} FROM {table} {_OF.get(table, '')}"
        rows = connection.execute(statement).fetchall()
        if table in ("upgrade_tests", "upgrade_decisions"):
            found[table] = _listed(wanted, rows)
        else:
            found[table] = _keyed(table, wanted, rows)
    return found


def _listed(columns: Any, rows: list[Values]) -> dict[Any, Any]:
    """Rows of one proposal, each by its place among them."""
    count: dict[str, int] = {}
    listed = {}
    for row in rows:
        count[row[0]] = count.get(row[0], 0) + 1
        listed[row[0], count[row[0]]] = dict(zip(columns, row, strict=True))
    return listed


def _keyed(table: str, columns: Any, rows: list[Values]) -> dict[Any, dict[str, Any]]:
    names = _KEYS.get(table, (columns[0],))
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in found}


def _chosen(rows: list[Values]) -> Plain:
    """The order of the providers, empty as long as it is that of the settings, and who is left out."""
    kept = json.loads(rows[0][0]) if rows else {"order": [], "configured": [], "switched_off": []}
    order = [] if kept["order"] == kept["configured"] else kept["order"]
    return {"order": order, "configured": kept["configured"], "switched_off": kept["switched_off"]}


def plain(world: World) -> Plain:
    """A folded world in the same shape."""
    asked = [one for one in world.providers if one.outcome]
    last = world.comparisons.get("last")
    return {
        "tasks": _things("tasks", world.tasks),
        "bids": {
            (task.id, bid.round, bid.agent_id): {"task_id": task.id, **_of(bid, FOLDED["bids"][1:])}
            for task in world.tasks
            for bid in task.bids
        },
        "agents": _things("agents", world.agents),
        "accounts": _things("accounts", world.accounts),
        "ledger": _things("ledger", world.transactions, id="ledger_id"),
        "notes": {one.ledger_id: one.note for one in world.transactions},
        "entry_balances": {
            one.ledger_id: one.treasury_msat
            for one in world.transactions
            # A price of zero moves nothing, and so does a closing of nothing.
            if one.amount_msat or one.type != "reserve"
        },
        "ledger_approvals": _things("ledger_approvals", world.approvals),
        "ledger_differences": {
            name: {"id": name, "kind": one.kind, "state": "open"}
            for name, one in world.differences.items().items()
        },
        "ledger_reconciliations": _things("ledger_reconciliations", world.comparisons),
        "comparisons": last.number if last is not None else 0,
        "memory_entries": _things("memory_entries", world.memories),
        "edits": {one.id: one.edits for one in world.memories if one.edits},
        "upgrades": _things(
            "upgrades", world.upgrades, applied_commit="commit", rolled_back_commit="undone_by", decided_by="by"
        ),
        "upgrade_sizes": {
            one.id: (one.id, one.risk, one.files, len(one.runs), len(one.proofs), one.decisions)
            for one in world.upgrades
        },
        "upgrade_targets": {
            name: {**row, "allowed": list(row["allowed"])}
            for name, row in _things("upgrade_targets", world.targets).items()
        },
        "closed_targets": sorted(one.id for one in world.targets if one.closed),
        "upgrade_comments": _things("upgrade_comments", world.comments),
        "upgrade_seen": {
            (one.id, path): {"upgrade_id": one.id, "path": path, "digest": digest}
            for one in world.upgrades
            for path, digest in one.seen
        },
        "provider_attempts": _things("provider_attempts", asked, provider="name"),
        "outcomes": {
            (one.name, kind): number
            for one in asked
            for kind in ("answers", "failures", "cancelled")
            if (number := getattr(one, kind))
        },
        "provider_circuits": {one.name: one.circuit for one in world.providers if one.circuit != "CLOSED"},
        "provider_failovers": {one.name: one.failed_over for one in world.providers if one.failed_over},
        "order": list(world.order),
        "switched_off": sorted(one.name for one in world.providers if one.disabled),
    }  # fmt: skip


def _things(table: str, things: Any, **renamed: str) -> dict[Any, dict[str, Any]]:
    rows = [_of(one, FOLDED[table], renamed) for one in things]
    return {row[_KEYS.get(table, (FOLDED[table][0],))[0]]: row for row in rows}


def _of(thing: Any, columns: Any, renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
    values = {name: getattr(thing, (renamed or {}).get(name, name)) for name in columns}
    return {name: int(value) if isinstance(value, bool) else value for name, value in values.items()}


def kept_plain(world: World, kept: Kept) -> Plain:
    """What a page of the past reads from the tables, in the shape of `Seen.kept`."""
    found: dict[str, Any] = {
        "ledger": {
            one.ledger_id: {"id": one.ledger_id, **kept.lines[line_key(one)]} for one in world.transactions
        },
        "ledger_approvals": {name: {"id": name, **row} for name, row in kept.approvals.items()},
        "ledger_differences": {name: {"id": name, **row} for name, row in kept.differences.items()},
        "ledger_reconciliations": {
            one.id: {"id": one.id, **{name: kept.comparison[name] for name in KEPT["ledger_reconciliations"]}}
            for one in world.comparisons
        },
        "memory_entries": {name: {"id": name, **row} for name, row in kept.memories.items()},
        "upgrades": {
            name: {"id": name, **{column: row[column] for column in KEPT["upgrades"]}}
            for name, row in kept.upgrades.items()
        },
    }
    for part, table, key in (
        ("revisions", "upgrade_revisions", "number"),
        ("proofs", "upgrade_proofs", "revision"),
        ("tests", "upgrade_tests", ""),
        ("decisions", "upgrade_decisions", ""),
    ):
        found[table] = {
            (name, row[key] if key else place): {"upgrade_id": name, **row}
            for name, upgrade in kept.upgrades.items()
            for place, row in enumerate(upgrade[part], 1)
        }
    return found


def differences(folded: Plain, tables: Plain) -> list[str]:
    """Where they are not the same, in words for a failing test; empty where they are."""
    found = []
    configured = tables.get("configured")
    folded = {**folded, "configured": configured}
    if folded.get("order") == configured:
        folded["order"] = []
    for name, there in tables.items():
        here = folded[name]
        if here == there:
            continue
        if isinstance(there, dict):
            keys = [key for key in {*here, *there} if here.get(key) != there.get(key)]
            found += [f"{name} {key}: {_words(here.get(key), there.get(key))}" for key in keys[:5]]
        else:
            found.append(f"{name}: folded {here}, in the table {there}")
    return found


def _words(here: Any, there: Any) -> str:
    if isinstance(here, dict) and isinstance(there, dict):
        return ", ".join(
            f"{name}: told {here.get(name)!r}, in the table {there[name]!r}"
            for name in there
            if here.get(name) != there[name]
        )
    return f"told {here!r}, in the table {there!r}"
