"""Model servers that say absurd things: they cost an attempt at most, never the router or its records."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.conditions import eventually
from tests.contract.rigs import api_stub, built, ollama_stub, parts_for
from tests.fakes.openai_server import KEY, OpenAIServer
from tests.fakes.providers import Script, ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.events.routing import ProviderCalled
from timmy_desktop.routing.errors import Garbled
from timmy_desktop.routing.providers.bounded import MOST_BYTES, bound
from timmy_desktop.routing.types import MOST_TOKENS, Finished, Usage
from timmy_desktop.settings import ProviderSettings
from timmy_desktop.supervisor import TaskSupervisor


@pytest.mark.parametrize(
    ("said", "counted"),
    [(7, 7), (-3, 0), (10**30, MOST_TOKENS), (float("inf"), MOST_TOKENS), (float("nan"), 0), ("7", 0)],
)
def test_an_absurd_token_count_becomes_one_that_can_be_kept(said, counted):
    assert Usage(said, said) == Usage(counted, counted)
    assert type(Usage(said, 0).tokens_in) is int


@pytest.mark.parametrize("make", [ollama_stub, api_stub])
async def test_an_absurd_token_count_ends_neither_the_answer_nor_the_records(make, tmp_path, routing):
    async with make(tmp_path) as rig:
        rig.behave("counts_absurdly")
        (*_, finished) = [delta async for delta in rig.provider.stream(ask())]
        assert isinstance(finished, Finished)
        assert finished.usage.tokens_out == MOST_TOKENS
    provider = ScriptedProvider("absurd")
    async with routing(provider, started=True) as bench:
        provider.usage = finished.usage
        await bench.router.complete(ask())
        await bench.router.complete(ask())
        assert [row["tokens_out"] for row in await bench.rows()] == [MOST_TOKENS, MOST_TOKENS]


async def test_a_record_that_cannot_be_written_costs_no_other(routing, expected_log):
    expected_log("A record of a provider call can't be written")
    async with routing(ScriptedProvider("fine"), started=True) as bench:
        for task in ("t1", "\ud800", "t3"):
            await bench.router.complete(ask(task_id=task))
        assert [row["task_id"] for row in await bench.rows()] == ["t1", "t3"]
        await bench.router.complete(ask(task_id="t4"))
        assert [event.task_id for event in await bench.events(ProviderCalled)] == ["t1", "t3", "t4"]


ENDLESS = {
    ollama_stub: ("never_ends", "line_never_ends", "refusal_never_ends", "compresses"),
    api_stub: (
        "never_ends", "line_never_ends", "event_never_ends", "arguments_never_end", "refusal_never_ends",
        "compresses",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("make", "mode"), [(make, mode) for make, modes in ENDLESS.items() for mode in modes]
)
async def test_a_server_that_does_not_end_is_left_for_the_next(make, mode, tmp_path, routing):
    async with make(tmp_path) as rig, routing(rig.provider, ScriptedProvider("spare")) as bench:
        rig.behave(mode)
        async with asyncio.timeout(20):
            reply = await bench.router.complete(ask())
        assert reply.provider == "spare"
        # The API's refusal is cut; the Ollama client reads its whole, and meets the bound.
        assert reply.attempts[0].outcome in ("garbled", "server_error")
        await eventually(lambda: rig.hung_up() > 0 or mode == "compresses")


async def test_an_answer_may_have_some_characters_for_each_token_and_no_more(routing):
    modest = ScriptedProvider("modest", script=Script(words=("w" * 16 * 100,)))
    async with routing(modest, ScriptedProvider("spare")) as bench:
        assert (await bench.router.complete(ask(max_tokens=100))).provider == "modest"
        modest.script = Script(words=("w" * 1600,) * 4)
        reply = await bench.router.complete(ask(max_tokens=100))
        assert (reply.provider, reply.attempts[0].outcome) == ("spare", "garbled")
        assert "more than the 100 tokens" in reply.attempts[0].detail


@pytest.mark.parametrize(
    ("chunks", "is_too_much"),
    [
        ([b"x" * MOST_BYTES], False),
        ([b"x" * MOST_BYTES, b"x"], True),
        ([b"x" * (MOST_BYTES - 3), b"\r", b"\n\r", b"\n", b"x" * MOST_BYTES], False),
        ([b"x\r", b"\ny\r", b"\n" + b"x" * MOST_BYTES], True),
        ([b"x\n", b"\n" + b"x" * MOST_BYTES], False),
        ([b"x\r\r" + b"x" * MOST_BYTES], False),
        ([b"data: x\r\n" * (MOST_BYTES // 9 + 1)], True),
    ],
)
async def test_an_event_ends_at_an_empty_line_wherever_the_chunks_are_cut(chunks, is_too_much):
    class Chunks(httpx.AsyncByteStream):
        async def __aiter__(self):
            for chunk in chunks:
                yield chunk

    request = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")
    headers = {"Content-Type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, stream=Chunks(), request=request)
    await bound(response)
    if is_too_much:
        with pytest.raises(Garbled, match="in one piece"):
            await response.aread()
        await response.aclose()
    else:
        assert await response.aread() == b"".join(chunks)


async def test_a_list_of_models_without_end_is_not_read_whole(tmp_path):
    async with OpenAIServer(models=("m" * 100_000,) * 50) as server:
        entry = ProviderSettings(kind="api", base_url=server.url + "/v1")
        async with built(entry, parts_for(tmp_path, TaskSupervisor(), api=KEY)) as provider:
            health = await provider.health()
            assert (health.state, "in one piece" in health.detail) == ("unavailable", True)
            await asyncio.sleep(0)  # the loop closes the client's own generators in its next turn
