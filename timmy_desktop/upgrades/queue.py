"""The upgrade queue's public face: everything that the dock, the command line and the agents do with it.

Nothing is applied but what a person approved, byte for byte, having seen it. Methods that decide raise an
UpgradeError, whose message is meant for the person; panels change on the events that follow, not on the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from timmy_desktop.upgrades.types import (
    Comment,
    Consequences,
    Decision,
    DiffText,
    HunkRef,
    ProofPacket,
    Proposal,
    Rehearsal,
    Revision,
    Side,
    State,
    Target,
    TestReport,
)


class UpgradeQueue:
    """Proposals from their making to their end. Blocking work is done on threads of its own."""

    async def start(self) -> None:
        """Finishes or undoes what the last run left under way, and watches for expiry from now on."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Ends test runs and threads. What is approved and not applied is finished at the next start."""
        raise NotImplementedError

    # Targets

    async def targets(self) -> list[Target]:
        """The repositories that are open to proposals, the newest first."""
        raise NotImplementedError

    async def open_target(
        self, folder: Path, *, python: str = "", allowed: Sequence[str] = (), branch: str = ""
    ) -> Target:
        """Opens a repository to proposals: `branch` (default: the one checked out) is what they change.

        `python` (default: its own environment's) runs its tests. Opening it again changes these.
        """
        raise NotImplementedError

    async def close_target(self, target_id: str) -> None:
        """Takes no more proposals for it, and rejects those that wait."""
        raise NotImplementedError

    async def allow_unsandboxed(self, target_id: str, allowed: bool) -> None:
        """Whether tests of this repository may run where this machine has no sandbox."""
        raise NotImplementedError

    def sandbox(self) -> str:
        """The sandbox in use ("bubblewrap", "sandbox-exec"); empty where this machine has none."""
        raise NotImplementedError

    # Reading

    async def proposals(
        self, *, states: Sequence[State] = (), limit: int = 200, before: str = ""
    ) -> list[Proposal]:
        """Proposals, the newest first; of these states only, and older than the one called `before`."""
        raise NotImplementedError

    async def proposal(self, proposal_id: str) -> Proposal:
        """One proposal; a short identifier will do. UnknownProposalError."""
        raise NotImplementedError

    async def pending(self) -> int:
        """How many wait for a decision."""
        raise NotImplementedError

    async def diff(self, proposal_id: str, revision: int = 0) -> DiffText:
        """The patch of a revision (0: the newest): what would change on the target's branch."""
        raise NotImplementedError

    async def compare(self, proposal_id: str, older: int, newer: int = 0) -> bytes:
        """The patch from one revision's files to another's."""
        raise NotImplementedError

    async def file(self, proposal_id: str, path: str, side: Side, revision: int = 0) -> bytes | None:
        """The whole file before or after, for unfolding and images; None where there is none or it is
        above 5 MB."""
        raise NotImplementedError

    async def revisions(self, proposal_id: str) -> list[Revision]:
        """Every revision, the oldest first."""
        raise NotImplementedError

    async def tests(self, proposal_id: str, revision: int = 0) -> list[TestReport]:
        """Every run of tests on a revision, in order, those of applying and rolling back too."""
        raise NotImplementedError

    async def proof(self, proposal_id: str, revision: int = 0) -> ProofPacket | None:
        """The proof packet; None while it is being made."""
        raise NotImplementedError

    async def comments(self, proposal_id: str) -> list[Comment]:
        """Every comment, the oldest first."""
        raise NotImplementedError

    async def decisions(self, proposal_id: str) -> list[Decision]:
        """What was decided, in order."""
        raise NotImplementedError

    async def seen(self, proposal_id: str) -> frozenset[str]:
        """The paths that the person has marked as seen and that have not changed since."""
        raise NotImplementedError

    async def consequences(self, proposal_id: str) -> Consequences:
        """What approving and rejecting would do now, in words."""
        raise NotImplementedError

    # Deciding

    async def approve(self, proposal_id: str, shown_digest: str) -> Proposal:
        """Approves the diff whose bytes have this digest, and begins to apply it.

        Refused (StaleError) when that is not what is stored, or the target moved since; `look_again` then.
        Applying goes on in the background: UpgradeApplied or UpgradeFailed says how it ended.
        """
        raise NotImplementedError

    async def reject(self, proposal_id: str, reason: str) -> Proposal:
        """Turns it down for good. The memory keeps the reason; no branch and no worktree stay."""
        raise NotImplementedError

    async def accept_part(self, proposal_id: str, shown_digest: str, hunks: Sequence[HunkRef]) -> Proposal:
        """Makes a new proposal of some hunks, tested again and not yet approved, and rejects the rest."""
        raise NotImplementedError

    async def comment(
        self, proposal_id: str, text: str, *, path: str = "", line: int = 0, side: Side = "new"
    ) -> Comment:
        """Says something about a line, a file (line 0) or the whole (no path)."""
        raise NotImplementedError

    async def uncomment(self, comment_id: str) -> None:
        """Takes back a comment that has not been answered."""
        raise NotImplementedError

    async def revise(self, proposal_id: str) -> None:
        """Sends the open comments back to the agent, who revises in the background: UpgradeRevised follows,
        or the agent's reason in a comment of its own. Refused for proposals that no agent made."""
        raise NotImplementedError

    async def mark_seen(self, proposal_id: str, path: str, seen: bool = True) -> None:
        """Marks a file as seen, until it changes."""
        raise NotImplementedError

    async def look_again(self, proposal_id: str) -> Proposal:
        """Brings a stale or conflicting proposal onto the target's present head, as its next revision; one
        that failed to apply becomes a new proposal. Tests run in the background."""
        raise NotImplementedError

    async def test_again(self, proposal_id: str) -> None:
        """Runs the newest revision's tests once more, in the background."""
        raise NotImplementedError

    # After it was applied

    async def rehearse_roll_back(self, proposal_id: str) -> Rehearsal:
        """Makes the revert, and tests it, without applying it. May take as long as the tests."""
        raise NotImplementedError

    async def roll_back(self, proposal_id: str) -> None:
        """Rehearses and, when that goes well, applies the revert, in the background: UpgradeRolledBack."""
        raise NotImplementedError

    async def dismiss_suspicion(self, proposal_id: str) -> None:
        """Withdraws the offer to roll back that the canary raised."""
        raise NotImplementedError

    async def update_checkout(self, proposal_id: str) -> str:
        """Brings the person's checkout up to the applied commit, keeping changes in other files; says what
        it did. UpgradeError, with nothing touched, where both changed the same file."""
        raise NotImplementedError

    # Proposing

    async def propose_branch(
        self,
        target_id: str,
        branch: str,
        *,
        description: str,
        reasoning: str = "",
        proposer: str = "",
    ) -> Proposal:
        """Proposes what a branch of the target's repository changes, as it is now."""
        raise NotImplementedError

    async def request(self, text: str, *, target_id: str = "", conversation_id: str = "") -> str:
        """Asks Forge for a change, in the background; returns an identifier that `requests` shows."""
        raise NotImplementedError
