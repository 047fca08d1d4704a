"""Model servers on their bad days, hostile words and a clock that jumps: the whole application but its window."""

from __future__ import annotations

import random
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.e2e.command import in_order
from tests.fakes.ollama_server import OllamaServer
from tests.fakes.providers import Script, ScriptedProvider
from tests.running import running
from timmy_desktop import bootstrap
from timmy_desktop.agent.conversation import MessageEnded, MessageView
from timmy_desktop.clock import SystemClock
from timmy_desktop.inert import inert
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import ProviderSettings, Settings
from timmy_desktop.storage.event_query import task_events
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log
from timmy_desktop.swarm.errors import TaskRejectedError
from timmy_desktop.swarm.task import LONGEST_TEXT, TaskStatus, TaskView

FAULTS = {
    "hangs": "said nothing",
    "stalls": "longer than",
    "dies": "",
    "stops_short": "before it was whole",
    "garbage": "",
    "wrong_shape": "does not speak Ollama's API",
    "error_inside": "the runner has stopped",
    "model_missing": "ollama pull",
    "fails": "terminated",
    "rate_limited": "",
    "bad_key": "",
    "too_long": "",
    "bad_request": "",
    "foreign": "",
}
# Deadlines that a test can wait for, and that a loaded machine still keeps once the server is well.
SHORT = {"hangs": {"first_token_timeout": 2}, "stalls": {"total_timeout": 3}}
HOSTILE = "say \x1b[31mred\x1b[0m \u202eesrever\u202c \x00\x07\x1f \ud800 =cmd|'/C calc'!A1 \U0001f600 end"
ENDED_WITHIN_S = 60.0


def over_ollama(folder: Path, url: str, **limits: float) -> Services:
    """Ollama alone, and no waiting for its circuit."""
    deadlines: dict[str, Any] = {"connect_timeout": 10, **limits}
    return bootstrap.build(
        Settings(
            cascade_providers=(ProviderSettings(kind="ollama", base_url=url, **deadlines),),
            circuit_recovery_seconds=0.05,
        ),
        Paths.default(folder / "data"),
    )


async def done(services: Services, text: str) -> TaskView:
    return await services.coordinator.wait(await services.coordinator.post(text))


async def all_is_well_kept(services: Services, *tasks: TaskView) -> None:
    """The money adds up with nothing held, every life is whole in the log, and the chain verifies."""
    await services.router.flush()
    await services.event_log.flush()
    audit = await services.ledger.check()
    assert audit.adds_up, audit.problems
    assert (await services.ledger.balances()).pending_msat == 0
    for task in tasks:
        records = await services.database.read(lambda session, of=task.id: task_events(session, of))
        kinds = [record.event.type for record in records]
        assert in_order(["task.created", "task.started", f"task.{task.status}"], kinds), kinds
    log, paths = services.event_log, services.paths
    report = await services.database.read(
        lambda session: verify_log(session, paths.database, log.key, paths.data_dir / ANCHOR_FILE)
    )
    assert report.intact, report


def is_a_clear_message(words: str, names: str = "ollama") -> bool:
    """Sentences that name who failed, for a person: no traceback, no exception's name."""
    return (
        names in words.lower()
        and words.rstrip().endswith(".")
        and "Error" not in words
        and "\n\n" not in words
    )


async def said(services: Services, text: str) -> MessageView:
    """The answer to a message, once it has ended."""
    conversation = await services.timmy.new_conversation()
    ended: list[MessageView] = []
    async with aclosing(services.timmy.send(conversation, text)) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, MessageEnded):
                ended.append(event.message)
    stored = await services.timmy.messages(conversation)
    assert stored[0].text == text
    return ended[-1]


