"""Proposals to change code as their events leave them."""

from __future__ import annotations

from typing import Any

from timmy_desktop.events import upgrades
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.things import CommentThen, TargetThen, TestsThen, UpgradeThen
from timmy_desktop.scrubber.world import Draft

# The table's names of what `upgrade.noted` tells, and what they are here.
_NOTED = {
    "applied_commit": "commit", "rolled_back_commit": "undone_by",
    **{
        name: name
        for name in (
            "step", "old_head", "new_head", "checkout", "checkout_note", "can_look_again", "applied_us",
            "canary_until_us", "suspicion", "reason",
        )
    },
}  # fmt: skip


def _change(draft: Draft, record: EventRecord, upgrade_id: str, **changes: Any) -> None:
    known = draft.upgrades.get(upgrade_id)
    if known is not None:
        draft.upgrades.put(upgrade_id, known._replace(updated_us=record.time_us, **changes))


def _proposed(draft: Draft, record: EventRecord, event: upgrades.UpgradeProposed) -> None:
    now = record.time_us
    made = UpgradeThen(
        event.upgrade_id, "proposed", event.title, event.proposer, now, now, risk=event.risk,
        files=event.files, added=event.added, removed=event.removed, task_id=event.task_id,
        target_id=event.target_id, expires_us=event.expires_us,
    )  # fmt: skip
    draft.upgrades.put(event.upgrade_id, made)


def _revised(draft: Draft, record: EventRecord, event: upgrades.UpgradeRevised) -> None:
    told = {"files": event.files, "added": event.added, "removed": event.removed}
    sizes = {name: number for name, number in told.items() if number >= 0}
    said: dict[str, Any] = {"risk": event.risk, "expires_us": event.expires_us}
    told = {name: value for name, value in said.items() if value}
    _change(draft, record, event.upgrade_id, revision=event.revision, tests="", **sizes, **told)


def _tested(draft: Draft, record: EventRecord, event: upgrades.UpgradeTested) -> None:
    if event.outcome in ("none", "not_run"):
        tests = event.outcome.replace("_", " ")
    else:
        tests = f"{event.which}: {event.outcome}, {event.passed} passed, {event.failed + event.errors} failed"
    run = TestsThen(
        event.revision, event.which, event.outcome, event.passed, event.failed, event.errors, event.skipped,
        event.duration_ms,
    )  # fmt: skip
    known = draft.upgrades.get(event.upgrade_id)
    _change(draft, record, event.upgrade_id, tests=tests, runs=(*(known.runs if known else ()), run))


def _proved(draft: Draft, record: EventRecord, event: upgrades.UpgradeProved) -> None:
    known = draft.upgrades.get(event.upgrade_id)
    if known is not None:
        others = tuple(proof for proof in known.proofs if proof[0] != event.revision)
        _change(draft, record, event.upgrade_id, proofs=(*others, (event.revision, event.digest)))


def _decided(draft: Draft, record: EventRecord, upgrade_id: str, **changes: Any) -> None:
    """A decision is a row of its own; it is never changed."""
    known = draft.upgrades.get(upgrade_id)
    if known is not None:
        _change(draft, record, upgrade_id, decisions=known.decisions + 1, **changes)


def _approved(draft: Draft, record: EventRecord, event: upgrades.UpgradeApproved) -> None:
    _decided(
        draft,
        record,
        event.upgrade_id,
        state="approved",
        by=event.by,
        automatic=event.automatic,
        step="apply",
    )


def _parted(draft: Draft, record: EventRecord, event: upgrades.UpgradePartAccepted) -> None:
    draft.parted = (record.seq, event.upgrade_id)
    _decided(draft, record, event.upgrade_id)


def _rejected(draft: Draft, record: EventRecord, event: upgrades.UpgradeRejected) -> None:
    changes: dict[str, Any] = {"state": "rejected", "by": event.by, "reason": event.reason}
    if draft.parted == (record.seq - 1, event.upgrade_id):
        _change(draft, record, event.upgrade_id, **changes)
    else:
        _decided(draft, record, event.upgrade_id, **changes)


def _expired(draft: Draft, record: EventRecord, event: upgrades.UpgradeExpired) -> None:
    reason = f"Nobody decided within {event.hours} hours."
    _decided(draft, record, event.upgrade_id, state="expired", by=event.source, reason=reason)


def _applied(draft: Draft, record: EventRecord, event: upgrades.UpgradeApplied) -> None:
    _change(draft, record, event.upgrade_id, state="applied", commit=event.commit)


