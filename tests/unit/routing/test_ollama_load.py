"""A silent Ollama: one that loads is waited for, one that hangs is left at the first-token deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.contract.rigs import parts_for
from tests.fakes.ollama_server import OllamaServer, tag
from tests.fakes.providers import FakeClock, ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.clock import SystemClock
from timmy_desktop.routing.providers.ollama import OllamaProvider
from timmy_desktop.routing.providers.ollama_load import LISTED_WITHIN_SECONDS, Loaded, Loads
from timmy_desktop.settings import ProviderSettings
from timmy_desktop.supervisor import TaskSupervisor

MODEL = "llama3.2:latest"
SILENCE = 0.4  # seconds to the first-token deadline
Open = Callable[..., Any]


@pytest.fixture
def ollama(tmp_path: Path) -> Open:
    """`async with ollama(…) as (server, provider):`, with a short patience for the first word."""

    @asynccontextmanager
    async def make(
        clock: Any = None, first_token: float = SILENCE, **server: Any
    ) -> AsyncIterator[tuple[OllamaServer, OllamaProvider]]:
        async with OllamaServer(**server) as stub:
            entry = ProviderSettings(kind="ollama", base_url=stub.url, first_token_timeout=first_token)
            parts = replace(parts_for(tmp_path, TaskSupervisor()), clock=clock or SystemClock())
            provider = OllamaProvider(entry, parts, {})
            try:
                yield stub, provider
            finally:
                await provider.stop()

    return make


@asynccontextmanager
async def waiting_for(provider: OllamaProvider, server: OllamaServer) -> AsyncIterator[None]:
    """A request that nothing answers, while the block lasts."""
    waiting = asyncio.ensure_future(anext(provider.stream(ask())))
    await eventually(lambda: "/api/chat" in server.paths())
    yield
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_one_that_has_the_model_in_memory_and_says_nothing_is_not_loading(ollama: Open) -> None:
    async with ollama(mode="hangs", loaded=[MODEL]) as (server, provider):
        await provider.health()
        async with waiting_for(provider, server):
            assert (await provider.health()).state == "ready"


async def test_one_that_loads_nothing_for_long_is_not_loading(ollama: Open) -> None:
    clock = FakeClock()
    async with ollama(clock, mode="hangs") as (server, provider):
        await provider.health()
        async with waiting_for(provider, server):
            assert (await provider.health()).state == "loading"
            clock.seconds += LISTED_WITHIN_SECONDS
            health = await provider.health()
            assert (health.state, "does not load" in health.detail) == ("ready", True)
            server.loaded = [MODEL]
            assert (await provider.health()).state == "loading"


async def test_one_that_holds_its_list_back_while_it_loads_is_loading(ollama: Open) -> None:
    clock = FakeClock()
    async with ollama(clock, mode="hangs") as (server, provider):
        await provider.health()
        async with waiting_for(provider, server):
            server.holds_ps_back = True
            clock.seconds += LISTED_WITHIN_SECONDS
            assert (await provider.health()).state == "loading"


async def test_a_second_model_is_loaded_though_the_first_is_there(ollama: Open) -> None:
    models = [tag(MODEL), tag("other:latest")]
    async with ollama(mode="hangs", loaded=["other:latest"], models=models) as (server, provider):
        provider._configured = MODEL
        await provider.health()
        async with waiting_for(provider, server):
            health = await provider.health()
            assert (health.state, MODEL in health.detail) == ("loading", True)


def loads(clock: FakeClock) -> Loads:
    return Loads(monotonic=clock.monotonic, now_us=clock.now_us)


def test_a_longer_context_means_another_load() -> None:
    known = loads(FakeClock())
    known.seen({MODEL: Loaded(4096)})
    known.asked(MODEL, 4096)
    assert known.under_way == ""
    known.asked(MODEL, 8192)
    assert known.under_way == MODEL


def test_a_model_that_left_after_its_rest_is_loaded_anew() -> None:
    clock = FakeClock()
    known = loads(clock)
    known.seen({MODEL: Loaded(4096, clock.now_us() + 5_000_000)})
    clock.seconds += 6
    known.asked(MODEL, 4096)
    assert known.under_way == MODEL
    known.spoke(MODEL)
    assert (known.under_way, known.is_hot(MODEL)) == ("", True)


async def test_a_server_that_falls_silent_on_everything_is_left_at_the_first_token_deadline(
    ollama: Open, routing: Any
) -> None:
    async with (
        ollama(mode="hangs") as (server, provider),
        routing(provider, ScriptedProvider("next"), clock=SystemClock()) as bench,
    ):
        await bench.router.check_now()
        server.is_mute = True
        reply = await bench.router.complete(ask())
        assert [attempt.outcome for attempt in reply.attempts] == ["first_token_timeout", "ok"]
        assert reply.attempts[0].total_ms < 30_000  # and not the five minutes of a cold load
        assert bench.router.status()[0].state == "OPEN"
        assert len((await bench.router.complete(ask())).attempts) == 1


async def test_a_first_request_that_hangs_on_a_loaded_model_is_left_at_the_deadline(
    ollama: Open, routing: Any
) -> None:
    async with (
        ollama(mode="hangs", loaded=[MODEL]) as (_, provider),
        routing(provider, ScriptedProvider("next"), clock=SystemClock()) as bench,
    ):
        await bench.router.check_now()
        reply = await bench.router.complete(ask())
        assert [attempt.outcome for attempt in reply.attempts] == ["first_token_timeout", "ok"]
        assert bench.router.status()[0].state == "OPEN"


@pytest.mark.parametrize("holds_ps_back", [False, True])
async def test_a_cold_load_is_neither_aborted_nor_held_against_it(
    ollama: Open, routing: Any, holds_ps_back: bool
) -> None:
    async with (
        ollama(mode="loads", first_token=2.0) as (server, provider),
        routing(provider, ScriptedProvider("next"), clock=SystemClock()) as bench,
    ):
        await bench.router.check_now()
        answer = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: "/api/chat" in server.paths())
        server.loaded, server.holds_ps_back = [MODEL], holds_ps_back
        await asyncio.wait([answer], timeout=2.2)
        assert not answer.done()
        server.has_loaded.set()
        reply = await answer
        assert [attempt.outcome for attempt in reply.attempts] == ["ok"]
        assert bench.router.status()[0].state == "CLOSED"
