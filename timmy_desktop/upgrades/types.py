"""What the upgrade queue shows: targets, proposals, revisions, tests, proof, decisions. Frozen, and pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

State: TypeAlias = Literal["proposed", "approved", "applied", "rejected", "expired", "failed", "rolled_back"]
Risk: TypeAlias = Literal["low", "medium", "high"]
Side: TypeAlias = Literal["old", "new"]
ChangeKind: TypeAlias = Literal["added", "modified", "deleted", "renamed"]

# `none`: there are no tests. `broken`: they could not be run to their end, or their report can't be trusted.
# `not_run`: nobody let them run.
TestOutcome: TypeAlias = Literal["passed", "failed", "none", "broken", "not_run"]
CaseOutcome: TypeAlias = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
# Which tree was tested: the target's head, the proposal alone, both merged, the new tests without the change,
# the old tests with it, what rolling back would give, and the branch some time after it was applied.
TestKind: TypeAlias = Literal["base", "branch", "merge", "without", "old_tests", "roll_back", "canary"]

PENDING: tuple[State, ...] = ("proposed", "approved")
WHOLE_FILE = -1


def digest_of(patch: bytes) -> str:
    """The digest that an approval names. Compute it from the very bytes that were put on the screen."""
    return hashlib.sha256(patch).hexdigest()


@dataclass(frozen=True, slots=True)
class Target:
    """A repository that the person opened to proposals. `head` is the branch's commit as last seen.

    `allowed`: folders (relative, without a slash at the end) that may change; empty: what is not protected.
    `python` runs its tests. `problem`: why it can't be used now, in words; empty when it can.
    """

    id: str
    folder: Path
    branch: str
    head: str
    python: str
    allowed: tuple[str, ...]
    unsandboxed: bool
    opened_us: int
    problem: str = ""

    @property
    def name(self) -> str:
        """The folder's name, for lists."""
        return self.folder.name or str(self.folder)


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a diff. `old_path` differs from `path` where it was renamed."""

    path: str
    old_path: str
    kind: ChangeKind
    added: int
    removed: int
    is_binary: bool = False


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test as the runner reported it; `detail` is the failure or the reason of a skip, made inert."""

    __test__ = False  # not for pytest to collect

    name: str
    outcome: CaseOutcome
    detail: str = ""
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class TestReport:
    """One run of a target's tests on one tree. `detail` says in words what `outcome` means here."""

    __test__ = False

    kind: TestKind
    tree: str
    outcome: TestOutcome
    detail: str
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    exit_status: int = 0
    duration_ms: int = 0
    runner: str = ""
    sandbox: str = ""
    cases: tuple[TestCase, ...] = ()
    output: str = ""
    time_us: int = 0

    @property
    def summary(self) -> str:
        """In a few words: "12 passed, 1 failed, 2 skipped"; else what `detail` says."""
        if self.outcome not in ("passed", "failed"):
            return self.detail
        counts = (
            (self.passed, "passed"),
            (self.failed, "failed"),
            (self.errors, "with errors"),
            (self.skipped, "skipped"),
        )
        return ", ".join(f"{count:,} {word}" for count, word in counts if count) or self.detail


@dataclass(frozen=True, slots=True)
class Weakening:
    """A place where tests ask less than before. `line` is in the new file, 0 where there is none."""

    path: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which of a file's changed lines ran in the tests. `lines` counts those that hold code."""

    path: str
    lines: int
    covered: int
    missed: tuple[int, ...] = ()


RED = ("removed_tests", "weakened", "skipped_tests", "broken_tests", "steering")


