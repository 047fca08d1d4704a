"""A circuit breaker for ten calls an hour: a pure state machine that knows a dead provider from a bad day.

CLOSED lets requests through, OPEN none, HALF_OPEN exactly one at a time. Time is injected and monotonic.
A permit is a lease: whoever holds one ends it with `succeeded`, `failed` or `released`, once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from timmy_desktop.routing.errors import Blame
from timmy_desktop.routing.types import CircuitState

RECOVERY_CAP_SECONDS = 300.0
_LONGEST_DOUBLING = 20


@dataclass(frozen=True, slots=True)
class Transition:
    """The circuit changed; `failures` in a row led to it."""

    state: CircuitState
    reason: str
    failures: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A circuit as it is between two attempts; `opened_until` is monotonic, in seconds."""

    state: CircuitState = "CLOSED"
    cause: str = Blame.NONE.value
    reason: str = ""
    failures: int = 0
    openings: int = 0
    opened_until: float = 0.0
    disabled: str = ""


class Permit:
    """The right to one attempt."""

    __slots__ = ("_breaker", "_ended", "_generation", "is_trial")

    def __init__(self, breaker: Breaker, generation: int, *, is_trial: bool) -> None:
        self._breaker = breaker
        self._generation = generation
        self._ended = False
        self.is_trial = is_trial

    def answered(self) -> None:
        """The first token came: the provider lives. A trial is over, though the answer may still break."""
        if self.is_trial and not self._ended:
            self._generation = self._breaker._trial_answered(self._generation)

    def succeeded(self) -> None:
        """The answer is whole."""
        if self._end():
            self._breaker._succeeded()

    def failed(self, blame: Blame, reason: str, wait: float = 0.0) -> None:
        """No answer; `wait` is how long the provider asked for, with Blame.WAIT."""
        if blame is Blame.NONE:
            self.released()
        elif self._end():
            self._breaker._failed(self._generation, blame, reason, wait)

    def released(self) -> None:
        """Given back without a verdict: cancelled, or failed by the request's own fault."""
        if self._end():
            self._breaker._released(self._generation)

    def _end(self) -> bool:
        if self._ended:
            return False
        self._ended = True
        return True


