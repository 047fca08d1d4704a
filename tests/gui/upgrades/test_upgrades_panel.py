"""The Upgrades dock as a person uses it: read, comment, choose, approve, reject, roll back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.bus import FakeBus
from tests.fakes.upgrades import HOUR_US, PASSED, FakeUpgrades, refusal
from tests.gui.upgrades.conftest import LINES, NEW, OLD, Dock
from timmy_desktop.gui.panel import OpenUpgrade
from timmy_desktop.gui.panels.upgrades.list_model import PROPOSAL_ROLE
from timmy_desktop.gui.panels.upgrades.words import second_line, spoken
from timmy_desktop.gui.widgets.diff_view.embedded import DraftBox
from timmy_desktop.upgrades.checkouts import note_of
from timmy_desktop.upgrades.types import HunkRef, ProofPacket, Target, TestCase, Weakening, digest_of

Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier
MakeDock = Callable[..., Dock]


def titles(dock: Dock) -> list[str]:
    model = dock.panel.model
    return [model.index(row, 0).data(PROPOSAL_ROLE).title for row in range(model.rowCount())]


async def settled(dock: Dock) -> None:
    await eventually(dock.panel.settle)


async def reviewing(make_dock: MakeDock, queue: FakeUpgrades, **facts: Any) -> tuple[Dock, str]:
    """A dock that shows one proposal, from its changes on."""
    proposal_id = queue.propose("Boil faster", OLD, NEW, **facts)
    dock = make_dock()
    await settled(dock)
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: dock.page.review is not None and dock.page.evidence is not None)
    await settled(dock)
    return dock, proposal_id


async def test_what_waits_comes_first_then_the_history(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    first = queue.propose("Old and waiting", OLD, NEW)
    done = queue.propose("Newer and rejected", OLD, NEW)
    await queue.reject(done, "No.")
    queue.propose("Newest and waiting", OLD, NEW)
    dock = make_dock()
    QAbstractItemModelTester(
        dock.panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal, dock.panel
    )
    await settled(dock)
    assert titles(dock) == ["Newest and waiting", "Old and waiting", "Newer and rejected"]
    dock.panel.list_page.state.setCurrentIndex(1)
    assert titles(dock) == ["Newest and waiting", "Old and waiting"]
    dock.panel.list_page.search.setText("old")
    await eventually(lambda: titles(dock) == ["Old and waiting"])
    dock.panel.list_page.search.setText("nothing like it")
    await eventually(lambda: titles(dock) == [])
    assert "fits these filters" in dock.panel.list_page.empty.accessibleName()
    assert dock.panel.model.proposal(first) is not None
    await settled(dock)


async def test_an_empty_queue_says_what_it_is_for(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock = make_dock()
    await settled(dock)
    assert "No repository is open" in dock.panel.list_page.empty.accessibleName()
    dock.panel.open_repository("/somewhere/kettle")
    await eventually(lambda: "Nothing waits for you" in dock.panel.list_page.empty.accessibleName())
    assert queue.open_targets[0].folder == Path("/somewhere/kettle")
    assert any("kettle is open" in words for words in dock.said())
    await settled(dock)


async def test_a_queue_that_cannot_be_read_says_so_and_is_tried_again(
    make_dock: MakeDock, queue: FakeUpgrades, expected_log: Callable[[str], None]
) -> None:
    queue.fault = refusal("The database is busy.")
    expected_log("The database is busy.")
    queue.open_targets = [Target("t", Path("/x"), "main", "a" * 40, "", (), False, 1)]
    dock = make_dock()
    await eventually(lambda: "can't be read" in dock.panel.list_page.empty.accessibleName())
    dock.panel.list_page.try_again_wanted.emit()
    await eventually(lambda: "Nothing waits" in dock.panel.list_page.empty.accessibleName())
    await settled(dock)


async def test_a_change_that_cannot_be_read_says_so(
    make_dock: MakeDock, queue: FakeUpgrades, expected_log: Callable[[str], None]
) -> None:
    queue.diff_fault = refusal("The patch is gone.")
    expected_log("The patch is gone.")
    queue.propose("Boil faster", OLD, NEW)
    dock = make_dock()
    await eventually(lambda: "can't be shown" in dock.page.empty.accessibleName())
    dock.panel._load_review()
    await eventually(lambda: dock.page.review is not None)
    await settled(dock)


async def test_the_first_that_waits_is_read_at_once(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    queue.propose("Boil faster", OLD, NEW)
    dock = make_dock()
    await eventually(lambda: dock.page.review is not None)
    assert [file.path for file in dock.view.document.diff.files] == ["kettle.py", "tea.md"]
    assert "expires in 24 h" in dock.page.head._expiry.text() or "23 h" in dock.page.head._expiry.text()
    await settled(dock)


async def test_approving_sends_the_digest_of_what_is_on_screen(
    make_dock: MakeDock, queue: FakeUpgrades, qtbot: QtBot
) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    QTest.keyClick(dock.view, Key.Key_Return, Control)
    dialog = dock.dialog()
    assert "merged onto main" in " ".join(
        label.text() for label in dialog.findChildren(type(dock.page.head._title))
    )
    assert dialog.focusWidget() is dialog.stay_button
    qtbot.mouseClick(dialog.go_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: queue.asked)
    shown = digest_of(dock.view.document.reading.patch)
    assert queue.asked == [("approve", proposal_id, shown)]
    await eventually(lambda: dock.page.review.proposal.state == "approved")
    assert not dock.page.bar.approve.isVisible()
    assert "Applying it" in dock.page.notice.words
    queue.apply_now(proposal_id)
    await eventually(lambda: dock.page.review.proposal.state == "applied")
    assert dock.page.bar.roll_back.isVisible()
    await settled(dock)


async def test_a_revision_that_comes_meanwhile_is_not_approved_unseen(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    queue.revise_now(proposal_id, {**NEW, "tea.md": "# Tea\n\nBoiling.\n"})
    await eventually(lambda: dock.page.review.proposal.revision.number == 2)
    assert dock.page.review.revision == 1
    assert "Revision 2 has come" in dock.page.notice.words
    assert not dock.page.bar.approve.isEnabled()
    dock.panel.act("approve")
    assert queue.asked == []
    dock.page.notice.action_button.click()
    await eventually(lambda: dock.page.review is not None and dock.page.review.revision == 2)
    assert dock.page.bar.approve.isEnabled()
    await settled(dock)


async def test_a_refusal_is_told_and_what_is_there_is_read_again(
    make_dock: MakeDock, queue: FakeUpgrades, expected_log: Callable[[str], None]
) -> None:
    dock, _ = await reviewing(make_dock, queue)
    dock.page.review = replace(dock.page.review, digest="0" * 64)
    expected_log("is not what is stored")
    dock.panel.act("approve")
    dock.dialog().go_button.click()
    await eventually(lambda: any("is not what is stored" in words for words in dock.said()))
    await settled(dock)
    assert dock.page.review.proposal.state == "proposed"
    assert dock.page.bar.approve.isEnabled()
    await settled(dock)


async def test_nothing_is_approved_with_white_space_hidden(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    proposal_id = queue.propose("Indent", {"a.py": "if x:\n  y\n"}, {"a.py": "if x:\n    y\n"})
    dock = make_dock()
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: dock.page.review is not None)
    QTest.keyClick(dock.view, Key.Key_I)
    assert not dock.page.bar.approve.isEnabled()
    assert "white space are hidden" in dock.page.bar.words.text()
    dock.page.bar.mend.click()
    assert dock.page.bar.approve.isEnabled()
    await settled(dock)


async def test_a_part_is_accepted_hunk_by_hunk(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    QTest.keyClick(dock.view, Key.Key_N)
    QTest.keyClick(dock.view, Key.Key_X)
    assert not dock.page.bar.approve.isEnabled()
    assert dock.page.bar.part.text() == "Accept 2 of 3 hunks…"
    dock.page.bar.part.click()
    dock.dialog().go_button.click()
    await eventually(lambda: queue.asked)
    hunks = (HunkRef("kettle.py", 1), HunkRef("tea.md", 0))
    assert queue.asked == [("accept_part", proposal_id, dock.page.review.digest, hunks)]
    await settled(dock)


async def test_a_rejection_carries_its_reason(make_dock: MakeDock, queue: FakeUpgrades, qtbot: QtBot) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    dock.page.bar.reject.click()
    dialog = dock.dialog()
    qtbot.keyClicks(dialog.edit, "Too hot.")
    QTest.keyClick(dialog.edit, Key.Key_Return, Control)
    await eventually(lambda: dock.page.review.proposal.state == "rejected")
    assert queue.asked == [("reject", proposal_id, "Too hot.")]
    assert "Rejected: Too hot." in dock.page.notice.words
    assert not dock.page.bar.isVisible()
    assert not dock.view.can_take
    await settled(dock)


async def test_a_comment_is_kept_on_its_line_and_taken_back(
    make_dock: MakeDock, queue: FakeUpgrades, qtbot: QtBot
) -> None:
    dock, _ = await reviewing(make_dock, queue)
    QTest.keyClick(dock.view, Key.Key_N)
    QTest.keyClick(dock.view, Key.Key_Down)
    QTest.keyClick(dock.view, Key.Key_C)
    box = dock.view.findChild(DraftBox)
    qtbot.keyClicks(box.edit, "Why so hot?")
    assert "comment" in dock.panel.unfinished()
    QTest.keyClick(box.edit, Key.Key_Return, Control)
    await eventually(lambda: dock.page.changes._comments)
    assert queue.asked == [("comment", "kettle.py", 6, "new", "Why so hot?")]
    await settled(dock)
    assert dock.panel.unfinished() == ""
    assert dock.page.bar.revise.text().strip() == "Send back 1 comment"
    card = next(iter(dock.view._embedded._widgets.values()))
    assert "Why so hot?" in card.accessibleName()
    card.take_back_button.click()
    await eventually(lambda: not dock.page.changes._comments)
    await settled(dock)


async def test_a_comment_that_fails_can_be_tried_again(
    make_dock: MakeDock, queue: FakeUpgrades, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    dock, _ = await reviewing(make_dock, queue)
    expected_log("The disk is full.")
    dock.view.write_comment()
    box = dock.view.findChild(DraftBox)
    qtbot.keyClicks(box.edit, "Why?")
    queue.fault = refusal("The disk is full.")
    box.keep_button.click()
    await eventually(lambda: "The disk is full." in dock.said())
    assert box.edit.text() == "Why?"
    assert box.keep_button.isEnabled()
    box.keep_button.click()
    await eventually(lambda: dock.page.changes._comments)
    await settled(dock)


async def test_comments_go_back_and_a_revision_answers_them(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    await queue.comment(proposal_id, "Why?", path="kettle.py", line=6)
    await eventually(lambda: dock.page.bar.revise.isEnabled())
    dock.page.bar.revise.click()
    await eventually(lambda: ("revise", proposal_id) in queue.asked)
    queue.revise_now(proposal_id, {**NEW, "kettle.py": "\n".join(LINES) + "\nlast = 1\n"})
    await eventually(lambda: dock.page.review.proposal.revisions == 2)
    dock.panel.act("show_newest")
    await eventually(lambda: dock.page.review is not None and dock.page.review.revision == 2)
    await settled(dock)
    dock.page.history.compare_wanted.emit(1, 2)
    await eventually(lambda: dock.page.compared == (1, 2))
    assert "revision 2 changed of revision 1" in dock.page.notice.words
    assert not dock.page.bar.approve.isEnabled()
    dock.page.notice.action_button.click()
    await eventually(lambda: dock.page.review is not None and dock.page.compared is None)
    await settled(dock)


async def test_seen_marks_are_kept_and_shown(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    QTest.keyClick(dock.view, Key.Key_S)
    await eventually(lambda: queue.seen_paths.get(proposal_id) == {"kettle.py"})
    files = dock.page.changes.files
    files.setFocus()
    files.setCurrentIndex(files.files.index(files.files.row_of(1), 0))
    QTest.keyClick(files, Key.Key_Space)
    await eventually(lambda: queue.seen_paths[proposal_id] == {"kettle.py", "tea.md"})
    QTest.keyClick(files, Key.Key_Return)
    assert dock.view.file == 1
    await settled(dock)


async def test_a_conflict_is_told_and_offered_for_another_look(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    dock, proposal_id = await reviewing(make_dock, queue, conflicts=("kettle.py",))
    assert "can't be merged: kettle.py" in dock.page.notice.words
    assert not dock.page.bar.approve.isEnabled()
    dock.page.notice.action_button.click()
    await eventually(lambda: ("look_again", proposal_id) in queue.asked)
    await settled(dock)


async def test_a_stale_one_is_told_and_offered_for_another_look(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    proposal_id = queue.propose("Boil", OLD, NEW)
    queue.refusals[proposal_id] = "The branch main has moved since."
    dock = make_dock()
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: "has moved since" in dock.page.notice.words)
    assert not dock.page.bar.approve.isEnabled()
    dock.page.notice.action_button.click()
    await eventually(lambda: ("look_again", proposal_id) in queue.asked)
    await eventually(lambda: dock.page.bar.approve.isEnabled())
    await settled(dock)


async def test_what_weakens_the_tests_is_red_and_in_words(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    proposal_id = queue.propose("Boil", OLD, NEW)
    failed = TestCase("tests/test_kettle.py::test_boil", "failed", "assert 1 == 2", 3)
    queue.proofs[proposal_id] = ProofPacket(
        base=replace(PASSED, kind="base"), merge=PASSED, removed_tests=("tests/test_kettle.py::test_safety",),
        weakened=(Weakening("tests/test_tea.py", 12, "an assertion is gone"),), fails_without="no",
        dependencies=("kettle-lib 2.0",),
    )  # fmt: skip
    queue.reports[proposal_id] = [replace(PASSED, kind="branch", outcome="failed", failed=1, cases=(failed,))]
    dock = make_dock()
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: dock.page.evidence is not None)
    words = dock.page.proof.text()
    assert "test_safety" in words
    assert "tests/test_tea.py, line 12: an assertion is gone" in words
    assert "also pass without the change" in words
    assert "kettle-lib 2.0" in words
    assert "▲ 2" in dock.page.tabs.tabText(2)
    assert "failed: tests/test_kettle.py::test_boil" in dock.page.tests.text()
    await settled(dock)


async def test_a_low_risk_says_what_it_is_of_and_what_is_red_stands_beside_it(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    dock, proposal_id = await reviewing(make_dock, queue)
    head = dock.page.head
    assert (head.risk.text, head.red.isVisible()) == ("low risk by its files", False)
    assert "in its proof" not in spoken(queue.known[proposal_id], 0)
    queue.prove(proposal_id, ProofPacket(merge=PASSED, removed_tests=("tests/test_kettle.py::test_safety",)))
    await eventually(head.red.isVisible)
    assert (head.red.text, head.risk.text) == ("1 red in its proof", "low risk by its files")
    row = dock.panel.model.index(0, 0)
    await eventually(lambda: "1 red in its proof" in row.data(Qt.ItemDataRole.AccessibleTextRole))
    assert "1 red in its proof" in second_line(queue.known[proposal_id], 0)
    await settled(dock)


async def test_a_checkout_is_offered_to_be_updated_only_where_that_helps(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    notes = {
        "The checkout is up to date: 1 file changed.": False,
        "Another branch is checked out, and was left as it is.": False,
        note_of(
            "dirty", Target("t1", Path("/kettle"), "main", "", "", (), False, 0), "a" * 40, "b" * 40
        ): True,
    }
    dock, proposal_id = await reviewing(make_dock, queue)
    for note, is_offered in notes.items():
        queue.change(proposal_id, state="applied", checkout_note=note)
        await eventually(lambda note=note: dock.page.notice.words == note)
        assert bool(dock.page._notice_action) == is_offered
    await settled(dock)


async def test_a_proof_that_is_being_made_says_so(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock, proposal_id = await reviewing(make_dock, queue, doing="Testing the merge")
    QTest.keyClick(dock.view, Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert dock.page.tabs.currentWidget() is dock.page.proof
    assert "Testing the merge" in dock.page.notice.words
    queue.proofs[proposal_id] = ProofPacket(merge=PASSED)
    queue.change(proposal_id, doing="")
    await eventually(lambda: "No test was removed" in dock.page.proof.text())
    await settled(dock)


async def test_rolling_back_is_rehearsed_offered_with_evidence_and_done(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    dock, proposal_id = await reviewing(make_dock, queue, state="applied", applied_commit="e" * 40)
    queue.change(proposal_id, suspicion="2 tests fail since: test_boil, test_tea")
    await eventually(lambda: "2 tests fail since" in dock.page.notice.words)
    dock.page.notice.action_button.click()
    await eventually(lambda: ("rehearse", proposal_id) in queue.asked)
    await settled(dock)
    dock.dialog().go_button.click()
    await eventually(lambda: dock.page.review.proposal.state == "rolled_back")
    assert queue.asked[-1] == ("roll_back", proposal_id, "e" * 40)
    await settled(dock)


async def test_a_roll_back_that_can_not_be_done_says_why(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    queue.roll_back_refusal = "Later commits changed the same lines."
    dock, _ = await reviewing(make_dock, queue, state="applied")
    dock.page.bar.roll_back.click()
    await eventually(lambda: any("Later commits changed" in words for words in dock.said()))
    assert dock.page.bar.roll_back.isEnabled()
    await settled(dock)


async def test_a_narrow_dock_shows_one_at_a_time(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    queue.propose("Boil faster", OLD, NEW)
    dock = make_dock(420, 400)
    await settled(dock)
    page, queue_page = dock.page, dock.panel.list_page
    assert (queue_page.isVisible(), page.isVisible()) == (True, False)
    dock.panel.focus_first()
    QTest.keyClick(queue_page.list, Key.Key_Return)
    await eventually(lambda: page.isVisible() and page.review is not None)
    assert not queue_page.isVisible()
    QTest.keyClick(dock.view, Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert (queue_page.isVisible(), page.isVisible()) == (True, False)
    assert dock.panel.minimumSizeHint().width() <= 400
    await settled(dock)


async def test_another_part_of_the_window_opens_a_proposal(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    queue.propose("First", OLD, NEW)
    second = queue.propose("Second", OLD, {**NEW, "tea.md": "# T\n"})
    await queue.reject(second, "no")
    dock = make_dock()
    await settled(dock)
    assert dock.panel.fulfil(OpenUpgrade(second))
    await eventually(lambda: dock.page.review is not None and dock.page.review.proposal.id == second)
    await settled(dock)


async def test_pictures_and_folds_are_asked_of_the_queue(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    proposal_id = queue.propose("Paint", {**OLD, "a.png": b"\x89PNG\0\1"}, {**NEW, "a.png": b"\x89PNG\0\2"})
    dock = make_dock()
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: dock.view.document.files and dock.view.document.files[1].new_lines is not None)
    dock.view.go_to(1)
    QTest.keyClick(dock.view, Key.Key_Return)
    await eventually(lambda: 0 in dock.view._pictures)
    await settled(dock)


async def test_times_left_follow_the_clock(make_dock: MakeDock, queue: FakeUpgrades, bus: FakeBus) -> None:
    dock, _ = await reviewing(make_dock, queue)
    bus.now += 22 * HOUR_US
    dock.page.head._tick()
    assert dock.page.head._expiry.text() in ("expires in 1 h", "expires in 2 h")
    assert dock.page.head._expiry.property("tone") == "warn"
    await settled(dock)


async def test_how_it_is_shown_is_remembered(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock, _ = await reviewing(make_dock, queue)
    QTest.keyClick(dock.view, Key.Key_V)
    dock.panel.stop()
    again = make_dock()
    await settled(again)
    assert again.view.document.split
    await settled(again)


@pytest.mark.parametrize("state", ["expired", "failed"])
async def test_ends_are_told_in_words(make_dock: MakeDock, queue: FakeUpgrades, state: str) -> None:
    dock, _ = await reviewing(
        make_dock, queue, state=state, reason="3 tests fail on the merge.", can_look_again=True
    )
    words = {"expired": "Nobody decided in time", "failed": "nothing was changed. 3 tests fail"}
    assert words[state] in dock.page.notice.words
    assert not dock.page.bar.isVisible()
    assert not dock.view.can_comment
    await settled(dock)