@dataclass(frozen=True, slots=True)
class ProofPacket:
    """What speaks for a revision and against it, found by machine.

    Red, where they are not empty: `removed_tests`, `weakened`, `skipped_tests` (that ran before),
    `broken_tests` (passed before, fail now) and `steering` (files that tell the runner what to do).
    `fails_without`: whether the new tests fail without the change: "yes", "no", "none" (no new tests) or
    "unknown" (see `fails_without_detail`). `coverage_note` says why there is no coverage where there is none.
    """

    base: TestReport | None = None
    branch: TestReport | None = None
    merge: TestReport | None = None
    old_tests: TestReport | None = None
    removed_tests: tuple[str, ...] = ()
    skipped_tests: tuple[str, ...] = ()
    broken_tests: tuple[str, ...] = ()
    new_tests: tuple[str, ...] = ()
    weakened: tuple[Weakening, ...] = ()
    steering: tuple[str, ...] = ()
    fails_without: Literal["yes", "no", "none", "unknown"] = "unknown"
    fails_without_detail: str = ""
    coverage: tuple[Coverage, ...] = ()
    coverage_note: str = ""
    outside: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()

    @property
    def reds(self) -> int:
        """How many things in it are red."""
        return sum(len(getattr(self, name)) for name in RED)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a proposal: the commits, the digest of its diff, and what was found out about it.

    `target_head` is the commit that the diff starts from; `base_commit` is where the proposal's own branch
    left the target's. `conflicts`: files that can't be merged; such a revision can't be approved, and its
    diff is the proposal's own, from `base_commit`. `is_tested` is false while its tests run. `risk` is of the
    files and how much of them is changed; `reds` counts what is red in its proof packet.
    """

    number: int
    created_us: int
    base_commit: str
    target_head: str
    commit: str
    tree: str
    digest: str
    files: tuple[FileChange, ...]
    risk: Risk
    risk_reasons: tuple[str, ...]
    conflicts: tuple[str, ...]
    note: str
    is_tested: bool
    # Of the merge, without its cases and output; `UpgradeQueue.tests` has them.
    test: TestReport | None = None
    reds: int = 0

    @property
    def added(self) -> int:
        """Lines added in all."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Lines removed in all."""
        return sum(file.removed for file in self.files)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that waits, or once waited, for a person. `revision` is its newest.

    `reason`: why it was rejected, expired or failed. `can_look_again`: the refusal can be mended by
    `look_again`. `doing`: what happens with it now, in words ("Testing the merge"); empty when nothing does.
    `suspicion`: what the canary found after it was applied; it raises the offer to roll back.
    `checkout_note`: what became of the person's checkout when it was applied.
    """

    id: str
    target_id: str
    target_name: str
    target_branch: str
    title: str
    description: str
    reasoning: str
    proposer: str
    origin: Literal["task", "chat", "command", "part", "branch"]
    state: State
    revision: Revision
    revisions: int
    branch: str = ""
    task_id: str = ""
    conversation_id: str = ""
    parent_id: str = ""
    created_us: int = 0
    updated_us: int = 0
    expires_us: int = 0
    decided_by: str = ""
    decided_us: int = 0
    is_automatic: bool = False
    reason: str = ""
    can_look_again: bool = False
    applied_commit: str = ""
    applied_us: int = 0
    rolled_back_commit: str = ""
    suspicion: str = ""
    checkout_note: str = ""
    open_comments: int = 0
    doing: str = ""


@dataclass(frozen=True, slots=True)
class DiffText:
    """A revision's patch, byte for byte as stored, as git writes it (UTF-8 paths, never quoted)."""

    proposal_id: str
    revision: int
    patch: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class HunkRef:
    """A hunk of a patch: the file's new path (the old one where it was deleted), and its place among the
    file's hunks, from 0. WHOLE_FILE takes all of the file, and is the only way to take a binary file, a mere
    renaming or a mode."""

    path: str
    index: int


@dataclass(frozen=True, slots=True)
class Comment:
    """What a reviewer said on a line, or on the whole (no `path`). `answered_in`: the revision after it."""

    id: str
    proposal_id: str
    revision: int
    path: str
    line: int
    side: Side
    text: str
    author: str
    created_us: int
    answered_in: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided, of which revision, having seen which digest."""

    kind: Literal["approved", "rejected", "accepted_part", "expired", "rolled_back"]
    by: str
    time_us: int
    revision: int
    digest: str
    base: str
    hunks: tuple[HunkRef, ...] = ()
    reason: str = ""
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Consequences:
    """What each button would do now, in words; `refusal` says why approving would be refused, else empty."""

    approve: str
    reject: str
    refusal: str = ""
    can_look_again: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What rolling back would give: the reverting patch, its tests, and in `refusal` why it can't be done.

    `head`: the commit that it was made on. The decision to roll back is about that, and about this patch.
    """

    proposal_id: str
    patch: bytes
    conflicts: tuple[str, ...]
    test: TestReport | None
    refusal: str
    head: str = ""

    @property
    def is_possible(self) -> bool:
        """Whether `roll_back` would go through as things stand."""
        return not self.refusal
