"""The cascade router: asks the providers in their order until one has answered whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.routing.attempt import AttemptRun
from timmy_desktop.routing.breaker import Breaker, Permit, Transition
from timmy_desktop.routing.cascade import Cascade
from timmy_desktop.routing.errors import NoProviderError
from timmy_desktop.routing.fitting import fitted
from timmy_desktop.routing.lane import Lane
from timmy_desktop.routing.patience import Patience
from timmy_desktop.routing.probing import Prober
from timmy_desktop.routing.providers.base import Provider
from timmy_desktop.routing.recorder import Recorder
from timmy_desktop.routing.types import (
    Attempt,
    AttemptFailed,
    Completed,
    CompletionRequest,
    Finished,
    Message,
    ProviderStatus,
    Reply,
    RouterEvent,
)
from timmy_desktop.supervisor import TaskSupervisor


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
    ) -> None:
        """`local_only` holds for every request; then remote providers are not even probed."""
        self._clock = clock
        self._local_only = local_only
        self._threshold = failure_threshold
        self._recovery = recovery_timeout
        self._supervisor = supervisor
        self._recorder = Recorder(bus, clock, supervisor)
        self._patience = Patience(supervisor)
        self._lanes = tuple(self._lane(provider) for provider in providers)
        self._prober = Prober(self._watched, supervisor, self._try_out)

    async def start(self) -> None:
        """Starts the providers, the probes and the recording; returns before any model is loaded."""
        self._recorder.start()
        await asyncio.gather(*(lane.provider.start() for lane in self._lanes))
        self._prober.start()

    async def stop(self) -> None:
        """Ends probes and providers and writes what is still to be recorded."""
        await self._prober.stop()
        await asyncio.gather(*(lane.stop() for lane in self._lanes))
        await asyncio.gather(*(lane.provider.stop() for lane in self._lanes))
        await self._recorder.stop()

    async def warm_up(self) -> None:
        """Readies the provider that would be asked first, so that the first person does not wait for it."""
        await self.check_now()
        for lane in self._watched:
            if lane.health is not None and lane.health.state in ("ready", "loading"):
                await lane.provider.warm_up()
                await lane.probe()
                return

    async def check_now(self) -> tuple[ProviderStatus, ...]:
        """Probes every provider now and returns what was found."""
        await asyncio.gather(*(lane.probe() for lane in self._watched))
        return self.status()

    def status(self) -> tuple[ProviderStatus, ...]:
        """How the providers are, in the order in which they are asked."""
        return tuple(lane.status() for lane in self._lanes)

    async def flush(self) -> None:
        """Waits until what happened so far is recorded."""
        await self._recorder.flush()

    async def complete(self, request: CompletionRequest) -> Reply:
        """The whole answer. Raises NoProviderError when nobody gave one."""
        async with aclosing(self.stream(request)) as events:
            async for event in events:
                if isinstance(event, Completed):
                    return event.reply
        raise NoProviderError((), ())

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[RouterEvent, None]:
        """The answer as it comes, Completed last; raises NoProviderError when nobody gave one.

        After AttemptFailed with `had_text` the text so far is void. Close it (`aclosing`) to stop early.
        """
        if self._local_only and not request.local_only:
            request = replace(request, local_only=True)
        started = self._clock.monotonic()
        cascade = Cascade(self._lanes, request)
        attempts: list[Attempt] = []
        while (entry := await cascade.next()) is not None:
            lane, permit = entry
            if attempts:
                self._recorder.failed_over(request, attempts[-1], lane.provider.name)
            run = self._run(lane, permit, request, attempts)
            async with aclosing(run.events()) as events:
                async for event in events:
                    yield event
            if run.finished is not None:
                yield Completed(_reply(request, run, run.finished, attempts, cascade, started, self._clock))
                return
            failed = attempts[-1]
            yield AttemptFailed(failed.provider, failed.detail, failed.had_text)
        if attempts:
            self._recorder.failed_over(request, attempts[-1], "")
        raise NoProviderError(attempts, cascade.skipped)

    @property
    def _watched(self) -> tuple[Lane, ...]:
        return tuple(lane for lane in self._lanes if not (self._local_only and lane.provider.is_remote))

    def _lane(self, provider: Provider) -> Lane:
        def changed(transition: Transition) -> None:
            self._recorder.circuit_changed(provider.name, transition)

        breaker = Breaker(
            failure_threshold=self._threshold,
            recovery_timeout=self._recovery,
            monotonic=self._clock.monotonic,
            changed=changed,
        )
        return Lane(provider, breaker, self._clock, supervisor=self._supervisor, probe_in=self._probe_in)

    def _probe_in(self, lane: Lane, seconds: float) -> None:
        self._prober.probe_in(lane, seconds)

    def _run(
        self, lane: Lane, permit: Permit, request: CompletionRequest, attempts: list[Attempt]
    ) -> AttemptRun:
        def ended(attempt: Attempt) -> None:
            attempts.append(attempt)
            self._recorder.attempt_ended(request, attempt)

        return AttemptRun(
            lane,
            permit,
            fitted(request, lane.provider),
            len(attempts) + 1,
            self._clock,
            self._patience,
            ended,
        )

    async def _try_out(self, lane: Lane) -> None:
        """One token from a provider that hung, at nobody's expense."""
        request = CompletionRequest(
            messages=(Message("user", "Say ok."),), purpose="probe", max_tokens=1, local_only=True
        )
        permit = await lane.enter(request, last_resort=True)
        if not isinstance(permit, Permit):
            return
        async with aclosing(self._run(lane, permit, request, []).events()) as events:
            async for _ in events:
                pass


def _reply(
    request: CompletionRequest,
    run: AttemptRun,
    finished: Finished,
    attempts: Sequence[Attempt],
    cascade: Cascade,
    started: float,
    clock: Clock,
) -> Reply:
    last = attempts[-1]
    first = run.first_token_at if run.first_token_at is not None else started
    return Reply(
        text=run.text,
        tool_calls=run.calls,
        provider=last.provider,
        model=last.model,
        usage=finished.usage,
        ttft_ms=round((first - started) * 1000),
        total_ms=round((clock.monotonic() - started) * 1000),
        attempts=tuple(attempts),
        request_id=request.request_id,
        finish_reason=finished.reason,
        skipped=cascade.skipped,
    )
