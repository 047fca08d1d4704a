"""A hundred kills in mid-write: nothing that verifies finds fault, and the index has what the log has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conditions import ROOT
from tests.unit.storage.event_logs import KEY, a_room, verifier
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

KILLS = 100


def kill_again_and_again(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.e2e.event_killed", str(folder), str(KILLS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == [str(number) for number in range(KILLS)]


async def test_a_log_that_was_killed_a_hundred_times_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    kill_again_and_again(folder)
    async with a_room(folder) as room:
        path = folder / "swarm.db"
        report = await room.database.read(
            lambda session: verify_log(session, path, KEY, folder / ANCHOR_FILE)
        )
        assert report.intact, report.problem
        assert report.rows > 50
        assert verifier().verify(folder, KEY).findings == []
        await room.pruning._finish(lambda *_: None)
        await room.index.catch_up()

        def counted(session: Any) -> set[int]:
            tables = ("SELECT count(*) FROM event_log", "SELECT count(*) FROM event_facets",
                      "SELECT sum(count) FROM event_minutes", "SELECT sum(count) FROM event_hours",
                      "SELECT sum(count) FROM event_blocks")  # fmt: skip
            return {session.sql(table)[0][0] for table in tables}

        assert len(await room.database.read(counted)) == 1
        assert verifier().verify(folder, KEY).findings == []
    for archive in sorted((folder / "archives").glob("events-*")):
        assert verifier().verify(archive, KEY).findings == []
