"""Ollama: where it is, which model answers, and what stays on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.rigs import parts_for
from tests.fakes.ollama_server import OllamaServer, tag
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.errors import BadKey, LocalOnly, ModelMissing, RateLimited
from timmy_desktop.routing.providers.ollama import OllamaProvider, ollama_address
from timmy_desktop.routing.providers.ollama_models import choose, find, installed
from timmy_desktop.routing.types import Finished, Pulse, TextDelta
from timmy_desktop.settings import ProviderSettings
from timmy_desktop.supervisor import TaskSupervisor

Open = Callable[..., AbstractAsyncContextManager[tuple[OllamaServer, OllamaProvider]]]


@pytest.fixture
def ollama(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def make(
        model: str = "", by_purpose: Any = None, **server: Any
    ) -> AsyncIterator[tuple[OllamaServer, OllamaProvider]]:
        async with OllamaServer(**server) as stub:
            entry = ProviderSettings(kind="ollama", base_url=stub.url, model=model, models=by_purpose or {})
            provider = OllamaProvider(entry, parts_for(tmp_path, TaskSupervisor()), {})
            try:
                yield stub, provider
            finally:
                await provider.stop()

    return make


@pytest.mark.parametrize(
    ("setting", "host", "address"),
    [
        ("", "", "http://127.0.0.1:11434"),
        ("", "0.0.0.0", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434", "10.0.0.5:1234", "http://10.0.0.5:1234"),
        ("", "https://box.example", "https://box.example:443"),
        ("", "[::]:9", "http://[::1]:9"),
        ("", ":8080", "http://127.0.0.1:8080"),
        ("", "http://a:b:c", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:5", "10.0.0.5", "http://127.0.0.1:5"),
    ],
)
def test_where_it_is(setting: str, host: str, address: str) -> None:
    assert ollama_address(setting, {"OLLAMA_HOST": host}) == address


def test_another_machines_ollama_is_remote(tmp_path: Path) -> None:
    parts = parts_for(tmp_path, TaskSupervisor())
    assert OllamaProvider(
        ProviderSettings(kind="ollama", base_url="http://10.0.0.5:11434"), parts, {}
    ).is_remote
    assert not OllamaProvider(ProviderSettings(kind="ollama"), parts, {}).is_remote


def test_the_model_is_one_to_chat_with_and_never_an_embedding_one() -> None:
    models = installed(
        {
            "models": [
                tag("nomic-embed-text:latest", family="nomic-bert", modified="2027"),
                tag("something:latest", family="bert", modified="2027"),
                tag("gpt-oss:120b-cloud", modified="2027"),
                tag("big:latest", modified="2027", remote_host="https://ollama.com:443"),
                tag("llama3:text", modified="2026-05"),
                tag("qwen3:4b", modified="2026-01"),
                tag("qwen2.5:7b-instruct", modified="2025-01"),
            ]
        }
    )
    chosen = choose(models, loaded=())
    assert chosen is not None
    assert chosen.name == "qwen2.5:7b-instruct"
    plain = choose([model for model in models if "instruct" not in model.name], loaded=())
    assert plain is not None
    assert plain.name == "qwen3:4b"
    assert choose(models[:4], loaded=()) is None


def test_a_name_without_a_tag_means_the_latest() -> None:
    models = installed({"models": [tag("llama3.2:1b"), tag("llama3.2:latest")]})
    assert find("llama3.2", models) == models[1]
    assert find("llama3.2:3b", models) is None


async def test_no_model_and_a_missing_one_come_with_the_command_to_run(ollama: Open) -> None:
    async with ollama(models=[tag("nomic-embed-text:latest")]) as (_, provider):
        health = await provider.health()
        assert (health.state, "ollama pull llama3.2" in health.detail) == ("not_configured", True)
    async with ollama(model="mistral") as (_, provider):
        health = await provider.health()
        assert (health.state, "ollama pull mistral" in health.detail) == ("not_configured", True)
        with pytest.raises(ModelMissing, match="ollama pull mistral"):
            await anext(provider.stream(ask()))


async def test_a_configured_cloud_model_is_remote_and_refused_when_local_only(ollama: Open) -> None:
    cloud = tag("big:latest", remote_host="https://ollama.com:443")
    async with ollama(model="big", models=[cloud]) as (server, provider):
        with pytest.raises(LocalOnly):
            await anext(provider.stream(ask(local_only=True)))
        assert "/api/chat" not in server.paths()
        assert provider.is_remote


async def test_tools_are_offered_to_models_that_can_call_them(ollama: Open) -> None:
    for capabilities, supported in ((("completion", "tools"), True), (("completion",), False)):
        async with ollama(capabilities=capabilities) as (_, provider):
            await provider.health()
            assert provider.supports_tools is supported


async def test_what_is_asked_reaches_ollama(ollama: Open) -> None:
    async with ollama() as (server, provider):
        request = ask("Hi", temperature=0.1, stop=("END",), max_tokens=9)
        assert [delta async for delta in provider.stream(request)]
        body = server.requests[-1].json
        assert body["messages"] == [{"role": "user", "content": "Hi"}]
        options = {"temperature": 0.1, "num_predict": 9, "stop": ["END"], "num_ctx": 4096}
        assert body["options"] == options


async def test_thinking_is_a_sign_of_life_and_no_text(ollama: Open) -> None:
    async with ollama(mode="thinks") as (_, provider):
        deltas = [delta async for delta in provider.stream(ask())]
        assert [type(delta) for delta in deltas] == [Pulse, TextDelta, Finished]


async def test_a_model_on_its_way_into_memory_is_loading(ollama: Open) -> None:
    async with ollama(mode="hangs") as (_, provider):
        assert (await provider.health()).state == "ready"
        stream = provider.stream(ask())

        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.wait([waiting], timeout=0.1)
        assert (await provider.health()).state == "loading"
        waiting.cancel()
        await asyncio.wait([waiting])
        assert (await provider.health()).state == "ready"


async def test_each_purpose_goes_to_its_model(ollama: Open) -> None:
    models = [tag("llama3.2:latest"), tag("coder:7b")]
    async with ollama(by_purpose={"code": "coder:7b"}, models=models) as (server, provider):
        for purpose in ("chat", "agent", "code"):
            assert [delta async for delta in provider.stream(ask(purpose=purpose))]
        asked = [request.json["model"] for request in server.requests if request.path == "/api/chat"]
        assert asked == ["llama3.2:latest", "llama3.2:latest", "coder:7b"]
        assert provider.model == "llama3.2:latest"


async def test_a_purpose_s_model_that_is_missing_is_told(ollama: Open) -> None:
    async with ollama(by_purpose={"agents": "doer"}) as (_, provider):
        health = await provider.health()
        assert (health.state, "ollama pull doer" in health.detail) == ("not_configured", True)


async def test_a_purpose_s_cloud_model_never_gets_what_is_local_only(ollama: Open) -> None:
    models = [tag("llama3.2:latest"), tag("big:latest", remote_host="https://ollama.com:443")]
    async with ollama(by_purpose={"agents": "big"}, models=models) as (server, provider):
        with pytest.raises(LocalOnly):
            await anext(provider.stream(ask(purpose="agent", local_only=True)))
        assert "/api/chat" not in server.paths()
        assert [delta async for delta in provider.stream(ask(purpose="chat", local_only=True))]


async def test_the_context_grows_with_the_prompt_and_never_shrinks(ollama: Open) -> None:
    async with ollama(model_info={"llama.context_length": 131_072}) as (server, provider):
        for characters in (30, 20_000, 30):
            assert [delta async for delta in provider.stream(ask("x" * characters))]
        sizes = [
            request.json["options"]["num_ctx"] for request in server.requests if request.path == "/api/chat"
        ]
        assert sizes == [4096, 8192, 8192]
        assert provider.context_tokens == 16_384


async def test_the_context_is_no_longer_than_the_model_was_made_for(ollama: Open) -> None:
    async with ollama(model_info={"llama.context_length": 2048}) as (server, provider):
        assert [delta async for delta in provider.stream(ask("x" * 20_000))]
        assert server.requests[-1].json["options"]["num_ctx"] == 2048 == provider.context_tokens


async def test_a_refused_key_stays_refused_though_the_list_of_models_is_open(ollama: Open) -> None:
    async with ollama(mode="bad_key") as (_, provider):
        assert (await provider.health()).state == "ready"
        with pytest.raises(BadKey):
            await anext(provider.stream(ask()))
        assert (await provider.health()).state == "not_configured"


async def test_a_server_that_lets_chat_again_is_used_again_and_no_model_is_loaded_to_find_out(
    ollama: Open,
) -> None:
    async with ollama(mode="bad_key") as (server, provider):
        with pytest.raises(BadKey):
            await anext(provider.stream(ask()))
        server.mode = "answer"
        assert (await provider.health()).state == "ready"
        [asked] = [request.json for request in server.requests if request.path == "/api/chat"][1:]
        assert asked == {"model": "", "messages": [], "stream": False}
        assert [delta async for delta in provider.stream(ask())]


async def test_it_is_left_alone_for_as_long_as_it_asks(ollama: Open) -> None:
    async with ollama(mode="rate_limited") as (_, provider):
        with pytest.raises(RateLimited) as caught:
            await anext(provider.stream(ask()))
        assert caught.value.retry_after == 7