@pytest.mark.parametrize("mode", FAULTS)
async def test_a_failing_model_server_is_told_and_nothing_is_lost(mode: str, tmp_path: Path) -> None:
    limits = SHORT.get(mode, {})
    async with (
        OllamaServer(mode=mode) as server,
        running(over_ollama(tmp_path, server.url, **limits)) as services,
    ):
        if mode == "hangs":
            # A server that has answered with its model in memory is not loading it now.
            server.mode, server.loaded = "answer", [server.models[0]["name"]]
            await done(services, "Warm up")
            server.mode = mode
        task = await done(services, "Say hello")
        assert task.status is TaskStatus.FAILED, task
        assert task.result == ""
        assert task.paid_msat == 0
        assert is_a_clear_message(task.reason), task.reason
        assert FAULTS[mode] in task.reason
        answer = await said(services, "Are you there?")
        assert answer.state == "failed", answer
        assert is_a_clear_message(answer.reason), answer.reason
        await all_is_well_kept(services, task)

        if mode == "rate_limited":
            return  # it asked for half a minute
        server.mode = "answer"
        await services.router.check_now()
        await eventually(
            lambda: all(status.state != "OPEN" for status in services.router.status()), ENDED_WITHIN_S
        )
        await services.coordinator.retry(task.id)
        task = await services.coordinator.wait(task.id)
        assert (task.status, task.result) == (TaskStatus.COMPLETED, "Hello world"), task
        assert task.paid_msat > 0
        await all_is_well_kept(services, task)


async def test_a_server_that_refuses_is_told_and_used_when_it_comes(tmp_path: Path) -> None:
    async with OllamaServer() as server:
        port = server.port
    async with running(over_ollama(tmp_path, f"http://127.0.0.1:{port}")) as services:
        task = await done(services, "Say hello")
        assert task.status is TaskStatus.FAILED
        assert is_a_clear_message(task.reason), task.reason
        async with OllamaServer(port=port):
            await services.router.check_now()
            await services.coordinator.retry(task.id)
            task = await services.coordinator.wait(task.id)
            assert task.status is TaskStatus.COMPLETED, task.reason
        await all_is_well_kept(services, task)


@pytest.mark.parametrize(
    "text", [HOSTILE, "x" * LONGEST_TEXT, "\U0001f600" * LONGEST_TEXT, "\x1b]0;title\x07 go"]
)
async def test_hostile_words_go_in_and_out_inert(text: str, tmp_path: Path) -> None:
    words = ("An \x1b[2J escape,", " a \u202e turn,", " a \x00 nothing.")
    async with OllamaServer(words=words) as server, running(over_ollama(tmp_path, server.url)) as services:
        task = await done(services, text)
        assert task.status is TaskStatus.COMPLETED, task.reason
        assert "\x1b" not in inert(task.text + task.result)
        answer = await said(services, "Hello")
        assert answer.state == "done"
        await all_is_well_kept(services, task)


@pytest.mark.parametrize("text", ["", " \n\t\x00", "x" * (LONGEST_TEXT + 1)])
async def test_what_is_no_task_is_refused_and_leaves_no_trace(text: str, tmp_path: Path) -> None:
    services = bootstrap.build(Settings(), Paths.default(tmp_path / "data"), [ScriptedProvider()])
    async with running(services):
        with pytest.raises(TaskRejectedError, match=r"\.$"):
            await services.coordinator.post(text)
        assert await services.coordinator.tasks() == []
        await all_is_well_kept(services)


class JumpingClock(SystemClock):
    """The time of day leaps by up to a year with every look at it; only the monotonic clock can be trusted."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def now_us(self) -> int:
        return super().now_us() + self._random.randrange(-365, 365) * 86_400 * 1_000_000


async def test_a_clock_that_jumps_costs_no_task_and_no_sat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(2**32)
    monkeypatch.setattr(bootstrap, "SystemClock", lambda: JumpingClock(seed))
    provider = ScriptedProvider(script=Script(words=("Done.",)))
    services = bootstrap.build(Settings(), Paths.default(tmp_path / "data"), [provider])
    async with running(services):
        tasks = [await done(services, f"Task {number}") for number in range(10)]
        assert all(task.status is TaskStatus.COMPLETED for task in tasks), (seed, tasks)
        assert all(task.paid_msat or task.reason.endswith(".") for task in tasks), (seed, tasks)
        await all_is_well_kept(services, *tasks)
