"""Finding: identifiers as they stand, then meaning, with reasons, folded; words alone without a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.memory_world import FakeEmbedder, MemoryWorld
from timmy_desktop.memory import PERSON, Memory, words
from timmy_desktop.memory.types import Filters, NewEntry, SearchResult


def contents(result: SearchResult) -> list[str]:
    return [hit.entry.content for hit in result.hits]


async def fill(memory: Memory, *texts: str, kind: str = "conversation") -> list[str]:
    made = [await memory.remember(NewEntry(content=text, type=kind)) for text in texts]  # type: ignore[arg-type]
    await memory.settled()
    return [entry.id for entry in made]


async def test_meaning_finds_what_no_word_does(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await fill(world.memory, "the boat lies in Ghent", "bread is baked at six")
        result = await world.memory.search("which ship", asker=PERSON)
        assert contents(result)[0] == "the boat lies in Ghent"
        assert result.mode == "meaning and words"
        assert result.hits[0].words == ()
        assert result.hits[0].reason.startswith("meaning 0.")


async def test_an_identifier_stands_above_all_meaning(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await fill(world.memory, "invoice paid late", "about INV-4712.b", "it was INV-4711.b. End")
        result = await world.memory.search("the invoice INV-4711.b paid late", asker=PERSON)
        assert contents(result)[:2] == ["it was INV-4711.b. End", "invoice paid late"]
        assert "INV-4711.b" in result.hits[0].words


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("ends in a_snake_case.", "a_snake_case"), ("(see v1.2.3)", "v1.2.3"), ("call 0032-9-225", "0032-9-225"),
        ("in src/app/main.py today", "src/app/main.py"), ("he said \"hello there\"", '"hello there"'),
        ("the Zebra crossing", "zebra"), ("it is 42", "42"), ("naïve café", "café"), ("a-b.c_d...", "a-b.c_d"),
    ],
)  # fmt: skip
async def test_exact_words_whatever_they_are(tmp_path: Path, text: str, query: str) -> None:
    async with MemoryWorld(tmp_path) as world:
        await fill(world.memory, "something else entirely", text, "and another thing")
        for missing in (False, True):
            world.embedder.is_loaded = not missing  # type: ignore[misc]
            assert contents(await world.memory.search(query, asker=PERSON))[0] == text


@given(query=st.text(max_size=80))
def test_no_query_breaks_the_expression(query: str) -> None:
    import sqlite3
    from contextlib import closing

    plan = words.plan(query)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE t USING fts5(x, tokenize = \"porter unicode61 tokenchars '-_.'\")"
        )
        for terms in (plan.exact, plan.terms):
            if terms:
                connection.execute("SELECT * FROM t WHERE t MATCH ?", (words.match(terms),)).fetchall()


async def test_filters_narrow_and_an_empty_query_gives_the_newest(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        await fill(memory, "boat one", kind="fact")
        world.clock.seconds += 100  # type: ignore[attr-defined]
        later = world.clock.now_us()
        await memory.remember(NewEntry(content="boat two", type="conversation", task_id="t", pinned=True))
        await memory.remember(NewEntry(content="boat three", type="document", owner="echo", state="proposed"))
        await memory.settled()
        for filters, wanted in (
            (Filters(types=("fact",)), ["boat one"]),
            (Filters(since_us=later), ["boat two"]),
            (Filters(until_us=later), ["boat one"]),
            (Filters(task_id="t"), ["boat two"]),
            (Filters(pinned=True), ["boat two"]),
            (Filters(owners=("echo",), states=("proposed",)), ["boat three"]),
            (Filters(owners=("echo",)), []),
            (Filters(), ["boat two", "boat one"]),
        ):
            for query in ("", "the boat"):
                found = contents(await memory.search(query, asker=PERSON, filters=filters))
                assert sorted(found) == sorted(wanted), (filters, query)
        assert contents(await memory.search("", asker=PERSON)) == ["boat two", "boat one"]


async def test_near_duplicates_fold_and_numbers_do_not(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await fill(
            world.memory, "the ferry to the island leaves at noon each day", "The ferry to the island leaves at noon, each day!",
            "the ferry to the island leaves at 12 each day", "the ferry to the island leaves at 13 each day",
        )  # fmt: skip
        result = await world.memory.search("when does the ferry leave for the island", asker=PERSON)
        assert len(result.hits) == 3
        assert sum(len(hit.folded) for hit in result.hits) == 1


async def test_without_a_model_words_are_searched_and_it_is_said(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path, embedder=FakeEmbedder(missing=True)) as world:
        await fill(world.memory, "the boat lies in Ghent", "bread is baked at six")
        result = await world.memory.search("which boats are there", asker=PERSON)
        assert contents(result) == ["the boat lies in Ghent"]
        assert (result.mode, result.hits[0].cosine) == ("words", None)
        assert "not installed" in result.note
        status = world.memory.status()
        assert (status.embedder, status.pending) == ("missing", 2)
        assert "exact words" in status.detail


async def test_the_index_and_exact_comparison_agree(tmp_path: Path) -> None:
    texts = [f"note {number} of {word}" for number, word in enumerate(("boat", "car", "tree", "song") * 30)]
    async with MemoryWorld(tmp_path, chroma=True, exact_most=0) as world:
        await fill(world.memory, *texts)
        by_index = await world.memory.search("which vessel", asker=PERSON, limit=5)
        world.memory._drain._exact_most = 10_000
        exact = await world.memory.search("which vessel", asker=PERSON, limit=5)
        assert [hit.score for hit in by_index.hits] == pytest.approx(
            [hit.score for hit in exact.hits], abs=1e-5
        )
        assert all("boat" in text for text in contents(by_index))


async def test_what_has_no_vector_yet_is_found_by_its_words(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await fill(world.memory, "something")
        async with world.memory._drain._step:
            await world.memory.remember(NewEntry(content="a fresh word: ocarina player"))
            world.memory._board.set(pending=1)
            found = contents(await world.memory.search("the ocarina player", asker=PERSON))
            assert "a fresh word: ocarina player" in found
