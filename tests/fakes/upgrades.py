"""An upgrade queue without git and tests: proposals between two sets of files, decided and told by events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.fakes.bus import FakeBus
from tests.fakes.patches import Files, git_patch
from timmy_desktop.events import upgrades as events
from timmy_desktop.identifiers import new_id
from timmy_desktop.upgrades.diff_patch import read_patch
from timmy_desktop.upgrades.errors import StaleError, StateError, UnknownProposalError, UpgradeError
from timmy_desktop.upgrades.types import (
    Comment,
    Consequences,
    Decision,
    DiffText,
    FileChange,
    HunkRef,
    ProofPacket,
    Proposal,
    Rehearsal,
    Revision,
    Side,
    State,
    Target,
    TestReport,
    digest_of,
)

HOUR_US = 3_600_000_000
PASSED = TestReport(
    "merge", "t" * 40, "passed", "", passed=12, duration_ms=1_240, runner="pytest", sandbox="bubblewrap"
)


class FakeUpgrades:
    """The signatures of UpgradeQueue. `fault` is raised once by the next call."""

    def __init__(self, bus: FakeBus) -> None:
        self.bus = bus
        self.known: dict[str, Proposal] = {}
        self.patches: dict[tuple[str, int], bytes] = {}
        self.contents: dict[tuple[str, int], tuple[Files, Files]] = {}
        self.all_revisions: dict[str, list[Revision]] = {}
        self.said: dict[str, list[Comment]] = {}
        self.seen_paths: dict[str, set[str]] = {}
        self.proofs: dict[str, ProofPacket] = {}
        self.reports: dict[str, list[TestReport]] = {}
        self.decided: dict[str, list[Decision]] = {}
        self.refusals: dict[str, str] = {}
        self.open_targets: list[Target] = []
        self.asked: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.diff_fault: Exception | None = None
        self.sandbox_name, self.own = "bubblewrap", cast(Path | None, None)
        self.roll_back_refusal = ""

    # For tests

    def propose(self, title: str, old: Files, new: Files, **facts: Any) -> str:
        """A proposal that waits, tested; `facts` change fields of it or of its revision."""
        proposal_id = new_id()
        revision = self._revision(proposal_id, 1, old, new, facts)
        made = Proposal(
            id=proposal_id, target_id="t1", target_name="kettle", target_branch="main", title=title,
            description=f"{title}.", reasoning="It was asked for.", proposer="Forge", origin="task", state="proposed",
            revision=revision, revisions=1, branch="timmy/1", created_us=self.bus.now, updated_us=self.bus.now,
            expires_us=self.bus.now + 24 * HOUR_US,
        )  # fmt: skip
        self.known[proposal_id] = replace(made, **facts)
        self.reports[proposal_id] = [PASSED]
        self.bus.publish_now(
            events.UpgradeProposed(
                upgrade_id=proposal_id, target_id="t1", title=title, proposer="Forge", digest=revision.digest,
                base=revision.base_commit, files=len(revision.files), added=revision.added,
                removed=revision.removed, risk=revision.risk,
            )
        )  # fmt: skip
        return proposal_id

    def revise_now(self, proposal_id: str, new: Files) -> None:
        """The agent brings another revision; what was commented is answered by it."""
        old = self.contents[proposal_id, 1][0]
        proposal = self.known[proposal_id]
        number = proposal.revisions + 1
        revision = self._revision(proposal_id, number, old, new, {})
        self.known[proposal_id] = replace(proposal, revision=revision, revisions=number, open_comments=0)
        self.said[proposal_id] = [replace(one, answered_in=number) for one in self.said.get(proposal_id, [])]
        self.bus.publish_now(
            events.UpgradeRevised(
                upgrade_id=proposal_id,
                revision=number,
                digest=revision.digest,
                base=revision.base_commit,
                note="n",
            )
        )

    def change(self, proposal_id: str, **facts: Any) -> None:
        """Something else happens to a proposal, and is told."""
        self.known[proposal_id] = replace(self.known[proposal_id], **facts)
        self.bus.publish_now(events.UpgradeProved(upgrade_id=proposal_id, revision=1))

    def prove(self, proposal_id: str, proof: ProofPacket) -> None:
        """Its proof packet is made."""
        self.proofs[proposal_id] = proof
        self.change(proposal_id, revision=replace(self.known[proposal_id].revision, reds=proof.reds))

    def _revision(
        self, proposal_id: str, number: int, old: Files, new: Files, facts: dict[str, Any]
    ) -> Revision:
        patch = git_patch(old, new)
        self.patches[proposal_id, number], self.contents[proposal_id, number] = patch, (old, new)
        files = tuple(
            FileChange(
                file.path, file.old_path, "modified" if file.status == "copied" else file.status,
                file.added, file.removed, file.is_binary,
            )
            for file in read_patch(patch).files
        )  # fmt: skip
        made = Revision(
            number=number, created_us=self.bus.now, base_commit="b" * 40, target_head="a" * 40, commit="c" * 40,
            tree="d" * 40, digest=digest_of(patch), files=files, risk="low", risk_reasons=("Only Python files.",),
            conflicts=(), note="", is_tested=True, test=PASSED,
        )  # fmt: skip
        fields = {
            name: facts.pop(name) for name in ("risk", "conflicts", "risk_reasons", "test") if name in facts
        }
        made = replace(made, **fields)
        self.all_revisions.setdefault(proposal_id, []).append(made)
        return made

    # The queue's face

    async def targets(self) -> list[Target]:
        self._fail()
        return list(self.open_targets)

    async def open_target(
        self, folder: Path, *, python: str = "", allowed: Sequence[str] = (), branch: str = ""
    ) -> Target:
        self._fail()
        target = Target(
            new_id(), folder, branch or "main", "a" * 40, python, tuple(allowed), False, self.bus.now
        )
        self.open_targets.append(target)
        return target

    def sandbox(self) -> str:
        return self.sandbox_name

    def own_source(self) -> Path | None:
        return self.own

    async def close_target(self, target_id: str) -> None:
        self._fail()
        self.open_targets = [target for target in self.open_targets if target.id != target_id]

    async def allow_unsandboxed(self, target_id: str, allowed: bool) -> None:
        self._fail()
        self.open_targets = [
            replace(target, unsandboxed=allowed) if target.id == target_id else target
            for target in self.open_targets
        ]

    async def ask_for_change(self, target_id: str, text: str) -> str:
        self.asked.append(("ask", target_id, text))
        self._fail()
        return "task"

    async def proposals(
        self, *, states: Sequence[State] = (), limit: int = 200, before: str = ""
    ) -> list[Proposal]:
        self._fail()
        found = sorted(self.known.values(), key=lambda proposal: (-proposal.created_us, proposal.id))
        found = [proposal for proposal in found if not states or proposal.state in states]
        if before:
            found = [one for one in found if one.created_us < self.known[before].created_us]
        return found[:limit]

    async def proposal(self, proposal_id: str) -> Proposal:
        self._fail()
        if proposal_id not in self.known:
            raise UnknownProposalError("There is no such proposal.")
        return self.known[proposal_id]

    async def pending(self) -> int:
        self._fail()
        return sum(proposal.state == "proposed" for proposal in self.known.values())

    async def diff(self, proposal_id: str, revision: int = 0) -> DiffText:
        if self.diff_fault is not None:
            error, self.diff_fault = self.diff_fault, None
            raise error
        number = revision or self.known[proposal_id].revision.number
        patch = self.patches[proposal_id, number]
        return DiffText(proposal_id, number, patch, digest_of(patch))

    async def compare(self, proposal_id: str, older: int, newer: int = 0) -> bytes:
        newer = newer or self.known[proposal_id].revision.number
        return git_patch(self.contents[proposal_id, older][1], self.contents[proposal_id, newer][1])

    async def file(self, proposal_id: str, path: str, side: Side, revision: int = 0) -> bytes | None:
        number = revision or self.known[proposal_id].revision.number
        content = self.contents[proposal_id, number][side == "new"].get(path)
        return content.encode() if isinstance(content, str) else content

    async def revisions(self, proposal_id: str) -> list[Revision]:
        return list(self.all_revisions[proposal_id])

    async def tests(self, proposal_id: str, revision: int = 0) -> list[TestReport]:
        return list(self.reports.get(proposal_id, []))

    async def proof(self, proposal_id: str, revision: int = 0) -> ProofPacket | None:
        return self.proofs.get(proposal_id)

    async def comments(self, proposal_id: str) -> list[Comment]:
        return list(self.said.get(proposal_id, []))

    async def decisions(self, proposal_id: str) -> list[Decision]:
        return list(self.decided.get(proposal_id, []))

    async def seen(self, proposal_id: str) -> frozenset[str]:
        return frozenset(self.seen_paths.get(proposal_id, set()))

    async def consequences(self, proposal_id: str) -> Consequences:
        proposal = self.known[proposal_id]
        conflicts = proposal.revision.conflicts
        refusal = self.refusals.get(proposal_id, "It can't be merged." if conflicts else "")
        return Consequences(
            f"It is merged onto {proposal.target_branch}, tested there and committed.",
            "It is turned down for good; its branch is removed.",
            refusal,
            bool(refusal),
        )

    async def approve(self, proposal_id: str, shown_digest: str) -> Proposal:
        self.asked.append(("approve", proposal_id, shown_digest))
        self._fail()
        proposal = self._undecided(proposal_id)
        if shown_digest != proposal.revision.digest:
            raise StaleError("What was on screen is not what is stored. Look at it again.")
        self._decide(proposal, "approved")
        self.bus.publish_now(
            events.UpgradeApproved(
                upgrade_id=proposal_id, by="person", digest=shown_digest, base="b" * 40,
                revision=proposal.revision.number, automatic=False,
            )
        )  # fmt: skip
        return self.known[proposal_id]

    def apply_now(self, proposal_id: str) -> None:
        """What was approved is applied."""
        self.known[proposal_id] = replace(
            self.known[proposal_id],
            state="applied",
            applied_commit="e" * 40,
            applied_us=self.bus.now,
            doing="",
        )
        self.bus.publish_now(
            events.UpgradeApplied(
                upgrade_id=proposal_id, commit="e" * 40, old_head="a" * 40, branch="main",
                digest=self.known[proposal_id].revision.digest, checkout="",
            )
        )  # fmt: skip

    async def reject(self, proposal_id: str, reason: str) -> Proposal:
        self.asked.append(("reject", proposal_id, reason))
        self._fail()
        self._decide(self._undecided(proposal_id), "rejected", reason)
        self.bus.publish_now(events.UpgradeRejected(upgrade_id=proposal_id, by="person", reason=reason))
        return self.known[proposal_id]

    async def accept_part(self, proposal_id: str, shown_digest: str, hunks: Sequence[HunkRef]) -> Proposal:
        self.asked.append(("accept_part", proposal_id, shown_digest, tuple(hunks)))
        self._fail()
        self._decide(self._undecided(proposal_id), "rejected", "A part of it was accepted.")
        self.bus.publish_now(events.UpgradeRejected(upgrade_id=proposal_id, by="person", reason="part"))
        return self.known[proposal_id]

    async def comment(
        self, proposal_id: str, text: str, *, path: str = "", line: int = 0, side: Side = "new"
    ) -> Comment:
        self.asked.append(("comment", path, line, side, text))
        self._fail()
        made = Comment(new_id(), proposal_id, 1, path, line, side, text, "person", self.bus.now)
        self.said.setdefault(proposal_id, []).append(made)
        self._count_comments(proposal_id)
        self.bus.publish_now(
            events.UpgradeCommented(
                upgrade_id=proposal_id, comment_id=made.id, path=path, line=line, by="person"
            )
        )
        return made

    async def uncomment(self, comment_id: str) -> None:
        self._fail()
        for proposal_id, found in self.said.items():
            self.said[proposal_id] = [one for one in found if one.id != comment_id]
            self._count_comments(proposal_id)

    async def revise(self, proposal_id: str) -> None:
        self.asked.append(("revise", proposal_id))
        self._fail()

    async def mark_seen(self, proposal_id: str, path: str, seen: bool = True) -> None:
        self._fail()
        marks = self.seen_paths.setdefault(proposal_id, set())
        (marks.add if seen else marks.discard)(path)

    async def look_again(self, proposal_id: str) -> Proposal:
        self.asked.append(("look_again", proposal_id))
        self._fail()
        self.refusals.pop(proposal_id, None)
        return self.known[proposal_id]

    async def test_again(self, proposal_id: str) -> None:
        self.asked.append(("test_again", proposal_id))

    async def rehearse_roll_back(self, proposal_id: str) -> Rehearsal:
        self.asked.append(("rehearse", proposal_id))
        self._fail()
        return Rehearsal(
            proposal_id, b"", (), replace(PASSED, kind="roll_back"), self.roll_back_refusal, "e" * 40
        )

    async def roll_back(self, proposal_id: str, rehearsed: Rehearsal) -> None:
        self.asked.append(("roll_back", proposal_id, rehearsed.head))
        self._fail()
        self.known[proposal_id] = replace(
            self.known[proposal_id], state="rolled_back", rolled_back_commit="f" * 40, suspicion=""
        )
        self.bus.publish_now(
            events.UpgradeRolledBack(upgrade_id=proposal_id, by="person", commit="f" * 40, old_head="e" * 40)
        )

    async def dismiss_suspicion(self, proposal_id: str) -> None:
        self.asked.append(("dismiss", proposal_id))
        self.change(proposal_id, suspicion="")

    async def update_checkout(self, proposal_id: str) -> str:
        self.asked.append(("update_checkout", proposal_id))
        return "Your checkout is up to date."

    def _decide(self, proposal: Proposal, state: State, reason: str = "") -> None:
        revision = proposal.revision
        self.known[proposal.id] = replace(
            proposal, state=state, decided_by="person", decided_us=self.bus.now, reason=reason,
            doing="Applying it" if state == "approved" else "",
        )  # fmt: skip
        kind: Any = state
        self.decided.setdefault(proposal.id, []).append(
            Decision(kind, "person", self.bus.now, revision.number, revision.digest, "b" * 40, reason=reason)
        )

    def _undecided(self, proposal_id: str) -> Proposal:
        if self.known[proposal_id].state != "proposed":
            raise StateError("It was decided already.")
        return self.known[proposal_id]

    def _count_comments(self, proposal_id: str) -> None:
        number = sum(not one.answered_in for one in self.said[proposal_id])
        self.known[proposal_id] = replace(self.known[proposal_id], open_comments=number)

    def _fail(self) -> None:
        if self.fault is not None:
            error, self.fault = self.fault, None
            raise error


def refusal(words: str) -> UpgradeError:
    """What the queue says when it won't."""
    return UpgradeError(words)
