"""`kill -9` in the middle of payments: what was acknowledged is there, and no sat is lost or made."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.conditions import ROOT
from tests.e2e.ledger_loop import PRICE, TREASURY, world_in
from tests.fakes.ledger_world import LedgerWorld

KILLS = 15
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


async def events_agree(world: LedgerWorld) -> None:
    """The log and the tables were written together: as many events as transactions of each kind."""
    for event, condition in (
        ("payment.reserved", "type = 'reserve'"),
        ("payment.refunded", "type = 'refund'"),
        ("payment.sent", "type = 'payment'"),
        ("payment.settled", "type = 'payment' AND state = 'settled'"),
    ):
        counts = await world.rows(
            f"SELECT (SELECT count(*) FROM event_log WHERE type = '{event}'),"
            f" (SELECT count(*) FROM ledger WHERE {condition})"
        )
        assert counts[0][0] == counts[0][1], event


async def test_killed_in_mid_payment_the_money_adds_up(tmp_path: Path) -> None:
    chance = random.Random(20260731)
    acknowledged: list[tuple[str, str]] = []
    for number in range(KILLS):
        acknowledged += killed(tmp_path, number, chance.randint(1, MOST_LINES))
        async with world_in(tmp_path) as world:
            await world.audited()
            await events_agree(world)
            held = await states(world)
            sums = await world.ledger.balances()
        expected = {"reserved": "reserve", "refunded": "refund", "settled": "payment settled"}
        missing = [(word, task) for word, task in acknowledged if expected[word] not in held.get(task, set())]
        assert missing == []
        settled = sum("payment settled" in entries for entries in held.values())
        assert not any("payment pending" in entries for entries in held.values())
        assert sums.incoming_msat == TREASURY
        assert sums.outgoing_msat == settled * PRICE
        open_tasks = sum(entries == {"reserve"} for entries in held.values())
        assert sums.escrow_msat == open_tasks * PRICE
    assert {word for word, _ in acknowledged} == {"reserved", "refunded", "settled"}
