"""The folded past equals the live tables at random moments of a long run that is killed again and again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.command import environment
from tests.fakes.past_tables import Plain, Seen, differences, kept_plain, plain, seen
from tests.unit.storage.event_logs import verifier
from timmy_desktop.events.memory import FORGOTTEN
from timmy_desktop.scrubber.kept import kept_of
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.storage.database import Database

KEY = b"a key for tests"
KILLS = 6
MOMENTS = 200
_DEEDS_IN_A_LIFE = (30, 70)


def lived(folder: Path, seed: int, deeds: int, *more: str) -> list[Seen]:
    """Lets a swarm live for so many deeds, looks at its tables after each, and kills it."""
    command = [sys.executable, "-m", "tests.e2e.past_loop", str(folder), str(seed), *more]
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


async def same(database: Database, scrubber: Scrubber, looks: Sequence[Seen], last: Seen) -> None:
    """Fails unless at each moment the past is what the tables held, folded or as they have kept it."""
    wrong = []
    for look in looks:
        world = await scrubber.at(look.seq)
        told = await database.read(lambda session, world=world: kept_of(session, world, 10**6, whole=True))  # type: ignore[misc]
        folded = plain(world)
        found = differences(folded, {**look.plain, "tasks": _as_told(folded, look, last)})
        found += differences(kept_plain(world, told), _still_kept(look.kept, last.kept))
        wrong += [(look.seq, words) for words in found]
    assert not wrong, (len(wrong), wrong[:3])


def _as_told(folded: Plain, look: Seen, last: Seen) -> Plain:
    """A base has no words that were forgotten since; the log, which can't forget, still may."""
    rows = dict(look.plain["tasks"])
    for name, row in rows.items():
        told = folded["tasks"].get(name, row)
        gone = {
            field: FORGOTTEN
            for field in ("text", "result")
            if row[field] and told[field] == FORGOTTEN == last.plain["tasks"][name][field]
        }
        rows[name] = {**row, **gone}
    return rows


def _still_kept(then: Plain, now: Plain) -> Plain:
    """What was forgotten since is in no past, and a proof packet that was made anew has replaced the older."""
    left = {name: row for name, row in then["memory_entries"].items() if name in now["memory_entries"]}
    proofs = {
        name: row
        for name, row in then["upgrade_proofs"].items()
        if now["upgrade_proofs"][name]["proof"] == row["proof"]
    }
    return {**then, "memory_entries": left, "upgrade_proofs": proofs}


def _never_seen(looks: Sequence[Seen]) -> list[str]:
    """Tables that were empty at each look: what is rare needs another life."""
    one = looks[0]
    return [name for name in one.kept if not any(look.kept[name] for look in looks)] + [
        name for name in one.plain if not any(look.plain[name] for look in looks)
    ]


@pytest.mark.timeout(300)
async def test_the_fold_equals_the_tables(tmp_path: Path) -> None:
    chance = random.Random(20261129)
    looks: list[Seen] = []
    for life in range(KILLS * 3):
        looks += lived(tmp_path, life, chance.randint(*_DEEDS_IN_A_LIFE))
        if life + 1 >= KILLS and not _never_seen(looks):
            break
    assert len(looks) >= MOMENTS
    states = {row["status"] for row in looks[-1].plain["tasks"].values()}
    assert {"completed", "failed", "cancelled"} <= states, "a run in which little happened proves little"
    assert _never_seen(looks) == []

    database = Database(tmp_path / "swarm.db")
    scrubber = Scrubber(database=database, key=lambda: KEY, every=300)
    try:
        await same(database, scrubber, chance.sample(looks, len(looks)), looks[-1])
        assert (await scrubber.at_time(looks[-1].time_us)).seq == looks[-1].seq
        fresh = Scrubber(database=database, key=lambda: KEY, every=10**9)
        for look in chance.sample(looks, 10):
            assert plain(await fresh.at(look.seq)) == plain(await scrubber.at(look.seq)), (
                "snapshots change it"
            )
    finally:
        await database.close()


@pytest.mark.timeout(300)
async def test_the_fold_equals_the_tables_where_the_log_was_pruned(tmp_path: Path) -> None:
    """Prunes by age and by kind all the while, and the process dies in the middle of some."""
    chance = random.Random(20261130)
    compared = 0
    for life in range(KILLS):
        looks = lived(tmp_path, 100 + life, chance.randint(*_DEEDS_IN_A_LIFE), "pruned")
        database = Database(tmp_path / "swarm.db")
        scrubber = Scrubber(database=database, key=lambda: KEY, every=300)
        try:
            reach = await scrubber.reach()
            assert (reach.pruned, reach.refused) == (0, "")
            assert reach.base_seq or not life
            left = [look for look in looks if look.seq >= reach.first_seq]
            assert looks[-1] in left, "the end of each life is never gone"
            await same(database, scrubber, left, looks[-1])
            compared += len(left)
            alone = verifier().verify_database(tmp_path / "swarm.db", KEY)
            assert alone.findings == []
        finally:
            await database.close()
    assert compared >= KILLS * 5
