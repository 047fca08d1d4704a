"""`kill -9` in the middle of payments: what was acknowledged is there, and no sat is lost or made."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.ledger_loop import PRICE, TREASURY, world_in
from tests.fakes.ledger_world import LedgerWorld

FEW_KILLS, MANY_KILLS = 15, 100
MOST_LINES = 60


def killed(folder: Path, number: int, lines: int) -> list[tuple[str, str]]:
    """What a process acknowledged before it was killed, after so many lines of it."""
    command = [sys.executable, "-m", "tests.e2e.ledger_loop", str(folder), str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    whole = [line.split() for line in said if line.endswith("\n")]
    assert len(whole) >= lines, "the process ended by itself"
    return [(word, task) for word, task in whole]


async def states(world: LedgerWorld) -> dict[str, set[str]]:
    """For each task, what the ledger holds of it: "reserve", "refund", "payment settled"…"""
    found: dict[str, set[str]] = {}
    rows = await world.rows("SELECT task_id, type, state FROM ledger WHERE task_id <> ''")
    for task, kind, state in rows:
        found.setdefault(task, set()).add(f"payment {state}" if kind == "payment" else kind)
    return found


async def others(world: LedgerWorld) -> tuple[set[str], set[str]]:
    """The payments to the shop and the invoices of ours that settled; none of them is in doubt."""
    rows = await world.rows("SELECT id, type, state FROM ledger WHERE purpose IN ('expense', 'sale')")
    assert not [row for row in rows if row[1] == "payment" and row[2] != "settled"]
    bought = {row for row, kind, _ in rows if kind == "payment"}
    return bought, {row for row, kind, state in rows if kind == "invoice" and state == "settled"}


async def events_agree(world: LedgerWorld) -> None:
    """The log and the tables were written together: as many events as transactions of each kind."""
    for event, condition in (
        ("payment.reserved", "type = 'reserve'"),
        ("payment.refunded", "type = 'refund'"),
        ("payment.sent", "type = 'payment'"),
        ("payment.settled", "type = 'payment' AND state = 'settled'"),
        ("invoice.settled", "type = 'invoice' AND state = 'settled'"),
    ):
        counts = await world.rows(
            f"SELECT (SELECT count(*) FROM event_log WHERE type = '{event}'),"
            f" (SELECT count(*) FROM ledger WHERE {condition})"
        )
        assert counts[0][0] == counts[0][1], event


@pytest.mark.parametrize(
    "kills", [FEW_KILLS, pytest.param(MANY_KILLS, marks=[pytest.mark.parts, pytest.mark.timeout(900)])]
)
async def test_killed_in_mid_payment_the_money_adds_up(tmp_path: Path, kills: int) -> None:
    chance = random.Random(20260731 + kills)
    acknowledged: list[tuple[str, str]] = []
    for number in range(kills):
        acknowledged += killed(tmp_path, number, chance.randint(1, MOST_LINES))
        async with world_in(tmp_path) as world:
            await world.audited()
            await events_agree(world)
            held = await states(world)
            sums = await world.ledger.balances()
            bought, sold = await others(world)
        expected = {"reserved": "reserve", "refunded": "refund", "settled": "payment settled"}
        missing = [
            (word, task)
            for word, task in acknowledged
            if word in expected and expected[word] not in held.get(task, set())
        ]
        assert missing == []
        assert {row for word, row in acknowledged if word == "bought"} <= bought
        assert {row for word, row in acknowledged if word == "sold"} <= sold
        settled = sum("payment settled" in entries for entries in held.values())
        assert not any("payment pending" in entries for entries in held.values())
        assert sums.incoming_msat == TREASURY + len(sold) * PRICE
        assert sums.outgoing_msat == (settled + len(bought)) * PRICE
        open_tasks = sum(entries == {"reserve"} for entries in held.values())
        assert sums.escrow_msat == open_tasks * PRICE
    assert {word for word, _ in acknowledged} == {
        "reserved", "refunded", "settled", "bought", "offered", "sold"
    }  # fmt: skip
