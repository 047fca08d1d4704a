"""Proposals, what was said of them and the repositories, as they were."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from timmy_desktop.gui.scrubber.content import MOST_ROWS, Content, Moment, Row, Table
from timmy_desktop.gui.wording import count, duration, exact_time, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.scrubber.things import CommentThen, TargetThen, TestsThen, UpgradeThen
from timmy_desktop.scrubber.world import World

_TONES = {"applied": "good", "failed": "bad", "proposed": "accent", "approved": "accent"}
_RUN_TONES = {"passed": "good", "failed": "bad", "broken": "bad", "not_run": "warn"}
_STEPS = {
    "apply": "Was being applied.", "move": "The branch was being moved.",
    "checkout": "The checkout was being brought up to date.",
    "undo": "Was being rolled back.", "undo_move": "The branch was being moved back.",
    "undo_checkout": "The checkout was being brought back.",
}  # fmt: skip


def upgrades_then(moment: Moment) -> Content:
    """Proposals by state, with their tests, comments and decisions; and which repositories were open."""
    world = moment.world
    names = {one.id: inert_line(one.title, 60) for one in world.upgrades}
    counts = world.upgrades.counts
    facts = (
        *((f"{number:,}", name.replace("_", " "), "") for name, number in counts.items() if number),
        *(((f"{asked:,}", "comments open", ""),) if (asked := world.comments.counts.get("open")) else ()),
        (f"{world.targets.counts.get('open', 0):,}", "repositories open", ""),
    )
    newest = list(islice(world.upgrades.newest(), MOST_ROWS))
    proposals = Table(
        "Proposals", ("Proposal", "State", "By", "Revision", "Risk", "Files", "Lines"),
        tuple(_upgrade(one, world, moment.kept.upgrades.get(one.id, {})) for one in newest),
        frozenset({3, 5, 6}), "Nothing had been proposed.", len(world.upgrades),
    )  # fmt: skip
    runs = [(one, run) for one in newest for run in reversed(one.runs)]
    tests = Table(
        "Tests", ("Proposal", "Revision", "Run on", "Outcome", "Passed", "Failed", "Skipped", "Time"),
        tuple(_run(names[one.id], run) for one, run in runs[:MOST_ROWS]), frozenset({1, 4, 5, 6, 7}),
        "No tests had run.", len(runs),
    )  # fmt: skip
    comments = Table(
        "Comments", ("When", "By", "Proposal", "State", "Place", "Comment"),
        tuple(
            _comment(one, names, moment.kept.comments.get(one.id, {}))
            for one in islice(world.comments.newest(), MOST_ROWS)
        ),
        frozenset(),
        "Nothing had been said.", len(world.comments), wide=5,
    )  # fmt: skip
    targets = Table(
        "Repositories", ("Folder", "Branch", "State", "Tests run with"),
        tuple(_target(one) for one in world.targets), frozenset(), "No repository was open.",
        len(world.targets),
    )  # fmt: skip
    return Content(facts, (proposals, tests, comments, targets))


def _upgrade(one: UpgradeThen, world: World, kept: Mapping[str, Any]) -> Row:
    state = one.state.replace("_", " ")
    cells = (
        inert_line(one.title, 120), state, inert_line(one.proposer, 40), str(one.revision), one.risk,
        str(one.files), f"+{one.added} −{one.removed}",
    )  # fmt: skip
    target = world.targets.get(one.target_id)
    where = (
        f" · {inert_line(target.folder, 120)}, {inert_line(target.branch, 40)}" if target is not None else ""
    )
    seen = f" · {len(one.seen)} of {count(one.files, 'file')} seen" if one.seen else ""
    lines = [
        inert_line(one.title, 300), f"{state} · {short_id(one.id)} · revision {one.revision}{seen}{where}",
        *_said(kept),
    ]  # fmt: skip
    lines += [_STEPS[one.step]] if one.step in _STEPS else []
    lines += [f"Tests: {one.tests}"] if one.tests else []
    lines += [
        "The proof packet was complete."
        if any(number == one.revision for number, _ in one.proofs)
        else "The proof packet was not complete yet."
    ]
    lines += [_decision(each) for each in kept.get("decisions", ())] or _decided(one)
    lines += [f"Commit {one.commit[:12]}"] if one.commit else []
    lines += [f"Undone by {one.undone_by[:12]}"] if one.undone_by else []
    lines += [inert_line(words, 300) for words in (one.checkout_note, one.suspicion, one.reason) if words]
    return Row(cells, "\n".join(lines), _TONES.get(one.state, ""))


def _said(kept: Mapping[str, Any]) -> list[str]:
    told = (kept.get("description", ""), kept.get("reasoning", ""))
    return [inert_line(words, 300) for words in told if words]


def _decision(one: Mapping[str, Any]) -> str:
    how = " (automatically)" if one["automatic"] else ""
    what = str(one["kind"]).replace("_", " ")
    return (
        f"{what} by {inert_line(one['by'], 80)}{how} at {exact_time(one['time_us'])[:19]}, "
        f"revision {one['revision']}, diff {one['digest'][:12]}"
    )


def _decided(one: UpgradeThen) -> list[str]:
    """Where the decision's own row is not there."""
    if not one.by:
        return []
    return [f"Decided by {inert_line(one.by, 80)}{' (automatically)' if one.automatic else ''}"]


def _run(title: str, run: TestsThen) -> Row:
    outcome = run.outcome.replace("_", " ")
    cells = (
        title, str(run.revision), run.which.replace("_", " "), outcome, f"{run.passed:,}",
        f"{run.failed + run.errors:,}", f"{run.skipped:,}", duration(run.duration_ms),
    )  # fmt: skip
    words = f"{title}: {outcome} on {run.which.replace('_', ' ')}, {run.errors:,} with errors"
    return Row(cells, words, _RUN_TONES.get(run.outcome, ""))


def _comment(one: CommentThen, names: Mapping[str, str], kept: Mapping[str, Any]) -> Row:
    side, text = kept.get("side", one.side), one.text or kept.get("text", "Taken back since.")
    place = f"{one.path}:{one.line} ({side})" if one.line else one.path or "the whole"
    title = names.get(one.upgrade_id, short_id(one.upgrade_id))
    answered = f"answered in revision {one.answered_in}" if one.answered_in else "open"
    cells = (
        exact_time(one.created_us)[5:19], inert_line(one.author, 40), title, answered, inert_line(place, 80),
        inert_line(text, 200),
    )  # fmt: skip
    head = f"{inert_line(one.author, 80)} on {inert_line(place, 200)}, revision {one.revision}: {answered}"
    return Row(cells, f"{head}\n{text}", "muted" if one.answered_in else "accent")


def _target(one: TargetThen) -> Row:
    state = "closed" if one.closed else "open"
    sandbox = "also without a sandbox" if one.unsandboxed else "in a sandbox only"
    python = inert_line(one.python, 120) or "its own Python"
    allowed = ", ".join(inert_line(path, 80) for path in one.allowed) or "every path that is not protected"
    return Row(
        (inert_line(one.folder, 200), inert_line(one.branch, 60), state, f"{python}, {sandbox}"),
        f"{one.folder}\nAllowed: {allowed}\nTests run with {python}, {sandbox}",
        "muted" if one.closed else "",
    )
