"""A provider and the world that it talks to, one rig for each; the contract suite runs over all of them."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.conditions import require_airllm, require_small_model
from tests.e2e.parts import PROXY_MODEL, model_server, ollama_api, tiny_llama
from tests.fakes.ollama_server import OllamaServer
from tests.fakes.openai_server import KEY, OpenAIServer
from tests.fakes.providers import Script, ScriptedProvider, unavailable
from timmy_desktop.clock import SystemClock
from timmy_desktop.paths import Paths
from timmy_desktop.routing import errors
from timmy_desktop.routing.providers import PROVIDERS
from timmy_desktop.routing.providers.airllm import AirllmProvider
from timmy_desktop.routing.providers.base import Parts, Provider
from timmy_desktop.routing.providers.embedded import EmbeddedProvider
from timmy_desktop.routing.types import ToolCall
from timmy_desktop.settings import ProviderSettings, Secrets, Settings
from timmy_desktop.supervisor import TaskSupervisor


@dataclass
class Rig:
    """`behave(mode)` sets how its world answers the next request; `gone()` takes the world away."""

    provider: Provider
    behave: Callable[[str], None]
    gone: Callable[[], Any]
    hung_up: Callable[[], int]


MakeRig = Callable[[Path], AbstractAsyncContextManager[Rig]]

_SCRIPTS = {
    "answer": Script(),
    "tools": Script(words=(), calls=(ToolCall("c1", "read_file", {"path": "a.txt"}),)),
    "hangs": Script.hangs_silently(),
    "stalls": Script(words=("Half",), hangs=True),
    "dies": Script.dies_in_the_middle(),
    "garbage": replace(Script.says_garbage(), words=("Half an",)),
    "model_missing": Script(words=(), error=errors.ModelMissing("no such model")),
    "fails": Script(words=(), error=errors.ServerError("failed")),
    "rate_limited": Script(words=(), error=errors.RateLimited("wait", 17.0)),
    "bad_key": Script(words=(), error=errors.BadKey("bad key")),
    "too_long": Script(words=(), error=errors.ContextTooLong("too long")),
    "bad_request": Script(words=(), error=errors.BadRequest("bad request")),
}


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[Rig]:
    provider = ScriptedProvider()
    closed = 0

    def behave(mode: str) -> None:
        provider.script = _SCRIPTS[mode]

    def gone() -> None:
        provider.script, provider.state = Script.refuses(), unavailable()

    def hung_up() -> int:
        return closed + (provider.open_streams == 0)

    yield Rig(provider, behave, gone, hung_up)


def parts_for(folder: Path, supervisor: TaskSupervisor, **secrets: str) -> Parts:
    environment = {f"TIMMY_SECRET_{name.upper()}": value for name, value in secrets.items()}
    return Parts(Settings(), Secrets(environment), Paths.default(folder), SystemClock(), supervisor)


@asynccontextmanager
async def built(entry: ProviderSettings, parts: Parts) -> AsyncIterator[Provider]:
    provider = PROVIDERS[entry.kind](entry, parts)
    await provider.start()
    try:
        yield provider
    finally:
        await provider.stop()
        await parts.supervisor.close()


@asynccontextmanager
async def ollama_stub(folder: Path) -> AsyncIterator[Rig]:
    async with OllamaServer() as server:
        entry = ProviderSettings(kind="ollama", base_url=server.url)
        async with built(entry, parts_for(folder, TaskSupervisor())) as provider:
            yield _over(server, provider)


@asynccontextmanager
async def api_stub(folder: Path) -> AsyncIterator[Rig]:
    async with OpenAIServer() as server:
        entry = ProviderSettings(kind="api", base_url=f"{server.url}/v1", model="gpt-small")
        async with built(entry, parts_for(folder, TaskSupervisor(), api=KEY)) as provider:
            yield _over(server, provider)


def _over(server: OllamaServer | OpenAIServer, provider: Provider) -> Rig:
    return Rig(provider, lambda mode: setattr(server, "mode", mode), server.die, lambda: server.hung_up)


def _modes(server: type) -> frozenset[str]:
    return frozenset(name[1:] for name in vars(server) if name.startswith("_")) | {"foreign"}


MODES: dict[Any, frozenset[str]] = {
    scripted: frozenset(_SCRIPTS),
    ollama_stub: _modes(OllamaServer),
    api_stub: _modes(OpenAIServer),
}


@asynccontextmanager
async def embedded_real(folder: Path) -> AsyncIterator[Rig]:
    settings = Settings(embedded_model_path=require_small_model())
    parts = replace(parts_for(folder, TaskSupervisor()), settings=settings)
    entry = ProviderSettings(kind="embedded", context_tokens=1024)
    async with built(entry, parts) as provider:
        yield _real(provider, lambda: kill_worker(provider))


@asynccontextmanager
async def airllm_real(folder: Path) -> AsyncIterator[Rig]:
    settings = Settings(airllm_python=require_airllm(), airllm_models=(await tiny_llama(),))
    parts = replace(parts_for(folder, TaskSupervisor()), settings=settings)
    async with built(ProviderSettings(kind="airllm"), parts) as provider:
        yield _real(provider, lambda: kill_worker(provider))


def kill_worker(provider: Provider) -> None:
    assert isinstance(provider, EmbeddedProvider | AirllmProvider)
    assert provider.worker_pid is not None
    os.kill(provider.worker_pid, signal.SIGKILL)


@asynccontextmanager
async def api_real(folder: Path) -> AsyncIterator[Rig]:
    async with model_server(folder) as server:
        entry = ProviderSettings(kind="api", base_url=server.url)
        async with built(entry, parts_for(folder, TaskSupervisor(), api=server.key)) as provider:
            yield _real(provider, server.worker.kill)


@asynccontextmanager
async def ollama_real(folder: Path) -> AsyncIterator[Rig]:
    async with model_server(folder) as server, ollama_api(server) as api:
        entry = ProviderSettings(kind="ollama", base_url=api.url, model=PROXY_MODEL)
        async with built(entry, parts_for(folder, TaskSupervisor())) as provider:
            yield _real(provider, api.kill)


def _real(provider: Provider, gone: Callable[[], Any]) -> Rig:
    return Rig(provider, lambda mode: None, gone, lambda: 1)
