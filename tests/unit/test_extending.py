"""docs/extending.md by doing: a provider, a Lightning backend, an event type and an agent are added once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.providers import ScriptedProvider
from tests.papers import code, module
from tests.running import running
from timmy_desktop.bootstrap import build
from timmy_desktop.events import codec
from timmy_desktop.events.base import EventRecord
from timmy_desktop.ledger import backends
from timmy_desktop.paths import Paths
from timmy_desktop.routing import providers
from timmy_desktop.routing.types import CompletionRequest, Message
from timmy_desktop.services import Services
from timmy_desktop.settings import ProviderSettings, Settings, load_settings
from timmy_desktop.storage.event_query import latest_events
from timmy_desktop.swarm.personas import ALL_TOOLS, personas

PAPER = "extending.md"
# In the code, a new kind or name is also a word in settings.py; here the check for it is passed by.
NEW_KIND = "parrot"


async def test_a_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parrot = module(PAPER, "provider", monkeypatch).ParrotProvider
    with_it: Mapping[str, Any] = {**providers.PROVIDERS, NEW_KIND: parrot}
    monkeypatch.setattr(providers, "PROVIDERS", with_it)
    entry = ProviderSettings(kind="ollama").model_copy(update={"kind": NEW_KIND})
    settings = Settings().model_copy(update={"cascade_providers": (entry,)})
    async with running(build(settings, Paths.default(tmp_path))) as services:
        asked = CompletionRequest((Message("user", "Good morning"),), "chat", 10, local_only=True)
        reply = await services.router.complete(asked)
        assert (reply.text, reply.provider, reply.model) == ("Good morning ", "parrot", "parrot-1")
        task = await services.coordinator.wait(await services.coordinator.post("Say it again"))
        assert (task.status, task.result, task.provider) == ("completed", "Say it again", "parrot")


def test_a_kind_that_settings_do_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind"):
        ProviderSettings.model_validate({"kind": NEW_KIND})


async def test_a_lightning_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def factory(parts: Any) -> Any:
        made.append(module(PAPER, "backend", monkeypatch).CountingBackend(parts))
        return made[0]

    monkeypatch.setattr(backends, "BACKENDS", {**backends.BACKENDS, "counting": factory})
    settings = Settings().model_copy(update={"lightning_backend": "counting"})
    async with running(build(settings, Paths.default(tmp_path), [ScriptedProvider()])) as services:
        task = await services.coordinator.wait(await services.coordinator.post("Do it"))
        assert task.paid_msat == task.price_msat > 0
        assert made[0].asked == 1
        assert (await services.ledger.check()).adds_up


async def test_an_event_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = module(PAPER, "event", monkeypatch)
    boiled = topic.KettleBoiled(seconds=90, source="kitchen")
    services = build(Settings(), Paths.default(tmp_path), [ScriptedProvider()])
    seen: list[EventRecord] = []
    services.bus.subscribe(topic.KettleBoiled, seen.append)
    async with running(services):
        await services.bus.publish(boiled)
        assert [record.event for record in seen] == [boiled]
        assert (await newest(services, "kettle.boiled")).event != boiled, "not known yet: shown generically"
        monkeypatch.setattr(codec, "TOPICS", (*codec.TOPICS, topic))
        codec.event_types.cache_clear()
        try:
            assert (await newest(services, "kettle.boiled")).event == boiled
        finally:
            monkeypatch.undo()
            codec.event_types.cache_clear()


async def newest(services: Services, type_name: str) -> EventRecord:
    def read(session: Any) -> Sequence[EventRecord]:
        return latest_events(session, 50)

    return next(record for record in await services.database.read(read) if record.type == type_name)


async def test_an_agent(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(code(PAPER, "persona"), encoding="utf-8")
    services = build(load_settings(file), Paths.default(tmp_path), [ScriptedProvider()])
    async with running(services):
        agents = {agent.name: agent for agent in services.coordinator.agents()}
        assert len(agents) == 7
        assert (agents["Nova"].role, agents["Nova"].base_bid_msat) == ("astronomy", 9_000)
        assert (agents["Quill"].role, agents["Quill"].base_bid_msat) == ("writing", 20_000)
        task_id = await services.coordinator.post(
            "Which planet has the longest orbit? Point a telescope there"
        )
        task = await services.coordinator.wait(task_id)
        assert (task.agent_name, task.status) == ("Nova", "completed")
        assert len(task.bids) == 7


def test_tools_of_an_agent_are_all_where_none_are_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[[personas]]\nname = "A"\n[[personas]]\nname = "B"\ntools = []\n', encoding="utf-8")
    found = {persona.name: persona.tools for persona in personas(load_settings(file).personas)}
    assert (found["A"], found["B"], len(ALL_TOOLS)) == (ALL_TOOLS, (), 9)
