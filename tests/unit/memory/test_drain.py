"""The upkeep: whatever happens, vectors, shelves and index come to what the table says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.memory_world import FakeEmbedder, FakeIndex, MemoryWorld
from timmy_desktop.events.memory import MemoryIndexed
from timmy_desktop.memory import PERSON
from timmy_desktop.memory.errors import IndexFault
from timmy_desktop.memory.types import Change, MemoryStatus, NewEntry, Progress


async def numbers(world: MemoryWorld) -> list[int]:
    return [row[0] for row in await world.rows("SELECT number FROM memory_entries ORDER BY number")]


async def test_the_index_follows_every_change(tmp_path: Path) -> None:
    index = FakeIndex()
    async with MemoryWorld(tmp_path, index=index) as world:
        made = [await world.memory.remember(NewEntry(content=f"Fact {number}")) for number in range(40)]
        await world.memory.settled()
        assert sorted(index.held) == await numbers(world)
        before = index.held[made[0].number].copy()
        await world.memory.change([made[0].id], Change(content="Something else"))
        await world.memory.forget([made[1].id], asker=PERSON)
        await world.memory.settled()
        assert sorted(index.held) == await numbers(world)
        assert (index.held[made[0].number] != before).any()


async def test_what_is_stored_one_after_another_is_embedded_in_one_go(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    async with MemoryWorld(tmp_path, embedder=embedder) as world:
        await world.memory.settled()
        for number in range(8):
            await world.memory.remember(NewEntry(content=f"Fact {number}"))
        await world.memory.settled()
        assert len(embedder.asked) == 8
        assert embedder.rounds == 2, "four at a time, so that a search comes in between"


async def test_nothing_is_embedded_to_search_where_nothing_has_a_vector(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    async with MemoryWorld(tmp_path, embedder=embedder) as world:
        await world.memory.settled()
        assert (await world.memory.context("a boat", asker=PERSON, budget_tokens=400)).text == ""
        made = await world.memory.remember(NewEntry(content="the boat lies in Ghent"))
        given = await world.memory.context("a boat", asker=PERSON, budget_tokens=400)
        assert [entry.id for entry in given.injected] == [made.id], "found by its words meanwhile"
        assert embedder.asked == []


async def test_what_the_last_run_left_is_taken_up(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path, embedder=FakeEmbedder(missing=True)) as world:
        for number in range(5):
            await world.memory.remember(NewEntry(content=f"Fact {number}"))
        await world.memory.settled()
    index = FakeIndex()
    async with MemoryWorld(tmp_path, index=index) as world:
        await world.memory.settled()
        assert len(index.held) == 5
        assert world.memory.status().pending == 0


async def test_another_model_embeds_anew_and_never_compares_with_the_old(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content="the boat lies in Ghent"))
        await world.memory.settled()
    told: list[Progress] = []
    other = FakeEmbedder("fake@2", salt="other")
    async with MemoryWorld(tmp_path, embedder=other, start_after=60) as world:
        world.memory.on_status(lambda status: told.append(status.progress) if status.progress else None)
        assert not (await world.memory.entry(entry.id, asker=PERSON)).is_embedded
        await world.memory.warm_up()
        assert other.asked == ["the boat lies in Ghent"]
        assert (await world.memory.entry(entry.id, asker=PERSON)).is_embedded
        models = await world.rows("SELECT DISTINCT vector_model FROM memory_entries")
        assert models == [("fake@2",)]
        assert (await world.memory.search("which ship", asker=PERSON)).hits[0].entry.id == entry.id


async def test_many_are_indexed_with_progress(tmp_path: Path) -> None:
    told: list[MemoryStatus] = []
    async with MemoryWorld(tmp_path, embedder=FakeEmbedder(missing=True)) as world:
        for number in range(150):
            await world.memory.remember(NewEntry(content=f"Fact {number}"))
    async with MemoryWorld(tmp_path, start_after=60) as world:
        world.memory.on_status(told.append)
        await world.memory.warm_up()
    done = [status.progress.done for status in told if status.progress]
    assert done == sorted(done)
    assert len(done) > 2
    assert told[-1].progress is None
    assert told[-1].index == "ready"


async def test_a_damaged_index_is_set_aside_and_made_anew(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("set aside")
    index = FakeIndex()
    async with MemoryWorld(tmp_path, index=index) as world:
        await world.memory.remember(NewEntry(content="One"))
        await world.memory.settled()
        index.faults = 1
        await world.memory.remember(NewEntry(content="Two"))
        await world.memory.settled()
        assert index.set_asides == 1
        assert len(index.held) == 2
        assert world.memory.status().index == "ready"


async def test_an_index_that_stays_broken_is_said_and_search_goes_on(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("set aside")
    index = FakeIndex()
    async with MemoryWorld(tmp_path, index=index, exact_most=0) as world:
        index.faults = 1000
        await world.memory.remember(NewEntry(content="the boat lies in Ghent"))
        await world.memory.settled()
        assert world.memory.status().index == "broken"
        assert (await world.memory.search("which ship", asker=PERSON)).hits
        index.faults = 0
        assert await world.memory.rebuild() == 1
        assert world.memory.status().index == "ready"


async def test_rebuilding_tells_and_is_an_event(tmp_path: Path) -> None:
    told: list[Progress] = []
    async with MemoryWorld(tmp_path, chroma=True) as world:
        for number in range(3):
            await world.memory.remember(NewEntry(content=f"Fact {number}"))
        await world.memory.settled()
        assert await world.memory.rebuild(told.append) == 3
        assert sorted(await world.memory.in_index()) == await numbers(world)
        (event,) = [event for event in world.events if isinstance(event, MemoryIndexed)]
        assert event.count == 3
        assert told[-1].done == told[-1].total == 3


class AskingEmbedder(FakeEmbedder):
    """Does something else the moment it is asked for a certain text."""

    at: str = ""
    then: Callable[[], object]

    async def embed(self, texts: Sequence[str]) -> Any:
        if self.at in texts:
            self.then()
            await asyncio.sleep(0)
        return await super().embed(texts)


async def test_a_rebuild_amid_other_upkeep_counts_every_entry(tmp_path: Path) -> None:
    """It comes in between two steps of the drain, of which the second fills the new index already."""
    told: list[Progress] = []
    rebuilds: list[asyncio.Future[int]] = []
    embedder = AskingEmbedder()
    async with MemoryWorld(tmp_path, embedder=embedder) as world:
        for number in range(300):
            await world.memory.remember(NewEntry(content=f"Fact {number}"))
        await world.memory.settled()
        embedder.at = "one more"
        embedder.then = lambda: rebuilds.append(asyncio.ensure_future(world.memory.rebuild(told.append)))
        await world.memory.remember(NewEntry(content="one more"))
        await world.memory.settled()
        assert await rebuilds[0] == 301
    indexing = [one for one in told if one.words == "Indexing"]
    assert {one.total for one in indexing} == {301}
    assert [one.done for one in indexing] == sorted(one.done for one in indexing)


async def test_nothing_is_loaded_at_the_start(tmp_path: Path) -> None:
    embedder, index = FakeEmbedder(), FakeIndex()
    async with MemoryWorld(tmp_path, embedder=embedder, index=index, start_after=60) as world:
        assert world.memory.status().embedder == "waiting"
        assert not embedder.is_loaded
        with pytest.raises(IndexFault):
            await index.numbers()
