"""What was true at one moment: frozen, small, and without a word of what may have been forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from timmy_desktop.scrubber.shelf import Shelf, ShelfDraft
from timmy_desktop.scrubber.things import (
    AccountThen,
    AgentThen,
    ApprovalThen,
    CommentThen,
    ComparisonThen,
    DifferenceThen,
    MemoryThen,
    ProviderThen,
    ReserveThen,
    TargetThen,
    TaskThen,
    TransactionThen,
    UpgradeThen,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The state after event `seq`, which was written at `time_us`."""

    seq: int = 0
    time_us: int = 0
    skipped: int = 0
    """Events that would have counted and are of a newer version than this program knows."""
    failed: tuple[int, str] = (0, "")
    """The number and task of the last payment that failed: the refund right after it is told, not booked."""
    parted: tuple[int, str] = (0, "")
    """The number and proposal of the last part that was accepted: what is rejected right after is it."""
    order: tuple[str, ...] = ()
    """The providers as the person put them; empty before that."""
    tasks: Shelf[TaskThen] = field(default_factory=Shelf)
    agents: Shelf[AgentThen] = field(default_factory=Shelf)
    accounts: Shelf[AccountThen] = field(default_factory=Shelf)
    transactions: Shelf[TransactionThen] = field(default_factory=Shelf)
    reserves: Shelf[ReserveThen] = field(default_factory=Shelf)
    approvals: Shelf[ApprovalThen] = field(default_factory=Shelf)
    differences: Shelf[DifferenceThen] = field(default_factory=Shelf)
    comparisons: Shelf[ComparisonThen] = field(default_factory=Shelf)
    providers: Shelf[ProviderThen] = field(default_factory=Shelf)
    memories: Shelf[MemoryThen] = field(default_factory=Shelf)
    upgrades: Shelf[UpgradeThen] = field(default_factory=Shelf)
    targets: Shelf[TargetThen] = field(default_factory=Shelf)
    comments: Shelf[CommentThen] = field(default_factory=Shelf)


ROWS: dict[str, Any] = {
    "tasks": TaskThen, "agents": AgentThen, "accounts": AccountThen, "transactions": TransactionThen,
    "reserves": ReserveThen, "approvals": ApprovalThen, "differences": DifferenceThen,
    "comparisons": ComparisonThen, "providers": ProviderThen, "memories": MemoryThen,
    "upgrades": UpgradeThen, "targets": TargetThen, "comments": CommentThen,
}  # fmt: skip
"""The shelves of a world, and what stands on each."""


class Draft:
    """A world while events are folded into it."""

    def __init__(self, world: World) -> None:
        self.seq, self.time_us, self.skipped = world.seq, world.time_us, world.skipped
        self.failed, self.parted, self.order = world.failed, world.parted, world.order
        self.tasks: ShelfDraft[TaskThen] = world.tasks.draft()
        self.agents: ShelfDraft[AgentThen] = world.agents.draft()
        self.accounts: ShelfDraft[AccountThen] = world.accounts.draft()
        self.transactions: ShelfDraft[TransactionThen] = world.transactions.draft()
        self.reserves: ShelfDraft[ReserveThen] = world.reserves.draft()
        self.approvals: ShelfDraft[ApprovalThen] = world.approvals.draft()
        self.differences: ShelfDraft[DifferenceThen] = world.differences.draft()
        self.comparisons: ShelfDraft[ComparisonThen] = world.comparisons.draft()
        self.providers: ShelfDraft[ProviderThen] = world.providers.draft()
        self.memories: ShelfDraft[MemoryThen] = world.memories.draft()
        self.upgrades: ShelfDraft[UpgradeThen] = world.upgrades.draft()
        self.targets: ShelfDraft[TargetThen] = world.targets.draft()
        self.comments: ShelfDraft[CommentThen] = world.comments.draft()

    def frozen(self) -> World:
        """The world as it is now."""
        return World(
            seq=self.seq,
            time_us=self.time_us,
            skipped=self.skipped,
            failed=self.failed,
            parted=self.parted,
            order=self.order,
            **{name: getattr(self, name).frozen() for name in ROWS},
        )
