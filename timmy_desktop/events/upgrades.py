"""Events of proposals to change code. None holds a line of it: digests and counts say which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class _Upgrade(Event):
    upgrade_id: str


@dataclass(frozen=True, kw_only=True)
class TargetOpened(Event):
    """The person opened a repository to proposals."""

    type: ClassVar[str] = "upgrade.target_opened"
    target_id: str
    folder: str
    branch: str


@dataclass(frozen=True, kw_only=True)
class TargetChanged(Event):
    """The person changed what proposals to a repository may do."""

    type: ClassVar[str] = "upgrade.target_changed"
    severity: ClassVar[str] = "warning"
    target_id: str
    what: str


@dataclass(frozen=True, kw_only=True)
class TargetClosed(Event):
    """The person closed a repository to proposals."""

    type: ClassVar[str] = "upgrade.target_closed"
    target_id: str


@dataclass(frozen=True, kw_only=True)
class UpgradeProposed(_Upgrade):
    """A change waits for a decision."""

    type: ClassVar[str] = "upgrade.proposed"
    target_id: str
    title: str
    proposer: str
    digest: str
    base: str
    files: int
    added: int
    removed: int
    risk: str


@dataclass(frozen=True, kw_only=True)
class UpgradeRevised(_Upgrade):
    """The proposal has a new revision; decisions are about this one from now on.

    A count of -1 and an empty risk: an older event, which does not say.
    """

    type: ClassVar[str] = "upgrade.revised"
    revision: int
    digest: str
    base: str
    note: str
    files: int = -1
    added: int = -1
    removed: int = -1
    risk: str = ""


@dataclass(frozen=True, kw_only=True)
class UpgradeTested(_Upgrade):
    """Tests ran on one of a proposal's trees; `which` says on which."""

    type: ClassVar[str] = "upgrade.tested"
    revision: int
    which: str
    outcome: str
    passed: int
    failed: int
    errors: int
    skipped: int
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class UpgradeProved(_Upgrade):
    """The proof packet of a revision is complete."""

    type: ClassVar[str] = "upgrade.proved"
    revision: int


@dataclass(frozen=True, kw_only=True)
class UpgradeCommented(_Upgrade):
    """A reviewer said something about a line, or about the whole."""

    type: ClassVar[str] = "upgrade.commented"
    comment_id: str
    path: str
    line: int
    by: str


@dataclass(frozen=True, kw_only=True)
class UpgradeApproved(_Upgrade):
    """`by` approved exactly the diff with this digest, on this base; `automatic` when it was the machine."""

    type: ClassVar[str] = "upgrade.approved"
    by: str
    digest: str
    base: str
    revision: int
    automatic: bool


@dataclass(frozen=True, kw_only=True)
class UpgradePartAccepted(_Upgrade):
    """`by` accepted some hunks, which are the proposal `part_id` now."""

    type: ClassVar[str] = "upgrade.part_accepted"
    by: str
    digest: str
    part_id: str
    hunks: int


@dataclass(frozen=True, kw_only=True)
class UpgradeRejected(_Upgrade):
    """`by` turned the proposal down. Nothing is left of its branch."""

    type: ClassVar[str] = "upgrade.rejected"
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class UpgradeExpired(_Upgrade):
    """Nobody decided in time. Nothing is left of the proposal's branch."""

    type: ClassVar[str] = "upgrade.expired"
    severity: ClassVar[str] = "warning"
    hours: int


@dataclass(frozen=True, kw_only=True)
class UpgradeApplied(_Upgrade):
    """The target's branch was moved from one commit to another, and to nothing else."""

    type: ClassVar[str] = "upgrade.applied"
    commit: str
    old_head: str
    branch: str
    digest: str
    checkout: str


@dataclass(frozen=True, kw_only=True)
class UpgradeFailed(_Upgrade):
    """What was approved was not applied; the target is as it was."""

    type: ClassVar[str] = "upgrade.failed"
    severity: ClassVar[str] = "error"
    reason: str
    can_look_again: bool


@dataclass(frozen=True, kw_only=True)
class UpgradeRolledBack(_Upgrade):
    """What was applied was undone by a further commit."""

    type: ClassVar[str] = "upgrade.rolled_back"
    severity: ClassVar[str] = "warning"
    by: str
    commit: str
    old_head: str


@dataclass(frozen=True, kw_only=True)
class UpgradeRollBackRefused(_Upgrade):
    """Rolling back was asked for and is not possible; everything is as it was."""

    type: ClassVar[str] = "upgrade.roll_back_refused"
    severity: ClassVar[str] = "warning"
    reason: str


@dataclass(frozen=True, kw_only=True)
class UpgradeSuspected(_Upgrade):
    """The canary found something that the application may have caused."""

    type: ClassVar[str] = "upgrade.suspected"
    severity: ClassVar[str] = "warning"
    evidence: str
