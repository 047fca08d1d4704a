"""What can be done with the repositories that are open to proposals, and other controls of the dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QCheckBox, QPushButton

from tests.conditions import eventually
from tests.fakes.upgrades import FakeUpgrades
from tests.gui.upgrades.conftest import Dock
from tests.gui.upgrades.test_upgrades_panel import MakeDock, reviewing, settled
from timmy_desktop.gui.dialogs import Question
from timmy_desktop.gui.panels.upgrades.dialogs import DecisionDialog
from timmy_desktop.gui.panels.upgrades.targets_dialog import TargetsDialog
from timmy_desktop.upgrades.errors import StaleError

Key = Qt.Key


async def targets_shown(dock: Dock) -> TargetsDialog:
    dock.panel.targets_button.click()
    await settled(dock)
    (dialog,) = dock.panel.findChildren(TargetsDialog)
    return dialog


async def pressed(dialog: TargetsDialog, words: str) -> None:
    """Cards that were just laid out are shown a turn of the loop later."""

    def found() -> list[QPushButton]:
        return [one for one in dialog.findChildren(QPushButton) if words in one.text() and one.isVisible()]

    await eventually(lambda: len(found()) == 1)
    found()[0].click()


async def test_a_repository_is_asked_for_a_change_and_closed(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    target = await queue.open_target(Path("/src/kettle"))
    dock = make_dock()
    await settled(dock)
    dialog = await targets_shown(dock)
    await pressed(dialog, "Ask for a change")
    (question,) = dialog.findChildren(DecisionDialog)
    assert not question.go_button.isEnabled()
    question.edit.setPlainText("Boil faster")
    question.go_button.click()
    await eventually(lambda: ("ask", target.id, "Boil faster") in queue.asked)
    await settled(dock)
    await pressed(dialog, "Close to proposals")
    (warning,) = dialog.findChildren(Question)
    warning.go_button.click()
    await eventually(lambda: not queue.open_targets)
    await settled(dock)
    dialog.close()


async def test_tests_without_a_sandbox_are_allowed_in_clear_words_where_there_is_none(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    await queue.open_target(Path("/src/kettle"))
    queue.sandbox_name = ""
    dock = make_dock()
    await settled(dock)
    dialog = await targets_shown(dock)
    await eventually(lambda: len(dialog.findChildren(QCheckBox)) == 1)
    (box,) = dialog.findChildren(QCheckBox)
    box.click()
    await eventually(lambda: queue.open_targets[0].unsandboxed)
    await settled(dock)
    assert any("without a sandbox" in words for words in dock.said())
    dialog.close()


async def test_with_a_sandbox_nothing_is_asked_and_the_own_source_is_offered(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    queue.own = Path("/src/timmy")
    dock = make_dock()
    await settled(dock)
    dialog = await targets_shown(dock)
    assert dialog.findChildren(QCheckBox) == []
    await pressed(dialog, "own source")
    await eventually(lambda: [one.folder for one in queue.open_targets] == [queue.own])
    await settled(dock)
    assert not dialog.own_button.isVisible()
    dialog.close()


async def test_a_suspicion_is_dismissed(make_dock: MakeDock, queue: FakeUpgrades) -> None:
    dock, proposal_id = await reviewing(make_dock, queue, state="applied", applied_commit="e" * 40)
    assert not dock.page.bar.dismiss.isVisible()
    queue.change(proposal_id, suspicion="2 tests fail since")
    await eventually(dock.page.bar.dismiss.isVisible)
    await settled(dock)
    dock.page.bar.dismiss.click()
    await eventually(lambda: ("dismiss", proposal_id) in queue.asked)
    await settled(dock)
    assert dock.page.notice.words == ""


async def test_a_roll_back_of_something_else_is_rehearsed_again(
    make_dock: MakeDock, queue: FakeUpgrades, expected_log: Callable[[str], None]
) -> None:
    expected_log("has moved since")
    dock, proposal_id = await reviewing(make_dock, queue, state="applied", applied_commit="e" * 40)
    dock.page.bar.roll_back.click()
    await settled(dock)
    queue.fault = StaleError("main has moved since rolling back was rehearsed.")
    dock.dialog().go_button.click()
    await eventually(lambda: queue.asked.count(("rehearse", proposal_id)) == 2)
    await settled(dock)
    dock.dialog().go_button.click()
    await eventually(lambda: dock.page.review.proposal.state == "rolled_back")
    await settled(dock)


async def test_the_files_are_a_tree_and_a_drop_down_where_it_is_narrow(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    old = {f"src/app/{name}.py": "one = 1\n" for name in "abc"} | {"README.md": "# Tea\n"}
    new = {path: text + "two = 2\n" for path, text in old.items()}
    proposal_id = queue.propose("Two", old, new)
    dock = make_dock()
    await settled(dock)
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: dock.page.review is not None)
    await settled(dock)
    files = dock.page.changes.files
    QAbstractItemModelTester(files.files)
    assert [row.name for row in files.files.rows] == ["src/app", "a.py", "b.py", "c.py", "README.md"]
    files.setFocus()
    QTest.keyClick(files, Key.Key_Home)
    QTest.keyClick(files, Key.Key_Left)
    assert [row.name for row in files.files.rows] == ["src/app", "README.md"]
    QTest.keyClick(files, Key.Key_Right)
    QTest.keyClick(files, Key.Key_Down)
    QTest.keyClick(files, Key.Key_Space)
    await eventually(lambda: len(queue.seen_paths.get(proposal_id, ())) == 1)
    spoken = files.files.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "folder of 3 files, 1 seen, 3 added" in spoken
    dock.panel.resize(500, 600)
    chooser = dock.page.changes.chooser
    assert (files.isVisible(), chooser.isVisible(), chooser.count()) == (False, True, 4)
    assert [chooser.itemText(place).startswith("✓") for place in range(4)].count(True) == 1
    chooser.activated.emit(3)
    assert dock.view.file == 3
    await settled(dock)


async def test_a_line_that_is_not_wholly_shown_is_not_approved(
    make_dock: MakeDock, queue: FakeUpgrades
) -> None:
    proposal_id = queue.propose("Long", {"a.txt": "x\n"}, {"a.txt": "y" * 60_000 + "\n"})
    dock = make_dock()
    await settled(dock)
    dock.panel.open_proposal(proposal_id)
    await eventually(lambda: dock.page.review is not None and dock.page.evidence is not None)
    assert not dock.page.bar.approve.isEnabled()
    assert "1 long line is not shown to the end" in dock.page.bar.words.text()
    dock.page.bar.mend.click()
    assert dock.page.bar.approve.isEnabled()
    cell = next(
        cell for row in range(dock.view.document.rows)
        for cell in dock.view.document.cells(row) if cell is not None and cell.line.kind == "+"
    )  # fmt: skip
    assert dock.view._lines.line(cell, ()).cut_off == 0
    await settled(dock)
