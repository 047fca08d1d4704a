"""Agents of different owners never see each other's private entries, through any door."""

from __future__ import annotations

import ast
import inspect
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conditions import ROOT
from tests.fakes.memory_world import FakeEmbedder, MemoryWorld
from timmy_desktop.memory import PERSON, Asker, Memory
from timmy_desktop.memory.errors import NotAllowedError, UnknownEntryError
from timmy_desktop.memory.types import EVERYTHING, Change, Entry, Filters, NewEntry
from timmy_desktop.memory.visibility import sees, visible

WORD = "heliotrope"
NAMES = ("memory", "_memory")
OWNERS = ("person", "timmy", "echo", "forge")


async def fill(memory: Memory) -> dict[str, Entry]:
    made = {}
    for owner in OWNERS:
        for visibility in ("shared", "private"):
            for local_only in (False, True):
                where = "here" if local_only else "anywhere"
                entry = await memory.remember(
                    NewEntry(
                        content=f"{WORD} of {owner}, {visibility}, {where}",
                        type="conversation",
                        owner=owner,
                        visibility=visibility,  # type: ignore[arg-type]
                        local_only=local_only,
                        pinned=True,
                    )
                )
                made[entry.id] = entry
    await memory.settled()
    return made


async def by_search(memory: Memory, asker: Asker, _: Path) -> set[str]:
    result = await memory.search(f"what about {WORD} in general", asker=asker, limit=100)
    return {found for hit in result.hits for found in (hit.entry.id, *hit.folded)}


async def by_word(memory: Memory, asker: Asker, _: Path) -> set[str]:
    result = await memory.search(WORD, asker=asker, limit=100)
    return {found for hit in result.hits for found in (hit.entry.id, *hit.folded)}


async def by_list(memory: Memory, asker: Asker, _: Path) -> set[str]:
    return {entry.id for entry in await memory.entries(asker=asker, filters=EVERYTHING)}


async def by_context(memory: Memory, asker: Asker, _: Path) -> set[str]:
    context = await memory.context(WORD, asker=asker, budget_tokens=5000)
    shown = {entry.id for entry in context.injected} | {hit.entry.id for hit in context.retrieved}
    assert all(entry.cite in context.text for entry in context.injected)
    return shown


async def by_export(memory: Memory, asker: Asker, folder: Path) -> set[str]:
    await memory.export_lines(folder / "export.jsonl", asker=asker, filters=EVERYTHING)
    return {orjson.loads(line)["id"] for line in (folder / "export.jsonl").read_bytes().splitlines()}


async def by_map(memory: Memory, asker: Asker, _: Path) -> set[str]:
    return {point.entry_id for point in (await memory.projection(asker=asker)).points}


DOORS: tuple[Callable[[Memory, Asker, Path], Awaitable[set[str]]], ...] = (
    by_search, by_word, by_list, by_context, by_export, by_map,
)  # fmt: skip
ASKERS = (Asker("echo"), Asker("echo", stays_here=True), Asker("forge"), Asker("nobody"), PERSON)


@pytest.mark.parametrize("exact_most", [20_000, 0], ids=["exact", "by index"])
async def test_no_door_shows_what_is_not_the_askers(tmp_path: Path, exact_most: int) -> None:
    async with MemoryWorld(tmp_path, exact_most=exact_most) as world:
        every = await fill(world.memory)
        for asker in ASKERS:
            allowed = {
                entry.id
                for entry in every.values()
                if (asker.is_person or entry.visibility == "shared" or entry.owner == asker.owner)
                and (asker.stays_here or not entry.local_only)
            }
            for door in DOORS:
                shown = await door(world.memory, asker, tmp_path)
                assert shown <= allowed, (asker, door.__name__)
                assert shown, (asker, door.__name__)
            numbers = await world.memory.statistics(asker=asker)
            assert numbers.entries == len(allowed)


async def test_one_entry_is_read_used_and_forgotten_by_those_who_may(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory, forge = world.memory, Asker("forge", stays_here=True)
        every = await fill(memory)
        for entry in every.values():
            is_seen = entry.visibility == "shared" or entry.owner == "forge"
            for read in (memory.entry, memory.history, memory.uses):
                if is_seen:
                    await read(entry.id, asker=forge)
                else:
                    with pytest.raises(UnknownEntryError):
                        await read(entry.cite, asker=forge)
            if entry.owner != "forge":
                with pytest.raises(NotAllowedError if is_seen else UnknownEntryError):
                    await memory.forget([entry.id], asker=forge)
        own = [entry.id for entry in every.values() if entry.owner == "forge"]
        report = await memory.forget(own, asker=forge)
        assert report.entries == len(own)
        left = await memory.entries(asker=PERSON, filters=EVERYTHING)
        assert {entry.id for entry in left} == set(every) - set(own)


async def test_what_is_made_private_is_not_shown_while_the_shelves_lag(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=WORD, type="conversation", owner="echo"))
        await world.memory.settled()
        async with world.memory._drain._step:  # the upkeep stands still
            await world.memory.change([entry.id], Change(visibility="private"))
            result = await world.memory.search(f"{WORD} again", asker=Asker("forge"))
            assert result.hits == ()


