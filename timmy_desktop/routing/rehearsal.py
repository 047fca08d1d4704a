"""Router rehearsal: recorded traffic replayed under another policy, with no model calls.

The real breakers run over the recorded order of events. As long as a request goes the way that it went, its
recorded times and outcomes hold, so that today's policy reproduces today's decisions exactly. Where it goes
another way, what would have happened is told from the nearest attempt on that provider: an estimate, and
marked as one.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf

import orjson

from timmy_desktop.routing.admission import CROWDED, OBSERVED, TRIAL, objection
from timmy_desktop.routing.breaker import Breaker, Permit, Snapshot
from timmy_desktop.routing.errors import Blame
from timmy_desktop.routing.forecast import Course, Forecast, under
from timmy_desktop.routing.journal import Look, Passage, Signal
from timmy_desktop.routing.policy import Policy
from timmy_desktop.routing.recording import RecordedRequest, Recording
from timmy_desktop.routing.rollups import PROBE
from timmy_desktop.routing.types import Health

BEGINNING = -inf


@dataclass(frozen=True, slots=True)
class Step:
    """A provider that was looked at: kept out for `code`, or asked with this `outcome`."""

    provider: str
    code: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A request's way. Times are milliseconds; `answered_by` is empty when nobody answered."""

    steps: tuple[Step, ...]
    answered_by: str
    ttft_ms: int | None
    total_ms: int

    @property
    def asked(self) -> tuple[str, ...]:
        """The providers that were asked, in order."""
        return tuple(step.provider for step in self.steps if not step.code)


@dataclass(frozen=True, slots=True)
class Change:
    """A request that would have gone another way; estimated where something was asked that was not then."""

    request_id: str
    time_us: int
    purpose: str
    before: Decision
    after: Decision
    is_estimated: bool


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """What the policy would have changed. The waits are medians of the first token, in milliseconds."""

    requests: int
    changes: tuple[Change, ...]
    answered_before: Mapping[str, int]
    answered_after: Mapping[str, int]
    unanswered_before: int
    unanswered_after: int
    failed_attempts_before: int
    failed_attempts_after: int
    wait_before_ms: int | None
    wait_after_ms: int | None

    @property
    def is_identical(self) -> bool:
        """Whether every decision is as it was."""
        return not self.changes


def replay(recorded: Recording | Sequence[RecordedRequest], policy: Policy) -> RehearsalReport:
    """What `policy` would have made of the recorded traffic. Pure: no clock, no calls, no writes."""
    recording = recorded if isinstance(recorded, Recording) else Recording(tuple(recorded))
    requests: dict[str, list[RecordedRequest]] = defaultdict(list)
    signals: dict[str, list[Signal]] = defaultdict(list)
    for request in recording.requests:
        requests[request.run].append(request)
    for entry in recording.signals:
        signals[entry.run].append(entry.signal)
    replayed = [entry for run in requests for entry in _Run(requests[run], signals[run], policy).play()]
    return _report(sorted(replayed, key=lambda entry: entry.request.time_us))


class _Run:
    """One run of the application, played again."""

    def __init__(
        self, requests: Sequence[RecordedRequest], signals: Sequence[Signal], policy: Policy
    ) -> None:
        self.policy = policy
        self.now = BEGINNING
        self.forecast = Forecast(requests, signals)
        self._breakers: dict[str, Breaker] = {}
        self._health: dict[str, Health] = {}
        self._restored_providers: set[str] = set()
        self._queue: list[tuple[float, float, int, Callable[[], None]]] = []
        self._number = count()
        self._begin = _beginning(signals)
        self._signals = sorted(signals)
        self._replays = [
            _Replay(self, request)
            for request in requests
            if request.looks and request.looks[0].seq >= self._begin
        ]

    def play(self) -> list[_Replay]:
        for signal in self._signals:
            if signal.tick.seq >= self._begin:
                self.at(signal.tick.at, signal.tick.seq, lambda signal=signal: self._signalled(signal))  # type: ignore[misc]
        for entry in self._replays:
            first = entry.request.looks[0]
            self.at(first.at, first.seq, entry.look)
        while self._queue:
            self.now, _, _, act = heapq.heappop(self._queue)
            act()
        return [entry for entry in self._replays if entry.request.purpose != PROBE]

    def at(self, time: float, seq: float, act: Callable[[], None]) -> None:
        """Has `act` done then; what was not recorded comes after what was."""
        heapq.heappush(self._queue, (time, seq, next(self._number), act))

    def breaker(self, provider: str) -> Breaker:
        if provider not in self._breakers:
            self._breakers[provider] = Breaker(
                failure_threshold=self.policy.failure_threshold,
                recovery_timeout=self.policy.recovery_timeout,
                monotonic=lambda: self.now,
            )
        return self._breakers[provider]

    def health(self, provider: str) -> Health | None:
        return self._health.get(provider)

    def _signalled(self, signal: Signal) -> None:
        breaker = self.breaker(signal.provider)
        if signal.kind == "checkpoint":
            self._restored(signal, breaker)
        elif signal.kind == "hurried":
            breaker.hurry()
        else:
            self._health[signal.provider] = Health(signal.kind, signal.detail)  # type: ignore[arg-type]
            if signal.kind in ("ready", "loading"):
                breaker.probe_succeeded()
            elif signal.kind == "unavailable":
                breaker.probe_failed(signal.detail)

    def _restored(self, signal: Signal, breaker: Breaker) -> None:
        """Only the first checkpoint counts: what comes after it is the policy's own doing."""
        if signal.provider in self._restored_providers:
            return
        self._restored_providers.add(signal.provider)
        known = orjson.loads(signal.detail)
        state, detail = known.pop("health"), known.pop("health_detail")
        breaker.restore(Snapshot(**known))
        if state:
            self._health[signal.provider] = Health(state, detail)


