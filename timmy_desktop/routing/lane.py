"""One provider's lane: its breaker, its health, and the gate that keeps a crowd off a dead provider.

Two requests may wait for a first word; the others behind them wait for a sign of life (a token, or a free
probe that they share) and go on to the next provider when none comes. A lane with a pulse holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from timmy_desktop.clock import Clock
from timmy_desktop.routing.breaker import Breaker, Permit
from timmy_desktop.routing.errors import Blame, ProviderError, RateLimited
from timmy_desktop.routing.providers.base import Provider
from timmy_desktop.routing.types import CompletionRequest, Health, ProviderStatus
from timmy_desktop.supervisor import TaskSupervisor

UNANSWERED_AT_ONCE = 2
PROBE_SECONDS = 3.0
PATIENCE_SECONDS = 2.0
PROBE_THE_DEAD_SECONDS = 1.0


class Lane:
    """Everything the router knows about one provider."""

    def __init__(
        self,
        provider: Provider,
        breaker: Breaker,
        clock: Clock,
        *,
        supervisor: TaskSupervisor,
        probe_in: Callable[[Lane, float], None],
    ) -> None:
        """`probe_in(lane, seconds)` asks for a background probe by then at the latest."""
        self.provider = provider
        self.breaker = breaker
        self.health: Health | None = None
        self.last_error = ""
        self.last_latency_ms = -1
        self._clock = clock
        self._supervisor = supervisor
        self._probe_in = probe_in
        self.pulses = 0
        self._signs = 0
        self._unanswered: dict[Permit, int] = {}
        self._has_answered = False
        self._news: asyncio.Event | None = None
        self._probe: asyncio.Task[Health] | None = None

    # -- who may pass ------------------------------------------------------------------------------

    def objection(self, request: CompletionRequest, *, last_resort: bool = False) -> str:
        """Why `request` can't go here whatever the crowd; empty when it can."""
        if request.local_only and self.provider.is_remote:
            return "the request must stay on this machine."
        if self.health is not None and self.health.state == "not_configured":
            return self.health.detail
        if self.breaker.disabled:
            return self.breaker.disabled
        if self.breaker.state != "OPEN":
            return ""
        if self.breaker.seconds_to_trial > 0 or (self.is_tried_in_background and not last_resort):
            return f"it is left out until it recovers ({self.breaker.reason})"
        return ""

    @property
    def is_tried_in_background(self) -> bool:
        """A hung local provider is tried at nobody's expense: a token of its own costs nothing."""
        return self.breaker.cause is Blame.HUNG and not self.provider.is_remote

    async def enter(self, request: CompletionRequest, *, last_resort: bool = False) -> Permit | str:
        """The permit for one attempt, or in words why there is none. Waits only behind a crowd."""
        if self.health is None and not (request.local_only and self.provider.is_remote):
            # Nobody has looked yet: a free probe tells at once what a failed attempt would.
            await self.probe()
        deadline = self._clock.monotonic() + self._patience(last_resort)
        while not (objection := self.objection(request, last_resort=last_resort)):
            if not self._is_crowded():
                permit = self.breaker.acquire()
                if permit is not None:
                    self._unanswered[permit] = self._signs
                    return permit
                if not last_resort:
                    return "it is being tried by another request."
            left = deadline - self._clock.monotonic()
            if left <= 0 or not await self._wait_for_news(left):
                return "it gave no sign of life while other requests waited for it."
        return objection

    def _patience(self, last_resort: bool) -> float:
        if last_resort or (self.health is not None and self.health.state in ("ready", "loading")):
            return self.provider.deadlines.first_token + PATIENCE_SECONDS
        return PATIENCE_SECONDS

    def _is_crowded(self) -> bool:
        if len(self._unanswered) < UNANSWERED_AT_ONCE:
            return False
        if not self._has_answered:
            return True
        if self._signs > next(iter(self._unanswered.values())):
            return False
        self._probe_in(self, 0.0)
        return True

    # -- what happens to those who passed ----------------------------------------------------------

    def answered(self, permit: Permit, latency_ms: int) -> None:
        """A first token came."""
        self._unanswered.pop(permit, None)
        self._has_answered = True
        self.last_latency_ms = latency_ms
        self.pulse()
        permit.answered()
        self._tell()

    def pulse(self) -> None:
        """A token came."""
        self.pulses += 1
        self._signs += 1

    def succeeded(self, permit: Permit) -> None:
        """The answer is whole."""
        self.last_error = ""
        permit.succeeded()
        self.left(permit)

    def failed(self, permit: Permit, error: ProviderError) -> None:
        """The attempt ended without an answer."""
        if error.blame is not Blame.NONE:
            self.last_error = str(error)
        wait = error.retry_after if isinstance(error, RateLimited) else 0.0
        permit.failed(error.blame, str(error), wait)
        is_dead = error.blame in (Blame.GONE, Blame.HUNG)
        self._has_answered = self._has_answered and not is_dead
        self.left(permit)
        if error.blame not in (Blame.NONE, Blame.WAIT):
            self._probe_in(self, PROBE_THE_DEAD_SECONDS if is_dead else 0.0)

    def left(self, permit: Permit) -> None:
        """Whoever held `permit` is gone, whatever came of it."""
        permit.released()
        self._unanswered.pop(permit, None)
        self._tell()

    # -- free probes -------------------------------------------------------------------------------

    @property
    def is_being_probed(self) -> bool:
        """Whether a probe is under way."""
        return self._probe is not None

    async def probe(self) -> Health:
        """Asks for the provider's health, once for all who ask at the same time."""
        if self._probe is None:
            self._probe = self._supervisor.start(f"ask how {self.provider.name} is", self._ask())
            self._probe.add_done_callback(lambda _: self._probe_done())
        probe = self._probe
        # One who gives up does not end it for the others, and its end is not theirs.
        await asyncio.wait((probe,))
        return Health("unavailable", "The router is stopping.") if probe.cancelled() else probe.result()

    async def stop(self) -> None:
        """Ends a probe that is under way: the provider is about to be stopped."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait((self._probe,))

    async def _ask(self) -> Health:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                health = await self.provider.health()
        except TimeoutError:
            health = Health("unavailable", f"{self.provider.name} does not answer.", self.provider.model)
        self._learn(health)
        return health

    def _probe_done(self) -> None:
        self._probe = None
        self._tell()

    def _learn(self, health: Health) -> None:
        self.health = health
        if health.state in ("ready", "loading"):
            self._signs += 1
            self.breaker.probe_succeeded()
        elif health.state == "unavailable":
            self.last_error = health.detail
            self._has_answered = False
            self.breaker.probe_failed(health.detail)

    async def _wait_for_news(self, seconds: float) -> bool:
        if self._news is None:
            self._news = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    def status(self) -> ProviderStatus:
        """What a person sees of it."""
        return ProviderStatus(
            name=self.provider.name,
            kind=self.provider.kind,
            is_remote=self.provider.is_remote,
            state=self.breaker.state,
            health=self.health,
            last_error=self.last_error,
            model=self.provider.model,
            last_latency_ms=self.last_latency_ms,
        )
