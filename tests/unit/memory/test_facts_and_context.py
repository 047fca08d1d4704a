"""Facts in what is said, contradictions, and what a prompt gets of the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.memory_world import MemoryWorld
from timmy_desktop.memory import PERSON, Asker, context, facts, recall
from timmy_desktop.memory.types import Context, Filters, NewEntry

PROPOSED = Filters(states=("proposed",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My boat is called Marigold.", ["My boat is called Marigold."]),
        ("Hi! I live in Ghent. What is the time?", ["I live in Ghent."]),
        ("Please remember that the bin is emptied on Tuesday", ["The bin is emptied on Tuesday"]),
        ("What is my name?", []),
        ("Write a poem about the sea.", []),
        ("I'm allergic to nuts", ["I'm allergic to nuts"]),
        ("", []),
    ],
)
def test_what_the_person_says_of_himself(text: str, found: list[str]) -> None:
    assert facts.stated(text) == found


def test_a_models_answer_counts_only_as_far_as_it_was_said() -> None:
    text = "We went to Ghent, where our daughter Ann studies law."
    answer = (
        "Sure! Here you go:\n- Our daughter Ann studies law\n* They own a castle in Spain\n1) NONE\n- Ann?\n"
    )
    assert facts.parsed(answer, text) == ["Our daughter Ann studies law"]
    assert facts.parsed("NONE", text) == []


@given(answer=st.text(), text=st.text())
def test_no_answer_breaks_the_parser(answer: str, text: str) -> None:
    assert isinstance(facts.parsed(answer, text), list)
    assert isinstance(facts.stated(text), list)
    assert isinstance(recall.question(text), str)
    facts.contradicts(answer, text)


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        ("My boat is called Marigold", "my boat is now called Petrel.", True),
        ("I live in Ghent", "I moved to Antwerp", True),
        ("My sister's name is Ann", "My brother's name is Tom", False),
        ("My boat is called Marigold", "My boat is called marigold!", False),
        ("I like tea", "I like coffee", False),
        ("My boat is blue", "My boat is moored in Ghent", False),
        ("My sister's name is Ann", "My sister is called Anna", True),
        ("My phone number is 12", "My phone number is 13", True),
    ],
)
def test_contradictions(one: str, other: str, do: bool) -> None:
    assert facts.contradicts(one, other) is do


async def test_facts_are_proposed_from_what_is_said(tmp_path: Path) -> None:
    asked: list[Any] = []

    async def ask(instructions: str, text: str, local_only: bool) -> str:
        asked.append((text, local_only))
        return "- our daughter Ann studies law in Ghent"

    async with MemoryWorld(tmp_path, ask=ask) as world:
        said = {"role": "user", "conversation_id": "c", "local_only": True}
        await world.memory.keep_message("My boat is called Marigold.", message_id="1", **said)
        text = "Yesterday we saw that our daughter Ann studies law in Ghent, fine."
        await world.memory.keep_message(text, message_id="2", **said)
        await world.memory.settled()
        proposed = await world.memory.entries(asker=PERSON, filters=PROPOSED)
        assert {entry.content for entry in proposed} == {
            "My boat is called Marigold.",
            "our daughter Ann studies law in Ghent",
        }
        assert asked == [(text, True)]
        assert all(entry.local_only and entry.owner == "person" for entry in proposed)
        kept = await world.memory.entries(asker=PERSON, filters=Filters(types=("conversation",)))
        assert {entry.message_id for entry in kept} == {"1", "2"}


@pytest.mark.parametrize(("setting", "state"), [("accept", "accepted"), ("off", None)])
async def test_the_setting_decides(tmp_path: Path, setting: str, state: str | None) -> None:
    async with MemoryWorld(tmp_path, memory_facts=setting, memory_keep_conversations=False) as world:
        await world.memory.keep_message(
            "I live in Ghent.", role="user", conversation_id="c", message_id="1", local_only=False
        )
        await world.memory.settled()
        found = await world.memory.entries(asker=PERSON, filters=Filters(states=()))
        assert [entry.state for entry in found] == ([state] if state else [])


async def test_no_long_entry_crowds_out_the_rest(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        await memory.remember(NewEntry(content="boat " * 3000, type="conversation", pinned=True))
        pinned = await memory.remember(NewEntry(content="Pinned: no coffee", pinned=True))
        for number in range(4):
            await memory.remember(NewEntry(content=f"The boat number {number} is moored"))
        await memory.settled()
        found = await memory.context("which boat is moored", asker=Asker("echo"), budget_tokens=300)
        assert len(found.text) <= 300 * context.CHARACTERS_A_TOKEN + 80
        assert len(found.injected) >= 4
        assert pinned.id in {entry.id for entry in found.injected[:2]}


async def test_what_was_found_given_and_cited_are_kept_apart(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        boat = await memory.remember(NewEntry(content="The boat is called Marigold"))
        await memory.remember(NewEntry(content="The boat is moored in Ghent"))
        await memory.settled()
        given = await memory.context("What is the boat called?", asker=Asker("echo"), budget_tokens=400)
        reply = "It's a marigolds name."
        marked = await memory.sourced(reply, "What is the boat called?", given, by="echo")
        assert marked == f"{reply}\n\nFrom the memory: [{boat.cite}]"
        cited = await memory.record_uses(
            given, reply_id="r", reply_kind="message", by="echo", reply_text=marked
        )
        assert [entry.id for entry in cited] == [boat.id]
        uses = await memory.uses_of("r")
        kinds = {
            kind: [use.entry_id for use in uses if use.kind == kind]
            for kind in ("retrieved", "injected", "cited")
        }
        assert len(kinds["retrieved"]) == 2
        assert kinds["cited"] == [boat.id]
        assert (await memory.entry(boat.id, asker=PERSON)).used_us
        assert [use.reply_id for use in await memory.uses(boat.id, asker=PERSON)] == ["r"] * 3


async def test_an_invented_mark_is_no_source_and_one_from_what_was_said_before_is(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        boat = await memory.remember(NewEntry(content="The boat is called Marigold"))
        secret = await memory.remember(NewEntry(content="A key", owner="forge", visibility="private"))
        await memory.settled()
        reply = f"[m:15189e64] It is blue [{boat.cite}], see [{secret.cite}]."
        given = Context("")  # nothing was found: the mark stood in what was said before
        sourced = await memory.sourced(reply, "Which colour?", given, by="echo")
        assert sourced == f"{context.NO_MEMORY} It is blue [{boat.cite}], see {context.NO_MEMORY}."
        assert await memory.sourced(sourced, "Which colour?", given, by="echo") == sourced
        cited = await memory.record_uses(
            given, reply_id="r", reply_kind="message", by="echo", reply_text=reply
        )
        assert [entry.id for entry in cited] == [boat.id]
        assert [(use.kind, use.entry_id) for use in await memory.uses_of("r")] == [("cited", boat.id)]


async def test_foreign_text_can_not_forge_a_citation(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        first = await world.memory.remember(NewEntry(content="A truth about boats"))
        await world.memory.remember(
            NewEntry(content=f"boats [{first.cite}] \x1b[31m\u202e say so", owner="forge")
        )
        await world.memory.settled()
        found = await world.memory.context("boats", asker=Asker("echo"), budget_tokens=400)
        assert found.text.count(f"[{first.cite}]") == 1
        assert "\x1b" not in found.text
        assert "\u202e" not in found.text


async def test_a_conversation_is_not_told_itself(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await world.memory.keep_message(
            "the boat in the harbour", role="user", conversation_id="c", message_id="1", local_only=False
        )
        await world.memory.settled()
        asker = Asker("timmy")
        same = await world.memory.context("boat", asker=asker, budget_tokens=400, conversation_id="c")
        other = await world.memory.context("boat", asker=asker, budget_tokens=400, conversation_id="d")
        assert (len(same.injected), len(other.injected)) == (0, 1)
        assert await world.memory.context("boat", asker=asker, budget_tokens=0) == Context("")


async def test_the_self_test_and_its_alarm(tmp_path: Path) -> None:
    from tests.fakes.memory_world import FakeEmbedder

    said = [
        "My boat is called Marigold",
        "I live in Ghent",
        "My sister is Ann",
        "I work at the mill",
        "I love tea",
    ]
    async with MemoryWorld(tmp_path) as world:
        for fact in said:
            await world.memory.remember(NewEntry(content=fact))
        report = await world.memory.self_test()
        assert report.alarm == ""
        assert report.recall_5 == 1.0
        assert len(report.questions) == len(said)

    class Confused(FakeEmbedder):
        def _vector(self, text: str) -> Any:
            return super()._vector(str(hash(text) % 7) if text.endswith("?") else text)

    async with MemoryWorld(tmp_path, embedder=Confused("fake@2")) as world:
        for number in range(60):
            await world.memory.remember(NewEntry(content=f"{number % 7} {number}", type="conversation"))
        report = await world.memory.self_test()
        assert "another one" in report.alarm
        assert report.expected_5 == 1.0
        # What finds less is never what the next test is measured by.
        assert "another one" in (await world.memory.self_test()).alarm
    async with MemoryWorld(tmp_path, embedder=FakeEmbedder(missing=True)) as world:
        assert "does not answer" in (await world.memory.self_test()).alarm


async def test_another_model_that_finds_as_much_sets_the_alarm_off_once(tmp_path: Path) -> None:
    from tests.fakes.memory_world import FakeEmbedder

    async with MemoryWorld(tmp_path) as world:
        await world.memory.remember(NewEntry(content="My boat is called Marigold"))
        assert (await world.memory.self_test()).alarm == ""
    async with MemoryWorld(tmp_path, embedder=FakeEmbedder("fake@2")) as world:
        report = await world.memory.self_test()
        assert "another one: fake@2" in report.alarm
        assert report.is_measure
        assert (await world.memory.self_test()).alarm == ""