class _Replay:
    """One request, on its way once more."""

    def __init__(self, run: _Run, request: RecordedRequest) -> None:
        self._run = run
        self.request = request
        self.steps: list[Step] = []
        self.is_faithful = True
        self.is_estimated = False
        self.answered_by = ""
        self.first_token_at: float | None = None
        self.ended_at = request.looks[0].at
        self._first, self._second = _lanes(request, run.policy), list[str]()
        self._is_last_resort = _is_trial(request)
        self._looked, self._passed = 0, 0
        self._is_remote = {look.provider: look.is_remote for look in request.looks}

    # -- looking -----------------------------------------------------------------------------------

    def look(self) -> None:
        """Looks at the next provider, now."""
        provider = self._next_provider()
        self.ended_at = max(self.ended_at, self._run.now)
        if provider is None:
            return
        recorded = self._recorded_look(provider)
        code, permit = self._verdict(provider, recorded)
        if recorded is not None and recorded.code == code:
            self._looked += 1
        else:
            self.is_faithful = False
        if permit is not None:
            self._ask(provider, permit)
            return
        self.steps.append(Step(provider, code))
        self._remember(provider)
        self._look_on()

    def _next_provider(self) -> str | None:
        if self._first:
            return self._first.pop(0)
        if not self._is_last_resort:
            self._is_last_resort = True
            self._first, self._second = self._second, []
            return self._first.pop(0) if self._first else None
        return None

    def _remember(self, provider: str) -> None:
        if not self._is_last_resort:
            self._second.append(provider)

    def _recorded_look(self, provider: str) -> Look | None:
        if not self.is_faithful or self._looked >= len(self.request.looks):
            return None
        look = self.request.looks[self._looked]
        return look if (look.provider, look.last_resort) == (provider, self._is_last_resort) else None

    def _verdict(self, provider: str, recorded: Look | None) -> tuple[str, Permit | None]:
        run, breaker = self._run, self._run.breaker(provider)
        is_remote = (
            recorded.is_remote
            if recorded is not None
            else self._is_remote.get(provider, run.forecast.is_remote(provider))
        )
        no = objection(
            breaker,
            run.health(provider),
            is_enabled=provider not in run.policy.switched_off,
            is_remote=is_remote,
            local_only=self.request.local_only,
            last_resort=self._is_last_resort,
        )
        if no is not None:
            return no.code, None
        if recorded is not None and recorded.code in OBSERVED:
            return recorded.code, None
        permit = breaker.acquire()
        if permit is not None:
            return "", permit
        return (CROWDED if self._is_last_resort else TRIAL), None

    def _look_on(self) -> None:
        """The next look: when it was, or at once where the way is a new one."""
        if not self.is_faithful:
            self._run.at(self._run.now, inf, self.look)
        elif self._looked < len(self.request.looks):
            look = self.request.looks[self._looked]
            self._run.at(look.at, look.seq, self.look)
        # else it went no further then either: nobody was left, or it was stopped

    # -- asking ------------------------------------------------------------------------------------

    def _ask(self, provider: str, permit: Permit) -> None:
        run, began = self._run, self._run.now
        passage = self._recorded_passage(provider)
        if passage is None:
            course, is_known = run.forecast.course(provider, began, self.request)
            self.is_estimated = self.is_estimated or not is_known
        else:
            course = Course.of(passage, began)
        limited = under(run.policy.limits.get(provider), course)
        if passage is None or limited != course:
            self.is_faithful = False
            self._schedule(provider, permit, limited, began, None)
        else:
            self._schedule(provider, permit, course, began, passage)

    def _recorded_passage(self, provider: str) -> Passage | None:
        if not self.is_faithful or self._passed >= len(self.request.passages):
            return None
        passage = self.request.passages[self._passed]
        self._passed += 1
        return passage if passage.provider == provider else None

    def _schedule(
        self, provider: str, permit: Permit, course: Course, began: float, passage: Passage | None
    ) -> None:
        run = self._run
        if passage is not None and passage.answered is not None:
            run.at(passage.answered.at, passage.answered.seq, lambda: self._answered(permit))
        elif passage is None and course.first_token is not None:
            run.at(began + course.first_token, inf, lambda: self._answered(permit))
        time, seq = began + course.total, inf
        if passage is not None:
            time, seq = passage.ended.at, passage.ended.seq
        run.at(time, seq, lambda: self._ended(provider, permit, course))

    def _answered(self, permit: Permit) -> None:
        if self.first_token_at is None:
            self.first_token_at = self._run.now
        permit.answered()

    def _ended(self, provider: str, permit: Permit, course: Course) -> None:
        self.ended_at = self._run.now
        self.steps.append(Step(provider, "", course.outcome))
        if course.outcome == "ok":
            permit.succeeded()
            self.answered_by = provider
            return
        self.first_token_at = None
        if course.blame:
            permit.failed(Blame(course.blame), f"{provider}: {course.outcome}", course.wait)
        else:
            permit.released()
        if course.outcome == "cancelled":
            return
        if course.again:
            self._first.insert(0, provider)
        self._look_on()

    def decision(self) -> Decision:
        """The way it went this time."""
        began = self.request.looks[0].at
        first = self.first_token_at
        return Decision(
            tuple(self.steps),
            self.answered_by,
            round((first - began) * 1000) if first is not None and self.answered_by else None,
            round((self.ended_at - began) * 1000),
        )


