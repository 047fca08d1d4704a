"""The API provider: off until it is set up, and careful with the key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.contract.rigs import parts_for
from tests.fakes.openai_server import KEY, OpenAIServer
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.bounds import Allowance
from timmy_desktop.routing.errors import BadKey, NotConfigured, RateLimited, ServerError
from timmy_desktop.routing.providers.chat_completions import ChatCompletions, new_client
from timmy_desktop.routing.providers.openai_api import OpenAIProvider
from timmy_desktop.routing.providers.tool_calls import ToolCallAssembly
from timmy_desktop.routing.providers.wire_errors import (
    DEFAULT_RETRY_SECONDS,
    from_status,
    retry_seconds,
)
from timmy_desktop.routing.types import Deadlines, TextDelta
from timmy_desktop.settings import ProviderSettings
from timmy_desktop.supervisor import TaskSupervisor

Open = Callable[..., AbstractAsyncContextManager[tuple[OpenAIServer, OpenAIProvider]]]


@pytest.fixture
def api(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def make(
        key: str = KEY, model: str = "gpt-small", **server: Any
    ) -> AsyncIterator[tuple[OpenAIServer, OpenAIProvider]]:
        async with OpenAIServer(**server) as stub:
            entry = ProviderSettings(kind="api", base_url=f"{stub.url}/v1", model=model)
            provider = OpenAIProvider(entry, parts_for(tmp_path, TaskSupervisor(), api=key))
            try:
                yield stub, provider
            finally:
                await provider.stop()

    return make


async def test_it_is_off_until_an_address_and_a_key_are_set(tmp_path: Path, api: Open) -> None:
    provider = OpenAIProvider(ProviderSettings(kind="api"), parts_for(tmp_path, TaskSupervisor(), api=KEY))
    assert (await provider.health()).state == "not_configured"
    with pytest.raises(NotConfigured, match="base URL"):
        await anext(provider.stream(ask()))
    async with api(key="  ") as (server, provider):
        assert "Set a key" in (await provider.health()).detail
        with pytest.raises(NotConfigured):
            await anext(provider.stream(ask()))
        assert not server.requests


def test_an_address_elsewhere_is_remote(tmp_path: Path) -> None:
    parts = parts_for(tmp_path, TaskSupervisor())
    for url, remote in (
        ("https://api.example.com/v1", True),
        ("http://localhost.example.com", True),
        ("http://192.168.0.2:8080/v1", True),
        ("http://localhost:8080/v1", False),
        ("http://[::1]:8080/v1", False),
    ):
        assert OpenAIProvider(ProviderSettings(kind="api", base_url=url), parts).is_remote is remote


async def test_the_key_is_in_no_error_and_no_log(api: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for mode, error in (("bad_key", BadKey), ("echoes_key", ServerError)):
        async with api(mode=mode) as (_, provider):
            with pytest.raises(error) as caught:
                await anext(provider.stream(ask()))
            assert KEY not in f"{caught.value!r} {(await provider.health())}"
    assert KEY not in caplog.text


async def test_no_redirect_is_followed_with_the_key(api: Open) -> None:
    async with api(mode="redirects") as (server, provider):
        with pytest.raises(NotConfigured, match="not followed"):
            await anext(provider.stream(ask()))
        assert server.paths() == ["/v1/chat/completions"]


async def test_a_key_that_was_refused_is_not_tried_again_until_it_changes(api: Open) -> None:
    async with api(mode="bad_key") as (server, provider):
        with pytest.raises(BadKey):
            await anext(provider.stream(ask()))
        server.mode = "answer"
        assert (await provider.health()).state == "not_configured"


async def test_a_server_that_ends_a_used_connection_under_the_next_request_is_not_taken_for_dead() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        said = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        kind = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "
        writer.write(kind + str(len(said)).encode() + b"\r\n\r\n" + said)
        await reader.read(1)  # the next request, or the client's end
        writer.close()
        await writer.wait_closed()
        ended.append(port)

    ended: list[int] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with new_client(f"http://127.0.0.1:{port}/v1", "", Deadlines()) as client:
        wire = ChatCompletions(client, "llama")
        for _ in range(3):
            deltas = [delta async for delta in wire.stream(ask(), "any", {})]
            assert deltas[0] == TextDelta("Hi")
    await eventually(lambda: len(ended) == 3)
    server.close()
    await server.wait_closed()


async def test_without_a_model_the_only_one_is_taken(api: Open) -> None:
    async with api(model="") as (_, provider):
        assert (await provider.health()).model == "gpt-small"


async def test_retry_after_is_kept(api: Open) -> None:
    async with api(mode="rate_limited") as (_, provider):
        with pytest.raises(RateLimited) as caught:
            await anext(provider.stream(ask()))
        assert caught.value.retry_after == 17.0


def test_retry_after_in_all_its_forms() -> None:
    assert retry_seconds("5") == 5.0
    assert retry_seconds("-3") == 1.0
    assert retry_seconds("1e12") == 3600.0
    assert retry_seconds(None) == retry_seconds("soon") == retry_seconds("nan") == DEFAULT_RETRY_SECONDS
    assert 50 < retry_seconds(format_datetime(datetime.now(UTC) + timedelta(minutes=1))) <= 60


def test_an_overloaded_server_that_says_when_is_left_alone_until_then() -> None:
    busy = from_status(503, "Overloaded.", "api", retry_after="9")
    assert isinstance(busy, RateLimited)
    assert busy.retry_after == 9
    assert isinstance(from_status(503, "Overloaded.", "api"), ServerError)


def test_tool_calls_that_come_interleaved() -> None:
    assembly = ToolCallAssembly(Allowance(16))
    for index, name, piece in ((0, "a", '{"x"'), (1, "b", None), (0, None, ": 1}"), (1, None, "{}")):
        assembly.add({"index": index, "function": {"name": name, "arguments": piece}})
    first, second = assembly.calls()
    assert (first.name, first.arguments, second.name, second.arguments) == ("a", {"x": 1}, "b", {})
    assert first.id != second.id
