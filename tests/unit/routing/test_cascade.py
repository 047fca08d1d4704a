"""The cascade over random days: it recovers, keeps to its attempts, and sleeps on nobody who is dead."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peewee import SqliteDatabase

from tests.fakes.providers import Script, ScriptedProvider, unavailable
from tests.fakes.virtual_time import LoopClock, VirtualLoop
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.errors import (
    BadKey,
    BadRequest,
    NoProviderError,
    RateLimited,
    ServerError,
)
from timmy_desktop.routing.keeping import Choices, Kept
from timmy_desktop.routing.policy import Policy
from timmy_desktop.routing.recording import Recording, read_recording
from timmy_desktop.routing.rehearsal import replay
from timmy_desktop.routing.router import CascadeRouter
from timmy_desktop.routing.types import Attempt, Deadlines, Health
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor

T = TypeVar("T")
FIRST_TOKEN, TOTAL, COLD = 5.0, 10.0, 20.0
LONG_AGO = 500.0
READY = Health("ready")
MOODS: dict[str, tuple[Script, Health]] = {
    "well": (Script(), READY),
    "dead": (Script.refuses(), unavailable()),
    "hung": (Script.hangs_silently(), READY),
    "stuck": (Script(words=("Half an",), hangs=True), READY),
    "loading": (Script.hangs_silently(), Health("loading")),
    "dying": (Script.dies_in_the_middle(), READY),
    "garbled": (Script.says_garbage(), READY),
    "failing": (Script(words=(), error=ServerError("It failed (500).")), READY),
    "busy": (Script(words=(), error=RateLimited("Slow down.", 40.0)), READY),
    "picky": (Script(words=(), error=BadRequest("Not this.")), READY),
    "locked": (Script(words=(), error=BadKey("Not that key.")), Health("not_configured", "Set a key.")),
}
DEAD = {"refused", "first_token_timeout"}


class SilentBus:
    """Keeps nothing: what is recorded is tested elsewhere."""

    async def publish(self, *events: Any, work: Any = None) -> Kept:
        return Kept({}, Choices(), ())


class MemoryBus:
    """Keeps rows in memory, without a thread, so that time may be virtual."""

    def __init__(self) -> None:
        database = SqliteDatabase(":memory:")
        database.connect()
        self.session = Session(database)
        migrate(self.session, Path("no backup is taken of what is new"))

    async def publish(self, *events: Any, work: Any = None) -> Any:
        return work(self.session) if work is not None else None

    def recording(self) -> Recording:
        return read_recording(self.session, 0, 2**60)


class Day:
    """Three providers and their moods, and what requests went through."""

    def __init__(
        self, router: CascadeRouter, providers: Sequence[ScriptedProvider], loop: VirtualLoop
    ) -> None:
        self.router, self.providers, self.loop = router, providers, loop
        self.running: list[asyncio.Task[Any]] = []

    def turn(self, number: int, mood: str) -> None:
        provider = self.providers[number % len(self.providers)]
        provider.script, provider.state = MOODS[mood]

    async def ask(self, local_only: bool) -> Sequence[Attempt]:
        began = self.loop.time()
        try:
            attempts = (await self.router.complete(ask(local_only=local_only))).attempts
        except NoProviderError as error:
            attempts = error.attempts
        assert not (local_only and any(attempt.is_remote for attempt in attempts))
        assert max(Counter(attempt.provider for attempt in attempts).values(), default=0) <= 1
        assert self.loop.time() - began <= len(self.providers) * (COLD + TOTAL + FIRST_TOKEN)
        return attempts

    def ask_together(self, count: int, local_only: bool) -> None:
        for _ in range(count):
            self.running.append(asyncio.create_task(self.ask(local_only)))

    def cancel(self, number: int) -> None:
        if self.running:
            self.running[number % len(self.running)].cancel()

    async def leave_one_that_hangs(self, number: int) -> None:
        """Asked, and then not waited for."""
        self.turn(number, "hung")
        await self.pass_time(LONG_AGO)
        self.ask_together(1, False)
        await self.yield_turns(20)
        self.running[-1].cancel()

    async def yield_turns(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def look(self) -> None:
        await self.router.check_now()

    async def try_now(self, number: int) -> None:
        await self.router.try_now(self.providers[number].name)

    async def ask_alone(self, local_only: bool = False) -> Sequence[Attempt]:
        """Time goes by within attempts alone, or while the router's own trial of a hung one is out."""
        await self.end_the_others()
        began, is_alone = self.loop.time(), not any(provider.open_streams for provider in self.providers)
        attempts = await self.ask(local_only)
        asked = sum(attempt.total_ms for attempt in attempts) / 1000
        if is_alone and asked < FIRST_TOKEN:  # longer than that, and a trial may have begun meanwhile
            assert self.loop.time() - began == pytest.approx(asked, abs=0.002)
        return attempts

    async def end_the_others(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()


@asynccontextmanager
async def a_day(threshold: int, recovery: float, bus: Any = None) -> AsyncIterator[Day]:
    loop: Any = asyncio.get_running_loop()
    providers = [
        ScriptedProvider("ollama"),
        ScriptedProvider("airllm"),
        ScriptedProvider("api", is_remote=True),
    ]
    for provider in providers:
        provider.deadlines = Deadlines(1.0, FIRST_TOKEN, TOTAL, COLD)
    supervisor = TaskSupervisor()
    router = CascadeRouter(
        providers=providers,
        bus=bus or SilentBus(),
        clock=LoopClock(loop),
        supervisor=supervisor,
        failure_threshold=threshold,
        recovery_timeout=recovery,
    )
    await router.start()
    try:
        yield Day(router, providers, loop)
    finally:
        await router.stop()
        await supervisor.close()
    assert [provider.open_streams for provider in providers] == [0] * len(providers)


def on_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


MOOD = st.tuples(st.just("turn"), st.integers(0, 2), st.sampled_from(sorted(MOODS)))
STEP = st.one_of(
    MOOD,
    MOOD,
    st.tuples(st.just("ask_together"), st.integers(1, 5), st.booleans()),
    st.tuples(st.just("ask_alone"), st.booleans()),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("leave_one_that_hangs"), st.integers(0, 2)),
    st.tuples(st.just("yield_turns"), st.integers(0, 20)),
    st.tuples(st.just("pass_time"), st.floats(0, 400)),
    st.tuples(st.just("look")),
    st.tuples(st.just("try_now"), st.integers(0, 2)),
)


