"""Agents and the memory: their tools, what they are given, what they cite, and what the log does not hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld
from timmy_desktop.agent.conversation import MessageEnded
from timmy_desktop.events.agents import ToolCalled, ToolCompleted
from timmy_desktop.events.codec import encode_data
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.types import Filters, NewEntry
from timmy_desktop.routing.types import CompletionRequest, ToolCall
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.personas import ALL_TOOLS, CHANGE_TOOLS, PAY
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.caller import Caller
from timmy_desktop.swarm.tools.workspace import Workspace

FORGE, ECHO = Caller("Forge", "t1"), Caller("Echo", "t2")


def using(*calls: ToolCall) -> AnsweringProvider:
    """A model that makes these calls first, and then answers."""
    provider = AnsweringProvider()
    provider.scripts = [Script(words=(), calls=calls), Script(words=("Done.",))]
    return provider


async def run(world: SwarmWorld, caller: Caller, name: str, **arguments: Any) -> str:
    return await world.tools.run(name, arguments, ALL_TOOLS, caller)


async def test_an_agent_remembers_finds_and_forgets_its_own(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        said = await run(world, FORGE, "memory_remember", content="The build takes 7 minutes", private=True)
        mark = said.removeprefix("Remembered as [").removesuffix("].")
        await world.memory.settled()
        assert "7 minutes" in await run(world, FORGE, "memory_search", query="how long is the build")
        nothing = await run(world, ECHO, "memory_search", query="how long is the build")
        assert "7 minutes" not in nothing
        with pytest.raises(ToolError, match="There is no memory"):
            await run(world, ECHO, "memory_forget", id=mark)
        shared = await run(world, FORGE, "memory_remember", content="The tests take 9 minutes")
        with pytest.raises(ToolError, match="oneself"):
            await run(world, ECHO, "memory_forget", id=shared[15:25])
        assert await run(world, FORGE, "memory_forget", id=f"[{mark}]") == "Forgotten: 1."
        assert "7 minutes" not in await run(world, FORGE, "memory_search", query="7 minutes")


async def test_what_stays_here_is_not_told_to_a_task_that_may_leave(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        await world.memory.remember(NewEntry(content="The safe is behind the clock", local_only=True))
        await world.memory.settled()
        asked = {"query": "where is the safe"}
        assert "clock" not in await run(world, Caller("Echo", "t"), "memory_search", **asked)
        assert "clock" in await run(world, Caller("Echo", "t", stays_here=True), "memory_search", **asked)


async def test_the_log_holds_nothing_of_what_tools_tell_the_memory(tmp_path: Path) -> None:
    calls = (
        ToolCall("1", "memory_remember", {"content": "the word is xylograph"}),
        ToolCall("2", "memory_search", {"query": "xylograph"}),
    )
    async with SwarmWorld(tmp_path, with_memory=True, provider=using(*calls)) as world:
        await world.coordinator.wait(await world.coordinator.post("Do it"))
        assert len(world.of(ToolCalled)) == len(world.of(ToolCompleted)) == 2
        assert not [event for event in world.events if b"xylograph" in encode_data(event)]
        found = await world.memory.search("xylograph", asker=PERSON)
        assert found.hits[0].entry.content == "the word is xylograph"


async def test_a_task_gets_what_it_may_know_and_marks_what_it_used(tmp_path: Path) -> None:
    def answer(request: CompletionRequest) -> Script:
        return Script(words=("It is ", "Marigold."))

    provider = AnsweringProvider()
    provider.answer = answer
    async with SwarmWorld(tmp_path, with_memory=True, provider=provider) as world:
        boat = await world.memory.remember(NewEntry(content="My boat is called Marigold"))
        await world.memory.remember(
            NewEntry(content="My boat is insured", owner="mace", visibility="private")
        )
        await world.memory.settled()
        task_id = await world.coordinator.post("Echo: what is my boat called?")
        task = await world.coordinator.wait(task_id)
        system = provider.requests[-1].messages[0].content
        assert boat.cite in system
        assert "insured" not in system
        assert task.result == f"It is Marigold.\n\nFrom the memory: [{boat.cite}]"
        kinds = {use.kind for use in await world.memory.uses_of(task_id) if use.entry_id == boat.id}
        assert kinds == {"retrieved", "injected", "cited"}


async def test_results_and_conversations_are_remembered(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        conversation = await world.timmy.new_conversation()
        events = [event async for event in world.timmy.send(conversation, "I live in Ghent. Say hello")]
        assert isinstance(events[-1], MessageEnded)
        await world.coordinator.wait(await world.coordinator.post("Count the geese", local_only=True))
        await world.memory.settled()
        talk = await world.memory.entries(asker=PERSON, filters=Filters(types=("conversation",)))
        said = {(entry.owner, entry.content.split("\n")[0]) for entry in talk}
        assert ("timmy", "I live in Ghent. Say hello") in said
        assert ("timmy", "Hello world") in said
        assert any(content == "Task: Count the geese" for _, content in said)
        assert [entry.content for entry in talk if entry.local_only] == [
            "Task: Count the geese\nResult: Hello world"
        ]
        (fact,) = await world.memory.entries(asker=PERSON, filters=Filters(states=("proposed",)))
        assert fact.content == "I live in Ghent."


async def test_timmy_is_given_what_was_said_elsewhere(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        boat = await world.memory.remember(NewEntry(content="My boat is called Marigold"))
        secret = await world.memory.remember(NewEntry(content="My boat is hidden", local_only=True))
        await world.memory.settled()
        conversation = await world.timmy.new_conversation()
        events = [event async for event in world.timmy.send(conversation, "What is my boat called?")]
        ended = events[-1]
        assert isinstance(ended, MessageEnded)
        system = world.provider.requests[-1].messages[0].content
        assert boat.cite in system
        assert secret.cite not in system
        uses = await world.memory.uses_of(ended.message.id)
        assert {use.kind for use in uses} == {"retrieved", "injected"}


async def test_an_answer_that_begins_with_a_mark_cites_what_is_there_or_says_that_nothing_is(
    tmp_path: Path,
) -> None:
    provider = AnsweringProvider()
    async with SwarmWorld(tmp_path, with_memory=True, provider=provider) as world:
        boat = await world.memory.remember(NewEntry(content="My boat is called Marigold"))
        await world.memory.settled()
        conversation = await world.timmy.new_conversation()

        async def ask(question: str, answer: str) -> tuple[str, set[tuple[str, str]]]:
            provider.scripts = [Script(words=(answer,))]
            ended = [event async for event in world.timmy.send(conversation, question)][-1]
            assert isinstance(ended, MessageEnded)
            (kept,) = [one for one in await world.timmy.messages(conversation) if one.id == ended.message.id]
            assert kept.text == ended.message.text
            uses = await world.memory.uses_of(kept.id)
            return kept.text, {(use.kind, use.entry_id) for use in uses}

        text, uses = await ask("What is my boat called?", f"[{boat.cite}] Marigold")
        assert text == f"[{boat.cite}] Marigold"
        assert ("cited", boat.id) in uses
        # What does not fit this question was given by the answer before.
        text, uses = await ask("zanzibar quokka", f"[{boat.cite}] as I said")
        assert text == f"[{boat.cite}] as I said"
        assert ("cited", boat.id) in uses
        assert ("injected", boat.id) not in uses
        text, uses = await ask("What is my boat called?", "[m:15189e64] I do not know")
        assert text == "[no such memory] I do not know"
        assert {kind for kind, _ in uses} == {"retrieved", "injected"}


async def test_without_a_memory_its_tools_are_known_and_offered_to_nobody(tmp_path: Path) -> None:
    box = Toolbox(workspace=Workspace(tmp_path))
    assert {*ALL_TOOLS, *CHANGE_TOOLS, PAY} == set(box.names)
    assert not [spec for spec in box.specs(ALL_TOOLS) if spec.name.startswith("memory_")]
    with pytest.raises(ToolError, match="no memory here"):
        await box.run("memory_search", {"query": "x"}, ALL_TOOLS, ECHO)
    await box.stop()


@pytest.mark.parametrize("name", ["Person", "person ", "PERSON", "Timmy", ""])
def test_no_name_makes_an_agent_the_person_or_timmy(name: str) -> None:
    asker = Caller(name).asker
    assert not asker.is_person
    assert asker.owner not in ("person", "timmy")


async def test_a_tool_without_a_caller_answers_nobody(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        with pytest.raises(ToolError, match="no memory here"):
            await world.tools.run("memory_search", {"query": "x"}, ALL_TOOLS)
        assert Asker("echo").is_person is False