async def test_words_alone_show_no_more_than_meaning_does(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path, embedder=FakeEmbedder(missing=True)) as world:
        every = await fill(world.memory)
        shown = await by_search(world.memory, Asker("echo"), tmp_path)
        assert {(every[name].owner, every[name].visibility) for name in shown} == {
            *((owner, "shared") for owner in OWNERS), ("echo", "private"),
        }  # fmt: skip
        assert not any(every[name].local_only for name in shown)


async def test_what_replaced_a_private_entry_shows_it_to_its_owner_alone(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        secret = await memory.remember(
            NewEntry(content="The word is wombat", owner="forge", visibility="private")
        )
        shared = await memory.remember(NewEntry(content="The word was changed", owner="echo"))
        await memory.supersede(secret.id, shared.id)
        assert await memory.history(shared.id, asker=Asker("echo")) == ()
        for asker in (Asker("forge"), PERSON):
            assert [one.content for one in await memory.history(shared.id, asker=asker)] == [
                "The word is wombat"
            ]
        merged = await memory.merge([shared.id, secret.id], "The word")
        assert merged.visibility == "private"
        with pytest.raises(UnknownEntryError):
            await memory.history(merged.id, asker=Asker("mace"))


async def test_no_agent_learns_of_anothers_private_facts_and_documents(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        await memory.remember(
            NewEntry(content="My boat is called Marigold", owner="forge", visibility="private")
        )
        paper = tmp_path / "paper.md"
        paper.write_text("The plan of the shed", encoding="utf-8")
        await memory.import_documents([paper], owner="forge", visibility="private")
        await memory.settled()
        for asker, number in ((Asker("echo"), 0), (Asker("forge"), 1), (PERSON, 1)):
            assert len(await memory.contradictions("My boat is called Petrel", asker=asker)) == number
            assert len(await memory.documents(asker=asker)) == number
        # An agent that says the same, or the contrary, learns nothing by that and changes nothing.
        for content in ("My boat is called Marigold", "My boat is called Petrel"):
            said = await memory.remember(NewEntry(content=content, owner="echo"))
            assert said.owner == "echo"
        (kept,) = await memory.entries(
            asker=Asker("forge"), filters=Filters(types=("fact",), owners=("forge",))
        )
        assert not kept.superseded_by


# What asks who asks, and is tried above; and all that agents' rooms may call of the memory besides.
TRIED = {
    "search", "entries", "entry", "history", "uses", "contradictions", "forget", "context", "documents",
    "export_lines", "statistics", "projection",
}  # fmt: skip
BY_AGENTS = {"search", "entry", "context", "forget", "remember", "keep_message", "sourced", "record_uses"}


def test_there_is_no_other_door() -> None:
    asked = {
        name
        for name, method in inspect.getmembers(Memory, inspect.isfunction)
        if not name.startswith("_") and "asker" in inspect.signature(method).parameters
    }
    assert asked == TRIED
    called = set()
    for room in ("agent", "swarm"):
        for file in (ROOT / "timmy_desktop" / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] in NAMES:
                    called.add(node.attr)
    assert called - {"errors", "types", "context"} <= BY_AGENTS
    assert {"search", "remember", "context"} <= called, "the memory is called by another name there now"


@settings(max_examples=50)
@given(
    owner=st.sampled_from((*OWNERS, "x' OR 1=1 --")),
    stays_here=st.booleans(),
    rows=st.lists(
        st.tuples(st.sampled_from(OWNERS), st.sampled_from(("shared", "private")), st.booleans()), max_size=8
    ),
)
def test_the_condition_in_sql_is_the_one_in_python(
    owner: str, stays_here: bool, rows: list[tuple[str, str, bool]]
) -> None:
    asker = Asker(owner, stays_here)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE memory_entries(owner, visibility, local_only)")
        connection.executemany("INSERT INTO memory_entries VALUES (?, ?, ?)", rows)
        condition, parameters = visible(asker)
        found = connection.execute(f"SELECT * FROM memory_entries WHERE {condition}", parameters).fetchall()
    assert [(*row[:2], bool(row[2])) for row in found] == [row for row in rows if sees(asker, *row)]
