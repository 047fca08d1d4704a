"""One provider's lane: its breaker, its health, and the gate that keeps a crowd off a dead provider.

Two requests may wait for a first word; the others behind them wait for a sign of life (a token, or a free
probe that they share) and go on to the next provider when none comes. A lane with a pulse holds nobody up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import NamedTuple

import orjson

from timmy_desktop.clock import Clock
from timmy_desktop.routing.admission import BUDGET, CROWDED, TRIAL, No, is_tried_in_background, objection
from timmy_desktop.routing.breaker import Breaker, Permit, Snapshot
from timmy_desktop.routing.budget import FREE, Budget, Charge
from timmy_desktop.routing.errors import Blame, ProviderError, RateLimited
from timmy_desktop.routing.journal import Journal, Look, Signal, Tick
from timmy_desktop.routing.providers.base import Provider
from timmy_desktop.routing.types import CompletionRequest, Health, ProviderStatus
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

UNANSWERED_AT_ONCE = 2
PROBE_SECONDS = 3.0
FIRST_PROBE_SECONDS = 8.0  # it loads the client's library, which takes seconds on a busy machine
PATIENCE_SECONDS = 2.0
PROBE_THE_DEAD_SECONDS = 1.0
_new = tuple.__new__


class Entry(NamedTuple):
    """A look at a lane: with the permit for one attempt, or with the words that say why there is none."""

    look: Look
    permit: Permit | None
    words: str


class Lane:
    """Everything the router knows about one provider."""

    def __init__(
        self,
        provider: Provider,
        breaker: Breaker,
        clock: Clock,
        *,
        journal: Journal,
        budget: Budget,
        supervisor: TaskSupervisor,
        probe_in: Callable[[Lane, float], None],
        keep: Callable[[Lane, Snapshot], None],
        hold: Callable[[str, CompletionRequest, int, int], Awaitable[None]],
    ) -> None:
        """`probe_in(lane, seconds)` asks for a background probe by then at the latest.

        `journal.read` is the breaker's clock; `keep(lane, snapshot)` is told when the circuit changes;
        `hold(provider, request, attempt, microcents)` returns when a crash can't lose what is reserved.
        """
        self.provider = provider
        self.breaker = breaker
        self.health: Health | None = None
        self.journal = journal
        self.is_enabled = True
        self.last_error = ""
        self.last_latency_ms = -1
        self._budget = budget
        self._keep = keep
        self._hold = hold
        self._unpaid: CompletionRequest | None = None
        self._kept = breaker.changes
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

    def objection(self, request: CompletionRequest, *, last_resort: bool = False) -> No | None:
        """Why `request` can't go here whatever the crowd; None when it can."""
        provider = self.provider
        is_remote = provider.is_remote
        # In their order: naming them would take as long as the rule itself.
        no = objection(self.breaker, self.health, self.is_enabled, is_remote, request.local_only, last_resort)
        if no is None and is_remote and (words := self._budget.refusal(provider.name, request)):
            self._unpaid = replace(request, task_id="")
            return No(BUDGET, words)
        return no

    @property
    def is_tried_in_background(self) -> bool:
        """A hung local provider is tried at nobody's expense: a token of its own costs nothing."""
        return is_tried_in_background(self.breaker, self.provider.is_remote)

    async def enter(self, request: CompletionRequest, *, last_resort: bool = False) -> Entry:
        """The permit for one attempt, or in words why there is none. Waits only behind a crowd."""
        if self._is_unknown(request):
            # Nobody has looked yet: a free probe tells at once what a failed attempt would.
            await self.probe()
        deadline: float | None = None
        while True:
            tick = self.journal.tick()
            self.journal.catch_up(self.provider.name)
            entry = self._admit(tick, request, last_resort)
            if entry is not None:
                return entry
            if deadline is None:
                deadline = tick.at + self._patience(last_resort)
            left = deadline - self._clock.monotonic()
            if left <= 0 or not await self._wait_for_news(left):
                words = "it gave no sign of life while other requests waited for it."
                return self._entry(tick, last_resort, No(CROWDED, words))

    def enter_now(self, request: CompletionRequest) -> Entry | None:
        """The same where it is decided at once, as it nearly always is; None where `enter` has to wait."""
        if self.health is None and self._is_unknown(request):
            return None
        tick = self.journal.tick()
        self.journal.catch_up(self.provider.name)
        return self._admit(tick, request, False)

    def _is_unknown(self, request: CompletionRequest) -> bool:
        return (
            self.health is None and self.is_enabled and not (request.local_only and self.provider.is_remote)
        )

    def _admit(self, tick: Tick, request: CompletionRequest, last_resort: bool) -> Entry | None:
        """What is decided now; None where it is worth waiting."""
        if (no := self.objection(request, last_resort=last_resort)) is not None:
            return self._entry(tick, last_resort, no)
        if len(self._unanswered) >= UNANSWERED_AT_ONCE and self._is_crowded():
            return None
        permit = self.breaker.acquire()
        if permit is not None:
            self._unanswered[permit] = self._signs
            return self._entry(tick, last_resort, None, permit)
        if last_resort:
            return None
        return self._entry(tick, last_resort, No(TRIAL, "it is being tried by another request."))

    def _entry(self, tick: Tick, last_resort: bool, no: No | None, permit: Permit | None = None) -> Entry:
        provider = self.provider
        code, words = no if no is not None else ("", "")
        seq, at = tick
        # As Look(…) and Entry(…), without the call in between.
        look = _new(Look, (seq, at, provider.name, provider.is_remote, last_resort, code))
        return _new(Entry, (look, permit, words))

    def charge(self, request: CompletionRequest) -> Charge:
        """The reservation for one attempt; in the same turn as the permit."""
        if not self.provider.is_remote:
            return FREE
        self._unpaid = None
        return self._budget.reserve(self.provider.name, request)

    async def hold(self, request: CompletionRequest, attempt: int, charge: Charge) -> None:
        """Returns when a crash can't lose the reservation any more."""
        await self._hold(self.provider.name, request, attempt, charge.reserved)

    def _patience(self, last_resort: bool) -> float:
        if last_resort or (self.health is not None and self.health.state in ("ready", "loading")):
            return self.provider.deadlines.first_token + PATIENCE_SECONDS
        return PATIENCE_SECONDS

    def _is_crowded(self) -> bool:
        """Whether as many wait for a first word as may; asked where there are enough for it."""
        if not self._has_answered:
            return True
        if self._signs > next(iter(self._unanswered.values())):
            return False
        self._probe_in(self, 0.0)
        return True

    # -- what happens to those who passed ----------------------------------------------------------

    def answered(self, permit: Permit, asked_at: float) -> Tick:
        """A first token came; `asked_at` is the journal's time of the attempt's beginning."""
        tick = self.journal.tick()
        self._unanswered.pop(permit, None)
        self._has_answered = True
        self.last_latency_ms = round((tick.at - asked_at) * 1000)
        self.pulses += 1
        self._signs += 1
        if permit.is_trial:
            permit.answered()
        if self._news is not None or self.breaker.changes != self._kept:
            self._changed()
        return tick

    def pulse(self) -> None:
        """A token came."""
        self.pulses += 1
        self._signs += 1

    def succeeded(self, permit: Permit) -> Tick:
        """The answer is whole."""
        tick = self.journal.tick()
        self.last_error = ""
        permit.succeeded()
        self._gone(permit)
        return tick

    def failed(self, permit: Permit, error: ProviderError) -> Tick:
        """The attempt ended without an answer."""
        tick = self.journal.tick()
        if error.blame is not Blame.NONE:
            self.last_error = str(error)
        wait = error.retry_after if isinstance(error, RateLimited) else 0.0
        permit.failed(error.blame, str(error), wait)
        is_dead = error.blame in (Blame.GONE, Blame.HUNG)
        self._has_answered = self._has_answered and not is_dead
        self._gone(permit)
        if error.blame not in (Blame.NONE, Blame.WAIT):
            self._probe_in(self, PROBE_THE_DEAD_SECONDS if is_dead else 0.0)
        return tick

    def left(self, permit: Permit) -> Tick:
        """Whoever held `permit` is gone, whatever came of it."""
        tick = self.journal.tick()
        permit.released()
        self._gone(permit)
        return tick

    def _gone(self, permit: Permit) -> None:
        self._unanswered.pop(permit, None)
        if self._news is not None or self.breaker.changes != self._kept:
            self._changed()

    def _changed(self) -> None:
        if self._news is not None:
            self._tell()
        if self.breaker.changes != self._kept:
            self._kept = self.breaker.changes
            self._keep(self, self.breaker.snapshot())

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
            async with asyncio.timeout(FIRST_PROBE_SECONDS if self.health is None else PROBE_SECONDS):
                health = await self.provider.health()
        except TimeoutError:
            health = Health("unavailable", f"{self.provider.name} does not answer.", self.provider.model)
        except Exception:
            logger.exception("Asking how %s is ended unexpectedly.", self.provider.name)
            detail = f"Asking how {self.provider.name} is failed unexpectedly; the log has it."
            health = Health("unavailable", detail, self.provider.model)
        self._learn(health)
        return health

    def _probe_done(self) -> None:
        self._probe = None
        self._tell()

    def _learn(self, health: Health) -> None:
        tick = self.journal.tick()
        before, was_open = self.health, self.breaker.state == "OPEN"
        self.health = health
        is_news = before is None or (before.state, before.detail) != (health.state, health.detail)
        if health.state in ("ready", "loading"):
            self._signs += 1
            is_news = is_news or self.breaker.state != "CLOSED" or bool(self.breaker.disabled)
            self.breaker.probe_succeeded()
        elif health.state == "unavailable":
            self.last_error = health.detail
            self._has_answered = False
            self.breaker.probe_failed(health.detail)
        if is_news or health.state == "unavailable":
            repeated = health.state == "unavailable" and was_open and not is_news
            self.signal(tick, health.state, health.detail, may_be_repeated=repeated)
        self._changed()

    def signal(self, tick: Tick, kind: str, detail: str = "", *, may_be_repeated: bool = False) -> None:
        """Puts on the journal what no request did."""
        signal = Signal(tick, self.provider.name, kind, detail)
        self.journal.signal(signal, may_be_repeated=may_be_repeated)

    def hurry(self) -> None:
        """The next request is the trial, however long the circuit was to stay open."""
        tick = self.journal.tick()
        self.breaker.hurry()
        self.signal(tick, "hurried")
        self._changed()

    def restore(self, kept: Snapshot) -> None:
        """Goes on where the last run stopped."""
        self.breaker.restore(kept)
        self.last_error = kept.reason or kept.disabled

    def checkpoint(self) -> None:
        """Puts all that a rehearsal must know to begin here on the journal; while nobody holds a permit."""
        tick, health = self.journal.tick(), self.health
        known = asdict(self.breaker.snapshot()) | {
            "health": health.state if health is not None else "",
            "health_detail": health.detail if health is not None else "",
        }
        self.signal(tick, "checkpoint", orjson.dumps(known).decode())

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
            is_enabled=self.is_enabled,
            reason=self.breaker.disabled or self.breaker.reason,
            seconds_to_trial=self._seconds_to_trial(),
            spent_today_microcents=self._budget.spent_today(self.provider.name),
            over_budget=self._over_budget(),
        )

    def _over_budget(self) -> str:
        """As it is now: midnight and what is settled may have made room."""
        unpaid = self._unpaid
        return self._budget.refusal(self.provider.name, unpaid) if unpaid is not None else ""

    def _seconds_to_trial(self) -> float:
        self.journal.tick()
        return self.breaker.seconds_to_trial
