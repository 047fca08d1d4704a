"""What rows have kept of the past: also of events that are too old to name their row."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.scrubber.test_fold import ENVELOPE, world_of
from tests.unit.storage.logs import open_log
from timmy_desktop.events import upgrades
from timmy_desktop.events.base import Event
from timmy_desktop.events.codec import decode
from timmy_desktop.scrubber.kept import kept_of, line_key
from timmy_desktop.scrubber.world import World

_HASH = "ab" * 32


def old(kind: str, /, **data: Any) -> Event:
    return decode(kind, 1, ENVELOPE, json.dumps(data))


def sent() -> Event:
    return old("payment.sent", payment_hash=_HASH, amount_msat=40, simulated=True)


def failed() -> Event:
    return old("payment.failed", payment_hash=_HASH, amount_msat=40, simulated=True, reason="No route.")


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    about = {
        "payment_hash": _HASH, "amount_msat": 40, "simulated": 1, "created_us": 1, "updated_us": 1,
        "type": "payment", "bolt11": "lnbcrt1",
    }  # fmt: skip
    return [
        {**about, "id": "first", "state": "failed", "purpose": "expense", "reason": "No route."},
        {
            **about, "id": "late", "state": "settled", "refers_to": "first", "proof": "node", "flags": "late",
            "preimage": "cd" * 32, "purpose": "expense",
        },
    ]  # fmt: skip


async def kept_lines(folder: Path, rows: list[dict[str, Any]], *events: Event) -> tuple[World, Any]:
    async with open_log(folder) as opened:
        with closing(sqlite3.connect(folder / "swarm.db")) as connection, connection:
            for row in rows:
                places = ",".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO ledger({', '.join(row)}) VALUES ({places})",
                    tuple(row.values()),
                )
        world = world_of(*events)
        return world, await opened.database.read(lambda session: kept_of(session, world))


async def test_a_line_without_its_row_s_name_is_found_by_its_hash(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    late = old(
        "payment.settled_late",
        payment_hash=_HASH,
        amount_msat=40,
        simulated=True,
        fee_msat=0,
        preimage="cd" * 32,
    )
    world, kept = await kept_lines(tmp_path, rows, sent(), failed(), late)
    first, second = world.transactions
    assert kept.lines[line_key(first)]["reason"] == "No route."
    assert kept.lines[line_key(first)]["preimage"] == ""
    assert kept.lines[line_key(second)]["preimage"] == "cd" * 32
    assert kept.lines[line_key(second)]["refers_to"] == "first"


async def test_before_its_end_a_line_has_nothing_of_its_end(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    world, kept = await kept_lines(tmp_path, rows, sent())
    [line] = world.transactions
    row = kept.lines[line_key(line)]
    assert (row["purpose"], row["bolt11"]) == ("expense", "lnbcrt1")
    assert (row["reason"], row["preimage"], row["proof"]) == ("", "", "")


async def test_what_has_no_row_any_more_is_left_out(tmp_path: Path) -> None:
    proposed = upgrades.UpgradeProposed(
        upgrade_id="u", target_id="t", title="x", proposer="forge", digest="", base="", files=1, added=1, removed=1,
        risk="low",
    )  # fmt: skip
    _, kept = await kept_lines(tmp_path, [], sent(), proposed)
    assert (kept.lines, kept.upgrades, kept.comparison) == ({}, {}, {})


def test_older_comments_and_repositories_say_what_they_can() -> None:
    world = world_of(
        old("upgrade.target_opened", target_id="t", folder="/home/ann/garden", branch="main"),
        old("upgrade.target_changed", target_id="t", what="tests run in a sandbox only"),
        upgrades.UpgradeProposed(
            upgrade_id="u", target_id="t", title="x", proposer="forge", digest="", base="", files=1, added=1,
            removed=1, risk="low",
        ),
        old("upgrade.commented", upgrade_id="u", comment_id="c", path="a.py", line=3, by="ann"),
        old("upgrade.proved", upgrade_id="u", revision=1),
    )  # fmt: skip
    assert world.skipped == 0
    [target], [comment], [proposal] = world.targets, world.comments, world.upgrades
    assert (target.python, target.allowed, target.unsandboxed, target.closed) == ("", (), False, False)
    assert (comment.text, comment.side, comment.revision) == ("", "new", 1)
    assert proposal.proofs == ((1, ""),)
