"""Local only, at the socket: no connection to a remote provider is even opened, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.rigs import parts_for
from tests.fakes.openai_server import KEY, OpenAIServer
from tests.fakes.providers import Script, ScriptedProvider, unavailable
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.errors import NoProviderError, ServerError
from timmy_desktop.routing.providers.openai_api import OpenAIProvider
from timmy_desktop.settings import ProviderSettings
from timmy_desktop.supervisor import TaskSupervisor

WAYS_TO_FAIL = (
    Script.refuses(),
    Script.dies_in_the_middle(),
    Script.says_garbage(),
    Script(unfinished=True),
    Script(words=(), error=ServerError("It failed (500).")),
)


class CountingServer(OpenAIServer):
    """Counts connections before a byte is read."""

    connections = 0

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await super()._connected(reader, writer)


@asynccontextmanager
async def remote(folder: Path) -> AsyncIterator[tuple[CountingServer, OpenAIProvider]]:
    async with CountingServer() as server:
        entry = ProviderSettings(kind="api", base_url=f"{server.url}/v1", model="gpt-small")
        provider = OpenAIProvider(entry, parts_for(folder, TaskSupervisor(), api=KEY))
        provider.is_remote = True  # the only way to be remote on a loopback address
        yield server, provider


@pytest.mark.parametrize("script", WAYS_TO_FAIL, ids=lambda script: str(script.error or "unfinished"))
@pytest.mark.parametrize("by_setting", [False, True])
async def test_no_connection_is_opened(
    routing: Any, tmp_path: Path, script: Script, by_setting: bool
) -> None:
    local = ScriptedProvider("local", script=script, state=unavailable())
    async with (
        remote(tmp_path) as (server, api),
        routing(local, api, started=by_setting, local_only=by_setting) as bench,
    ):
        for _ in range(7):
            with pytest.raises(NoProviderError, match="must stay on this machine"):
                await bench.router.complete(ask(local_only=not by_setting))
        if by_setting:
            await bench.router.check_now()
            await bench.router.warm_up()
        assert server.connections == 0


async def test_without_it_the_same_request_goes_there(routing: Any, tmp_path: Path) -> None:
    local = ScriptedProvider("local", script=Script.refuses())
    async with remote(tmp_path) as (server, api), routing(local, api) as bench:
        assert (await bench.router.complete(ask())).provider == "api"
        assert server.connections >= 1
