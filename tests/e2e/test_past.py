"""The folded past equals the live tables at random moments of a long run that is killed again and again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.command import environment
from tests.fakes.past_tables import Seen, differences, plain, seen
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.storage.database import Database

KILLS = 6
MOMENTS = 200
_DEEDS_IN_A_LIFE = (30, 70)


def lived(folder: Path, seed: int, deeds: int) -> list[Seen]:
    """Lets a swarm live for so many deeds, looks at its tables after each, and kills it."""
    command = [sys.executable, "-m", "tests.e2e.past_loop", str(folder), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "started"
        with closing(sqlite3.connect(folder / "swarm.db", isolation_level=None)) as connection:
            looks = []
            for _ in range(deeds):
                assert process.stdout.readline(), "the process ended by itself"
                looks.append(seen(connection))
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.read()
    with closing(sqlite3.connect(folder / "swarm.db", isolation_level=None)) as connection:
        looks.append(seen(connection))
    return looks


@pytest.mark.timeout(300)
async def test_the_fold_equals_the_tables(tmp_path: Path) -> None:
    chance = random.Random(20261129)
    looks = [
        look for life in range(KILLS) for look in lived(tmp_path, life, chance.randint(*_DEEDS_IN_A_LIFE))
    ]
    assert len(looks) >= MOMENTS
    states = {row[2] for row in looks[-1].plain["tasks"].values()}
    assert {"completed", "failed", "cancelled"} <= states, "a run in which little happened proves little"

    database = Database(tmp_path / "swarm.db")
    scrubber = Scrubber(database=database, every=300)
    try:
        moments = chance.sample(looks, len(looks))
        wrong = []
        for look in moments:
            found = differences(plain(await scrubber.at(look.seq)), look.plain)
            wrong += [(look.seq, words) for words in found]
        assert not wrong, (len(wrong), wrong[:3])
        assert (await scrubber.at_time(looks[-1].time_us)).seq == looks[-1].seq
        fresh = Scrubber(database=database, every=10**9)
        for look in chance.sample(looks, 10):
            assert plain(await fresh.at(look.seq)) == plain(await scrubber.at(look.seq)), (
                "snapshots change it"
            )
    finally:
        await database.close()
