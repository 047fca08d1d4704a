"""Prompts that fit: the rule, the words, and what the router does with a provider that finds them too long."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.providers import ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.context import estimate, estimate_text, trimmed
from timmy_desktop.routing.types import Message, ToolCall

ROLES = st.sampled_from(("system", "user", "assistant", "tool"))


def conversation(length: int, size: int = 300) -> tuple[Message, ...]:
    talk = [Message(("user", "assistant")[place % 2], f"{place} " + "x" * size) for place in range(length)]
    return (Message("system", "Be kind."), *talk, Message("user", "And now?"))


def test_the_oldest_go_first_and_the_system_and_the_question_stay() -> None:
    fitted = trimmed(ask(messages=conversation(10)), 500, "llama")
    kept = [message.content.split(" ")[0] for message in fitted.request.messages]
    assert (kept[0], kept[-1]) == ("Be", "And")
    assert kept[1:-1] == [str(place) for place in range(10 - len(kept[1:-1]), 10)]
    assert estimate(fitted.request) <= 500
    assert "oldest messages" in fitted.note
    assert "llama" in fitted.note


def test_a_tools_answer_goes_with_its_call() -> None:
    messages = (
        Message("user", "Read."),
        Message("assistant", "", (ToolCall("c1", "read", {"path": "a"}),)),
        Message("tool", "x" * 3000, tool_call_id="c1", name="read"),
        Message("assistant", "It says x."),
        Message("user", "And?"),
    )
    fitted = trimmed(ask(messages=messages), 60, "it")
    assert [message.role for message in fitted.request.messages] == ["assistant", "user"]


@given(st.lists(st.tuples(ROLES, st.integers(0, 2000)), max_size=20), st.integers(1, 3000))
def test_trimming_keeps_order_and_says_so(shape: list[tuple[Any, int]], room: int) -> None:
    messages = tuple(Message(role, str(place) + "x" * size) for place, (role, size) in enumerate(shape))
    fitted = trimmed(ask(messages=messages), room, "it")
    kept = fitted.request.messages
    assert [message for message in messages if message in kept] == list(kept)
    assert bool(fitted.note) == (kept != messages)
    assert {message for message in messages if message.role == "system"} <= set(kept)
    if estimate(ask(messages=messages)) <= room:
        assert kept == messages


@given(st.text())
def test_an_estimate_is_not_too_low(text: str) -> None:
    assert estimate_text(text) * 4 >= len(text)


async def test_what_a_provider_is_known_to_hold_is_not_exceeded_and_the_reply_says_so(routing: Any) -> None:
    small = ScriptedProvider("small")
    small.context_tokens = 600  # type: ignore[attr-defined]
    async with routing(small) as bench:
        reply = await bench.router.complete(ask(messages=conversation(20)))
        assert len(small.requests[0].messages) < 22
        (note,) = reply.notes
        assert "oldest messages" in note
        await bench.router.flush()
        receipt = await bench.history.receipt(reply.request_id)
        assert receipt.notes == (note,) == (receipt.attempts[0].note,)
        assert len(receipt.messages) == len(small.requests[0].messages)


async def test_too_long_is_tried_again_shorter_on_the_same_provider(routing: Any) -> None:
    picky = ScriptedProvider("picky", context_characters=2500)
    async with routing(picky, ScriptedProvider("other")) as bench:
        reply = await bench.router.complete(ask(messages=conversation(20)))
        assert reply.provider == "picky"
        assert [attempt.outcome for attempt in reply.attempts] == [
            "context_too_long",
            "context_too_long",
            "ok",
        ]
        assert reply.notes
        assert "shorter prompt" in reply.reason


async def test_one_long_message_is_not_cut_and_the_next_provider_is_asked(routing: Any) -> None:
    small, large = ScriptedProvider("small", context_characters=100), ScriptedProvider("large")
    async with routing(small, large) as bench:
        reply = await bench.router.complete(ask("x" * 5000))
        assert (reply.provider, len(small.requests), reply.notes) == ("large", 1, ())
