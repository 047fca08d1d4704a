"""The breaker: what it does by example, and what it never does whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from timmy_desktop.routing.breaker import Breaker, Permit, Transition
from timmy_desktop.routing.errors import Blame

CAP = 300.0


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker(failure_threshold=3, recovery_timeout=10.0, recovery_cap=CAP, monotonic=time)


def fail(breaker: Breaker, blame: Blame = Blame.SOFT, wait: float = 0.0) -> None:
    permit = breaker.acquire()
    assert permit is not None
    permit.failed(blame, "it failed", wait)


def open_it(breaker: Breaker, blame: Blame = Blame.HUNG) -> None:
    fail(breaker, blame)
    assert breaker.state == "OPEN"


def test_soft_failures_open_at_the_threshold_only(breaker: Breaker) -> None:
    fail(breaker)
    fail(breaker)
    assert breaker.state == "CLOSED"
    fail(breaker)
    assert breaker.state == "OPEN"


def test_an_answer_forgives_what_was_before(breaker: Breaker) -> None:
    for _ in range(10):
        fail(breaker)
        fail(breaker)
        permit = breaker.acquire()
        assert permit is not None
        permit.succeeded()
    assert breaker.state == "CLOSED"


@pytest.mark.parametrize("blame", [Blame.GONE, Blame.HUNG, Blame.WAIT])
def test_certain_death_opens_at_once(breaker: Breaker, blame: Blame) -> None:
    open_it(breaker, blame)
    assert breaker.reason == "it failed"


def test_the_requests_own_fault_and_a_cancel_change_nothing(breaker: Breaker) -> None:
    for _ in range(20):
        fail(breaker, Blame.NONE)
        permit = breaker.acquire()
        assert permit is not None
        permit.released()
    assert breaker.state == "CLOSED"
    fail(breaker)
    fail(breaker)
    assert breaker.state == "CLOSED"


def test_half_open_admits_one_and_gives_a_cancelled_trial_back(breaker: Breaker, time: Time) -> None:
    open_it(breaker)
    assert breaker.acquire() is None
    time.now = 10.0
    trial = breaker.acquire()
    assert trial is not None
    assert breaker.state == "HALF_OPEN"
    assert breaker.acquire() is None
    trial.released()
    assert breaker.acquire() is not None


def test_the_first_token_of_a_trial_closes_but_a_break_after_it_opens_again(
    breaker: Breaker, time: Time
) -> None:
    open_it(breaker)
    time.now = 10.0
    trial = breaker.acquire()
    assert trial is not None
    trial.answered()
    assert breaker.state == "CLOSED"
    trial.failed(Blame.SOFT, "it broke off")
    assert breaker.state == "OPEN"


def test_recovery_takes_longer_each_time_up_to_a_cap(breaker: Breaker, time: Time) -> None:
    waits = []
    for _ in range(8):
        open_it(breaker)
        waits.append(breaker.seconds_to_trial)
        time.now += waits[-1]
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_a_rate_limit_lasts_as_long_as_was_asked_for(breaker: Breaker, time: Time) -> None:
    fail(breaker, Blame.WAIT, 77.0)
    time.now = 76.9
    assert breaker.acquire() is None
    time.now = 77.0
    assert breaker.acquire() is not None


def test_a_rate_limit_outlives_a_network_that_was_away_meanwhile(breaker: Breaker, time: Time) -> None:
    fail(breaker, Blame.WAIT, 120.0)
    breaker.probe_failed("nobody there")
    breaker.probe_succeeded()
    time.now = 119.0
    assert breaker.acquire() is None
    breaker.probe_failed("nobody there")
    time.now = 120.0
    assert breaker.acquire() is not None


def test_who_is_found_gone_after_a_rate_limit_is_over_comes_back_by_a_probe(
    breaker: Breaker, time: Time
) -> None:
    fail(breaker, Blame.WAIT, 5.0)
    time.now = 6.0
    breaker.probe_failed("nobody there")
    assert breaker.acquire() is None
    breaker.probe_succeeded()
    assert breaker.state == "CLOSED"


def test_disabled_lasts_until_a_probe_says_otherwise(breaker: Breaker, time: Time) -> None:
    fail(breaker, Blame.DISABLED)
    time.now = 1e9
    assert breaker.acquire() is None
    assert (breaker.state, breaker.disabled) == ("CLOSED", "it failed")
    breaker.probe_succeeded()
    assert breaker.acquire() is not None


def test_a_free_probe_proves_the_return_of_what_was_gone_but_not_of_what_hung(breaker: Breaker) -> None:
    open_it(breaker, Blame.GONE)
    breaker.probe_succeeded()
    assert breaker.state == "CLOSED"
    open_it(breaker, Blame.HUNG)
    breaker.probe_succeeded()
    assert breaker.state == "OPEN"


def test_a_probe_that_finds_nobody_opens_without_any_attempt(breaker: Breaker) -> None:
    breaker.probe_failed("nobody there")
    assert (breaker.state, breaker.reason) == ("OPEN", "nobody there")


def test_a_failure_from_before_the_last_change_says_nothing_about_now(breaker: Breaker, time: Time) -> None:
    old = breaker.acquire()
    assert old is not None
    open_it(breaker, Blame.GONE)
    breaker.probe_succeeded()
    old.failed(Blame.GONE, "long ago")
    assert breaker.state == "CLOSED"


def test_each_change_is_told_once(time: Time) -> None:
    told: list[Transition] = []
    breaker = Breaker(failure_threshold=1, recovery_timeout=1.0, monotonic=time, changed=told.append)
    open_it(breaker)
    time.now = 1.0
    trial = breaker.acquire()
    assert trial is not None
    trial.answered()
    trial.succeeded()
    assert [transition.state for transition in told] == ["OPEN", "HALF_OPEN", "CLOSED"]


class AnyHistory(RuleBasedStateMachine):
    """Outcomes, cancels, probes and clock steps in any order."""

    permits = Bundle("permits")

    @initialize(threshold=st.integers(1, 6), recovery=st.floats(0.1, 100))
    def begin(self, threshold: int, recovery: float) -> None:
        self.time = Time()
        self.breaker = Breaker(
            failure_threshold=threshold, recovery_timeout=recovery, recovery_cap=CAP, monotonic=self.time
        )
        self.trials: set[Permit] = set()
        self.longest_wait = 0.0

    @rule(target=permits)
    def acquire(self) -> object:
        permit = self.breaker.acquire()
        if permit is not None and permit.is_trial:
            if self.breaker.state == "HALF_OPEN":
                assert not self.trials, "two trials at once"
            self.trials.add(permit)
        return permit

    @rule(permit=consumes(permits), blame=st.sampled_from(Blame), wait=st.floats(0, 1000))
    def fail(self, permit: Permit | None, blame: Blame, wait: float) -> None:
        if permit is not None:
            permit.failed(blame, "failed", wait)
            permit.released()  # a second end is none
            self.longest_wait = max(self.longest_wait, wait)
            self._ended(permit)

    @rule(permit=permits)
    def answer(self, permit: Permit | None) -> None:
        if permit is not None:
            permit.answered()

    @rule(permit=consumes(permits))
    def succeed(self, permit: Permit | None) -> None:
        if permit is not None and not self.breaker.disabled:
            permit.succeeded()
            assert self.breaker.state == "CLOSED"
            self._ended(permit)
        elif permit is not None:
            permit.released()
            self._ended(permit)

    @rule(permit=consumes(permits))
    def cancel(self, permit: Permit | None) -> None:
        if permit is not None:
            before = self.breaker.state
            permit.released()
            assert self.breaker.state == before
            self._ended(permit)

    @rule(seconds=st.floats(0, 1000))
    def step(self, seconds: float) -> None:
        self.time.now += seconds

    @rule(found=st.booleans())
    def probe(self, found: bool) -> None:
        self.breaker.probe_succeeded() if found else self.breaker.probe_failed("nobody there")

    @invariant()
    def trials_of_the_past_do_not_count(self) -> None:
        if hasattr(self, "breaker") and self.breaker.state != "HALF_OPEN":
            self.trials.clear()

    def _ended(self, permit: Permit) -> None:
        self.trials.discard(permit)

    def teardown(self) -> None:
        """Whatever happened: with the leases back and time gone by, it lets somebody through."""
        if not hasattr(self, "breaker"):
            return
        for permit in self.trials:
            permit.released()
        self.breaker.probe_succeeded()
        self.time.now += max(CAP, self.longest_wait) + 1
        assert self.breaker.acquire() is not None


TestAnyHistory = AnyHistory.TestCase
