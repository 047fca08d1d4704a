"""The truth: what is stored, changed, decided and kept as history, each with its event."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.fakes.memory_world import MemoryWorld
from timmy_desktop.events.codec import encode_data
from timmy_desktop.events.memory import MemoryStored, MemoryUpdated
from timmy_desktop.memory import PERSON
from timmy_desktop.memory.errors import EntryRejectedError, UnknownEntryError
from timmy_desktop.memory.types import EVERYTHING, Change, Filters, NewEntry

BOAT = "My boat is called Marigold"


async def test_what_is_remembered_is_there_after_a_start(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        new = NewEntry(content=BOAT, pinned=True, metadata={"a": 1}, source="chat", local_only=True)
        made = await world.memory.remember(new)
    async with MemoryWorld(tmp_path) as world:
        found = await world.memory.entry(made.cite, asker=PERSON)
        assert (found.content, found.pinned, found.metadata, found.local_only) == (BOAT, True, {"a": 1}, True)
        assert found.id == made.id


async def test_no_event_holds_a_word_of_it(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        made = await world.memory.remember(NewEntry(content="a secret word: xylograph", source="xylograph"))
        await world.memory.change([made.id], Change(content="another xylograph", metadata={"x": "xylograph"}))
        await world.memory.forget([made.id], asker=PERSON)
        assert {type(event) for event in world.events} >= {MemoryStored, MemoryUpdated}
        assert not any(b"xylograph" in encode_data(event) for event in world.events)


async def test_the_same_fact_is_stored_once(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        first = await world.memory.remember(NewEntry(content=BOAT))
        again = await world.memory.remember(NewEntry(content=f"  {BOAT.upper()} "))
        assert again.id == first.id
        other = await world.memory.remember(NewEntry(content=BOAT, owner="echo"))
        assert other.id != first.id


async def test_a_fact_supersedes_its_own_subject_and_keeps_it_as_history(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        old = await memory.remember(NewEntry(content=BOAT))
        foreign = await memory.remember(NewEntry(content="My boat is called Albatross", owner="echo"))
        new = await memory.remember(NewEntry(content="My boat is now called Petrel"))
        assert (await memory.entry(old.id, asker=PERSON)).superseded_by == new.id
        assert (await memory.entry(foreign.id, asker=PERSON)).superseded_by == ""
        assert [version.content for version in await memory.history(new.id, asker=PERSON)] == [BOAT]
        assert old.id not in {entry.id for entry in await memory.entries(asker=PERSON)}
        await memory.restore(old.id)
        assert old.id in {entry.id for entry in await memory.entries(asker=PERSON)}


async def test_a_proposal_waits_and_a_nod_supersedes(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        old = await memory.remember(NewEntry(content=BOAT))
        new = await memory.remember(NewEntry(content="My boat is called Petrel", state="proposed"))
        assert (await memory.entry(old.id, asker=PERSON)).superseded_by == ""
        assert [entry.id for entry in await memory.entries(asker=PERSON)] == [old.id]
        await memory.accept([new.id])
        assert (await memory.entry(old.id, asker=PERSON)).superseded_by == new.id


async def test_a_rejected_proposal_is_not_made_again(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        made = await world.memory.remember(NewEntry(content=BOAT, state="proposed"))
        await world.memory.reject([made.id])
        again = await world.memory.remember(NewEntry(content=BOAT, state="proposed"))
        assert (again.id, again.state) == (made.id, "rejected")


async def test_editing_keeps_what_was_said_and_many_are_changed_at_once(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        made = [await memory.remember(NewEntry(content=f"Fact {number}")) for number in range(3)]
        ids = [entry.id for entry in made]
        assert await memory.change(ids, Change(visibility="private", pinned=True)) == 3
        await memory.change(ids[:1], Change(content="Fact 0, corrected"))
        found = await memory.entry(ids[0], asker=PERSON)
        assert (found.content, found.visibility, found.pinned, found.rev) == (
            "Fact 0, corrected",
            "private",
            True,
            2,
        )
        (version,) = await memory.history(ids[0], asker=PERSON)
        assert (version.content, version.what) == ("Fact 0", "edited")
        with pytest.raises(EntryRejectedError, match="one entry at a time"):
            await memory.change(ids, Change(content="all"))


async def test_merging_shows_nobody_more_than_before(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        one = await memory.remember(NewEntry(content="Tea, please"))
        other = await memory.remember(NewEntry(content="No coffee", visibility="private", local_only=True))
        merged = await memory.merge([one.id, other.id], "Tea and no coffee")
        assert (merged.visibility, merged.local_only) == ("private", True)
        assert [entry.id for entry in await memory.entries(asker=PERSON)] == [merged.id]
        assert {version.content for version in await memory.history(merged.id, asker=PERSON)} == {
            "Tea, please",
            "No coffee",
        }


async def test_two_entries_never_supersede_each_other(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        one = await world.memory.remember(NewEntry(content="One"))
        two = await world.memory.remember(NewEntry(content="Two"))
        await world.memory.supersede(one.id, two.id)
        with pytest.raises(EntryRejectedError, match="itself replaced"):
            await world.memory.supersede(two.id, one.id)


@pytest.mark.parametrize(
    ("content", "words"), [("", "empty"), ("  \n ", "empty"), ("\0", "empty"), ("x" * 20_001, "20,000")]
)
async def test_what_can_not_be_kept_is_refused_in_words(tmp_path: Path, content: str, words: str) -> None:
    async with MemoryWorld(tmp_path) as world:
        with pytest.raises(EntryRejectedError, match=words):
            await world.memory.remember(NewEntry(content=content))


async def test_private_keys_are_left_out(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"
    async with MemoryWorld(tmp_path) as world:
        made = await world.memory.remember(NewEntry(content=f"My key:\n{key}"))
        assert "MIIEvQIBADANBg" not in made.content


async def test_an_unknown_entry_is_said(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        for call in (
            world.memory.entry("m:00000000", asker=PERSON),
            world.memory.pin(["nothing"]),
            world.memory.forget(["nothing"], asker=PERSON),
        ):
            with pytest.raises(UnknownEntryError):
                await call


async def test_pages_of_entries_meet_without_gap(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        for number in range(7):
            await world.memory.remember(NewEntry(content=f"Note {number}", type="conversation"))
        seen, before = [], 0
        while page := await world.memory.entries(asker=PERSON, filters=EVERYTHING, limit=3, before=before):
            seen += [entry.content for entry in page]
            before = page[-1].number
        assert seen == [f"Note {number}" for number in range(6, -1, -1)]
        assert not await world.memory.entries(asker=PERSON, filters=Filters(types=("document",)))


async def test_contradictions_are_offered_with_their_reason(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        made = await world.memory.remember(NewEntry(content=BOAT))
        near = await world.memory.remember(
            NewEntry(content="The train for Ghent leaves at 7:40 every Monday")
        )
        await world.memory.settled()
        (found,) = await world.memory.contradictions("My boat is called Petrel", asker=PERSON)
        assert found.entry.id == made.id
        assert "marigold" in found.reason
        alike = await world.memory.contradictions(
            "The train for Ghent leaves at 8:10 every Monday", asker=PERSON
        )
        assert near.id in {one.entry.id for one in alike}
        assert orjson.dumps([one.reason for one in alike])
