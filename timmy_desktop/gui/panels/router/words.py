"""The router's states, outcomes and reasons as people read them. Pure; foreign text is made inert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timmy_desktop.gui.wording import dollars, provider_words
from timmy_desktop.inert import inert_line

LEFT_OUT = "Open"
"""The field's own word for a circuit that is."""
_CIRCUITS = {"CLOSED": "answering", "OPEN": "left out", "HALF_OPEN": "being tried again"}
_OUTCOMES = {
    "ok": "Answered",
    "cancelled": "Cancelled",
    "failed": "Failed",
    "server_error": "Server error",
    "refused": "Refused",
    "connect_timeout": "No connection in time",
    "first_token_timeout": "No first token in time",
    "total_timeout": "Took too long",
    "rate_limited": "Rate limited",
    "bad_key": "Key not accepted",
    "bad_request": "Request not accepted",
    "context_too_long": "Too long for the model",
    "local_only": "Kept on this machine",
    "model_missing": "Model missing",
    "garbled": "Garbled answer",
    "broken_off": "Broke off",
    "not_configured": "Not set up",
    "over_budget": "Over budget",
}


@dataclass(frozen=True, slots=True)
class Look:
    """A word, the tone and the shape of a pill: never a colour alone."""

    word: str
    tone: str
    shape: str
    glyph: str = ""


def state_look(
    state: str, health: str, *, enabled: bool = True, over_budget: bool = False, is_new: bool = False
) -> Look:
    """How a provider is: switched off, or what its circuit says, or else what its health says.

    `is_new`: it is of this computer and has never answered. That it isn't there is no fault then.
    """
    if not enabled:
        return Look("Off", "muted", "square", "pause")
    if health == "not_configured":
        return Look("Not set up", "muted", "ring", "gear")
    if is_new and health == "unavailable":
        return Look("Not running", "muted", "ring", "offline")
    if state == "OPEN":
        return Look(LEFT_OUT, "bad", "cross", "bad")
    if state == "HALF_OPEN":
        return Look("Half-open", "warn", "half", "clock")
    if health == "unavailable":
        return Look("Away", "bad", "cross", "offline")
    if over_budget:
        return Look("Over budget", "warn", "square", "warn")
    if health == "loading":
        return Look("Loading", "accent", "half", "clock")
    if health == "ready":
        return Look("Ready", "good", "dot", "good")
    return Look("Unknown", "muted", "ring", "unknown")


def outcome_look(outcome: str) -> Look:
    """How a request or an attempt ended."""
    word = _OUTCOMES.get(outcome, inert_line(outcome, 40).replace("_", " ").capitalize() or "Unknown")
    if outcome == "ok":
        return Look(word, "good", "dot", "good")
    if outcome in ("cancelled", "local_only"):
        return Look(word, "muted", "square", "stop")
    return Look(word, "bad", "cross", "bad")


def circuit_words(provider: str, state: str, when: str, reason: str) -> str:
    """An interval of a circuit, for the pointer; a closed one says nothing."""
    if state == "CLOSED":
        return ""
    name = provider_words(provider)
    return f"{name} {_CIRCUITS.get(state, state)}, {when}" + (
        f"\n{inert_line(reason, 200)}" if reason else ""
    )


def failover_words(mark: Any, when: str) -> str:
    """A failover, for the pointer."""
    to = provider_words(mark.to_provider) if mark.to_provider else "nobody was left"
    return f"{when}  {provider_words(mark.from_provider)} → {to}\n{inert_line(mark.reason, 200)}"


def circuit_word(state: str) -> str:
    """The field's own word for a circuit, as it was when an attempt began."""
    return inert_line(state, 20).lower().replace("_", "-")


def cost_words(microcents: int) -> str:
    """Millionths of a cent as `$0.0012`; nothing spent is `free`."""
    return dollars(microcents) if microcents else "free"


def seconds_words(seconds: float) -> str:
    """Time until something, short."""
    if seconds < 1:
        return "now"
    if seconds < 90:
        return f"in {seconds:.0f} s"
    return f"in {seconds / 60:.0f} min"
