"""One story over all that is real: Ollama dies, AirLLM's worker is killed, the API answers, Ollama returns."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually, require_airllm
from tests.e2e.parts import PROXY_MODEL, ModelServer, free_port, model_server, ollama_api, tiny_llama
from timmy_desktop.bootstrap import build
from timmy_desktop.events.base import Event
from timmy_desktop.events.routing import (
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    ProviderCalled,
    ProviderFailedOver,
)
from timmy_desktop.gui.panels.router.snapshot import picture_of
from timmy_desktop.paths import Paths
from timmy_desktop.routing.types import AttemptFailed, Completed, CompletionRequest, Message, Reply, TextDelta
from timmy_desktop.services import Services
from timmy_desktop.settings import ProviderSettings, Settings

pytestmark = [pytest.mark.parts, pytest.mark.timeout(400)]

SECOND_US = 1_000_000


async def test_the_chain_breaks_link_by_link_and_mends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model_server(tmp_path) as server:
        port = free_port()
        monkeypatch.setenv("TIMMY_SECRET_API", server.key)
        services = build(await _settings(server, port), Paths.default(tmp_path / "data"))
        events: list[Event] = []
        services.bus.subscribe_all(lambda records: events.extend(record.event for record in records))
        began_us = services.clock.now_us()
        await services.start("chain test")
        try:
            replies = await _story(services, server, port)
            await services.router.flush()
            await services.event_log.flush()
            assert [reply.provider for reply in replies] == ["ollama", "airllm", "api", "ollama"]
            _events_tell_it(events)
            await _receipts_tell_it(services, replies)
            await _graph_tells_it(services, began_us)
        finally:
            await services.stop()


async def _settings(server: ModelServer, port: int) -> Settings:
    return Settings(
        cascade_providers=(
            ProviderSettings(kind="ollama", base_url=f"http://127.0.0.1:{port}", model=PROXY_MODEL),
            ProviderSettings(kind="airllm"),
            ProviderSettings(kind="api", base_url=server.url),
        ),
        airllm_python=require_airllm(),
        airllm_models=(await tiny_llama(),),
        circuit_recovery_seconds=1.0,
    )


async def _story(services: Services, server: ModelServer, port: int) -> list[Reply]:
    router = services.router
    async with ollama_api(server, port) as ollama:
        await router.check_now()
        first = await router.complete(_request())
        await ollama.kill()
    second = await router.complete(_request())
    third = await _answered_while_airllm_is_killed(services)
    async with ollama_api(server, port):
        # Nobody asks for it: free probes find that it is back.
        await eventually(lambda: _state(services, "ollama") == "CLOSED", timeout=90)
        fourth = await router.complete(_request())
    return [first, second, third, fourth]


async def _answered_while_airllm_is_killed(services: Services) -> Reply:
    failed: list[AttemptFailed] = []
    async with aclosing(services.router.stream(_request(max_tokens=200))) as answer:
        async for event in answer:
            if isinstance(event, TextDelta) and not failed:
                _kill_airllm(services)
            if isinstance(event, AttemptFailed):
                failed.append(event)
            if isinstance(event, Completed):
                assert [(one.provider, one.had_text) for one in failed] == [("airllm", True)]
                return event.reply
    raise AssertionError("nobody answered")


def _kill_airllm(services: Services) -> None:
    [lane] = [lane for lane in services.router._lanes if lane.provider.name == "airllm"]
    provider: Any = lane.provider
    assert provider.worker_pid is not None
    os.kill(provider.worker_pid, signal.SIGKILL)


def _state(services: Services, name: str) -> str:
    return next(status.state for status in services.router.status() if status.name == name)


def _request(max_tokens: int = 8) -> CompletionRequest:
    return CompletionRequest(
        messages=(Message("user", "Say a word."),), purpose="chat", max_tokens=max_tokens
    )


def _events_tell_it(events: Sequence[Event]) -> None:
    calls = [
        (event.provider, event.outcome == "ok")
        for event in events
        if isinstance(event, ProviderCalled) and event.purpose == "chat"
    ]
    assert calls == [
        ("ollama", True),
        ("ollama", False),
        ("airllm", True),
        ("airllm", False),
        ("api", True),
        ("ollama", True),
    ]
    moves = [
        (event.from_provider, event.to_provider) for event in events if isinstance(event, ProviderFailedOver)
    ]
    assert moves == [("ollama", "airllm"), ("airllm", "api")]
    circuit = [
        type(event)
        for event in events
        if isinstance(event, CircuitOpened | CircuitHalfOpened | CircuitClosed) and event.provider == "ollama"
    ]
    assert circuit[0] is CircuitOpened
    assert circuit[-1] is CircuitClosed


async def _receipts_tell_it(services: Services, replies: Sequence[Reply]) -> None:
    receipts = [await services.router_history.receipt(reply.request_id) for reply in replies]
    attempts = [[(one.provider, one.outcome == "ok") for one in receipt.attempts] for receipt in receipts]
    assert attempts == [
        [("ollama", True)],
        [("ollama", False), ("airllm", True)],
        [("airllm", False), ("api", True)],
        [("ollama", True)],
    ]
    # The dead one is not asked a second time: it is passed over, and the receipt says why.
    assert [one.provider for one in receipts[2].skipped] == ["ollama"]
    for receipt in receipts:
        assert receipt.outcome == "ok"
        assert receipt.messages[-1].content == "Say a word."
        assert all(one.reason for one in receipt.attempts)
        assert receipt.tokens_out > 0


async def _graph_tells_it(services: Services, began_us: int) -> None:
    until_us = services.clock.now_us() + SECOND_US
    series = await services.router_history.series(began_us, until_us, 200)
    answers = {one.provider: sum(bucket.count for bucket in one.buckets) for one in series.providers}
    assert answers == {"ollama": 2, "airllm": 1, "api": 1}
    assert [(mark.from_provider, mark.to_provider) for mark in series.failovers] == [
        ("ollama", "airllm"),
        ("airllm", "api"),
    ]
    opened = [one for one in series.circuits if one.provider == "ollama" and one.state == "OPEN"]
    assert opened
    picture = picture_of(series, {"ollama": "series1", "airllm": "series2", "api": "series3"}, log=True)
    assert {curve.name for curve in picture.curves} == {"ollama", "airllm", "api"}
    assert len(picture.marks) == 2
    assert picture.since <= opened[0].since_us / SECOND_US <= time.time()