def _beginning(signals: Sequence[Signal]) -> int:
    """The sequence number of the first checkpoint; 0 for a run without any."""
    return min((signal.tick.seq for signal in signals if signal.kind == "checkpoint"), default=0)


def _is_trial(request: RecordedRequest) -> bool:
    """Whether it is the router's own try of one provider: no other begins as a last resort."""
    return request.looks[0].last_resort


def _lanes(request: RecordedRequest, policy: Policy) -> list[str]:
    if _is_trial(request):
        return list(request.order)
    known = [name for name in policy.order if name in request.order]
    return known + [name for name in request.order if name not in policy.order]


def recorded_decision(request: RecordedRequest) -> Decision:
    """The way that it went then."""
    passages, steps = iter(request.passages), []
    answered_by, first, ended = "", None, request.looks[0].at
    for look in request.looks:
        ended = max(ended, look.at)
        if look.code:
            steps.append(Step(look.provider, look.code))
            continue
        passage = next(passages, None)
        if passage is None:
            continue
        steps.append(Step(look.provider, "", passage.outcome))
        ended = max(ended, passage.ended.at)
        if passage.outcome == "ok":
            answered_by = look.provider
            first = passage.answered.at if passage.answered is not None else passage.ended.at
    began = request.looks[0].at
    ttft = None if first is None else round((first - began) * 1000)
    return Decision(tuple(steps), answered_by, ttft, round((ended - began) * 1000))


def _report(replayed: Sequence[_Replay]) -> RehearsalReport:
    pairs = [(entry, recorded_decision(entry.request), entry.decision()) for entry in replayed]
    before, after = [pair[1] for pair in pairs], [pair[2] for pair in pairs]
    changes = tuple(
        Change(
            entry.request.request_id,
            entry.request.time_us,
            entry.request.purpose,
            was,
            would,
            entry.is_estimated,
        )
        for entry, was, would in pairs
        if was.steps != would.steps or was.answered_by != would.answered_by
    )
    return RehearsalReport(
        requests=len(pairs),
        changes=changes,
        answered_before=_answers(before),
        answered_after=_answers(after),
        unanswered_before=_unanswered(before),
        unanswered_after=_unanswered(after),
        failed_attempts_before=_failed(before),
        failed_attempts_after=_failed(after),
        wait_before_ms=_median(before),
        wait_after_ms=_median(after),
    )


def _answers(decisions: Sequence[Decision]) -> Mapping[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for decision in decisions:
        if decision.answered_by:
            counts[decision.answered_by] += 1
    return dict(counts)


def _unanswered(decisions: Sequence[Decision]) -> int:
    return sum(
        not decision.answered_by and not any(step.outcome == "cancelled" for step in decision.steps)
        for decision in decisions
    )


def _failed(decisions: Sequence[Decision]) -> int:
    return sum(
        step.outcome not in ("", "ok", "cancelled") for decision in decisions for step in decision.steps
    )


def _median(decisions: Sequence[Decision]) -> int | None:
    waits = sorted(decision.ttft_ms for decision in decisions if decision.ttft_ms is not None)
    return waits[len(waits) // 2] if waits else None


def with_order(policy: Policy, order: Sequence[str]) -> Policy:
    """`policy` with another order."""
    return replace(policy, order=tuple(order))