async def live(day: Day, steps: Sequence[Any]) -> None:
    for what, *how in steps:
        done = getattr(day, what)(*how)
        if done is not None:
            await done
        for task in day.running:
            if task.done() and not task.cancelled():
                task.result()


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(STEP, max_size=40),
    threshold=st.integers(1, 5),
    recovery=st.floats(1, 100),
)
def test_after_any_day_every_provider_is_used_again(
    steps: Sequence[Any], threshold: int, recovery: float
) -> None:
    async def work() -> None:
        async with a_day(threshold, recovery) as day:
            await live(day, steps)
            await day.end_the_others()
            for number, provider in enumerate(day.providers):
                for other in range(len(day.providers)):
                    day.turn(other, "dead" if other < number else "well")
                await asyncio.sleep(LONG_AGO)
                began = day.loop.time()
                reply = await day.router.complete(ask())
                assert (reply.provider, day.loop.time() - began) == (provider.name, 0.0)

    on_virtual_time(work())


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEP, max_size=40), threshold=st.integers(1, 5), recovery=st.floats(1, 100))
def test_any_day_with_its_probes_is_rehearsed_as_it_went(
    steps: Sequence[Any], threshold: int, recovery: float
) -> None:
    bus = MemoryBus()

    async def work() -> Policy:
        async with a_day(threshold, recovery, bus) as day:
            await live(day, steps)
            await day.end_the_others()
        return day.router.policy()

    policy = on_virtual_time(work())
    report = replay(bus.recording(), policy)
    assert report.changes == ()
    assert report.wait_before_ms == report.wait_after_ms


def test_who_was_found_gone_by_a_probe_is_tried_by_the_next_probe_and_by_no_request() -> None:
    async def work() -> None:
        async with a_day(5, 1.0) as day:
            gone = day.providers[0]
            day.turn(0, "dead")
            await day.ask_alone()
            await day.pass_time(120.0)  # by now a probe comes every half minute
            gone.requests.clear()
            for _ in range(100):
                await day.pass_time(1.5)
                assert [attempt.provider for attempt in await day.ask_alone()] == ["airllm"]
            assert gone.requests == []
            day.turn(0, "well")
            await day.pass_time(31.0)
            assert [attempt.provider for attempt in await day.ask_alone()] == ["ollama"]

    on_virtual_time(work())


def test_who_has_gone_while_it_was_left_alone_as_it_had_asked_is_tried_by_no_request() -> None:
    async def work() -> None:
        async with a_day(5, 1.0) as day:
            day.turn(0, "busy")
            await day.ask_alone()
            day.turn(0, "dead")
            for _ in range(60):
                await day.pass_time(1.5)
                assert [attempt.provider for attempt in await day.ask_alone()] == ["airllm"]

    on_virtual_time(work())


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(STEP, max_size=25),
    moods=st.permutations(range(3)).flatmap(
        lambda order: st.tuples(
            st.just(order), st.sampled_from(sorted(MOODS)), st.sampled_from(sorted(MOODS))
        )
    ),
    threshold=st.integers(1, 5),
)
def test_after_any_day_nobody_waits_twice_for_the_same_dead_provider(
    steps: Sequence[Any], moods: tuple[Sequence[int], str, str], threshold: int
) -> None:
    (sound, first, second), *their_moods = moods

    async def work() -> None:
        async with a_day(threshold, 30.0) as day:
            await live(day, steps)
            # One is well again: where nobody is, the dead are asked once more as a last resort.
            day.turn(sound, "well")
            await day.pass_time(LONG_AGO)
            for number, mood in zip((first, second), their_moods, strict=True):
                day.turn(number, mood)
            found = {attempt.provider for attempt in await day.ask_alone() if attempt.outcome in DEAD}
            asked = {attempt.provider for attempt in await day.ask_alone()}
            assert not found & asked

    on_virtual_time(work())


@pytest.mark.parametrize("crowd", [2, 50])
@pytest.mark.parametrize("mood", ["dead", "hung"])
def test_a_crowd_waits_for_nobody_dead_and_once_for_one_that_hangs(mood: str, crowd: int) -> None:
    async def work() -> None:
        async with a_day(5, 30.0) as day:
            await day.ask_alone()
            day.turn(0, mood)
            day.providers[0].requests.clear()
            began = day.loop.time()
            replies = await asyncio.gather(*(day.router.complete(ask()) for _ in range(crowd)))
            assert {reply.provider for reply in replies} == {"airllm"}
            # One that hangs but says that it is well is a slow one to those who come later.
            assert mood == "hung" or len(day.providers[0].requests) <= 2
            assert day.loop.time() - began <= (0.0 if mood == "dead" else FIRST_TOKEN * 1.1)

    on_virtual_time(work())
