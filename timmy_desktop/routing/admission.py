"""Whether a request may go to a provider: the same rule for the router and for its rehearsal."""

from __future__ import annotations

from typing import NamedTuple

from timmy_desktop.routing.breaker import Breaker
from timmy_desktop.routing.errors import Blame
from timmy_desktop.routing.types import Health

SWITCHED_OFF = "switched_off"
LOCAL_ONLY = "local_only"
NOT_CONFIGURED = "not_configured"
DISABLED = "disabled"
OPEN = "open"
BUDGET = "budget"
TRIAL = "trial"
CROWDED = "crowded"
# What was observed then and no breaker can tell; a rehearsal takes it as it was.
OBSERVED = frozenset({BUDGET, CROWDED})


class No(NamedTuple):
    """Why not: a code for machines and words for people."""

    code: str
    words: str


def objection(
    breaker: Breaker,
    health: Health | None,
    is_enabled: bool,
    is_remote: bool,
    local_only: bool,
    last_resort: bool,
) -> No | None:
    """What stands against it whatever the crowd; None when nothing does."""
    if not is_enabled:
        return No(SWITCHED_OFF, "it is switched off.")
    if local_only and is_remote:
        return No(LOCAL_ONLY, "the request must stay on this machine.")
    if health is not None and health.state == "not_configured":
        return No(NOT_CONFIGURED, health.detail)
    if breaker.disabled:
        return No(DISABLED, breaker.disabled)
    if breaker.state != "OPEN":
        return None
    is_left_to_others = is_tried_in_background(breaker, is_remote) or is_left_to_probes(breaker, health)
    if breaker.seconds_to_trial > 0 or (is_left_to_others and not last_resort):
        return No(OPEN, f"it is left out until it recovers ({breaker.reason})")
    return None


def is_tried_in_background(breaker: Breaker, is_remote: bool) -> bool:
    """A hung local provider is tried at nobody's expense: a token of its own costs nothing."""
    return breaker.cause is Blame.HUNG and not is_remote


def is_left_to_probes(breaker: Breaker, health: Health | None) -> bool:
    """The last free probe found nobody there: the next one tells more cheaply than anybody's request."""
    is_gone = breaker.cause in (Blame.GONE, Blame.WAIT)  # one that asked to wait may be gone by now
    return is_gone and health is not None and health.state == "unavailable"