class Breaker:
    """The circuit of one provider."""

    def __init__(
        self,
        *,
        failure_threshold: int,
        recovery_timeout: float,
        monotonic: Callable[[], float],
        recovery_cap: float = RECOVERY_CAP_SECONDS,
        changed: Callable[[Transition], None] | None = None,
    ) -> None:
        """`recovery_timeout` seconds doubles with each opening in a row, up to `recovery_cap`."""
        self._threshold = failure_threshold
        self._recovery = recovery_timeout
        self._cap = max(recovery_cap, recovery_timeout)
        self._monotonic = monotonic
        self._changed = changed
        self.state: CircuitState = "CLOSED"
        """To be read alone; an OPEN one that is due stays so until somebody asks for a permit."""
        self._generation = 0
        self._failures = 0
        self._openings = 0
        self._opened_until = 0.0
        self._trial_out = False
        self.cause = Blame.NONE
        self.reason = ""
        self.disabled = ""
        self.changes = 0  # goes up whenever a snapshot would be another one

    @property
    def seconds_to_trial(self) -> float:
        """How long an OPEN circuit lets nobody through; 0 when the next request is admitted."""
        return max(0.0, self._opened_until - self._monotonic()) if self.state == "OPEN" else 0.0

    def acquire(self) -> Permit | None:
        """A permit, or None while the provider is disabled, OPEN, or on trial by somebody else."""
        if self.disabled or self._trial_out:
            return None
        if self.state == "CLOSED":
            return Permit(self, self._generation, is_trial=False)
        if self.state == "OPEN":
            if self._monotonic() < self._opened_until:
                return None
            self._move("HALF_OPEN", self.reason)
        self._trial_out = True
        return Permit(self, self._generation, is_trial=True)

    def probe_succeeded(self) -> None:
        """A free probe answered: a provider that was gone is back, a disabled one is in order."""
        if self.disabled:
            self.disabled = ""
            self.changes += 1
        if self.state != "CLOSED" and self.cause is Blame.GONE:
            self._close()

    def probe_failed(self, reason: str) -> None:
        """A free probe found nobody there."""
        if self._is_asked_to_wait():
            return  # what it asked for holds, wherever it is meanwhile
        if self.state == "OPEN":
            # The next trial would only find the same; the probes tell when it is worth it.
            self.cause, self.reason = Blame.GONE, reason
            self._opened_until = max(self._opened_until, self._monotonic() + self._recovery)
            self.changes += 1
        else:
            self._open(Blame.GONE, reason, 0.0)

    def disable(self, reason: str) -> None:
        """Lets nobody through until `probe_succeeded`: a key, a model or a setting is missing."""
        self.disabled = reason
        self.changes += 1

    def hurry(self) -> None:
        """Somebody wants it tried now: the next request is the trial."""
        if self.state == "OPEN":
            self._opened_until = self._monotonic()
            self.changes += 1

    def snapshot(self) -> Snapshot:
        """What has to be known to go on from here."""
        return Snapshot(
            self.state,
            self.cause.value,
            self.reason,
            self._failures,
            self._openings,
            self._opened_until,
            self.disabled,
        )

    def restore(self, kept: Snapshot) -> None:
        """Goes on from there, without telling anybody; nobody may hold a permit."""
        self.state = "OPEN" if kept.state == "HALF_OPEN" else kept.state
        self.cause, self.reason, self.disabled = Blame(kept.cause), kept.reason, kept.disabled
        self._failures, self._openings = kept.failures, kept.openings
        self._opened_until = kept.opened_until
        self._generation += 1
        self._trial_out = False

    def _is_asked_to_wait(self) -> bool:
        return self.state == "OPEN" and self.cause is Blame.WAIT and self._monotonic() < self._opened_until

    def _trial_answered(self, generation: int) -> int:
        if generation == self._generation and self.state == "HALF_OPEN":
            self._close()
            return self._generation
        return generation

    def _succeeded(self) -> None:
        if self._failures or self._openings:
            self._failures = self._openings = 0
            self.changes += 1
        if self.state == "CLOSED":
            self.cause, self.reason = Blame.NONE, ""
        else:
            self._close()
            self._failures = 0

    def _failed(self, generation: int, blame: Blame, reason: str, wait: float) -> None:
        if blame is Blame.DISABLED:
            self.disable(reason)
            self._released(generation)
            return
        if generation != self._generation:
            return  # an attempt from before the last change says nothing about now
        self._failures += 1
        self.changes += 1
        if blame is Blame.SOFT and self.state == "CLOSED" and self._failures < self._threshold:
            return
        self._open(blame, reason, wait)

    def _released(self, generation: int) -> None:
        if generation == self._generation:
            self._trial_out = False

    def _open(self, blame: Blame, reason: str, wait: float) -> None:
        backoff = self._recovery * 2.0 ** min(self._openings, _LONGEST_DOUBLING)
        seconds = wait if blame is Blame.WAIT else min(backoff, self._cap)
        self._opened_until = self._monotonic() + seconds
        if blame is not Blame.WAIT:
            self._openings += 1
        self.cause = blame
        self._move("OPEN", reason)

    def _close(self) -> None:
        # Not yet forgiven: one more failure before a whole answer opens it again.
        self._failures = self._threshold - 1
        self.cause = Blame.NONE
        self._move("CLOSED", "")

    def _move(self, state: CircuitState, reason: str) -> None:
        self.state = state
        self.changes += 1
        self._generation += 1
        self._trial_out = False
        self.reason = reason
        if self._changed is not None:
            self._changed(Transition(state, reason, self._failures))
