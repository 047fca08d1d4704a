"""When a payment that a node doesn't know was surely never asked for, rather than being on its way to it."""

from __future__ import annotations

from timmy_desktop.clock import Clock

QUIET_S = 10.0
"""A question that a crash cut off reaches a node, or doesn't, well within this."""


class Patience:
    """Remembers when a payment was first missed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._missed: dict[str, float] = {}

    def is_over(self, payment_hash: str) -> bool:
        """Whether the node has gone without it for long enough to say that it was never asked."""
        now = self._clock.monotonic()
        return now - self._missed.setdefault(payment_hash, now) >= QUIET_S

    def seen(self, payment_hash: str) -> None:
        """The node knows it after all."""
        self._missed.pop(payment_hash, None)
