"""A real model behind the Ollama API: it is used first, and when it dies in mid-task the next one finishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conditions import eventually
from tests.e2e.command import in_order
from tests.e2e.parts import PROXY_MODEL, ModelServer, OllamaApi, model_server, ollama_api
from timmy_desktop.bootstrap import build
from timmy_desktop.events.base import Event
from timmy_desktop.events.routing import ProviderCalled, ProviderFailedOver
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import ProviderSettings, Settings
from timmy_desktop.storage.event_query import task_events
from timmy_desktop.swarm.task import TaskStatus

pytestmark = [pytest.mark.parts, pytest.mark.model, pytest.mark.timeout(420)]

FIRST_WORD_WITHIN_S = 120.0
FAILED_OVER = [
    "task.created",
    "task.started",
    "provider.called",
    "provider.failed_over",
    "provider.called",
    "task.completed",
    "payment.settled",
]


@asynccontextmanager
async def running(folder: Path, api: OllamaApi, reply_tokens: int) -> AsyncIterator[Services]:
    """The whole application but its window: Ollama first, then the embedded model."""
    cascade = (
        ProviderSettings(kind="ollama", base_url=api.url, model=PROXY_MODEL, first_token_timeout=120),
        ProviderSettings(kind="embedded", first_token_timeout=120),
    )
    services = build(
        Settings(cascade_providers=cascade, reply_max_tokens=reply_tokens), Paths.default(folder / "data")
    )
    await services.start("test")
    try:
        yield services
    finally:
        await services.stop()


async def events_of(services: Services, task_id: str) -> list[Event]:
    await services.router.flush()
    records = await services.database.read(lambda session: task_events(session, task_id))
    return [record.event for record in records]


async def test_ollama_is_used_first(tmp_path: Path) -> None:
    async with (
        model_server(tmp_path) as server,
        ollama_api(server) as api,
        running(tmp_path, api, 8) as services,
    ):
        task = await services.coordinator.wait(await services.coordinator.post("Say hello"))
        assert (task.status, task.provider) == (TaskStatus.COMPLETED, "ollama"), task.reason
        assert task.result.strip()
        assert task.paid_msat > 0
        calls = [event for event in await events_of(services, task.id) if isinstance(event, ProviderCalled)]
        assert [(call.provider, call.outcome) for call in calls] == [("ollama", "ok")]


@pytest.mark.parametrize("dies", ["the API", "the model behind it"])
async def test_the_next_provider_finishes_what_a_killed_server_began(dies: str, tmp_path: Path) -> None:
    async with (
        model_server(tmp_path) as server,
        ollama_api(server) as api,
        running(tmp_path, api, 24) as services,
    ):
        task_id = await services.coordinator.post("Tell at length how a lighthouse works")
        # The time to the first token is known as soon as that has come.
        ollama = next(index for index, it in enumerate(services.router.status()) if it.kind == "ollama")
        await eventually(lambda: services.router.status()[ollama].last_latency_ms >= 0, FIRST_WORD_WITHIN_S)
        await _kill(dies, server, api)
        task = await services.coordinator.wait(task_id)

        assert (task.status, task.provider) == (TaskStatus.COMPLETED, "embedded"), task.reason
        assert task.result.strip()
        assert task.paid_msat == task.price_msat > 0
        events = await events_of(services, task_id)
        assert in_order(FAILED_OVER, [event.type for event in events]), events
        broken, whole = (event for event in events if isinstance(event, ProviderCalled))
        assert broken.provider == "ollama"
        assert broken.outcome in {"broken_off", "server_error", "garbled", "refused"}, broken
        assert broken.ttft_ms >= 0
        assert broken.detail
        assert (whole.provider, whole.outcome, whole.attempt) == ("embedded", "ok", 2)
        moved = [event for event in events if isinstance(event, ProviderFailedOver)]
        assert [(it.from_provider, it.to_provider) for it in moved] == [("ollama", "embedded")]
        assert (await services.ledger.check()).adds_up


async def _kill(dies: str, server: ModelServer, api: OllamaApi) -> None:
    if dies == "the API":
        await api.kill()
    else:
        await server.worker.kill()
