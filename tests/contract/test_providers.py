"""What every provider owes the router: one suite over the fakes, the stubs and the real model."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.contract import rigs
from tests.contract.rigs import Rig
from timmy_desktop.routing import errors
from timmy_desktop.routing.types import (
    CompletionRequest,
    Finished,
    Message,
    ProviderDelta,
    TextDelta,
    ToolCallDelta,
    ToolSpec,
)

REAL = [
    pytest.param(rigs.embedded_real, id="embedded", marks=pytest.mark.model),
    pytest.param(rigs.airllm_real, id="airllm", marks=pytest.mark.parts),
    pytest.param(rigs.api_real, id="api-real", marks=pytest.mark.model),
    pytest.param(rigs.ollama_real, id="ollama-real", marks=[pytest.mark.model, pytest.mark.parts]),
]
STUBS = [
    pytest.param(rigs.scripted, id="scripted"),
    pytest.param(rigs.ollama_stub, id="ollama-stub"),
    pytest.param(rigs.api_stub, id="api-stub"),
]
FAULTS: dict[str, type[errors.ProviderError]] = {
    "dies": errors.BrokenOff,
    "stops_short": errors.BrokenOff,
    "error_inside": errors.ProviderError,
    "garbage": errors.Garbled,
    "wrong_shape": errors.Garbled,
    "not_a_stream": errors.Garbled,
    "broken_tools": errors.Garbled,
    "foreign": errors.ProviderError,
    "model_missing": errors.ModelMissing,
    "fails": errors.ServerError,
    "rate_limited": errors.RateLimited,
    "bad_key": errors.BadKey,
    "too_long": errors.ContextTooLong,
    "bad_request": errors.BadRequest,
    "redirects": errors.NotConfigured,
    "echoes_key": errors.ServerError,
}
WITH_FAULTS = [
    pytest.param(make, mode, id=f"{make.__name__}-{mode}")
    for make, modes in rigs.MODES.items()
    for mode in FAULTS
    if mode in modes
]
READ_FILE = ToolSpec(
    "read_file", "Reads a file.", {"type": "object", "properties": {"path": {"type": "string"}}}
)


@pytest.fixture(params=STUBS + REAL)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Every provider."""
    async with request.param(tmp_path) as made:
        yield made


@pytest.fixture(params=STUBS)
async def stub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Those whose world can be told to misbehave."""
    async with request.param(tmp_path) as made:
        yield made


def ask(text: str = "Hello", **fields: Any) -> CompletionRequest:
    return CompletionRequest(
        **{"messages": (Message("user", text),), "purpose": "chat", "max_tokens": 8} | fields
    )


async def all_of(rig: Rig, request: CompletionRequest) -> list[ProviderDelta]:
    return [delta async for delta in rig.provider.stream(request)]


async def test_it_answers_in_pieces_and_finishes_once(rig: Rig) -> None:
    history = (Message("system", "Be brief."), Message("user", "Count to three."))
    *pieces, last = await all_of(rig, ask(messages=history))
    assert isinstance(last, Finished)
    assert not any(isinstance(piece, Finished) for piece in pieces)
    assert all(piece.text for piece in pieces if isinstance(piece, TextDelta))
    assert last.usage.tokens_in > 0
    assert last.usage.tokens_out >= 0
    assert last.reason in ("stop", "length")


async def test_its_health_is_free_and_names_the_model(rig: Rig) -> None:
    health = await rig.provider.health()
    assert (health.state, bool(health.model)) == ("ready", True)
    assert rig.provider.model == health.model
    assert not rig.provider.is_remote


async def test_it_can_be_stopped_twice_and_used_again(rig: Rig) -> None:
    await all_of(rig, ask())
    await rig.provider.stop()
    await rig.provider.stop()
    await rig.provider.start()
    assert isinstance((await all_of(rig, ask()))[-1], Finished)


async def test_two_requests_at_once_are_both_answered(rig: Rig) -> None:
    first, second = await asyncio.gather(all_of(rig, ask()), all_of(rig, ask("Good evening")))
    assert isinstance(first[-1], Finished)
    assert isinstance(second[-1], Finished)


async def test_closing_early_is_clean_and_it_answers_again(rig: Rig) -> None:
    async with aclosing(rig.provider.stream(ask("Tell a long story.", max_tokens=400))) as deltas:
        await anext(deltas)
    assert isinstance((await all_of(rig, ask()))[-1], Finished)


async def test_when_its_world_is_gone_it_says_so_in_words(rig: Rig) -> None:
    await rig.provider.warm_up()
    gone = rig.gone()
    if inspect.isawaitable(gone):
        await gone
    with pytest.raises((errors.Unreachable, errors.BrokenOff), match=r"\w+ \w+"):
        await all_of(rig, ask())
    health = await rig.provider.health()
    assert health.detail


async def test_health_without_its_world_is_unavailable(stub: Rig) -> None:
    gone = stub.gone()
    if inspect.isawaitable(gone):
        await gone
    health = await stub.provider.health()
    assert health.state == "unavailable"
    assert "Start" in health.detail


async def test_tool_calls_come_whole(stub: Rig) -> None:
    stub.behave("tools")
    *pieces, last = await all_of(stub, ask(tools=(READ_FILE,)))
    (call,) = [piece.call for piece in pieces if isinstance(piece, ToolCallDelta)]
    assert (call.name, call.arguments) == ("read_file", {"path": "a.txt"})
    assert call.id
    assert isinstance(last, Finished)
    assert last.reason == "tool_calls"


async def test_a_history_with_tools_is_accepted(stub: Rig) -> None:
    stub.behave("tools")
    *pieces, _ = await all_of(stub, ask(tools=(READ_FILE,)))
    (call,) = [piece.call for piece in pieces if isinstance(piece, ToolCallDelta)]
    stub.behave("answer")
    history = (
        Message("user", "Read it."),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "It says \ud800 hello.", tool_call_id=call.id, name=call.name),
    )
    assert isinstance((await all_of(stub, ask(messages=history, tools=(READ_FILE,))))[-1], Finished)


@pytest.mark.parametrize(("make", "mode"), WITH_FAULTS)
async def test_each_fault_is_told_apart(make: rigs.MakeRig, mode: str, tmp_path: Path) -> None:
    async with make(tmp_path) as stub:
        await stub.provider.health()
        stub.behave(mode)
        with pytest.raises(FAULTS[mode]) as caught:
            await all_of(stub, ask(tools=(READ_FILE,)))
        assert "sk-not-a-real-key" not in str(caught.value)
        stub.behave("answer")
        await stub.provider.health()
        # A key that was refused stays so until another one is set.
        if mode != "bad_key":
            assert isinstance((await all_of(stub, ask()))[-1], Finished)


@pytest.mark.parametrize("mode", ["hangs", "stalls"])
async def test_cancelling_really_ends_the_request(stub: Rig, mode: str) -> None:
    stub.behave(mode)
    got: list[ProviderDelta] = []

    async def listen() -> None:
        async for delta in stub.provider.stream(ask()):
            got.append(delta)

    listener = asyncio.ensure_future(listen())
    await eventually(lambda: got) if mode == "stalls" else await asyncio.wait([listener], timeout=0.2)
    listener.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listener
    await eventually(lambda: stub.hung_up() >= 1)
