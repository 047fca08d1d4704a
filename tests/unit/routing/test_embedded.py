"""The embedded provider: which model it finds, and what it says when something is missing."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.contract.rigs import built, parts_for
from tests.fakes.openai_server import KEY, OpenAIServer
from tests.fakes.providers import ScriptedProvider, unavailable
from tests.unit.routing.conftest import ask
from timmy_desktop.clock import SystemClock
from timmy_desktop.routing import gguf, local_models
from timmy_desktop.routing.errors import NotConfigured, Unreachable
from timmy_desktop.routing.local_models import find_model
from timmy_desktop.routing.providers import embedded
from timmy_desktop.routing.providers.base import Parts
from timmy_desktop.routing.providers.embedded import EmbeddedProvider
from timmy_desktop.routing.types import Finished, ProviderDelta
from timmy_desktop.settings import ProviderSettings, Settings
from timmy_desktop.supervisor import TaskSupervisor


def write_gguf(path: Path, template: str = "", age: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    key, value = b"tokenizer.chat_template", template.encode()
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(value)) + value if template else b""
    path.write_bytes(b"GGUF" + b"\0" * 20 + entry + b"\0" * 50)
    os.utime(path, ns=(1_000_000_000 - age, 1_000_000_000 - age))
    return path


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setattr(local_models, "shipped_models", lambda: tmp_path / "shipped")
    monkeypatch.setattr(local_models, "SMALL_MODEL_PACKAGE", "no_such_package")
    return parts_for(tmp_path, TaskSupervisor())


def test_the_template_tells_whether_tools_are_known(tmp_path: Path) -> None:
    with_tools = write_gguf(tmp_path / "a.gguf", "{% if tools %}…{% endif %}")
    found = find_model(with_tools, ())
    assert found is not None
    assert found.supports_tools
    assert gguf.chat_template(write_gguf(tmp_path / "b.gguf")) == ""


def test_a_file_of_the_persons_own_goes_before_the_small_one_and_newer_before_older(tmp_path: Path) -> None:
    write_gguf(tmp_path / local_models.SMALL_MODEL_FILE)
    write_gguf(tmp_path / "older.gguf", age=50)
    write_gguf(tmp_path / "mmproj-newest.gguf", age=-10)
    (tmp_path / "broken.gguf").write_bytes(b"half a download")
    newer = write_gguf(tmp_path / "newer.gguf", age=10)
    found = find_model(None, (tmp_path / "none", tmp_path))
    assert found is not None
    assert found.path == newer


def test_the_small_model_is_assembled_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "small_model_of_the_test.py").write_text(
        "def assemble(path, overwrite):\n    path.write_bytes(b'GGUF' + bytes(90))\n    return path\n"
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(local_models, "SMALL_MODEL_PACKAGE", "small_model_of_the_test")
    made = local_models.assemble_small_model(tmp_path / "models")
    assert made is not None
    assert [path.name for path in (tmp_path / "models").iterdir()] == [made.name]
    before = made.stat().st_mtime_ns
    assert local_models.assemble_small_model(tmp_path / "models") == made
    assert made.stat().st_mtime_ns == before


async def test_no_model_says_where_to_put_one(parts: Parts, tmp_path: Path) -> None:
    async with built(ProviderSettings(kind="embedded"), parts) as provider:
        health = await provider.health()
        assert (health.state, str(tmp_path / "models") in health.detail) == ("not_configured", True)
        with pytest.raises(NotConfigured):
            await anext(provider.stream(ask()))
        write_gguf(tmp_path / "models" / "mine.gguf")
        assert (await provider.health()).model == "mine"


async def test_a_chosen_file_that_is_no_model_is_said_so(parts: Parts, tmp_path: Path) -> None:
    chosen = replace(parts, settings=Settings(embedded_model_path=tmp_path / "gone.gguf"))
    async with built(ProviderSettings(kind="embedded"), chosen) as provider:
        assert "gone.gguf is no GGUF file" in (await provider.health()).detail


async def test_without_its_library_it_says_what_to_install(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_desktop.routing.providers.embedded.find_spec", lambda name: None)
    async with built(ProviderSettings(kind="embedded"), parts) as provider:
        assert "pip install xllamacpp" in (await provider.health()).detail


async def test_a_model_that_does_not_load_is_unavailable_for_a_while(parts: Parts, tmp_path: Path) -> None:
    write_gguf(tmp_path / "models" / "bad.gguf")
    program = 'print(\'{"error": "it is cut short."}\')'

    def command() -> Sequence[str]:
        return (sys.executable, "-c", program)

    provider = EmbeddedProvider(ProviderSettings(kind="embedded"), parts, command)
    for _ in range(2):
        with pytest.raises(Unreachable, match="bad can't be loaded: it is cut short"):
            await anext(provider.stream(ask()))
    health = await provider.health()
    assert (health.state, "Choose another model" in health.detail) == ("unavailable", True)
    await provider.stop()
    await parts.supervisor.close()


async def test_while_a_slow_disk_is_searched_it_is_loading(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gguf(tmp_path / "models" / "mine.gguf")
    go, looks, find = threading.Event(), [], local_models.find_model

    def slow(*arguments: Any) -> Any:
        looks.append(arguments)
        go.wait(20)
        return find(*arguments)

    monkeypatch.setattr(local_models, "find_model", slow)
    monkeypatch.setattr(embedded, "LOOK_SECONDS", 0.02)
    async with built(ProviderSettings(kind="embedded"), parts) as provider:
        for _ in range(3):
            async with asyncio.timeout(2):
                assert (await provider.health()).state == "loading"
        go.set()

        async def is_ready() -> bool:
            return (await provider.health()).state == "ready"

        async with asyncio.timeout(5):
            while not await is_ready():
                pass
        assert len(looks) == 1


async def test_while_the_small_model_is_laid_out_it_is_loading_and_requests_wait(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routing: Callable[..., Any]
) -> None:
    go = threading.Event()

    def assemble(folder: Path) -> None:
        go.wait(20)

    monkeypatch.setattr(local_models, "small_model_is_installed", lambda: True)
    monkeypatch.setattr(local_models, "assemble_small_model", assemble)
    provider = EmbeddedProvider(ProviderSettings(kind="embedded", first_token_timeout=0.2), parts)
    async with routing(provider, ScriptedProvider("spare"), started=True, clock=SystemClock()) as bench:
        reply = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: (bench.router.status()[0].health or unavailable()).state == "loading")
        # Beyond its first-token deadline: what is being laid out is not hung.
        await asyncio.wait([reply], timeout=0.5)
        assert not reply.done()
        assert bench.router.status()[0].state == "CLOSED"
        go.set()
        assert (await reply).attempts[0].outcome == "not_configured"


async def answered(provider: EmbeddedProvider, purpose: str) -> list[ProviderDelta]:
    return [delta async for delta in provider.stream(ask(purpose=purpose))]


async def test_each_purpose_has_its_file_and_one_is_in_memory_at_a_time(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_desktop.routing.providers.embedded.secrets.token_urlsafe", lambda _: KEY)
    write_gguf(tmp_path / "models" / "talker.gguf")
    write_gguf(tmp_path / "models" / "coder.gguf")
    loaded = tmp_path / "loaded"
    async with OpenAIServer() as server:
        answer = json.dumps({"address": server.url})
        program = (
            "import sys, json; orders = json.loads(sys.stdin.readline()); "
            f"open({str(loaded)!r}, 'a').write(orders['alias'] + ' '); "
            f"print({answer!r}, flush=True); sys.stdin.read()"
        )
        entry = ProviderSettings(kind="embedded", model="talker", models={"code": "coder"})
        provider = EmbeddedProvider(entry, parts, lambda: (sys.executable, "-c", program))
        server.mode = "stalls"
        async with aclosing(provider.stream(ask())) as deltas:
            await anext(deltas)
            waiting = asyncio.ensure_future(answered(provider, "code"))
            await asyncio.wait([waiting], timeout=0.2)
            assert loaded.read_text().split() == ["talker"]
            server.mode = "answer"
        assert isinstance((await waiting)[-1], Finished)
        assert loaded.read_text().split() == ["talker", "coder"]
        assert provider.model == "talker"
        await provider.stop()
        await parts.supervisor.close()


async def test_a_named_file_that_is_missing_says_how_to_get_it(parts: Parts) -> None:
    async with built(ProviderSettings(kind="embedded", model="qwen3-4b"), parts) as provider:
        health = await provider.health()
        assert (health.state, "timmy-desktop models pull qwen3-4b" in health.detail) == (
            "not_configured",
            True,
        )
