"""What a rehearsal comes to, ready to show. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass

Fact = tuple[str, str, str]
"""As gui/widgets/facts_strip has it: value, caption, what the pointer tells."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal would have changed, ready to show: words, measured values, and request by request."""

    words: str
    tone: str
    facts: tuple[Fact, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    """Request id and what would have been different."""
