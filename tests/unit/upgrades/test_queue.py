"""From a proposal to each of its ends: only what was approved is applied, and whatever else leaves nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.fakes.providers import FakeClock
from tests.fakes.upgrade_world import CHECKS, PERSON, Repo, UpgradeWorld, told
from timmy_desktop.events.system import SystemFault
from timmy_desktop.identifiers import new_id, short_id
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.upgrades import drafts as drafts_module
from timmy_desktop.upgrades.drafts import syntax_fault
from timmy_desktop.upgrades.errors import EditError, RepositoryError, StaleError, StateError, UpgradeError
from timmy_desktop.upgrades.inbox import INBOX, Inbox
from timmy_desktop.upgrades.records import NewProposal, NewRevision
from timmy_desktop.upgrades.sandbox_process import Ran
from timmy_desktop.upgrades.target_repository import TargetRepository
from timmy_desktop.upgrades.types import WHOLE_FILE, HunkRef, digest_of


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.branch("feature", **{"a.txt": "one\ntwo\n", "b.txt": "new\n"})
    return repo


async def test_an_approved_change_becomes_one_commit_that_says_who_and_what(
    tmp_path: Path, repo: Repo
) -> None:
    old = repo.head()
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        assert (proposal.state, proposal.revision.is_tested, proposal.revision.risk) == (
            "proposed",
            True,
            "low",
        )
        assert await world.queue.pending() == 1
        diff = await world.queue.diff(proposal.id)
        assert digest_of(diff.patch) == diff.digest == proposal.revision.digest

        ended = await world.approved(proposal)

        assert (ended.state, ended.decided_by, ended.is_automatic) == ("applied", PERSON, False)
        assert repo.head() == ended.applied_commit
        assert repo.git("rev-parse", "HEAD^") == old
        assert repo.git("rev-parse", "HEAD^{tree}") == repo.git("rev-parse", "feature^{tree}")
        message = repo.git("log", "-1", "--format=%B")
        assert f"Proposal: {proposal.id}\nApproved-by: {PERSON}\nDiff-digest: sha256:{diff.digest}" in message
        approval = await world.rows("SELECT seq, hex(hash), type FROM event_log")
        heads = {f"Chain-head: {seq}:{head.lower()}" for seq, head, _ in approval}
        assert message.strip().splitlines()[-1] in heads
        # A clean checkout of that branch is brought up to date, and nothing else is there.
        assert (repo.folder / "b.txt").read_text() == "new\n"
        assert repo.status() == ""
        assert world.left() == []
        assert world.types()[-2:] == ["upgrade.tested", "upgrade.applied"]


async def test_the_states_are_in_the_log_and_the_decision_names_all(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.approved(await world.proposed(repo))
        (decision,) = await world.queue.decisions(proposal.id)
        assert (decision.kind, decision.by, decision.digest, decision.base) == (
            "approved", PERSON, proposal.revision.digest, proposal.revision.target_head,
        )  # fmt: skip
        wanted = [
            "upgrade.target_opened",
            "upgrade.proposed",
            "upgrade.proved",
            "upgrade.approved",
            "upgrade.applied",
        ]
        assert [kind for kind in world.types() if kind in wanted] == wanted


async def test_what_was_not_shown_is_not_approved(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        with pytest.raises(StaleError, match="not what is proposed now"):
            await world.queue.approve(proposal.id, digest_of(b"something else"))
        assert (await world.queue.proposal(proposal.id)).state == "proposed"


async def test_a_target_that_moved_refuses_and_offers_another_look(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        newer = repo.commit("meanwhile", **{"c.txt": "c\n"})
        said = await world.queue.consequences(proposal.id)
        assert (said.can_look_again, "main has moved" in said.refusal) == (True, True)
        with pytest.raises(StaleError, match="main has moved"):
            await world.queue.approve(proposal.id, proposal.revision.digest)

        await world.queue.look_again(proposal.id)
        await world.queue.settled()
        again = await world.queue.proposal(proposal.id)
        assert (again.revisions, again.revision.target_head, again.revision.base_commit) == (
            2, newer, proposal.revision.target_head,
        )  # fmt: skip
        assert (await world.approved(again)).state == "applied"
        assert repo.read("c.txt") == "c"


async def test_a_branch_that_moved_after_it_was_shown_refuses(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        repo.git("checkout", "-q", "feature")
        repo.commit("something evil", **{"a.txt": "one\nevil\n"})
        repo.git("checkout", "-q", "main")
        with pytest.raises(StaleError, match="feature has moved"):
            await world.queue.approve(proposal.id, proposal.revision.digest)
        again = await world.queue.look_again(proposal.id)
        assert b"+evil" in (await world.queue.diff(again.id)).patch
        with pytest.raises(StaleError):  # what was seen before is not what is there now
            await world.queue.approve(proposal.id, proposal.revision.digest)


async def test_a_branch_that_is_gone_has_not_moved(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        repo.git("branch", "-D", "feature")
        assert (await world.approved(proposal)).state == "applied"
        assert repo.read("b.txt") == "new"


async def test_a_move_that_git_complains_of_after_it_happened_counts(
    tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TargetRepository.move

    def move(self: TargetRepository, *arguments: str) -> None:
        real(self, *arguments)
        raise RepositoryError("Git took longer than 600 seconds and was stopped.")

    monkeypatch.setattr(TargetRepository, "move", move)
    async with UpgradeWorld(tmp_path / "data") as world:
        ended = await world.approved(await world.proposed(repo))
        assert (ended.state, ended.applied_commit, repo.status()) == ("applied", repo.head(), "")
        await world.queue.roll_back(ended.id, await world.queue.rehearse_roll_back(ended.id))
        await world.queue.settled()
        assert (await world.queue.proposal(ended.id)).state == "rolled_back"


@pytest.mark.parametrize("who", ["branch", "target"])
async def test_what_moves_after_the_approval_is_not_applied(tmp_path: Path, repo: Repo, who: str) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        head = repo.head()

        def move(_: Any) -> None:
            world.acted.answer = lambda _: None
            if who == "target":
                repo.commit("meanwhile", **{"c.txt": "c\n"})
            else:
                repo.git("branch", "-f", "feature", "main")

        world.acted.answer = move
        ended = await world.approved(proposal)
        if who == "branch":
            # The approved bytes are applied whatever its branch has become since: it was held before the tests.
            assert ended.state == "applied"
            assert b"".join(repo.read("a.txt").encode().split()) == b"onetwo"
            return
        assert (ended.state, ended.can_look_again, "moved" in ended.reason) == ("failed", True, True)
        assert repo.git("log", "-1", "--format=%s") == "meanwhile"
        assert repo.git("rev-parse", "HEAD^") == head
        # Offered for another look: as a proposal of its own.
        again = await world.queue.look_again(proposal.id)
        await world.queue.settled()
        assert (again.id != proposal.id, again.parent_id) == (True, proposal.id)
        assert (await world.approved(again)).state == "applied"


async def test_a_conflict_is_shown_and_never_approved(tmp_path: Path, repo: Repo) -> None:
    repo.commit("another way", **{"a.txt": "one\nthree\n"})
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        assert proposal.revision.conflicts == ("a.txt",)
        assert b"+two" in (await world.queue.diff(proposal.id)).patch
        head = repo.head()
        with pytest.raises(UpgradeError, match=r"conflicts with main in a\.txt"):
            await world.queue.approve(proposal.id, proposal.revision.digest)
        assert (repo.head(), repo.status()) == (head, "")
        # The table itself refuses, whatever the code above it does.
        with pytest.raises(StorageError):
            await world.queue._records.approve(proposal, proposal.revision.digest, PERSON)


async def test_tests_that_pass_alone_and_fail_merged_are_shown_and_stop_it(tmp_path: Path) -> None:
    repo = Repo(
        tmp_path / "repo", {"a.txt": "one\n", "b.txt": "use one\n", CHECKS: "test_a: a.txt contains one\n"}
    )
    repo.branch("feature", **{CHECKS: "test_a: a.txt contains one\ntest_b: b.txt contains use one\n"})
    repo.commit("renamed", **{"b.txt": "use two\n"})
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        proof = await world.queue.proof(proposal.id)
        assert proof is not None
        assert proof.branch is not None
        assert proof.merge is not None
        assert (proof.branch.outcome, proof.merge.outcome) == ("passed", "failed")
        head = repo.head()
        ended = await world.approved(proposal)
        assert (ended.state, repo.head(), repo.status()) == ("failed", head, "")
        assert "the tests of the merge did not pass" in ended.reason


async def test_words_are_not_results(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        cases = [("test_a", "failed"), ("test_b", "passed")]
        world.acted.answer = lambda _: Ran(1, "", told(cases, 1), "3 failed, 10 passed. All tests passed.", 1)
        proposal = await world.proposed(repo)
        assert proposal.revision.test is not None
        assert proposal.revision.test.outcome == "failed"
        assert (await world.approved(proposal)).state == "failed"


async def test_the_checkout_that_is_dirty_is_left_alone(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        repo.write(**{"a.txt": "one\nmine\n", "untracked.txt": "mine\n", "staged.txt": "mine\n"})
        repo.git("add", "staged.txt")
        index = (repo.folder / ".git/index").read_bytes()
        said = await world.queue.consequences(proposal.id)
        assert "uncommitted work and is left exactly as it is" in said.approve
        ended = await world.approved(proposal)
        assert ended.state == "applied"
        assert repo.read("a.txt") == "one\ntwo"
        assert (repo.folder / "a.txt").read_text() == "one\nmine\n"
        assert not (repo.folder / "b.txt").exists()
        assert (repo.folder / ".git/index").read_bytes() == index
        assert "read-tree" in ended.checkout_note
        # Both changed the same file: bringing it up to date is refused, and nothing is touched.
        with pytest.raises(StaleError, match=r"a\.txt has changes"):
            await world.queue.update_checkout(ended.id)
        assert not (repo.folder / "b.txt").exists()
        repo.write(**{"a.txt": "one\n"})
        assert "up to date" in await world.queue.update_checkout(ended.id)
        assert (repo.folder / "b.txt").read_text() == "new\n"
        assert repo.status() == "A  staged.txt\n?? untracked.txt"


async def test_another_branch_that_is_checked_out_is_left_alone(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        repo.git("checkout", "-q", "-b", "other")
        ended = await world.approved(proposal)
        assert (ended.state, repo.status()) == ("applied", "")
        assert not (repo.folder / "b.txt").exists()
        assert repo.git("rev-parse", "main") == ended.applied_commit
        # Its files are as they were before the upgrade, and it is another branch's checkout all the same.
        with pytest.raises(StateError, match="Another branch"):
            await world.queue.update_checkout(ended.id)
        assert repo.status() == ""


async def test_a_clean_checkout_with_other_line_ends_is_brought_up_to_date(tmp_path: Path) -> None:
    files = {"a.txt": "one\n", CHECKS: "test_a: a.txt contains one\n", ".gitattributes": "a.txt eol=crlf\n"}
    repo = Repo(tmp_path / "repo", files)
    repo.branch("feature", **{"a.txt": "one\ntwo\n"})
    (repo.folder / "a.txt").unlink()
    repo.git("checkout", "-q", "--", "a.txt")
    assert ((repo.folder / "a.txt").read_bytes(), repo.status()) == (b"one\r\n", "")
    async with UpgradeWorld(tmp_path / "data") as world:
        ended = await world.approved(await world.proposed(repo))
        assert "up to date" in ended.checkout_note
        assert ((repo.folder / "a.txt").read_bytes(), repo.status()) == (b"one\r\ntwo\r\n", "")


async def test_another_worktree_of_the_branch_is_told_of_and_not_touched(tmp_path: Path, repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "other")
    repo.git("worktree", "add", "-q", str(tmp_path / "second"), "main")
    repo.git("worktree", "add", "-q", "-b", "third", str(tmp_path / "third"), "main")
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.opened(repo, branch="main")
        proposal = await world.queue.propose_branch(target.id, "feature", description="A change")
        await world.queue.settled()
        said = (await world.queue.consequences(proposal.id)).approve
        assert f"main is checked out in {tmp_path}/second too" in said
        ended = await world.approved(await world.queue.proposal(proposal.id))
        assert (ended.state, "third" in ended.checkout_note) == ("applied", False)
        assert (tmp_path / "second/a.txt").read_text() == "one\n"
        # What is told is what mends it.
        git, *words = shlex.split(ended.checkout_note.partition("There: ")[2])
        assert git == "git"
        repo.git(*words)
        assert (tmp_path / "second/a.txt").read_text() == "one\ntwo\n"
        assert repo.git("-C", str(tmp_path / "second"), "status", "--porcelain") == ""


async def test_an_untracked_file_in_the_way_stays(tmp_path: Path, repo: Repo) -> None:
    repo.write(**{"b.txt": "the person's own\n"})
    async with UpgradeWorld(tmp_path / "data") as world:
        ended = await world.approved(await world.proposed(repo))
        assert ended.state == "applied"
        assert (repo.folder / "b.txt").read_text() == "the person's own\n"
        assert "not committed" in ended.checkout_note


async def test_rejected_leaves_no_trace_but_the_reason(tmp_path: Path, repo: Repo) -> None:
    refs = repo.git("for-each-ref")
    objects = sorted(path.name for path in (repo.folder / ".git/objects").rglob("*"))
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        assert world.left() == [proposal.id]
        with pytest.raises(EditError, match="Say why"):
            await world.queue.reject(proposal.id, "  ")
        rejected = await world.queue.reject(proposal.id, "We do not want a second line.")
        assert (rejected.state, rejected.reason) == ("rejected", "We do not want a second line.")
        assert world.left() == []
        trees = [path.read_text() for path in world.folder.glob("upgrades/*/tree/*") if path.is_file()]
        assert not any("two" in text for text in trees)
        assert world.remembered == [
            'The change "A change" to repo was rejected: We do not want a second line.'
        ]
        with pytest.raises(StateError):
            await world.queue.approve(proposal.id, proposal.revision.digest)
        # The history can still be read.
        assert await world.queue.file(proposal.id, "a.txt", "new") == b"one\ntwo\n"
        assert world.left() == []
    assert repo.git("for-each-ref") == refs
    assert sorted(path.name for path in (repo.folder / ".git/objects").rglob("*")) == objects
    assert repo.git("worktree", "list").count("\n") == 0


async def test_undecided_proposals_expire(tmp_path: Path, repo: Repo) -> None:
    clock = FakeClock()
    async with UpgradeWorld(tmp_path / "data", clock=clock, upgrade_timeout_hours=2) as world:
        proposal = await world.proposed(repo)
        clock.seconds += 2 * 3600 - 1
        await world.queue._work.expire_due()
        assert (await world.queue.proposal(proposal.id)).state == "proposed"
        clock.seconds += 2
        with pytest.raises(StateError, match="has expired"):
            await world.queue.approve(proposal.id, proposal.revision.digest)
        await world.queue._work.expire_due()
        ended = await world.queue.proposal(proposal.id)
        assert (ended.state, world.left(), await world.queue.pending()) == ("expired", [], 0)
        assert world.types()[-1] == "upgrade.expired"


async def test_only_what_is_of_low_risk_and_passes_is_approved_by_the_machine(
    tmp_path: Path, repo: Repo
) -> None:
    repo.branch("risky", **{"pyproject.toml": "[project]\ndependencies = ['evil']\n"})
    repo.branch("failing", **{"a.txt": "two\n"})
    async with UpgradeWorld(tmp_path / "data", auto_approve_upgrades=True) as world:
        for branch in ("risky", "failing"):
            assert (await world.proposed(repo, branch)).state == "proposed"
        good = await world.proposed(repo)
        assert (good.state, good.is_automatic) == ("applied", True)
        assert "auto_approve_upgrades" in good.decided_by
        assert "Approved-by: Timmy, by the setting auto_approve_upgrades" in repo.git(
            "log", "-1", "--format=%B"
        )


async def test_what_is_red_in_the_proof_is_known_wherever_the_risk_is(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo", {"a.txt": "one\n", CHECKS: "test_a: a.txt contains one\ntest_b: skip\n"})
    repo.branch("feature", **{CHECKS: "test_b: skip\n"})
    async with UpgradeWorld(tmp_path / "data", auto_approve_upgrades=True) as world:
        proposal = await world.proposed(repo)
        proof = await world.queue.proof(proposal.id)
        assert proof is not None
        assert (proof.removed_tests, proposal.state, proposal.revision.risk) == (
            ("test_a",),
            "proposed",
            "low",
        )
        assert [one.revision.reds for one in await world.queue.proposals()] == [proof.reds] == [1]


async def test_without_a_sandbox_nothing_runs_unless_the_person_says_so(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        world.queue._trials._find = lambda: None
        proposal = await world.proposed(repo)
        assert proposal.revision.test is not None
        assert proposal.revision.test.outcome == "not_run"
        ended = await world.approved(proposal)
        assert (ended.state, "no sandbox" in ended.reason) == ("failed", True)
        assert world.acted.jobs == []


async def test_a_part_becomes_a_proposal_of_its_own_and_is_tested_again(tmp_path: Path) -> None:
    lines = [f"{number}\n" for number in range(40)]
    repo = Repo(tmp_path / "repo", {"a.txt": "".join(lines), CHECKS: "test_a: a.txt contains 1\n"})
    lines[2], lines[35] = "good\n", "bad\n"
    repo.branch("feature", **{"a.txt": "".join(lines), "b.txt": "unwanted\n"})
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        with pytest.raises(StaleError):
            await world.queue.accept_part(proposal.id, "0" * 64, [HunkRef("a.txt", 0)])
        digest = proposal.revision.digest
        with pytest.raises(EditError):
            await world.queue.accept_part(proposal.id, digest, [HunkRef("a.txt", 7)])
        with pytest.raises(EditError, match="all of its hunks"):
            await world.queue.accept_part(
                proposal.id, digest, [HunkRef("a.txt", WHOLE_FILE), HunkRef("b.txt", WHOLE_FILE)]
            )
        part = await world.queue.accept_part(proposal.id, digest, [HunkRef("a.txt", 0)])
        await world.queue.settled()
        part = await world.queue.proposal(part.id)
        assert (part.state, part.parent_id, part.origin, part.revision.is_tested) == (
            "proposed", proposal.id, "part", True,
        )  # fmt: skip
        assert (await world.queue.proposal(proposal.id)).state == "rejected"
        assert (await world.queue.decisions(proposal.id))[0].hunks == (HunkRef("a.txt", 0),)
        assert (await world.approved(part)).state == "applied"
        assert "good" in repo.read("a.txt")
        assert "bad" not in repo.read("a.txt")


async def test_seen_marks_hold_until_the_file_changes(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        for path in ("a.txt", "b.txt"):
            await world.queue.mark_seen(proposal.id, path)
        assert await world.queue.seen(proposal.id) == {"a.txt", "b.txt"}
        repo.git("checkout", "-q", "feature")
        repo.commit("more", **{"b.txt": "newer\n"})
        repo.git("checkout", "-q", "main")
        await world.queue.look_again(proposal.id)
        assert await world.queue.seen(proposal.id) == {"a.txt"}
        await world.queue.mark_seen(proposal.id, "a.txt", False)
        assert await world.queue.seen(proposal.id) == frozenset()
        assert b"+newer" in await world.queue.compare(proposal.id, 1, 2)


async def test_comments_go_to_the_agent_that_made_it_and_to_nobody_else(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        comment = await world.queue.comment(proposal.id, "Why two?", path="a.txt", line=2)
        assert (await world.queue.proposal(proposal.id)).open_comments == 1
        with pytest.raises(StateError, match="Only an agent's"):
            await world.queue.revise(proposal.id)
        await world.queue.uncomment(comment.id)
        assert await world.queue.comments(proposal.id) == []


async def test_rolling_back_undoes_it_and_keeps_what_came_later(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        repo.commit("later work", **{"later.txt": "keep\n"})
        rehearsal = await world.queue.rehearse_roll_back(applied.id)
        assert (rehearsal.is_possible, b"-two" in rehearsal.patch) == (True, True)
        assert repo.read("a.txt") == "one\ntwo"
        await world.queue.roll_back(applied.id, rehearsal)
        await world.queue.settled()
        ended = await world.queue.proposal(applied.id)
        assert (ended.state, repo.head()) == ("rolled_back", ended.rolled_back_commit)
        assert (repo.read("a.txt"), repo.read("later.txt")) == ("one", "keep")
        assert repo.git("log", "-1", "--format=%s") == 'Roll back "A change"'
        assert (repo.status(), world.left()) == ("", [])
        assert not (repo.folder / "b.txt").exists()


async def test_rolling_back_is_refused_where_something_would_be_lost(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        head = repo.commit("built upon it", **{"a.txt": "one\ntwo and more\n"})
        rehearsal = await world.queue.rehearse_roll_back(applied.id)
        assert rehearsal.conflicts == ("a.txt",)
        await world.queue.roll_back(applied.id, rehearsal)
        await world.queue.settled()
        assert (await world.queue.proposal(applied.id)).state == "applied"
        assert (repo.head(), repo.status()) == (head, "")
        assert world.types()[-1] == "upgrade.roll_back_refused"


async def test_rolling_back_is_refused_where_its_tests_fail(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        repo.commit("needs it", **{CHECKS: "test_a: a.txt contains two\n"})
        rehearsal = await world.queue.rehearse_roll_back(applied.id)
        assert "do not pass" in rehearsal.refusal


async def test_the_canary_offers_to_roll_back(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        await world.queue._work._watch()
        assert (await world.queue.proposal(applied.id)).suspicion == ""
        runs = len(world.acted.jobs)
        await world.queue._work._watch()  # the same commit is not tested over and over
        assert len(world.acted.jobs) == runs
        repo.commit(
            "it fails now", **{CHECKS: "test_a: a.txt contains one\ntest_z: a.txt contains nothing\n"}
        )
        await world.queue._work._watch()
        suspected = await world.queue.proposal(applied.id)
        assert "test_z" in suspected.suspicion
        assert world.types()[-1] == "upgrade.suspected"
        await world.queue.dismiss_suspicion(applied.id)
        assert (await world.queue.proposal(applied.id)).suspicion == ""


async def test_new_errors_of_the_application_itself_are_evidence(
    tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        await world.bus.publish(SystemFault(source="test", message="another program's"))
        await world.queue._work._watch()
        assert (await world.queue.proposal(applied.id)).suspicion == ""
        monkeypatch.setattr("timmy_desktop.upgrades.background.__file__", str(repo.folder / "app/x.py"))
        await world.bus.publish(SystemFault(source="test", message="It broke."))
        await world.queue._work._watch()
        assert "It broke." in (await world.queue.proposal(applied.id)).suspicion


async def test_rejecting_ends_the_tests_under_way(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.opened(repo)
        world.acted.hold = threading.Event()
        proposal = await world.queue.propose_branch(target.id, "feature", description="x")
        await eventually(lambda: world.acted.jobs)
        assert (await world.queue.proposal(proposal.id)).doing == "Testing the merge"
        await world.queue.reject(proposal.id, "no")
        assert world.left() == []


async def test_a_conflict_is_resolved_by_the_agent_that_made_it(tmp_path: Path, repo: Repo) -> None:
    asked: list[str] = []

    async def ask(text: str, conversation: str, local_only: bool) -> str:
        asked.append(text)
        return "task-2"

    async with UpgradeWorld(tmp_path / "data", ask_agent=ask) as world:
        await world.opened(repo)
        queue, drafts = world.queue, world.queue.drafts
        drafts.works_for("task-1", "Forge")
        draft = await queue.begin_draft("task-1")
        await drafts.write(draft, "a.txt", "one\nmine\n")
        proposal = await drafts.propose("task-1", "Mine", "Adds mine", "")
        repo.commit("meanwhile", **{"a.txt": "one\ntheirs\n"})
        proposal = await queue.look_again(proposal.id)
        assert proposal.revision.conflicts == ("a.txt",)
        await queue.comment(proposal.id, "Keep both.")
        await queue.revise(proposal.id)
        assert "Keep both." in asked[0]

        draft = await queue.begin_draft("task-2")
        assert "<<<<<<<" in await drafts.read(draft, "a.txt")
        await drafts.write(draft, "a.txt", "one\ntheirs\nmine\n")
        await drafts.propose("task-2", "Both", "Keeps both", "")
        await queue.settled()
        revised = await queue.proposal(proposal.id)
        assert (revised.revisions, revised.revision.conflicts, revised.open_comments) == (3, (), 0)
        assert (await world.approved(revised)).state == "applied"
        assert repo.read("a.txt") == "one\ntheirs\nmine"
        assert world.left() == []


async def test_agents_do_not_revise_what_somebody_elses_branch_proposed(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        with pytest.raises(StateError, match="not yours to change"):
            await world.queue.begin_draft("task", proposal_id=proposal.id)


@pytest.mark.parametrize(
    "hostile",
    [
        {"repository": "/tmp/\0"}, {"branch": "feature\0"}, {"description": "\ud800 \ud800"},
        {"repository": "/" + "a" * 5000},
    ],
    ids=["a folder that can't be", "a branch that can't be", "text that can't be", "a name too long"],
)  # fmt: skip
async def test_what_can_not_be_taken_is_answered_and_the_next_is_taken(
    tmp_path: Path, repo: Repo, hostile: dict[str, str]
) -> None:
    asked = {
        "repository": str(repo.folder), "branch": "feature", "description": "x", "reasoning": "", "proposer": "",
        "open_first": False,
    }  # fmt: skip
    async with UpgradeWorld(tmp_path / "data") as world:
        await world.opened(repo)
        place = tmp_path / "data/upgrades" / INBOX
        inbox = Inbox(place)
        repo.branch("another", **{"c.txt": "c\n"})
        first = inbox.hand_in(**{**asked, **hostile})
        then = inbox.hand_in(**{**asked, "branch": "another"})
        (place / "x.request").write_text("[" * 90_000)
        await eventually(lambda: len(list(place.glob("*.answer"))) == 2)
        assert "proposal" in (inbox.answer_to(then) or {})
        assert inbox.answer_to(first)
        await world.queue.settled()


async def test_what_an_agent_writes_is_never_parsed_on_the_loop(
    tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed_on: list[threading.Thread] = []

    def parse(path: str, text: str) -> str:
        parsed_on.append(threading.current_thread())
        return syntax_fault(path, text)

    monkeypatch.setattr(drafts_module, "syntax_fault", parse)
    async with UpgradeWorld(tmp_path / "data") as world:
        await world.opened(repo)
        draft = await world.queue.begin_draft("task-1")
        assert "no valid Python" in await world.queue.drafts.write(draft, "new.py", "def\n")
        assert parsed_on
        assert threading.main_thread() not in parsed_on
        await world.queue.drafts.ended("task-1")


async def test_what_a_local_only_task_proposed_stays_on_this_machine(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        await world.opened(repo)
        for task_id, local_only in (("private", True), ("open", False), ("private too", True)):
            await world.task(task_id, local_only=local_only)
        draft = await world.queue.begin_draft("private")
        await world.queue.drafts.write(draft, "a.txt", "one\nmine\n")
        proposal = await world.queue.drafts.propose("private", "Mine", "Adds mine", "")
        await world.queue.settled()
        with pytest.raises(StateError, match="stays on this machine"):
            await world.queue.begin_draft("open", proposal_id=proposal.id)
        assert "mine" in await world.queue.drafts.read(
            await world.queue.begin_draft("private too", proposal_id=proposal.id), "a.txt"
        )
        await world.queue.drafts.ended("private too")
        await world.queue.reject(proposal.id, "No.")
        assert (world.remembered, world.kept_here) == ([], ['The change "Mine" to repo was rejected: No.'])


async def test_threads_do_not_share_an_index(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        workshop = await world.queue._workshops.of(proposal.target_id)
        quarantine, head = workshop.quarantine(proposal.id), repo.head()
        trees = await asyncio.gather(
            *(
                asyncio.to_thread(quarantine.written, head, {"c.txt": str(number % 2).encode()})
                for number in range(16)
            )
        )
        assert len(set(trees)) == 2


async def test_a_linked_worktree_can_be_the_target(tmp_path: Path, repo: Repo) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"), "main")
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.queue.open_target(tmp_path / "linked")
        assert target.branch == "side"
        proposal = await world.queue.propose_branch(target.id, "feature", description="x")
        await world.queue.settled()
        assert (await world.approved(proposal)).state == "applied"
        assert (tmp_path / "linked/b.txt").read_text() == "new\n"
        assert not (repo.folder / "b.txt").exists()
        assert repo.git("status", "--porcelain") == ""


async def test_nothing_outside_an_opened_repository_is_proposed(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        with pytest.raises(UpgradeError, match="not open to proposals"):
            await world.queue.take(repository=str(repo.folder), branch="feature", description="x")
        target = await world.opened(repo)
        with pytest.raises(RepositoryError, match="no branch"):
            await world.queue.propose_branch(target.id, "nothing", description="x")
        repo.git("branch", "same", "main")
        with pytest.raises(EditError, match="nothing to propose"):
            await world.queue.propose_branch(target.id, "same", description="x")
        assert world.left() == []
        proposal = await world.queue.take(repository=str(repo.folder), branch="feature", description="x")
        await world.queue.close_target(target.id)
        assert (await world.queue.proposal(proposal.id)).state == "rejected"
        assert await world.queue.targets() == []


async def test_proposals_and_their_tests_are_there_after_a_restart(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        first = await world.proposed(repo)
    async with UpgradeWorld(tmp_path / "data") as world:
        assert await world.queue.proposal(first.id) == first
        assert [report.kind for report in await world.queue.tests(first.id)] == ["merge", "base"]
        assert (await world.approved(first)).state == "applied"


async def test_a_roll_back_is_of_what_was_rehearsed_and_of_nothing_else(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        rehearsal = await world.queue.rehearse_roll_back(applied.id)
        head = repo.commit("later work", **{"later.txt": "keep\n"})
        with pytest.raises(StaleError, match="Rehearse it again"):
            await world.queue.roll_back(applied.id, rehearsal)
        with pytest.raises(StaleError, match="Rehearse it again"):
            await world.queue.roll_back(applied.id, replace(rehearsal, head=head, patch=b"another"))
        assert (repo.head(), world.left()) == (head, [])
        await world.queue.roll_back(applied.id, await world.queue.rehearse_roll_back(applied.id))
        await world.queue.settled()
        assert (await world.queue.proposal(applied.id)).state == "rolled_back"


async def test_what_moves_while_a_roll_back_is_tested_refuses_it(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        applied = await world.approved(await world.proposed(repo))
        rehearsal = await world.queue.rehearse_roll_back(applied.id)
        world.queue._work.refuse_unrehearsed = _nothing  # type: ignore[method-assign]
        head = repo.commit("later work", **{"later.txt": "keep\n"})
        await world.queue.roll_back(applied.id, rehearsal)
        await world.queue.settled()
        assert (await world.queue.proposal(applied.id)).state == "applied"
        assert (repo.head(), world.types()[-1]) == (head, "upgrade.roll_back_refused")


async def _nothing(*_: Any) -> None:
    return None


async def test_a_branch_is_not_proposed_twice_unless_it_moved(tmp_path: Path, repo: Repo) -> None:
    async with UpgradeWorld(tmp_path / "data") as world:
        proposal = await world.proposed(repo)
        with pytest.raises(StateError, match=f"proposed already, as {short_id(proposal.id)}"):
            await world.proposed(repo)
        repo.git("branch", "-f", "feature", "main")
        repo.git("checkout", "-q", "feature")
        repo.commit("more", **{"a.txt": "one\ntwo\nthree\n"})
        repo.git("checkout", "-q", "main")
        assert (await world.proposed(repo)).id != proposal.id
        assert await world.queue.pending() == 2


async def test_what_is_due_expires_while_a_canary_is_tested(tmp_path: Path, repo: Repo) -> None:
    clock, going, end = FakeClock(), asyncio.Event(), asyncio.Event()
    clock.seconds = 1_800_000_000.0  # git takes no date of the year 1970
    async with UpgradeWorld(tmp_path / "data", clock=clock, upgrade_timeout_hours=1) as world:
        await world.approved(await world.proposed(repo))
        repo.branch("other", **{"c.txt": "c\n"})
        waiting = await world.proposed(repo, branch="other")

        async def look(*_: Any) -> bool:
            going.set()
            await end.wait()
            return False

        work = world.queue._work
        work._canary.look = look  # type: ignore[method-assign]
        work._round_seconds = 0.01
        rounds = asyncio.create_task(work._go_round())
        await asyncio.wait_for(going.wait(), 10)
        clock.seconds += 3601
        await eventually(lambda: "upgrade.expired" in world.types())
        assert (await world.queue.proposal(waiting.id)).state == "expired"
        end.set()
        rounds.cancel()
        await asyncio.gather(rounds, return_exceptions=True)


def test_answers_that_nobody_comes_for_are_taken_away(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / INBOX)
    inbox.answer("old", error="no")
    inbox.answer("new", error="no")
    os.utime(tmp_path / INBOX / "old.answer", (1000, 1000))
    inbox.drop_old(2000)
    assert (inbox.answer_to("old"), inbox.answer_to("new")) == (None, {"error": "no"})


async def test_an_agent_is_asked_for_a_change_to_what_is_open(tmp_path: Path, repo: Repo) -> None:
    asked: list[tuple[str, str, bool]] = []

    async def ask(*words: Any) -> str:
        asked.append(words)
        return "task"

    async with UpgradeWorld(tmp_path / "data", ask_agent=ask) as world:
        target = await world.opened(repo)
        assert await world.queue.ask_for_change(target.id, " Boil faster ") == "task"
        assert asked == [
            (f"Propose a change: to the repository repo ({repo.folder}): Boil faster", "", False)
        ]
        with pytest.raises(EditError, match="what should be different"):
            await world.queue.ask_for_change(target.id, " ")
        await world.queue.close_target(target.id)
        with pytest.raises(UpgradeError, match="not open"):
            await world.queue.ask_for_change(target.id, "Boil")
        own = world.queue.own_source()
        assert own is None or (own / "timmy_desktop").is_dir()


async def test_every_event_of_a_task_s_proposal_names_the_task(tmp_path: Path, repo: Repo) -> None:
    """By it the words of a task that is local only are kept here."""
    async with UpgradeWorld(tmp_path / "data") as world:
        made = await world.proposed(repo)
        records = world.queue._records
        new = NewProposal(new_id(), made.target_id, "A change", "", "", "forge", "task", task_id="t-local")
        revision = made.revision
        first = NewRevision(
            revision.base_commit, revision.target_head, revision.commit, revision.tree, b"", revision.digest,
            revision.files, revision.risk, (), (),
        )  # fmt: skip
        of_task = await records.propose(new, first)
        said = await records.comment(of_task, "Why?", PERSON, "", 0, "new")
        await records.uncomment(said.id)
        await records.mark_seen(of_task, "a.txt", False)
        await records.step(of_task.id, "")
        await records.checkout_noted(of_task, "A word of it.")
        told = [event for event in world.events if getattr(event, "upgrade_id", "") == of_task.id]
        assert {event.type for event in told} == {
            "upgrade.proposed", "upgrade.commented", "upgrade.comment_removed", "upgrade.file_seen",
            "upgrade.noted",
        }  # fmt: skip
        assert {event.task_id for event in told} == {"t-local"}
