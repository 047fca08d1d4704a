"""The dock over the real queue, a real repository and a real log: from a branch to a commit, by keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from tests.fakes.upgrade_world import CHECKS, Repo, UpgradeWorld
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panels.upgrades.dialogs import DecisionDialog
from timmy_desktop.gui.panels.upgrades.panel import UpgradesPanel
from timmy_desktop.gui.widgets.diff_view.embedded import DraftBox
from timmy_desktop.upgrades.types import digest_of

Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier
LINES = "".join(f"line {number}\n" for number in range(1, 80))
EDITED = LINES.replace("line 5\n", "line five\n").replace("line 60\n", "line sixty\n")

PATIENCE_S = 50


class Place:
    """A window's worth of one dock."""

    def __init__(self, world: UpgradeWorld, repo: Repo, folder: Path) -> None:
        self.world, self.repo = world, repo
        self.panel = UpgradesPanel(
            queue=world.queue, bus=world.bus, supervisor=world.supervisor,
            keepsakes=Keepsakes(folder / "panel.json"), now_us=world.clock.now_us,
        )  # fmt: skip
        self.panel.resize(1100, 700)
        self.panel.show()
        self.panel.activateWindow()
        self.panel.start()

    async def shown(self, revision: int = 1) -> None:
        page = self.panel.page
        await eventually(
            lambda: (
                self.panel.settle()
                and page.review is not None
                and page.review.revision == revision
                and page.review.proposal.revision.is_tested
                and page.evidence is not None
                and page.evidence.proof is not None
            ),
            timeout=PATIENCE_S,
        )

    async def answer(self) -> None:
        """Says yes to the question on screen, which may take its time to come."""
        await eventually(lambda: self._questions(), timeout=PATIENCE_S)
        (dialog,) = self._questions()
        dialog.go_button.click()

    def _questions(self) -> list[DecisionDialog]:
        return [one for one in self.panel.findChildren(DecisionDialog) if one.isVisible()]

    async def state(self, state: str) -> None:
        review = self.panel.page
        await eventually(
            lambda: review.review is not None and review.review.proposal.state == state, timeout=PATIENCE_S
        )
        await self.world.queue.settled()
        await eventually(self.panel.settle)


@asynccontextmanager
async def reviewing(tmp_path: Path) -> AsyncIterator[Place]:
    """Within the test: what the queue does in the background must not outlive the test's loop."""
    repo = Repo(tmp_path / "repo", {"a.txt": LINES, CHECKS: "test_a: a.txt contains line\n"})
    repo.branch("feature", **{"a.txt": EDITED, "b.txt": "new\n"})
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.opened(repo)
        await world.queue.propose_branch(target.id, "feature", description="Spell the numbers out")
        place = Place(world, repo, tmp_path)
        await place.shown()
        yield place
        place.panel.stop()
        place.panel.close()
        place.panel.deleteLater()


async def test_what_is_on_screen_is_approved_by_key_and_becomes_a_commit(
    qapp: QApplication, tmp_path: Path
) -> None:
    async with reviewing(tmp_path) as place:
        panel = place.panel
        panel.view.setFocus()
        shown = digest_of(panel.view.document.reading.patch)
        QTest.keyClick(panel.view, Key.Key_Return, Control)
        await place.answer()
        await place.state("applied")
        assert f"Diff-digest: sha256:{shown}" in place.repo.git("log", "-1", "--format=%B", "main")
        assert place.repo.read("a.txt") == EDITED.strip()
        await eventually(panel.page.bar.roll_back.isEnabled, timeout=PATIENCE_S)
        panel.page.bar.roll_back.click()
        await place.answer()
        await place.state("rolled_back")
        assert place.repo.read("a.txt") == LINES.strip()


async def test_folds_open_with_the_lines_of_the_real_file(qapp: QApplication, tmp_path: Path) -> None:
    async with reviewing(tmp_path) as place:
        view = place.panel.view
        await eventually(lambda: view.document.files[0].new_lines is not None)
        QTest.keyClick(view, Key.Key_O)
        rows = [view.document.cell(row) for row in range(view.document.rows)]
        new = [cell.line.text for cell in rows if cell and cell.file == 0 and cell.line.kind != "-"]
        assert "\n".join(new) + "\n" == EDITED
        await eventually(place.panel.settle)


async def test_a_comment_and_a_seen_mark_are_kept(qapp: QApplication, tmp_path: Path) -> None:
    async with reviewing(tmp_path) as place:
        view, queue = place.panel.view, place.world.queue
        QTest.keyClick(view, Key.Key_N)
        QTest.keyClick(view, Key.Key_C)
        box = view.findChild(DraftBox)
        assert box is not None
        QTest.keyClicks(box.edit, "Why in words?")
        QTest.keyClick(box.edit, Key.Key_Return, Control)
        await eventually(lambda: view.document.remarks)
        QTest.keyClick(view, Key.Key_S)
        await eventually(place.panel.settle)
        review = place.panel.page.review
        assert review is not None
        (comment,) = await queue.comments(review.proposal.id)
        assert (comment.path, comment.line, comment.side, comment.text) == (
            "a.txt",
            5,
            "old",
            "Why in words?",
        )
        assert await queue.seen(review.proposal.id) == {"a.txt"}
        await eventually(place.panel.settle)


async def test_a_branch_that_moved_is_refused_and_looked_at_again(qapp: QApplication, tmp_path: Path) -> None:
    async with reviewing(tmp_path) as place:
        panel = place.panel
        place.repo.commit("meanwhile", **{"c.txt": "another\n"})
        panel.refresh()
        await eventually(panel.settle)
        if panel.page.bar.approve.isEnabled():
            panel.act("approve")
            await place.answer()
            await eventually(panel.settle)
        await eventually(lambda: not panel.page.bar.approve.isEnabled())
        assert place.repo.git("log", "-1", "--format=%s", "main") == "meanwhile"
        panel.act("look_again")
        await eventually(lambda: "Revision 2" in panel.page.notice.words, timeout=PATIENCE_S)
        panel.act("show_newest")
        await place.shown(revision=2)
        panel.act("approve")
        await place.answer()
        await place.state("applied")
        assert place.repo.read("c.txt") == "another"


async def test_a_part_is_taken_and_the_rest_is_left(qapp: QApplication, tmp_path: Path) -> None:
    async with reviewing(tmp_path) as place:
        panel = place.panel
        QTest.keyClick(panel.view, Key.Key_N)
        QTest.keyClick(panel.view, Key.Key_X)
        panel.act("accept_part")
        await place.answer()
        await place.state("rejected")
        proposals = await place.world.queue.proposals()
        (part,) = [proposal for proposal in proposals if proposal.state == "proposed"]
        patch = (await place.world.queue.diff(part.id)).patch
        assert b"line sixty" in patch
        assert b"line five" not in patch
        await eventually(panel.settle)
