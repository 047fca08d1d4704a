"""Rehearsal: today's policy reproduces today's decisions exactly, another one says what would have changed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conditions import eventually
from tests.fakes.providers import FakeClock, Script, ScriptedProvider, unavailable
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.errors import (
    BadKey,
    BadRequest,
    ContextTooLong,
    FirstTokenTimeout,
    NoProviderError,
    RateLimited,
    ServerError,
)
from timmy_desktop.routing.policy import Limits
from timmy_desktop.routing.rehearsal import RehearsalReport, replay
from timmy_desktop.routing.types import Health

FOREVER = (0, 10**18)


def fails(error: Exception) -> Script:
    return Script(words=(), error=error)  # type: ignore[arg-type]


SCRIPTS = (
    Script(),
    Script(),
    Script(),
    Script.refuses(),
    Script.dies_in_the_middle(),
    Script.says_garbage(),
    Script(unfinished=True),
    fails(ServerError("It failed (500).")),
    fails(RateLimited("Slow down.", 40.0)),
    fails(BadRequest("No.")),
    fails(BadKey("Not that key.")),
    fails(ContextTooLong("Too long.")),
    fails(FirstTokenTimeout("Silence.")),
    Script(words=(), hangs=True),
)
STATES = (Health("ready"), Health("ready"), unavailable(), Health("not_configured", "Set a key."))


class Traffic:
    """Random requests, alone and together, cancelled, with clock steps and probes between them."""

    def __init__(self, bench: Any, providers: list[ScriptedProvider], seed: int) -> None:
        self.bench = bench
        self.providers = providers
        self.random = random.Random(seed)
        self.running: list[asyncio.Task[Any]] = []

    async def step(self) -> None:
        chance = self.random
        for provider in self.providers:
            provider.script = chance.choice(SCRIPTS)
            provider.state = chance.choice(STATES)
        self.bench.clock.seconds += chance.choice((0.0, 0.001, 0.5, 7.0, 31.0, 100.0))
        what = chance.random()
        if what < 0.15:
            await self.bench.router.check_now()
        elif what < 0.25:
            await self.bench.router.try_now(chance.choice(self.providers).name)
        elif what < 0.4 and self.running:
            self.running.pop(chance.randrange(len(self.running))).cancel()
        elif what < 0.55:
            for provider in self.providers:
                provider.release.set()
                provider.release = asyncio.Event()
        else:
            for _ in range(chance.choice((1, 1, 1, 2, 5))):
                self.running.append(asyncio.ensure_future(self.ask()))
        for _ in range(chance.choice((0, 1, 3, 20))):
            await asyncio.sleep(0)

    async def ask(self) -> None:
        try:
            await self.bench.router.complete(ask(local_only=self.random.random() < 0.3))
        except NoProviderError:
            return

    async def end(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)


async def recorded(routing: Any, seed: int, steps: int, threshold: int) -> tuple[Any, Any]:
    providers = [
        ScriptedProvider("ollama"),
        ScriptedProvider("airllm"),
        ScriptedProvider("api", is_remote=True),
    ]
    async with routing(*providers, failure_threshold=threshold, clock=FakeClock()) as bench:
        traffic = Traffic(bench, providers, seed)
        for _ in range(steps):
            await traffic.step()
        await traffic.end()
        await bench.router.flush()
        return await bench.history.recording(*FOREVER), bench.router.policy()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), threshold=st.integers(1, 4))
def test_todays_policy_reproduces_todays_decisions(routing_anew: Any, seed: int, threshold: int) -> None:
    recording, policy = asyncio.run(recorded(routing_anew(), seed, 40, threshold))
    report = replay(recording, policy)
    assert report.changes == ()
    assert report.answered_before == report.answered_after
    assert report.wait_before_ms == report.wait_after_ms


async def story(routing: Any) -> tuple[Any, Any]:
    """The first provider fails now and then; the second answers."""
    shaky, calm = ScriptedProvider("shaky"), ScriptedProvider("calm")
    async with routing(shaky, calm, failure_threshold=3) as bench:
        for number in range(12):
            shaky.script = fails(ServerError("It failed (500).")) if number in (2, 5, 6, 7) else Script()
            bench.clock.seconds += 1
            await bench.router.complete(ask())
        await bench.router.flush()
        return await bench.history.recording(*FOREVER), bench.router.policy()


async def test_another_order_asks_others_and_says_that_it_is_an_estimate(routing: Any) -> None:
    recording, policy = await story(routing)
    assert replay(recording, policy).is_identical
    report = replay(recording, replace(policy, order=("calm", "shaky")))
    assert report.answered_after == {"calm": 12}
    assert report.failed_attempts_after == 0 < report.failed_attempts_before
    assert {change.after.asked for change in report.changes} == {("calm",)}
    assert any(change.is_estimated for change in report.changes)


async def test_a_lower_threshold_opens_the_circuit_sooner(routing: Any) -> None:
    recording, policy = await story(routing)
    report = replay(recording, replace(policy, failure_threshold=1))
    assert report.failed_attempts_after < report.failed_attempts_before
    assert report.unanswered_after == 0


async def test_a_provider_switched_off_is_not_asked(routing: Any) -> None:
    recording, policy = await story(routing)
    report = replay(recording, replace(policy, switched_off=frozenset({"calm"})))
    assert set(report.answered_after) == {"shaky"}
    assert report.unanswered_after > 0


async def test_a_shorter_deadline_cuts_what_took_longer(routing: Any) -> None:
    slow, quick = ScriptedProvider("slow", script=Script(words=(), hangs=True)), ScriptedProvider("quick")
    async with routing(slow, quick) as bench:
        asking = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: slow.open_streams == 1)
        bench.clock.seconds += 4
        slow.release.set()
        await asking
        await bench.router.flush()
        recording, policy = await bench.history.recording(*FOREVER), bench.router.policy()
    assert replay(recording, policy).is_identical
    limits = {**policy.limits, "slow": Limits(2.0, 10.0)}
    (change,) = replay(recording, replace(policy, limits=limits)).changes
    assert [step.outcome for step in change.after.steps] == ["first_token_timeout", "ok"]
    assert change.after.answered_by == "quick"
    assert change.after.total_ms == pytest.approx(2000, abs=1)


def test_nothing_recorded_is_an_empty_report() -> None:
    from timmy_desktop.routing.policy import Policy

    assert isinstance(replay((), Policy(("a",))), RehearsalReport)
