"""A provider with a defect of its own: it costs its own attempt, and the next one is asked."""

from __future__ import annotations

import sys

import pytest

from tests.contract.rigs import ollama_stub, parts_for
from tests.fakes.openai_server import KEY
from tests.fakes.providers import ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.providers.ollama import DEFAULT_URL, OllamaProvider
from timmy_desktop.routing.providers.openai_api import OpenAIProvider
from timmy_desktop.routing.types import Message, ToolCall, ToolSpec
from timmy_desktop.settings import ProviderSettings
from timmy_desktop.supervisor import TaskSupervisor

TOOLS = (ToolSpec("f", "", {"type": "object"}),)


class Defective(ScriptedProvider):
    """Raises what no provider should."""

    async def stream(self, request):
        self.requests.append(request)
        raise ValueError("Port out of range 0-65535")
        yield


class Unanswerable(ScriptedProvider):
    """Can't even be asked how it is."""

    async def health(self):
        raise ValueError("Port out of range 0-65535")


class Undecided(ScriptedProvider):
    """Fails while the request is fitted to it, after its permit was taken."""

    @property
    def supports_tools(self):
        raise TypeError("Integer exceeds 64-bit range")

    @supports_tools.setter
    def supports_tools(self, value):
        pass


@pytest.mark.parametrize("kind", [Defective, Undecided])
async def test_an_unexpected_error_fails_over_and_is_logged(kind, routing, expected_log):
    expected_log("An attempt on broken ended unexpectedly")
    async with routing(kind("broken"), ScriptedProvider("fine")) as bench:
        reply = await bench.router.complete(ask(tools=TOOLS))
        assert reply.provider == "fine"
        assert [row["outcome"] for row in await bench.rows()] == ["failed", "ok"]
        assert "the log has it" in bench.router.status()[0].last_error


@pytest.mark.parametrize("kind", [Defective, Undecided])
async def test_unexpected_errors_leave_no_permit_behind_and_open_the_circuit(kind, routing, expected_log):
    expected_log("An attempt on broken ended unexpectedly")
    async with routing(kind("broken"), ScriptedProvider("fine"), failure_threshold=4) as bench:
        for _ in range(5):
            assert (await bench.router.complete(ask(tools=TOOLS))).provider == "fine"
        # A leaked permit would have made a crowd of two; four failures in a row open the circuit.
        assert [row["outcome"] for row in await bench.rows()].count("failed") == 4
        assert bench.router.status()[0].state == "OPEN"


async def test_a_provider_that_cannot_be_asked_how_it_is_does_not_stop_the_cascade(routing, expected_log):
    expected_log("Asking how odd is ended unexpectedly")
    async with routing(Unanswerable("odd"), ScriptedProvider("fine"), started=True) as bench:
        assert (await bench.router.complete(ask())).provider == "fine"
        odd, _ = await bench.router.check_now()
        assert (odd.health.state, "the log has it" in odd.health.detail) == ("unavailable", True)


async def test_numbers_beyond_64_bits_in_a_past_call_are_words_for_a_model_without_tools(routing):
    plain = ScriptedProvider("plain", supports_tools=False)
    history = (Message("assistant", "", tool_calls=(ToolCall("c1", "f", {"n": 10**30}),)),)
    async with routing(plain) as bench:
        await bench.router.complete(ask(messages=history))
        assert f'calls f {{"n":{10**30}}}' in plain.requests[0].messages[0].content


async def test_numbers_beyond_64_bits_from_a_server_can_be_sent_on(tmp_path, routing):
    async with ollama_stub(tmp_path) as rig, routing(rig.provider) as bench:
        rig.behave("calls_absurdly")
        (call,) = (await bench.router.complete(ask(tools=TOOLS))).tool_calls
        assert call.arguments == {"n": 1e30}


@pytest.mark.parametrize("host", ["http://[::1", "http://localhost:99999"])
def test_an_ollama_host_that_is_none_is_not_used(host, tmp_path):
    parts = parts_for(tmp_path, TaskSupervisor())
    provider = OllamaProvider(ProviderSettings(kind="ollama"), parts, {"OLLAMA_HOST": host})
    assert not provider.is_remote
    assert provider._base_url == DEFAULT_URL


@pytest.mark.parametrize("kind", [OllamaProvider, OpenAIProvider])
async def test_an_address_that_only_the_http_library_refuses_is_said(kind, tmp_path):
    parts = parts_for(tmp_path, TaskSupervisor(), api=KEY)
    provider = kind(ProviderSettings(kind=kind.kind, base_url="http://\u2603.net", model="m"), parts)
    await provider.warm_up()
    health = await provider.health()
    assert (health.state, "address" in health.detail) == ("not_configured", True)
    await provider.stop()


async def test_an_environment_that_ollamas_own_library_refuses_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "http://[::1")
    for name in [name for name in sys.modules if name.split(".")[0] == "ollama"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "timmy_desktop.routing.providers.ollama_wire", raising=False)
    provider = OllamaProvider(ProviderSettings(kind="ollama"), parts_for(tmp_path, TaskSupervisor()))
    health = await provider.health()
    assert (health.state, "OLLAMA_HOST is no address" in health.detail) == ("not_configured", True)
