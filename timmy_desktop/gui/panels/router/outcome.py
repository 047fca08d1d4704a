"""What a rehearsal comes to, ready to show. Free of Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from timmy_desktop.gui.panels.router.words import outcome_look
from timmy_desktop.gui.widgets.time_ticks import short_ms
from timmy_desktop.gui.wording import count, exact_time, provider_words

if TYPE_CHECKING:
    from timmy_desktop.routing.rehearsal import Change, Decision, RehearsalReport

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


def outcome_of(report: RehearsalReport) -> Outcome:
    """A rehearsal's report in words, the newest changes first."""
    if not report.requests:
        return Outcome("No requests are recorded yet, so there is nothing to replay.", "muted")
    every = count(report.requests, "request")
    if report.is_identical:
        return Outcome(f"Replayed {every}: each would have gone the way it went.", "good", _facts(report))
    words = f"Of {every}, {len(report.changes):,} would have gone another way."
    if any(change.is_estimated for change in report.changes):
        words += " Times of what was not asked then are estimates."
    changes = tuple((change.request_id, _change(change)) for change in reversed(report.changes))
    return Outcome(words, "accent", _facts(report), changes)


def _facts(report: RehearsalReport) -> tuple[Fact, ...]:
    waits = f"{_wait(report.wait_before_ms)} → {_wait(report.wait_after_ms)}"
    return (
        (
            f"{report.unanswered_before:,} → {report.unanswered_after:,}",
            "unanswered",
            "Requests that nobody answered",
        ),
        (
            f"{report.failed_attempts_before:,} → {report.failed_attempts_after:,}",
            "failed attempts",
            "Attempts that ended without an answer",
        ),
        (waits, "first token", "The median wait for the first token"),
        *_answers(report.answered_before, report.answered_after),
    )


def _answers(before: Mapping[str, int], after: Mapping[str, int]) -> list[Fact]:
    return [
        (
            f"{before.get(name, 0):,} → {after.get(name, 0):,}",
            provider_words(name),
            "Requests that it answered",
        )
        for name in sorted({*before, *after})
    ]


def _change(change: Change) -> str:
    about = "about " if change.is_estimated else ""
    before, after = _way(change.before), _way(change.after)
    times = f"{short_ms(change.before.total_ms)} → {about}{short_ms(change.after.total_ms)}"
    return f"{exact_time(change.time_us)[:19]}  {before}  ⇒  {after}  ({times})"


def _way(decision: Decision) -> str:
    """Who was asked, in order; how it failed where it did."""
    steps = [
        provider_words(step.provider)
        + ("" if step.outcome == "ok" else f" ({outcome_look(step.outcome).word.lower()})")
        for step in decision.steps
        if not step.code
    ]
    return " → ".join(steps) or "nobody"


def _wait(milliseconds: int | None) -> str:
    return "–" if milliseconds is None else short_ms(milliseconds)
