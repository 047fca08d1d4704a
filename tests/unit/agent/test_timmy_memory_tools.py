"""Timmy's own memory tools: whose memories he sees, what he stores, what he may forget, what is noted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld
from timmy_desktop.agent.conversation import MessageEnded, MessageView
from timmy_desktop.events.agents import ToolCalled, ToolCompleted, ToolFailed
from timmy_desktop.events.codec import encode_data
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.types import TIMMY_OWNER, Filters, NewEntry
from timmy_desktop.routing.types import CompletionRequest, ToolCall
from timmy_desktop.swarm.tools.caller import Caller, timmy

ASKED = "Whatever comes to your mind"


def calling(*calls: ToolCall, then: Callable[[str], str] = lambda _: "Done.") -> AnsweringProvider:
    """A model that makes these calls, and then says what `then` makes of the last tool's answer."""
    provider = AnsweringProvider()

    def answering(request: CompletionRequest) -> Script:
        last = request.messages[-1]
        return Script(words=(then(last.content),)) if last.role == "tool" else Script(words=(), calls=calls)

    provider.answer = answering
    return provider


async def ask(world: SwarmWorld) -> MessageView:
    conversation = await world.timmy.new_conversation()
    events = [event async for event in world.timmy.send(conversation, ASKED)]
    assert isinstance(events[-1], MessageEnded)
    return events[-1].message


def told(provider: AnsweringProvider) -> str:
    return "\n".join(one.content for one in provider.requests[-1].messages if one.role == "tool")


async def test_he_sees_what_is_shared_and_his_own_and_no_private_entry_of_others(tmp_path: Path) -> None:
    search = ToolCall("1", "memory_search", {"query": "heliotrope", "limit": 20})
    provider = calling(search)
    async with SwarmWorld(tmp_path, provider=provider, with_memory=True) as world:
        for owner in ("person", TIMMY_OWNER, "echo", "timmy (agent)"):
            for visibility in ("shared", "private"):
                await world.memory.remember(
                    NewEntry(
                        content=f"heliotrope no{len(owner)}{len(visibility)} is known to <{owner}, {visibility}>",
                        owner=owner,
                        visibility=visibility,  # type: ignore[arg-type]
                    )
                )
        await world.memory.remember(NewEntry(content="heliotrope that stays here", local_only=True))
        await world.memory.settled()
        await ask(world)
        seen = set(re.findall("<(.+)>", told(provider)))
        assert seen == {
            "person, shared",
            "timmy, shared",
            "timmy, private",
            "echo, shared",
            "timmy (agent), shared",
        }


async def test_in_a_chat_that_stays_here_he_is_told_what_must_stay_here(tmp_path: Path) -> None:
    provider = calling(ToolCall("1", "memory_search", {"query": "heliotrope"}))
    async with SwarmWorld(tmp_path, provider=provider, with_memory=True, local_only=True) as world:
        await world.memory.remember(NewEntry(content="heliotrope that stays here", local_only=True))
        await world.memory.settled()
        await ask(world)
        assert "heliotrope that stays here" in told(provider)


async def test_what_he_remembers_is_his_and_he_forgets_nothing_else(tmp_path: Path) -> None:
    remember = ToolCall("1", "memory_remember", {"content": "The ferry leaves at seven"})
    async with SwarmWorld(tmp_path, provider=calling(remember), with_memory=True) as world:
        await ask(world)
        await world.memory.settled()
        [own] = await world.memory.entries(
            asker=PERSON, filters=Filters(owners=(TIMMY_OWNER,), types=("fact",))
        )
        assert (own.content, own.visibility, own.source) == (
            "The ferry leaves at seven", "shared", "remembered by Timmy"
        )  # fmt: skip
        others = await world.memory.remember(NewEntry(content="The ferry is blue"))
        world.provider.answer = calling(  # type: ignore[attr-defined]
            ToolCall("1", "memory_forget", {"id": others.cite}),
            ToolCall("2", "memory_forget", {"id": own.cite}),
        ).answer
        await ask(world)
        assert "Error: Only what one has stored oneself" in told(world.provider)  # type: ignore[arg-type]
        assert "Forgotten: 1." in told(world.provider)  # type: ignore[arg-type]
        facts = await world.memory.entries(asker=PERSON, filters=Filters(types=("fact",)))
        assert [entry.content for entry in facts] == ["The ferry is blue"]


async def test_what_the_search_told_him_is_in_the_receipt_and_not_in_the_log(tmp_path: Path) -> None:
    def citing(answer: str) -> str:
        return f"It leaves at seven [{re.findall(r'm:[0-9a-f]{8}', answer)[1]}]."  # after the example

    provider = calling(ToolCall("1", "memory_search", {"query": "zanzibarquokka"}), then=citing)
    async with SwarmWorld(tmp_path, provider=provider, with_memory=True) as world:
        entry = await world.memory.remember(NewEntry(content="The ferry zanzibarquokka leaves at seven"))
        await world.memory.settled()
        message = await ask(world)
        assert entry.cite in message.text
        kinds = {use.kind for use in await world.memory.uses_of(message.id) if use.entry_id == entry.id}
        assert kinds == {"retrieved", "injected", "cited"}
        events = [*world.of(ToolCalled), *world.of(ToolCompleted), *world.of(ToolFailed)]
        assert len(events) == 2
        assert not any(b"zanzibar" in encode_data(event) for event in events)


async def test_without_a_memory_there_is_only_the_posting_of_tasks(tmp_path: Path) -> None:
    provider = AnsweringProvider()
    async with SwarmWorld(tmp_path, provider=provider) as world:
        await ask(world)
        assert [tool.name for tool in provider.requests[-1].tools] == ["post_task"]


def test_no_agent_is_timmy_by_his_name() -> None:
    assert timmy(stays_here=False).asker == Asker(TIMMY_OWNER)
    assert Caller("Timmy").asker == Asker("timmy (agent)")
