"""What the dock says of proposals: states, times, risks, obstacles. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.gui.wording import count, duration, relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import PENDING, Decision, Proposal, Revision, State, TestReport

_SOON_US = 3 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class StateLook:
    """A state by word, shape and role."""

    word: str
    glyph: str
    role: str


LOOKS: dict[State, StateLook] = {
    "proposed": StateLook("Waits for you", "clock", "accent"),
    "approved": StateLook("Being applied", "retry", "accent"),
    "applied": StateLook("Applied", "good", "good"),
    "rejected": StateLook("Rejected", "close", "muted"),
    "expired": StateLook("Expired", "clock", "muted"),
    "failed": StateLook("Not applied", "bad", "bad"),
    "rolled_back": StateLook("Rolled back", "retry", "warn"),
}
# The risk is of what is touched, and how much of it. What the tests prove is told beside it.
RISKS = {
    "low": ("low risk by its files", "muted"),
    "medium": ("medium risk by its files", "warn"),
    "high": ("high risk by its files", "bad"),
}
TESTED = {
    "base": "Before the change",
    "branch": "The proposal alone",
    "merge": "The change on today's code",
    "without": "The new tests without the change",
    "old_tests": "The old tests with the change",
    "roll_back": "After rolling back",
    "canary": "After it was applied",
}
OUTCOMES = {
    "passed": ("passed", "good", "dot"),
    "failed": ("failed", "bad", "cross"),
    "none": ("no tests", "warn", "ring"),
    "broken": ("can't be trusted", "bad", "triangle"),
    "not_run": ("not run", "warn", "ring"),
}
DECIDED = {
    "approved": "approved it",
    "rejected": "rejected it",
    "accepted_part": "accepted a part of it",
    "expired": "let it expire",
    "rolled_back": "rolled it back",
}


def is_pending(proposal: Proposal) -> bool:
    return proposal.state in PENDING


def expiry(proposal: Proposal, now_us: int) -> tuple[str, str]:
    """`expires in 3 h` and the role to say it in; nothing for what is decided."""
    if proposal.state != "proposed" or not proposal.expires_us:
        return "", "muted"
    left = proposal.expires_us - now_us
    if left <= 0:
        return "expires now", "warn"
    minutes = left // 60_000_000
    words = (
        f"{minutes} min"
        if minutes < 60
        else f"{minutes // 60} h"
        if minutes < 60 * 48
        else f"{minutes // 1440} d"
    )
    return f"expires in {words}", "warn" if left < _SOON_US else "muted"


def size_words(revision: Revision) -> str:
    """`3 files  +12 −4`."""
    return f"{count(len(revision.files), 'file')}  +{revision.added:,} −{revision.removed:,}"


def red_words(reds: int) -> str:
    """`1 red in its proof`; nothing where nothing is."""
    return f"{reds:,} red in its proof" if reds else ""


def second_line(proposal: Proposal, now_us: int) -> str:
    """What follows the state in a row of the list."""
    parts = [inert_line(proposal.target_name, 40), size_words(proposal.revision)]
    if proposal.state == "proposed" and proposal.revision.conflicts:
        parts.insert(0, "conflict")
    if proposal.revision.reds and is_pending(proposal):
        parts.insert(0, red_words(proposal.revision.reds))
    if proposal.doing:
        parts.insert(0, inert_line(proposal.doing, 60))
    if proposal.suspicion and proposal.state == "applied":
        parts.insert(0, "may have broken something")
    if proposal.open_comments:
        parts.append(count(proposal.open_comments, "open comment"))
    del now_us
    return " · ".join(parts)


def age(proposal: Proposal, now_us: int) -> str:
    moment = proposal.decided_us if not is_pending(proposal) and proposal.decided_us else proposal.created_us
    return relative_time(moment, now_us)


def spoken(proposal: Proposal, now_us: int) -> str:
    """The row as a screen reader says it."""
    parts = (
        LOOKS[proposal.state].word,
        inert_line(proposal.title, 200),
        second_line(proposal, now_us),
        RISKS[proposal.revision.risk][0],
        age(proposal, now_us),
        expiry(proposal, now_us)[0],
    )
    return ", ".join(part for part in parts if part)


def subtitle(pending: int) -> str:
    return f"{pending} to approve" if pending else ""


def report_words(report: TestReport) -> str:
    """What a run of tests found, in one line."""
    took = f" in {duration(report.duration_ms)}" if report.duration_ms else ""
    where = f" · {inert_line(report.sandbox, 30)}" if report.sandbox else ""
    return f"{inert_line(report.summary, 300)}{took}{where}"


def decision_words(decision: Decision) -> str:
    """Who decided what, and about which bytes."""
    who = "The machine" if decision.is_automatic else inert_line(decision.by, 60) or "Somebody"
    words = f"{who} {DECIDED[decision.kind]}: revision {decision.revision}"
    if decision.hunks:
        words += f", {count(len(decision.hunks), 'hunk')}"
    return words


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether what is on screen may be approved as it is, and else why not."""

    obstacle: str = ""
    mend: str = ""
    """The next step by name, one of `look_again`, `show_newest` and MENDS; empty for none."""


def readiness(
    proposal: Proposal,
    shown_revision: int,
    *,
    hidden_by_space: int,
    left_out: int,
    cut_lines: int = 0,
    refusal: str,
    can_look_again: bool,
) -> Readiness:
    """An approval is of the exact bytes: nothing may be hidden, left out or out of date."""
    if proposal.state != "proposed":
        return Readiness(f"{LOOKS[proposal.state].word}: nothing is to be decided.")
    if shown_revision != proposal.revision.number:
        words = (
            f"Revision {proposal.revision.number} has come; what is on screen is revision {shown_revision}."
        )
        return Readiness(words, "show_newest")
    if refusal:
        return Readiness(refusal, "look_again" if can_look_again else "")
    if hidden_by_space:
        verb = "is" if hidden_by_space == 1 else "are"
        words = f"{count(hidden_by_space, 'change')} of white space {verb} hidden."
        return Readiness(words, "show_space")
    if left_out:
        return Readiness(
            f"{count(left_out, 'hunk')} {'is' if left_out == 1 else 'are'} left out.", "take_all"
        )
    if cut_lines:
        verb = "is" if cut_lines == 1 else "are"
        return Readiness(f"{count(cut_lines, 'long line')} {verb} not shown to the end.", "draw_all")
    return Readiness()
