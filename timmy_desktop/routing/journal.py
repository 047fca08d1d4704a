"""The order in which the router saw things, and the one clock reading that each decision went by.

A rehearsal runs the same breakers on the same readings in the same order: that makes it exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from timmy_desktop.clock import Clock


class Tick(NamedTuple):
    """A place in the order, and its monotonic time in seconds."""

    seq: int
    at: float


class Look(NamedTuple):
    """A request looked at a provider. `code` says what kept it out, and is empty where it was let in."""

    seq: int
    at: float
    provider: str
    is_remote: bool
    last_resort: bool
    code: str


class Passage(NamedTuple):
    """One attempt on the journal: when it answered and ended, and what that meant for the breaker."""

    provider: str
    outcome: str
    blame: str
    wait: float
    answered: Tick | None
    ended: Tick
    first_token_deadline: float
    total_deadline: float
    again: bool


class Signal(NamedTuple):
    """Something that moved a breaker or a health without a request."""

    tick: Tick
    provider: str
    kind: str
    detail: str


Note: TypeAlias = Callable[[Signal], None]
_new = tuple.__new__


class Journal:
    """Numbers what happens. `now` stands still from one tick to the next."""

    def __init__(self, clock: Clock, note: Note) -> None:
        """`note(signal)` keeps a signal."""
        self._monotonic = clock.monotonic
        self._note = note
        self._seq = 0
        self._put_off: dict[str, Signal] = {}
        self.now = clock.monotonic()

    def tick(self) -> Tick:
        """The next place in the order, now."""
        self._seq = seq = self._seq + 1
        self.now = now = self._monotonic()
        return _new(Tick, (seq, now))  # as Tick(seq, now), without the call in between

    def read(self) -> float:
        """The time of the last tick; the breakers' clock."""
        return self.now

    def signal(self, signal: Signal, *, may_be_repeated: bool = False) -> None:
        """Keeps a signal; of those that may be repeated only the last before anything else matters."""
        if may_be_repeated:
            self._put_off[signal.provider] = signal
            return
        self.catch_up(signal.provider)
        self._note(signal)

    def catch_up(self, provider: str) -> None:
        """Keeps what was put off, because it is about to matter."""
        if self._put_off and (signal := self._put_off.pop(provider, None)) is not None:
            self._note(signal)

    def catch_up_all(self) -> None:
        """The same for every provider."""
        for provider in tuple(self._put_off):
            self.catch_up(provider)
