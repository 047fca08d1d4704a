"""Proposals to change code as their events leave them."""

from __future__ import annotations

from typing import Any

from timmy_desktop.events import upgrades
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.world import Draft, UpgradeThen


def _change(draft: Draft, record: EventRecord, upgrade_id: str, **changes: Any) -> None:
    known = draft.upgrades.get(upgrade_id)
    if known is not None:
        draft.upgrades.put(upgrade_id, known._replace(updated_us=record.time_us, **changes))


def _proposed(draft: Draft, record: EventRecord, event: upgrades.UpgradeProposed) -> None:
    now = record.time_us
    made = UpgradeThen(
        event.upgrade_id, "proposed", event.title, event.proposer, now, now, risk=event.risk,
        files=event.files, added=event.added, removed=event.removed, task_id=event.task_id,
    )  # fmt: skip
    draft.upgrades.put(event.upgrade_id, made)


def _revised(draft: Draft, record: EventRecord, event: upgrades.UpgradeRevised) -> None:
    told = {"files": event.files, "added": event.added, "removed": event.removed}
    sizes = {name: number for name, number in told.items() if number >= 0}
    risk = {"risk": event.risk} if event.risk else {}
    _change(draft, record, event.upgrade_id, revision=event.revision, tests="", **sizes, **risk)


def _tested(draft: Draft, record: EventRecord, event: upgrades.UpgradeTested) -> None:
    if event.outcome in ("none", "not_run"):
        tests = event.outcome.replace("_", " ")
    else:
        tests = f"{event.which}: {event.outcome}, {event.passed} passed, {event.failed + event.errors} failed"
    _change(draft, record, event.upgrade_id, tests=tests)


def _approved(draft: Draft, record: EventRecord, event: upgrades.UpgradeApproved) -> None:
    _change(draft, record, event.upgrade_id, state="approved", by=event.by, automatic=event.automatic)


def _rejected(draft: Draft, record: EventRecord, event: upgrades.UpgradeRejected) -> None:
    _change(draft, record, event.upgrade_id, state="rejected", by=event.by, reason=event.reason)


def _expired(draft: Draft, record: EventRecord, event: upgrades.UpgradeExpired) -> None:
    reason = f"Nobody decided within {event.hours} hours."
    _change(draft, record, event.upgrade_id, state="expired", by=event.source, reason=reason)


def _applied(draft: Draft, record: EventRecord, event: upgrades.UpgradeApplied) -> None:
    _change(draft, record, event.upgrade_id, state="applied", commit=event.commit)


def _failed(draft: Draft, record: EventRecord, event: upgrades.UpgradeFailed) -> None:
    _change(draft, record, event.upgrade_id, state="failed", reason=event.reason)


def _rolled_back(draft: Draft, record: EventRecord, event: upgrades.UpgradeRolledBack) -> None:
    _change(draft, record, event.upgrade_id, state="rolled_back", undone_by=event.commit)


HANDLERS = {
    upgrades.UpgradeProposed: _proposed,
    upgrades.UpgradeRevised: _revised,
    upgrades.UpgradeTested: _tested,
    upgrades.UpgradeApproved: _approved,
    upgrades.UpgradeRejected: _rejected,
    upgrades.UpgradeExpired: _expired,
    upgrades.UpgradeApplied: _applied,
    upgrades.UpgradeFailed: _failed,
    upgrades.UpgradeRolledBack: _rolled_back,
}
