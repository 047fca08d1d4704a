"""One request's course through the cascade: its attempts, why each was made, and the reply at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from timmy_desktop.clock import Clock
from timmy_desktop.routing.attempt import AttemptRun
from timmy_desktop.routing.breaker import Permit
from timmy_desktop.routing.cascade import Cascade, Passed
from timmy_desktop.routing.context import estimate, trimmed
from timmy_desktop.routing.errors import ContextTooLong
from timmy_desktop.routing.lane import Lane
from timmy_desktop.routing.patience import Patience
from timmy_desktop.routing.rows import Ended
from timmy_desktop.routing.types import Attempt, CompletionRequest, Finished, Reply, Skipped

FIRST = "The first in the order."
MOST_SHORTENINGS = 3
SHORTER = 0.6
_new = tuple.__new__


class Course:
    """Made for one request: `next`, `run` and `concluded` in turn until an answer is whole or nobody left."""

    __slots__ = (
        "_answer", "_attempt_ended", "_began_us", "_cascade", "_clock", "_ended_at", "_lanes", "_patience",
        "_rooms", "_run", "_runs", "_shortenings", "_waiting_since", "attempts", "request", "started",
    )  # fmt: skip

    def __init__(
        self,
        request: CompletionRequest,
        lanes: tuple[Lane, ...],
        clock: Clock,
        patience: Patience,
        attempt_ended: Callable[[CompletionRequest, Attempt], None],
    ) -> None:
        self.request = request
        self.attempts: list[Attempt] = []
        self._lanes = lanes
        self._cascade = Cascade(lanes, request)
        self._clock = clock
        self._patience = patience
        self._attempt_ended = attempt_ended
        self._began_us = clock.now_us()
        self.started = self._waiting_since = clock.monotonic()
        self._rooms: dict[str, int] | None = None  # made when a prompt was too long
        self._shortenings = 0
        self._runs: list[tuple[AttemptRun, bool]] = []
        self._ended_at: float | None = None
        self._run: AttemptRun | None = None
        self._answer: AttemptRun | None = None

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Who was not asked, and why."""
        return self._cascade.skipped

    def next_now(self) -> Passed | None:
        """What `next` gives, where nobody has to be waited for; None says nothing."""
        return self._cascade.next_now()

    def next(self) -> Awaitable[Passed | None]:
        """The next lane and the permit for it; None when none is left."""
        return self._cascade.next()

    def enter(self, lane: Lane) -> Awaitable[Permit | None]:
        """The permit for `lane` alone, as a last resort."""
        return self._cascade.enter(lane, last_resort=True)

    def run(self, lane: Lane, permit: Permit) -> AttemptRun:
        """The attempt on `lane`; its events are to be taken at once."""
        queued = lane.journal.now - self._waiting_since
        self._run = AttemptRun(
            lane,
            permit,
            self.request,
            len(self.attempts) + 1,
            self._clock,
            self._patience,
            self._ended,
            self._reason(lane) if self.attempts or self._cascade.has_skipped else FIRST,
            round(queued * 1000),
            self._rooms.get(lane.provider.name, 0) if self._rooms is not None else 0,
        )
        return self._run

    def concluded(self, lane: Lane) -> Reply | None:
        """After the attempt: what the caller gets, or None where another is to be made if there is one."""
        run = self._run
        if run is None:
            return None
        self._run = None
        finished = run.finished
        again = finished is None and self._is_shortened(lane, run.sent)
        self._runs.append((run, again))
        if finished is not None:
            self._answer = run
            return self._reply(run, finished, lane.journal.now)
        self._waiting_since = lane.journal.now
        if again:
            self._cascade.again(lane)
        return None

    def _is_shortened(self, lane: Lane, sent: CompletionRequest) -> bool:
        """Makes room after a prompt was too long; False where nothing may go or enough was tried."""
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.outcome != ContextTooLong.outcome or self._shortenings >= MOST_SHORTENINGS:
            return False
        sent_tokens = estimate(sent)
        room = int(sent_tokens * SHORTER)
        if estimate(trimmed(self.request, room, "").request) >= sent_tokens:
            return False
        self._shortenings += 1
        self._rooms = (self._rooms or {}) | {lane.provider.name: room}
        return True

    def _ended(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self._attempt_ended(self.request, attempt)

    def _reason(self, lane: Lane) -> str:
        """Why `lane`, in words."""
        name = lane.provider.name
        failed = {attempt.provider: attempt.outcome for attempt in self.attempts}
        if name in failed:
            return f"{name} once more, with a shorter prompt."
        left_out = {skip.provider: skip.reason for skip in self.skipped}
        before = self._lanes[: self._lanes.index(lane)]
        words = [
            f"{other.provider.name} failed ({failed[other.provider.name].replace('_', ' ')})"
            if other.provider.name in failed
            else f"{other.provider.name} was left out: {left_out[other.provider.name].rstrip('.')}"
            for other in before
            if other.provider.name in failed or other.provider.name in left_out
        ]
        return FIRST if not words else f"The next in the order. {'; '.join(words)}."

    def _reply(self, run: AttemptRun, finished: Finished, now: float) -> Reply:
        attempts = tuple(self.attempts)
        last, started, first = attempts[-1], self.started, run.first_token_at
        # As Reply(…) with every field named, at a third of the cost.
        return _new(
            Reply,
            (
                run.text,
                run.calls,
                last.provider,
                last.model,
                finished.usage,
                0 if first is None else round((first - started) * 1000),
                round((now - started) * 1000),
                attempts,
                self.request.request_id,
                finished.reason,
                self._cascade.skipped,
                last.reason,
                (last.note,) if last.note else (),
                last.cost_microcents if len(attempts) == 1 else sum([a.cost_microcents for a in attempts]),
            ),
        )

    def close(self) -> None:
        """The request is over, however it ended."""
        self._ended_at = self._clock.monotonic()
        if self._run is not None:  # left in the middle
            self._runs.append((self._run, False))

    def ended(self) -> Ended:
        """What is kept of it, after `close`."""
        last = self._runs[-1][0] if self._runs else None
        run = self._answer or last
        return Ended(
            request=self.request,
            sent=last.sent if last is not None else self.request,
            attempts=tuple(self.attempts),
            skipped=self.skipped,
            began_us=self._began_us,
            total_ms=self._milliseconds(self._ended_at or self.started),
            ttft_ms=self._first_token_ms(self._answer) if self._answer is not None else None,
            budget=run.budget_words if run is not None else "",
            order=tuple(lane.provider.name for lane in self._lanes),
            looks=tuple(self._cascade.looks),
            passages=tuple(passage.passage(again=again) for passage, again in self._runs),
        )

    def _first_token_ms(self, run: AttemptRun) -> int | None:
        return None if run.first_token_at is None else self._milliseconds(run.first_token_at)

    def _milliseconds(self, until: float) -> int:
        return round((until - self.started) * 1000)
