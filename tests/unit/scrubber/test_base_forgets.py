"""A task's words that are forgotten are gone from what is kept of the pruned past: by the bytes of every file."""

from __future__ import annotations

import zlib
from pathlib import Path

from tests.fakes.swarm_world import SwarmWorld
from timmy_desktop.events.memory import FORGOTTEN
from timmy_desktop.memory import PERSON
from timmy_desktop.memory.types import NewEntry
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.scrubber.world import World
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_prune import EventPruning

SECRET = "The safe of the cottage opens with the word zanzibarquokka and nothing else at all"


# Not the word alone: the index of events has single words, which come from the log and no text can be read from.
TELLING = b"with the word zanzibarquokka"


def holding(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and TELLING in path.read_bytes()}


async def test_the_bytes_are_gone_from_the_base(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        assert world.memory is not None
        task = await world.coordinator.post(SECRET)
        await world.coordinator.wait(task)
        await world.router.flush()
        made = await world.memory.remember(NewEntry(content=SECRET, task_id=task, owner="echo"))
        await world.memory.settled()
        scrubber = Scrubber(database=world.db, key=lambda: world.log.key)
        index = EventIndex(log=world.log, database=world.db, clock=world.clock, supervisor=world.supervisor)
        pruning = EventPruning(
            bus=world.bus, log=world.log, database=world.db, index=index, clock=world.clock,
            supervisor=world.supervisor, archives=tmp_path / "archives", base=scrubber.base,
        )  # fmt: skip
        await pruning.prune(world.clock.now_us(), archive=False)
        [[state]] = await world.db.read(lambda session: session.sql("SELECT state FROM event_bases"))
        assert b"zanzibarquokka" not in zlib.decompress(state)
        assert [one.text for one in (await _now(scrubber)).tasks] == [SECRET]
        assert "swarm.db" in holding(tmp_path) or "swarm.db-wal" in holding(tmp_path)

        report = await world.memory.forget([made.id], asker=PERSON, sources=True)

        assert report.is_gone, report
        assert holding(tmp_path) == set()
        [[state]] = await world.db.read(lambda session: session.sql("SELECT state FROM event_bases"))
        assert b"zanzibarquokka" not in zlib.decompress(state)
        for fresh in (scrubber, Scrubber(database=world.db, key=lambda: world.log.key)):
            assert [one.text for one in (await _now(fresh)).tasks] == [FORGOTTEN]
            assert (await fresh.reach()).refused == ""
    assert holding(tmp_path) == set()


async def _now(scrubber: Scrubber) -> World:
    return await scrubber.at((await scrubber.reach()).last_seq)
