"""`kill -9` amid stores, changes, deletions and drains: nothing acknowledged is lost, the index is the table's.

MEMORY_KILLS in the environment sets how many times; 20 by default.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.command import environment
from tests.e2e.memory_loop import world_in
from timmy_desktop.memory import PERSON
from timmy_desktop.memory.types import EVERYTHING

KILLS = int(os.environ.get("MEMORY_KILLS", "20"))
MOST_LINES = 120


def killed(folder: Path, number: int, chance: random.Random) -> list[list[str]]:
    """What a process said before it was killed: at its n-th line.

    Every deed and every step of the drain says a line before and one after, and they go on side by side.
    """
    command = [
        sys.executable,
        "-m",
        "tests.e2e.memory_loop",
        str(folder),
        str(number),
        str(chance.random())[2:],
    ]
    lines = chance.randint(1, MOST_LINES)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = []
        for _ in range(lines):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said.append(line)
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    return [line.split(maxsplit=2) for line in said if line.endswith("\n")]


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_killed_at_random_nothing_is_lost_missing_or_orphaned(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    held: dict[str, set[str]] = {}  # what an entry may say now
    gone: set[str] = set()
    in_doubt: set[str] = set()
    for number in range(KILLS):
        for word, identifier, *rest in killed(tmp_path, number, chance):
            content = rest[0].strip() if rest else ""
            if word == "stored" or word == "changed":
                held[identifier] = {content}
            elif word == "changing":
                held[identifier].add(content)
            elif word == "forgetting":
                in_doubt.add(identifier)
            elif word == "forgotten":
                gone.add(identifier)
        if number % 10 == 9 or number == KILLS - 1:
            async with world_in(tmp_path) as world:
                await world.memory.settled()
                entries = await world.memory.entries(asker=PERSON, filters=EVERYTHING, limit=-1)
                found = {entry.id: entry.content for entry in entries}
                lost = set(held) - set(found) - in_doubt
                assert not lost, (seed, lost)
                assert not gone & set(found), seed
                wrong = {
                    name: found[name] for name in held if name in found and found[name] not in held[name]
                }
                assert not wrong, (seed, wrong)
                assert world.memory.status().pending == 0, seed
                assert sorted(await world.memory.in_index()) == sorted(entry.number for entry in entries), (
                    seed
                )
                checks = await world.rows("PRAGMA integrity_check")
                assert checks == [("ok",)], seed
                await world.db.write(
                    lambda session: session.sql(
                        "INSERT INTO memory_words(memory_words, rank) VALUES ('integrity-check', 1)"
                    )
                )
