"""The cascade router: asks the providers in their order until one has answered whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.routing import keeping, reservations
from timmy_desktop.routing.attempt import AttemptRun
from timmy_desktop.routing.breaker import Breaker, Permit, Snapshot, Transition
from timmy_desktop.routing.budget import Budget
from timmy_desktop.routing.controls import Controls
from timmy_desktop.routing.course import Course
from timmy_desktop.routing.errors import NoProviderError
from timmy_desktop.routing.journal import Journal
from timmy_desktop.routing.lane import Lane
from timmy_desktop.routing.patience import Patience
from timmy_desktop.routing.policy import Limits, Policy
from timmy_desktop.routing.probing import Prober
from timmy_desktop.routing.providers.base import Provider
from timmy_desktop.routing.recorder import Recorder
from timmy_desktop.routing.types import (
    AttemptFailed,
    Completed,
    CompletionRequest,
    Message,
    ProviderStatus,
    Reply,
    RouterEvent,
)
from timmy_desktop.storage.database import Session
from timmy_desktop.supervisor import TaskSupervisor

CHECKPOINT_SECONDS = 3600.0


class CascadeRouter:
    """Every model call of the application goes through `stream` or `complete`."""

    def __init__(
        self,
        *,
        providers: Sequence[Provider],
        bus: EventBus,
        clock: Clock,
        supervisor: TaskSupervisor,
        failure_threshold: int = 5,
        recovery_timeout: float = 30.0,
        local_only: bool = False,
        budget: Budget | None = None,
    ) -> None:
        """`local_only` holds for every request; then remote providers are not even probed."""
        self._bus = bus
        self._clock = clock
        self._local_only = local_only
        self._threshold = failure_threshold
        self._recovery = recovery_timeout
        self._supervisor = supervisor
        self._recorder = Recorder(bus, clock, supervisor)
        self._journal = Journal(clock, self._recorder.signalled)
        self._budget = budget or Budget(clock=clock)
        self._patience = Patience(supervisor)
        self._lanes = tuple(self._lane(provider) for provider in providers)
        self._prober = Prober(self._watched, supervisor, self._try_out)
        self._controls = Controls(bus, self._lanes)
        self._active = 0
        self._checkpoint_at = self._journal.now + CHECKPOINT_SECONDS

    async def start(self) -> None:
        """Starts the providers, the probes and the recording; returns before any model is loaded.

        Circuits, the person's order and what was spent go on where the last run stopped.
        """
        await self._resume()
        self._recorder.start()
        await asyncio.gather(*(lane.provider.start() for lane in self._lanes))
        self._prober.start()

    async def stop(self) -> None:
        """Ends probes and providers and writes what is still to be recorded."""
        await self._prober.stop()
        await asyncio.gather(*(lane.stop() for lane in self._lanes))
        await asyncio.gather(*(lane.provider.stop() for lane in self._lanes))
        self._patience.alarm.rest()
        self._journal.catch_up_all()
        await self._recorder.stop()

    async def warm_up(self) -> None:
        """Readies the provider that would be asked first, so that the first person does not wait for it."""
        await self.check_now()
        for lane in self._watched:
            if lane.is_enabled and lane.health is not None and lane.health.state in ("ready", "loading"):
                await lane.provider.warm_up()
                await lane.probe()
                return

    async def check_now(self) -> tuple[ProviderStatus, ...]:
        """Probes every provider now and returns what was found."""
        await asyncio.gather(*(lane.probe() for lane in self._watched))
        return self.status()

    def status(self) -> tuple[ProviderStatus, ...]:
        """How the providers are, in the order in which they are asked."""
        return tuple(
            replace(lane.status(), seconds_to_probe=self._prober.seconds_to_probe(lane))
            for lane in self._order
        )

    @property
    def budget(self) -> Budget:
        """What may be spent, and what was."""
        return self._budget

    def policy(self) -> Policy:
        """How it decides today, for a rehearsal."""
        return Policy(
            order=tuple(lane.provider.name for lane in self._order),
            switched_off=frozenset(lane.provider.name for lane in self._lanes if not lane.is_enabled),
            failure_threshold=self._threshold,
            recovery_timeout=self._recovery,
            limits={
                lane.provider.name: Limits(lane.provider.deadlines.first_token, lane.provider.deadlines.total)
                for lane in self._lanes
            },
        )

    async def flush(self) -> None:
        """Waits until what happened so far is recorded."""
        self._journal.catch_up_all()
        await self._recorder.flush()

    # -- what a person can do ----------------------------------------------------------------------

    async def try_now(self, name: str) -> ProviderStatus:
        """Has a provider tried at once, whatever its circuit says, with one token at most. RouterError."""
        lane = self._controls.lane(name)
        self._controls.allow_trial(lane, local_only=self._local_only)
        health = await lane.probe()
        if health.state in ("ready", "loading") and lane.breaker.state != "CLOSED":
            lane.hurry()
            await self._try_out(lane)
        await self._controls.tried(lane)
        return lane.status()

    async def set_enabled(self, name: str, enabled: bool) -> None:
        """Switches a provider on or off, at once and beyond a restart. Raises UnknownProviderError."""
        await self._controls.set_enabled(name, enabled)

    async def reorder(self, names: Sequence[str]) -> None:
        """Asks in this order from now on, beyond a restart; `names` are all providers. RouterError if not."""
        await self._controls.reorder(names)

    # -- calls -------------------------------------------------------------------------------------

    async def complete(self, request: CompletionRequest) -> Reply:
        """The whole answer. Raises NoProviderError when nobody gave one."""
        course = self._begun(request, self._controls.order)
        try:
            while (entry := course.next_now() or await course.next()) is not None:
                await self._run(course, entry).whole()
                if (reply := course.concluded(entry[0])) is not None:
                    return reply
            self._moved_on(course, None)
            raise NoProviderError(course.attempts, course.skipped)
        finally:
            self._ended(course)

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[RouterEvent, None]:
        """The answer as it comes, Completed last; raises NoProviderError when nobody gave one.

        After AttemptFailed with `had_text` the text so far is void. Close it (`aclosing`) to stop early.
        """
        course = self._begun(request, self._order)
        try:
            while (entry := await course.next()) is not None:
                run = self._run(course, entry)
                async with aclosing(run.events()) as events:
                    async for event in events:
                        yield event
                if (reply := course.concluded(entry[0])) is not None:
                    yield Completed(reply)
                    return
                failed = course.attempts[-1]
                yield AttemptFailed(failed.provider, failed.detail, failed.had_text)
            self._moved_on(course, None)
            raise NoProviderError(course.attempts, course.skipped)
        finally:
            self._ended(course)

    @property
    def _order(self) -> tuple[Lane, ...]:
        return self._controls.order

    @property
    def _watched(self) -> tuple[Lane, ...]:
        return tuple(lane for lane in self._lanes if not (self._local_only and lane.provider.is_remote))

    def _begun(self, request: CompletionRequest, lanes: tuple[Lane, ...]) -> Course:
        if self._local_only and not request.local_only:
            request = replace(request, local_only=True)
        course = Course(request, lanes, self._clock, self._patience, self._recorder.attempt_ended)
        if not self._active and course.started >= self._checkpoint_at:
            self._checkpoint()
        self._active += 1
        return course

    def _run(self, course: Course, entry: tuple[Lane, Permit]) -> AttemptRun:
        lane, permit = entry
        if course.attempts:
            self._moved_on(course, lane)
        return course.run(lane, permit)

    def _ended(self, course: Course) -> None:
        self._active -= 1
        course.close()
        self._recorder.request_ended(course.ended)

    def _moved_on(self, course: Course, lane: Lane | None) -> None:
        to_provider = lane.provider.name if lane is not None else ""
        if course.attempts and course.attempts[-1].provider != to_provider:
            self._recorder.failed_over(course.request, course.attempts[-1], to_provider)

    def _lane(self, provider: Provider) -> Lane:
        def changed(transition: Transition) -> None:
            self._recorder.circuit_changed(provider.name, transition)

        breaker = Breaker(
            failure_threshold=self._threshold,
            recovery_timeout=self._recovery,
            monotonic=self._journal.read,
            changed=changed,
        )
        return Lane(
            provider,
            breaker,
            self._clock,
            supervisor=self._supervisor,
            journal=self._journal,
            budget=self._budget,
            probe_in=self._probe_in,
            keep=self._keep,
            hold=self._recorder.reserved,
        )

    def _keep(self, lane: Lane, snapshot: Snapshot) -> None:
        self._recorder.circuit_kept(lane.provider.name, snapshot)

    def _probe_in(self, lane: Lane, seconds: float) -> None:
        self._prober.probe_in(lane, seconds)

    async def _resume(self) -> None:
        now_us = self._clock.now_us()

        def work(session: Session) -> keeping.Kept:
            reservations.settle_what_was_left(session)
            return keeping.read(session, now_us)

        kept: keeping.Kept = await self._bus.publish(work=work)
        self._controls.restore(kept.choices)
        self._budget.restore(kept.spent)
        now = self._journal.tick().at
        for lane in self._lanes:
            if (found := kept.circuits.get(lane.provider.name)) is not None:
                lane.restore(keeping.resumed(*found, now, now_us, self._recovery))
        self._checkpoint()

    def _checkpoint(self) -> None:
        for lane in self._lanes:
            lane.checkpoint()
        self._checkpoint_at = self._journal.now + CHECKPOINT_SECONDS

    async def _try_out(self, lane: Lane) -> None:
        """One token from a provider that hung, at nobody's expense."""
        request = CompletionRequest(
            messages=(Message("user", "Say ok."),),
            purpose="probe",
            max_tokens=1,
            local_only=not lane.provider.is_remote or self._local_only,
        )
        course = self._begun(request, (lane,))
        try:
            entry = await course.enter(lane)
            if entry is None:
                return
            await course.run(lane, entry).whole()
            course.concluded(lane)
        finally:
            self._ended(course)