def _failed(draft: Draft, record: EventRecord, event: upgrades.UpgradeFailed) -> None:
    _change(draft, record, event.upgrade_id, state="failed", reason=event.reason)


def _rolled_back(draft: Draft, record: EventRecord, event: upgrades.UpgradeRolledBack) -> None:
    _decided(draft, record, event.upgrade_id, state="rolled_back", undone_by=event.commit)


def _noted(draft: Draft, record: EventRecord, event: upgrades.UpgradeNoted) -> None:
    changes = {_NOTED[name]: value for name, value in event.changes.items() if name in _NOTED}
    if "can_look_again" in changes:
        changes["can_look_again"] = bool(changes["can_look_again"])
    _change(draft, record, event.upgrade_id, **changes)


def _suspected(draft: Draft, record: EventRecord, event: upgrades.UpgradeSuspected) -> None:
    known = draft.upgrades.get(event.upgrade_id)
    if known is not None and known.state == "applied":
        _change(draft, record, event.upgrade_id, suspicion=event.evidence)


def _seen(draft: Draft, record: EventRecord, event: upgrades.UpgradeFileSeen) -> None:
    known = draft.upgrades.get(event.upgrade_id)
    if known is not None:
        others = tuple(one for one in known.seen if one[0] != event.path)
        marked = ((event.path, event.digest),) if event.digest else ()
        _change(draft, record, event.upgrade_id, seen=others + marked)


def _commented(draft: Draft, record: EventRecord, event: upgrades.UpgradeCommented) -> None:
    proposal = draft.upgrades.get(event.upgrade_id)
    revision = event.revision or (proposal.revision if proposal is not None else 1)
    made = CommentThen(
        event.comment_id, event.upgrade_id, revision, event.path, event.line, event.side, event.text,
        event.by, record.time_us,
    )  # fmt: skip
    draft.comments.put(event.comment_id, made)


def _uncommented(draft: Draft, _: EventRecord, event: upgrades.UpgradeCommentRemoved) -> None:
    draft.comments.drop(event.comment_id)


def _answered(draft: Draft, _: EventRecord, event: upgrades.UpgradeCommentsAnswered) -> None:
    for name, comment in draft.comments.frozen().items().items():
        is_older = comment.upgrade_id == event.upgrade_id and comment.revision < event.revision
        if is_older and not comment.answered_in:
            draft.comments.put(name, comment._replace(answered_in=event.revision))


def _target_opened(draft: Draft, record: EventRecord, event: upgrades.TargetOpened) -> None:
    known = draft.targets.get(event.target_id)
    made = TargetThen(
        event.target_id, event.folder, event.branch, record.time_us, event.python, tuple(event.allowed),
        known is not None and known.unsandboxed,
    )  # fmt: skip
    draft.targets.put(event.target_id, made)


def _target_changed(draft: Draft, _: EventRecord, event: upgrades.TargetChanged) -> None:
    known = draft.targets.get(event.target_id)
    if known is not None and event.unsandboxed >= 0:
        draft.targets.put(event.target_id, known._replace(unsandboxed=bool(event.unsandboxed)))


def _target_closed(draft: Draft, _: EventRecord, event: upgrades.TargetClosed) -> None:
    known = draft.targets.get(event.target_id)
    if known is not None:
        draft.targets.put(event.target_id, known._replace(closed=True))


HANDLERS = {
    upgrades.UpgradeProposed: _proposed,
    upgrades.UpgradeRevised: _revised,
    upgrades.UpgradeTested: _tested,
    upgrades.UpgradeProved: _proved,
    upgrades.UpgradeApproved: _approved,
    upgrades.UpgradePartAccepted: _parted,
    upgrades.UpgradeRejected: _rejected,
    upgrades.UpgradeExpired: _expired,
    upgrades.UpgradeApplied: _applied,
    upgrades.UpgradeFailed: _failed,
    upgrades.UpgradeRolledBack: _rolled_back,
    upgrades.UpgradeNoted: _noted,
    upgrades.UpgradeSuspected: _suspected,
    upgrades.UpgradeFileSeen: _seen,
    upgrades.UpgradeCommented: _commented,
    upgrades.UpgradeCommentRemoved: _uncommented,
    upgrades.UpgradeCommentsAnswered: _answered,
    upgrades.TargetOpened: _target_opened,
    upgrades.TargetChanged: _target_changed,
    upgrades.TargetClosed: _target_closed,
}
