"""Events of proposals to change code. None holds a line of it: digests and counts say which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class _Upgrade(Event):
    upgrade_id: str


@dataclass(frozen=True, kw_only=True)
class TargetOpened(Event):
    """The person opened a repository to proposals, or opened it anew; its tests run with `python`."""

    type: ClassVar[str] = "upgrade.target_opened"
    target_id: str
    folder: str
    branch: str
    python: str = ""
    allowed: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class TargetChanged(Event):
    """The person changed what proposals to a repository may do.

    `unsandboxed` is 1 or 0: whether tests may run without a sandbox; -1 in an older event.
    """

    type: ClassVar[str] = "upgrade.target_changed"
    severity: ClassVar[str] = "warning"
    target_id: str
    what: str
    unsandboxed: int = -1


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
    expires_us: int = 0


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
    expires_us: int = 0


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
    """The proof packet of a revision is complete; `digest` is the SHA-256 (hex) of it as it is kept."""

    type: ClassVar[str] = "upgrade.proved"
    revision: int
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class UpgradeCommented(_Upgrade):
    """A reviewer said something about a line, or about the whole."""

    type: ClassVar[str] = "upgrade.commented"
    comment_id: str
    path: str
    line: int
    by: str
    text: str = ""
    side: str = "new"
    revision: int = 0


@dataclass(frozen=True, kw_only=True)
class UpgradeCommentRemoved(_Upgrade):
    """A reviewer took a comment back that nobody had answered."""

    type: ClassVar[str] = "upgrade.comment_removed"
    comment_id: str


@dataclass(frozen=True, kw_only=True)
class UpgradeCommentsAnswered(_Upgrade):
    """The open comments on older revisions are answered by this one."""

    type: ClassVar[str] = "upgrade.comments_answered"
    revision: int


@dataclass(frozen=True, kw_only=True)
class UpgradeFileSeen(_Upgrade):
    """A reviewer marked a file as seen; `digest` is of its part of the patch, empty when no longer seen."""

    type: ClassVar[str] = "upgrade.file_seen"
    path: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class UpgradeNoted(_Upgrade):
    """What else became known of a proposal on its way: how far it is, which commits, what of the checkout."""

    type: ClassVar[str] = "upgrade.noted"
    changes: dict[str, Any]


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
