"""Conversations with Timmy over a real database and router; only the model is acted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld, busy_writer, holding
from timmy_desktop.agent import answer
from timmy_desktop.agent.conversation import (
    ChatEvent,
    MessageEnded,
    MessageStarted,
    MessageView,
    ProviderChanged,
    TextDelta,
)
from timmy_desktop.agent.errors import (
    BusyError,
    ChatError,
    UnknownConversationError,
)
from timmy_desktop.agent.prompts import prompt
from timmy_desktop.routing.types import CompletionRequest, ToolCall

HOLDING = Script(words=("Half",), hangs=True)


async def all_of(events: AsyncIterator[ChatEvent]) -> list[ChatEvent]:
    return [event async for event in events]


async def said(world: SwarmWorld, conversation_id: str) -> list[tuple[str, str, str]]:
    messages = await world.timmy.messages(conversation_id)
    return [(message.role, message.text, message.state) for message in messages]


async def test_an_answer_streams_in_and_is_kept_with_who_gave_it(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "Say hello\nplease"))
        assert [type(event) for event in events] == [
            MessageStarted, MessageStarted, ProviderChanged, TextDelta, TextDelta, MessageEnded,
        ]  # fmt: skip
        ended = events[-1].message  # type: ignore[union-attr]
        assert (ended.text, ended.state, ended.provider, ended.model, ended.reason) == (
            "Hello world", "done", "scripted", "scripted-1", "",
        )  # fmt: skip
        assert (await world.timmy.messages(conversation))[-1] == ended
        assert await said(world, conversation) == [
            ("user", "Say hello\nplease", "done"),
            ("assistant", "Hello world", "done"),
        ]
        [view] = await world.timmy.conversations()
        assert (view.id, view.title) == (conversation, "Say hello please")


async def test_the_next_answer_knows_what_was_said(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        conversation = await world.timmy.new_conversation()
        await all_of(world.timmy.send(conversation, "One"))
        await all_of(world.timmy.send(conversation, "Two"))
        sent = world.provider.requests[-1].messages
        assert [message.role for message in sent] == ["system", "user", "assistant", "user"]
        assert [message.content for message in sent[1:]] == ["One", "Hello world", "Two"]


async def test_the_message_is_kept_before_the_model_is_asked(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=HOLDING)) as world:
        conversation = await world.timmy.new_conversation()
        events = world.timmy.send(conversation, "Keep this")
        assert isinstance(await anext(events), MessageStarted)
        assert (await said(world, conversation))[0] == ("user", "Keep this", "done")
        await events.aclose()  # type: ignore[attr-defined]
        assert world.timmy.is_answering(conversation)
        world.provider.release.set()
        await eventually(lambda: not world.timmy.is_answering(conversation))
        assert (await said(world, conversation))[1] == ("assistant", "Half", "done")


async def test_stopping_really_stops_and_keeps_what_came(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=HOLDING)) as world:
        conversation = await world.timmy.new_conversation()
        async for event in world.timmy.send(conversation, "Go on"):
            if isinstance(event, TextDelta):
                with pytest.raises(BusyError):
                    await all_of(world.timmy.send(conversation, "And?"))
                await world.timmy.stop(conversation)
        assert isinstance(event, MessageEnded)
        assert (event.message.text, event.message.state) == ("Half", "stopped")
        assert event.message.reason == "stopped by the person"
        assert world.provider.open_streams == 0
        await world.timmy.stop(conversation)
        world.provider.script = Script()
        events = await all_of(world.timmy.retry(conversation))
        assert events[-1].message.text == "Hello world"  # type: ignore[union-attr]
        assert [m.content for m in world.provider.requests[-1].messages[1:]] == ["Go on"]


async def test_stopping_twice_on_a_slow_disk_ends_the_message(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=HOLDING)) as world:
        conversation = await world.timmy.new_conversation()
        answering = world.supervisor.start("send", all_of(world.timmy.send(conversation, "Go on")))
        await eventually(lambda: world.provider.open_streams == 1)
        with busy_writer(world):
            stops = [world.supervisor.start("stop", world.timmy.stop(conversation)) for _ in range(2)]
            await eventually(lambda: world.provider.open_streams == 0)
            stops.append(world.supervisor.start("stop", world.timmy.stop(conversation)))
            await asyncio.sleep(0)
        await asyncio.gather(*stops)
        ended = (await answering)[-1]
        assert isinstance(ended, MessageEnded)
        assert (await world.timmy.messages(conversation))[-1] == ended.message
        assert ended.message.state == "stopped"


async def test_stopping_before_the_answer_began_leaves_no_message_unended(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=HOLDING)) as world:
        conversation = await world.timmy.new_conversation()
        await all_of_stopped(world, conversation, "Go on", while_writing=2)
        states = [state for _, _, state in await said(world, conversation)]
        assert states == ["done", "stopped"]


async def test_a_task_whose_posting_was_stopped_is_known_in_its_conversation(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        conversation = await world.timmy.new_conversation()
        await all_of_stopped(world, conversation, "/task Write a poem", while_writing=2)
        [task] = await world.coordinator.tasks()
        notice = (await world.timmy.messages(conversation))[-1]
        assert (notice.role, notice.task_id) == ("notice", task.id)
        await asyncio.wait_for(world.coordinator.cancel(task.id), 5)


async def test_an_error_that_nobody_expected_ends_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_log: Any
) -> None:
    expected_log("could not be carried on")

    async with SwarmWorld(tmp_path) as world:

        def broken(_request: CompletionRequest) -> Any:
            raise ValueError("Port out of range 0-65535")

        monkeypatch.setattr(world.router, "stream", broken)
        conversation = await world.timmy.new_conversation()
        ended = (await all_of(world.timmy.send(conversation, "Hello?")))[-1].message  # type: ignore[union-attr]
        assert ended.state == "failed"
        assert "Port out of range" in ended.reason
        assert (await world.timmy.messages(conversation))[-1] == ended


async def test_an_answer_that_the_disk_refuses_is_told_and_kept_when_there_is_room(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        conversation = await world.timmy.new_conversation()
        await world.db.write(
            lambda session: session.sql(
                "CREATE TRIGGER full BEFORE UPDATE ON messages "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
        ended = (await all_of(world.timmy.send(conversation, "Hello?")))[-1].message  # type: ignore[union-attr]
        assert (ended.text, ended.state) == ("Hello world", "done")
        assert "The disk is full" in ended.reason
        await world.db.write(lambda session: session.sql("DROP TRIGGER full"))
        await eventually(lambda: "end of" not in str(world.supervisor.names))
        assert (await said(world, conversation))[-1] == ("assistant", "Hello world", "done")


async def test_what_is_local_only_stays_here_when_the_setting_does_not(tmp_path: Path) -> None:
    local = AnsweringProvider(name="local", script=Script(words=("Private result",)))
    async with SwarmWorld(tmp_path, provider=local, local_only=True) as world:
        conversation = await world.timmy.new_conversation()
        await all_of(world.timmy.send(conversation, "/task Private thing"))
        [task] = await world.coordinator.tasks()
        await world.coordinator.wait(task.id)
        await eventually(lambda: "report of" not in str(world.supervisor.names))
        assert {message.local_only for message in await world.timmy.messages(conversation)} == {True}
    remote, local = AnsweringProvider(name="remote", is_remote=True), AnsweringProvider(name="local")
    local.script = Script(words=("Gladly",), calls=(ToolCall("1", "post_task", {"text": "More of it"}),))
    async with SwarmWorld(tmp_path, providers=[remote, local]) as world:
        ended = (await all_of(world.timmy.send(conversation, "Thanks")))[-1].message  # type: ignore[union-attr]
        assert (ended.provider, ended.local_only, remote.requests) == ("local", True, [])
        assert "on this computer alone" in ended.reason
        assert {view.local_only for view in await world.coordinator.tasks()} == {True}
        other = await world.timmy.new_conversation()
        ended = (await all_of(world.timmy.send(other, "Hello")))[-1].message  # type: ignore[union-attr]
        assert (ended.provider, ended.local_only, ended.reason) == ("remote", False, "")


def test_only_what_is_sent_makes_a_prompt_local() -> None:
    history = [
        replace(view("user", "x" * 900), local_only=True),
        replace(view("assistant", "old"), local_only=True),
        view("user", "new"),
    ]
    assert prompt(history, 10_000).local_only
    assert not prompt(history, 150).local_only


async def all_of_stopped(world: SwarmWorld, conversation: str, text: str, *, while_writing: int) -> None:
    """Sends, and stops while the writer is at the so-manieth thing that this makes it write."""
    writes = 0
    free = threading.Event()
    submit, on_writer = world.db.submit, world.db.on_writer

    def hold() -> None:
        nonlocal writes
        writes += 1
        if writes == while_writing:
            submit(lambda: free.wait(5), lambda _: None)

    def submitted(work: Any, then: Any) -> None:
        hold()
        submit(work, then)

    async def written(work: Any) -> Any:
        hold()
        return await on_writer(work)

    world.db.submit, world.db.on_writer = submitted, written  # type: ignore[method-assign]
    try:
        answering = world.supervisor.start("send", all_of(world.timmy.send(conversation, text)))
        await eventually(lambda: writes >= while_writing)
        stopping = world.supervisor.start("stop", world.timmy.stop(conversation))
        await asyncio.sleep(0.02)
        free.set()
        await stopping
        await answering
    finally:
        world.db.submit, world.db.on_writer = submit, on_writer  # type: ignore[method-assign]


async def test_an_answer_under_way_survives_a_crash_as_far_as_it_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "CHECKPOINT_SECONDS", 0.0)
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=HOLDING)) as world:
        conversation = await world.timmy.new_conversation()
        events = world.timmy.send(conversation, "Go on")
        while not isinstance(await anext(events), TextDelta):
            pass
        await eventually(lambda: world.provider.open_streams == 1)
        # The writer works in order: what was handed to it before this is written after it.
        await world.db.write(lambda _session: None)
        [message] = [m for m in await world.timmy.messages(conversation) if m.role == "assistant"]
        assert (message.text, message.state) == ("Half", "streaming")
        # As kill -9 would: the row stays as it was last written.
        await world.db.write(lambda session: session.sql("CREATE TABLE frozen AS SELECT * FROM messages"))
        await world.crash()
        await events.aclose()  # type: ignore[attr-defined]
        await world.db.write(lambda session: session.sql("DELETE FROM messages"))
        await world.db.write(lambda session: session.sql("INSERT INTO messages SELECT * FROM frozen"))
    async with SwarmWorld(tmp_path) as world:
        message = (await world.timmy.messages(conversation))[-1]
        assert (message.text, message.state) == ("Half", "stopped")
        assert message.reason == "stopped: the application ended"


async def test_failover_in_mid_answer_begins_anew_and_says_so(tmp_path: Path) -> None:
    providers = [
        AnsweringProvider(name="first", script=Script.dies_in_the_middle()),
        AnsweringProvider(name="second"),
    ]
    async with SwarmWorld(tmp_path, providers=providers) as world:
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "Hello?"))
        changes = [event for event in events if isinstance(event, ProviderChanged)]
        assert [change.provider for change in changes] == ["first", "second"]
        assert changes[0].reason == ""
        assert "broke off" in changes[1].reason
        ended = events[-1].message  # type: ignore[union-attr]
        assert (ended.text, ended.state, ended.provider) == ("Hello world", "done", "second")
        assert ended.reason.startswith("first broke off")


async def test_a_local_only_chat_and_its_tasks_stay_on_this_machine(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        private, open_one = await world.timmy.new_conversation(), await world.timmy.new_conversation()
        await world.timmy.set_local_only(private, True)
        await all_of(world.timmy.send(private, "A secret"))
        await all_of(world.timmy.send(open_one, "Any news?"))
        assert [request.local_only for request in world.provider.requests] == [True, False]
        assert [request.conversation_id for request in world.provider.requests] == [private, open_one]
        await all_of(world.timmy.send(private, "/task Count to three"))
        [task] = await world.coordinator.tasks()
        assert task.local_only
        views = {view.id: view.local_only for view in await world.timmy.conversations()}
        assert views == {private: True, open_one: False}
        with pytest.raises(UnknownConversationError):
            await world.timmy.set_local_only("none", True)


async def test_what_was_left_out_of_the_prompt_is_said_under_the_answer(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        world.provider.context_tokens = 600  # type: ignore[attr-defined]
        conversation = await world.timmy.new_conversation()
        for text in ("x" * 900, "y" * 900, "And now?"):
            events = await all_of(world.timmy.send(conversation, text))
        assert "oldest message" in events[-1].message.reason  # type: ignore[union-attr]


async def test_no_model_fails_with_the_routers_words_and_can_be_tried_again(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=Script.refuses())) as world:
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "Hello?"))
        ended = events[-1].message  # type: ignore[union-attr]
        assert ended.state == "failed"
        assert "No model answered" in ended.reason
        assert "Start Ollama" in ended.reason
        assert (await said(world, conversation))[0] == ("user", "Hello?", "done")
        world.provider.script = Script()
        await world.router.check_now()
        await all_of(world.timmy.retry(conversation))
        assert (await said(world, conversation))[-1] == ("assistant", "Hello world", "done")


async def test_an_empty_answer_is_a_failure(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=Script(words=(" ",)))) as world:
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "Hello?"))
        assert events[-1].message.state == "failed"  # type: ignore[union-attr]


async def test_a_task_command_posts_and_reports(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        notices: list[MessageView] = []
        forget = world.timmy.on_message(notices.append)
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "/task Write a poem"))
        posted = events[-1].message  # type: ignore[union-attr]
        assert (posted.role, bool(posted.task_id)) == ("notice", True)
        await eventually(lambda: notices)
        [report] = notices
        assert (report.role, report.task_id, report.reason) == (
            "notice",
            posted.task_id,
            "completed, attempt 1",
        )
        assert "is done by Quill on scripted, scripted-1" in report.text
        assert report.text.endswith("Hello world")
        assert [role for role, _, _ in await said(world, conversation)] == ["user", "notice", "notice"]
        forget()
        await all_of(world.timmy.send(conversation, "What came of it?"))
        sent = world.provider.requests[-1].messages
        assert [message.role for message in sent] == ["system", "user"]
        assert "is done by Quill" in sent[1].content


async def test_a_task_that_is_none_is_told(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "/task"))
        ended = events[-1].message  # type: ignore[union-attr]
        assert (ended.role, ended.state) == ("notice", "failed")
        assert "The task is empty" in ended.text
        assert await world.coordinator.tasks() == []


async def test_a_model_with_tools_can_post_tasks(tmp_path: Path) -> None:
    provider = AnsweringProvider()

    def answering(request: CompletionRequest) -> Script:
        if request.purpose == "agent":
            return Script(words=("A poem",))
        if request.messages[-1].role == "tool":
            return Script(words=("It is on its way.",))
        calls = (
            ToolCall("1", "post_task", {"text": "Write a poem"}),
            ToolCall("2", "post_task", {}),
            ToolCall("3", "other", {"text": "x"}),
            ToolCall("4", "post_task", {"text": "One too many"}),
        )
        return Script(words=("Let me see.",), calls=calls)

    provider.answer = answering
    async with SwarmWorld(tmp_path, provider=provider) as world:
        notices: list[MessageView] = []
        world.timmy.on_message(notices.append)
        conversation = await world.timmy.new_conversation()
        events = await all_of(world.timmy.send(conversation, "Have a poem written"))
        ended = events[-1].message  # type: ignore[union-attr]
        assert (ended.text, ended.state) == ("Let me see.\n\nIt is on its way.", "done")
        await eventually(lambda: len(notices) == 2)
        assert [view.text for view in await world.coordinator.tasks()] == ["Write a poem"]
        assert notices[1].text.endswith("A poem")
        assert {"tool.called", "tool.completed", "tool.failed"} <= set(world.types())


async def test_what_ended_while_nobody_looked_is_reported_at_the_next_start_once(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        conversation = await world.timmy.new_conversation()
        await all_of(world.timmy.send(conversation, "/task Write a poem"))
        await eventually(lambda: world.provider.open_streams == 1)
        await world.crash()
    for _ in range(2):
        async with SwarmWorld(tmp_path) as world:
            [task] = await world.coordinator.tasks()
            await world.coordinator.wait(task.id)
            await eventually(lambda: not any("report of" in name for name in world.supervisor.names))
            messages = await world.timmy.messages(conversation)
            assert [m.reason for m in messages if m.task_id] == ["", "completed, attempt 2"]


@pytest.mark.parametrize("text", ["", " \n", "x" * 100_001])
async def test_what_is_no_message_is_refused(tmp_path: Path, text: str) -> None:
    async with SwarmWorld(tmp_path) as world:
        conversation = await world.timmy.new_conversation()
        with pytest.raises(ChatError):
            await all_of(world.timmy.send(conversation, text))
        with pytest.raises(UnknownConversationError):
            await all_of(world.timmy.send("none", "Hello"))
        with pytest.raises(ChatError, match="no message yet"):
            await all_of(world.timmy.retry(conversation))
        assert await world.timmy.messages(conversation) == []


async def test_hostile_text_is_kept_and_the_title_is_inert(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        conversation = await world.timmy.new_conversation()
        await all_of(world.timmy.send(conversation, "a\x1b[2J\ud800\x00 '"))
        assert (await said(world, conversation))[0][1] == "a\x1b[2J?\x00 '"
        assert "\x1b" not in (await world.timmy.conversations())[0].title


async def test_conversations_answer_side_by_side_and_stop_with_the_application(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=HOLDING)) as world:
        ids = [await world.timmy.new_conversation() for _ in range(2)]
        answers = [world.supervisor.start("send", all_of(world.timmy.send(one, "Go"))) for one in ids]
        await eventually(lambda: world.provider.open_streams == 2)
    for one in answers:
        ended = one.result()[-1].message  # type: ignore[union-attr]
        assert (ended.state, ended.reason) == ("stopped", "stopped: the application ended")


def view(role: Any, text: str, position: int = 0) -> MessageView:
    return MessageView(str(position), "c", position, role, text, "done", 0)


def test_the_newest_messages_fit_and_the_cut_is_said() -> None:
    history = [view("user" if n % 2 == 0 else "assistant", f"{n} " + "x" * 400, n) for n in range(21)]
    built = prompt(history, 600)
    assert built.left_out > 0
    assert f"{built.left_out} earlier messages" in built.messages[0].content
    assert built.messages[-1].content.startswith("20 ")
    assert built.messages[1].role == "user"
    roles = [message.role for message in built.messages[1:]]
    assert all(one != two for one, two in pairwise(roles))


def test_one_long_message_is_sent_whole() -> None:
    built = prompt([view("user", "old"), view("assistant", "old"), view("user", "x" * 90_000)], 100)
    assert [len(message.content) for message in built.messages[1:]] == [90_000]
    assert built.left_out == 2


def test_neighbours_of_one_role_are_joined_and_empty_ones_left_out() -> None:
    history = [
        view("assistant", "lost"),
        view("user", "a"),
        view("assistant", ""),
        view("notice", "done"),
        view("user", "b"),
    ]
    built = prompt(history, 1000)
    assert [message.role for message in built.messages] == ["system", "user"]
    assert built.messages[1].content == "a\n\n[From the application, not the person:] done\n\nb"
