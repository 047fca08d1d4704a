"""Whether any model can be asked now, in words: what panels say while none can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from timmy_desktop.inert import inert_line

Statuses = Callable[[], Sequence[Any]]
"""Gives the router's ProviderStatus values."""

_OUT = ("unavailable", "not_configured")


def no_model_words(statuses: Sequence[Any]) -> str:
    """ "" while a model answers or nothing is known yet; else what is missing and what to do, briefly."""
    healths = [status.health for status in statuses]
    if not healths or any(health is None or health.state not in _OUT for health in healths):
        return ""
    # What is set up and does not answer is more use to know than what was never set up.
    details = [health.detail for health in healths if health.state == "unavailable" and health.detail]
    details = details or [health.detail for health in healths if health.detail]
    return inert_line(details[0], 240) if details else "Start Ollama, or set up another provider."
