"""The words for events of proposals to change code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from timmy_desktop.events import upgrades
from timmy_desktop.gui.wording import count, short_id
from timmy_desktop.inert import inert_line

_TESTED = {
    "base": "Tests of the target alone",
    "branch": "Tests of the proposal alone",
    "merge": "Tests of the merge",
    "without": "The new tests without the change",
    "old_tests": "The old tests with the change",
    "roll_back": "Tests of the rehearsed roll back",
    "canary": "Tests of the branch since then",
}


def _proposed(event: upgrades.UpgradeProposed, _: str) -> str:
    size = f"{count(event.files, 'file')}, +{event.added:,} −{event.removed:,}"
    return f"{event.proposer} proposes: {event.title} ({size}, {event.risk} risk by its files)"


def _tested(event: upgrades.UpgradeTested, _: str) -> str:
    what = _TESTED.get(event.which, f"Tests of {event.which}")
    numbers = f": {event.passed:,} passed, {event.failed + event.errors:,} failed"
    said = numbers if event.outcome in ("passed", "failed") else f", {event.outcome.replace('_', ' ')}"
    return f"{what}{said}"


def _noted(event: upgrades.UpgradeNoted, _: str) -> str:
    names = inert_line(", ".join(sorted(event.changes)), 120).replace("_", " ").replace(" us", "")
    return f"Proposal {short_id(event.upgrade_id)}: {names} noted"


def _approved(event: upgrades.UpgradeApproved, _: str) -> str:
    return f"Proposal {short_id(event.upgrade_id)} approved by {event.by}"


def _applied(event: upgrades.UpgradeApplied, _: str) -> str:
    return f"Upgrade applied: {event.branch} is at {event.commit[:8]}"


WRITERS: Mapping[type[Any], Callable[[Any, str], str]] = {
    upgrades.TargetOpened: lambda event, _: f"{event.folder} is open to proposals, on {event.branch}",
    upgrades.TargetChanged: lambda event, _: f"A repository was changed: {event.what}",
    upgrades.TargetClosed: lambda _event, _: "A repository was closed to proposals",
    upgrades.UpgradeProposed: _proposed,
    upgrades.UpgradeRevised: lambda event, _: (
        f"Proposal {short_id(event.upgrade_id)} has a revision {event.revision}: {event.note or 'no note'}"
    ),
    upgrades.UpgradeTested: _tested,
    upgrades.UpgradeProved: lambda event, _: f"Proof of proposal {short_id(event.upgrade_id)} is ready",
    upgrades.UpgradeCommented: lambda event, _: (
        f"{event.by} commented on {event.path or 'proposal ' + short_id(event.upgrade_id)}"
    ),
    upgrades.UpgradeCommentRemoved: lambda event, _: (
        f"A comment on proposal {short_id(event.upgrade_id)} was taken back"
    ),
    upgrades.UpgradeCommentsAnswered: lambda event, _: (
        f"Comments on proposal {short_id(event.upgrade_id)} are answered by revision {event.revision}"
    ),
    upgrades.UpgradeFileSeen: lambda event, _: (
        f"{inert_line(event.path, 120)} was marked as {'seen' if event.digest else 'not seen'}"
    ),
    upgrades.UpgradeNoted: _noted,
    upgrades.UpgradeApproved: _approved,
    upgrades.UpgradePartAccepted: lambda event, _: (
        f"{count(event.hunks, 'hunk')} of proposal {short_id(event.upgrade_id)} accepted by {event.by}"
    ),
    upgrades.UpgradeRejected: lambda event, _: (
        f"Proposal {short_id(event.upgrade_id)} rejected by {event.by}: {event.reason}"
    ),
    upgrades.UpgradeExpired: lambda event, _: (
        f"Proposal {short_id(event.upgrade_id)} expired: undecided for {count(event.hours, 'hour')}"
    ),
    upgrades.UpgradeApplied: _applied,
    upgrades.UpgradeFailed: lambda event, _: f"Upgrade not applied: {event.reason}",
    upgrades.UpgradeRolledBack: lambda event, _: f"Upgrade rolled back by {event.by}: {event.commit[:8]}",
    upgrades.UpgradeRollBackRefused: lambda event, _: f"Not rolled back: {event.reason}",
    upgrades.UpgradeSuspected: lambda event, _: f"An upgrade may have done harm: {event.evidence}",
}
