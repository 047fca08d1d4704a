"""Upgrades: the queue at the left, the review beside it; nothing is applied that was not on this screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from timmy_desktop.events import upgrades as events
from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenUpgrade, Panel, Say, Wish
from timmy_desktop.gui.panels.upgrades.commands import KEYS, palette_commands
from timmy_desktop.gui.panels.upgrades.deeds import Deeds
from timmy_desktop.gui.panels.upgrades.diff_desk import DiffDesk
from timmy_desktop.gui.panels.upgrades.list_model import ProposalsModel
from timmy_desktop.gui.panels.upgrades.list_page import ListPage
from timmy_desktop.gui.panels.upgrades.loading import (
    Around,
    Evidence,
    Review,
    load_around,
    load_comparison,
    load_evidence,
    load_review,
)
from timmy_desktop.gui.panels.upgrades.review_page import ReviewPage
from timmy_desktop.gui.panels.upgrades.targets_desk import TargetsDesk
from timmy_desktop.gui.panels.upgrades.words import subtitle
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.diff_view.document import Reading
from timmy_desktop.gui.widgets.parts import column, glyph_button
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.upgrades.queue import UpgradeQueue
from timmy_desktop.upgrades.types import Proposal

PAGE = 200
PARTS = {"changes": "tab0", "side-by-side": "tab0", "tests": "tab1", "proof": "tab2", "history": "tab3"}
_WIDE = 760
FOLLOWED = tuple(
    kind for kind in vars(events).values()
    if isinstance(kind, type) and str(getattr(kind, "type", "")).startswith("upgrade.")
)  # fmt: skip


class UpgradesPanel(Panel):
    """On a narrow dock the queue and the review one at a time."""

    def __init__(
        self,
        *,
        queue: UpgradeQueue,
        bus: Bus,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        now_us: Callable[[], int],
    ) -> None:
        super().__init__()
        self.queue, self._keepsakes = queue, keepsakes
        self.slot_tasks = SlotTasks.of(self, supervisor, "upgrades")
        self.model = ProposalsModel(now_us, self)
        self.list_page = ListPage(self.model, now_us)
        self.page = ReviewPage(now_us)
        self.view = self.page.changes.view
        self.open_button = glyph_button(
            "plus", "Open a repository to proposals…", self.ask_for_repository, side=26
        )
        self.targets_button = glyph_button(
            "folder", "Repositories open to proposals…", lambda: self.targets_desk.show(), side=26
        )
        self.targets_desk = TargetsDesk(queue, self.slot_tasks, self, say=self.say, refresh=self.refresh)
        self.deeds = Deeds(queue, self.slot_tasks, self.page, self, say=self.say, refresh=self.refresh)
        self.diff_desk = DiffDesk(queue, self.slot_tasks, self.page, say=self.say, reload=self._load_around)
        self.bridge = EventBridge(bus, self, types=FOLLOWED)
        self.current = ""
        self._commands: list[QAction] = []
        self._started = self._reading = False
        self._wide = True
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.list_page)
        self.splitter.addWidget(self.page)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([300, 900])
        self.setLayout(column(self.splitter, gap=0, margins=(0, 0, 0, 0)))

    def _wire(self) -> None:
        self.bridge.batch_ready.connect(self._take)
        self.list_page.chosen.connect(self._preview)
        self.list_page.entered.connect(self.open_proposal)
        self.list_page.open_repository_wanted.connect(self.ask_for_repository)
        self.list_page.try_again_wanted.connect(self.refresh)
        self.model.older_wanted.connect(self._load_older)
        self.page.head.back_wanted.connect(self.close_review)
        self.page.bar.wanted.connect(self.act)
        self.page.notice_clicked.connect(self.act)
        self.page.history.compare_wanted.connect(self._compare)

    # What the window asks of a panel

    def start(self) -> None:
        """Reads the queue; once the services run."""
        if self._started:
            return
        self._started = True
        sizes = [int(part) for part in self._keepsakes.text("split").split(",") if part.isdecimal()]
        if len(sizes) == 2:
            self.splitter.setSizes(sizes)
        if self._keepsakes.number("side_by_side"):
            self.view.toggle_split()
        if self._keepsakes.number("wrap"):
            self.view.toggle_wrap()
        if points := self._keepsakes.number("points"):
            self.view.set_points(float(points))
        self.refresh()

    def title_tools(self) -> list[QWidget]:
        return [self.targets_button, self.open_button]

    def fulfil(self, wish: Wish) -> bool:
        if isinstance(wish, OpenUpgrade):
            self.open_proposal(wish.upgrade_id)
            return True
        return False

    def focus_first(self) -> None:
        if self._reading and not self._wide:
            self.view.setFocus()
        else:
            self.list_page.focus_list()

    def palette_actions(self) -> list[QAction]:
        if not self._commands:
            self._commands = palette_commands(self)
        return self._commands

    def unfinished(self) -> str:
        return "a comment on a change is not kept yet" if self.view.draft_text else ""

    def show_part(self, part: str) -> bool:
        """`changes`, `side-by-side`, `tests`, `proof` or `history` of the proposal whose title has the words
        after the colon; without words of the one on screen."""
        name, _, words = part.partition(":")
        proposal_id = self.model.titled(words) if words else self.current
        if name not in PARTS or not proposal_id:
            return False
        if name in ("changes", "side-by-side") and self.view.document.split != (name == "side-by-side"):
            self.view.toggle_split()
        self.open_proposal(proposal_id)
        self.act(PARTS[name])
        return True

    def settle(self) -> bool:
        is_read = not self.slot_tasks.running() and not self.bridge.waiting
        is_drawn = not self.view.colouring.is_busy and self.page.changes.pane.is_drawn
        return self._started and is_read and is_drawn

    def stop(self) -> None:
        if self._started:
            if self._wide:  # else one of the two is hidden, and its width says nothing
                self._keepsakes.put("split", ",".join(str(size) for size in self.splitter.sizes()))
            self._keepsakes.put("side_by_side", int(self.view.document.split))
            self._keepsakes.put("wrap", int(self.view.wraps))
            self._keepsakes.put("points", round(self.view.points))
            self._keepsakes.save()
        self.bridge.stop()
        self.slot_tasks.stop()
        self.list_page.stop()
        self.page.stop()

    # Reading

    def refresh(self) -> None:
        """Asks for the queue, and for what is said of the proposal on screen."""
        self.slot_tasks.start("queue", self._load_queue(), self._show_queue, failed=self._show_queue_fault)
        if self.page.review is not None:
            self._load_around(self.page.review.proposal.id)

    def open_proposal(self, proposal_id: str) -> None:
        """Shows it and puts the keyboard into its changes."""
        self._show(proposal_id)
        self._reading = True
        self._arrange()
        self.view.setFocus()

    def close_review(self) -> None:
        """Back to the queue."""
        self._reading = False
        self._arrange()
        self.list_page.focus_list()

    def act(self, name: str) -> None:
        """Does by name what a key, a button or the line above wants."""
        deeds = {
            "approve": self.deeds.approve, "reject": self.deeds.reject, "accept_part": self.deeds.accept_part,
            "revise": self.deeds.revise, "comment": self.deeds.comment_on_the_whole,
            "roll_back": self.deeds.roll_back, "look_again": self.deeds.look_again,
            "update_checkout": self.deeds.update_checkout, "show_newest": self._show_newest,
            "end_comparison": self._show_newest, "show_space": self.view.toggle_space,
            "take_all": self.page.changes.take_all, "close": self.close_review,
            "draw_all": self.view.draw_all, "dismiss": self.deeds.dismiss_suspicion,
        }  # fmt: skip
        if name.startswith("tab"):
            self.page.tabs.setCurrentIndex(int(name[3:]))
            (self.view if name == "tab0" else self.page.tabs.currentWidget()).setFocus()
        elif name in deeds:
            deeds[name]()

    def ask_for_repository(self) -> None:
        """Which folder agents may propose changes to."""
        self.targets_desk.ask_for_folder()

    def open_repository(self, folder: str) -> None:
        self.targets_desk.open_folder(folder)

    def say(self, words: str, tone: str) -> None:
        self.wished.emit(Say(words, tone))

    # Loading

    async def _load_queue(self) -> tuple[list[Proposal], int]:
        proposals = await self.queue.proposals(limit=PAGE)
        return proposals, len(await self.queue.targets())

    def _show_queue(self, found: tuple[list[Proposal], int]) -> None:
        proposals, targets = found
        if len(proposals) >= PAGE and self.model.total <= PAGE:
            self.model.more_to_come = True
        self.model.put(proposals)
        self.list_page.show_loaded(targets)
        self.subtitle_changed.emit(subtitle(sum(proposal.state == "proposed" for proposal in proposals)))
        self._arrange()
        if not self.current:
            self._show_first()

    def _show_first(self) -> None:
        """Where there is room beside the queue, what waits longest at its top is read at once."""
        index = self.model.index(0, 0)
        if self._wide and index.isValid():
            self.list_page.list.setCurrentIndex(index)

    def _show_queue_fault(self, error: Exception) -> None:
        if self.model.total:
            self.say(str(error), "bad")
        else:
            self.list_page.show_fault(str(error) or type(error).__name__)

    def _load_older(self) -> None:
        work = self.queue.proposals(limit=PAGE, before=self.model.oldest)
        self.slot_tasks.start("older", work, self._show_older)

    def _show_older(self, proposals: Sequence[Proposal]) -> None:
        self.model.more_to_come = len(proposals) >= PAGE
        self.model.put(proposals)

    def _preview(self, proposal_id: str) -> None:
        if self._wide:
            self._show(proposal_id)

    def _show(self, proposal_id: str) -> None:
        if proposal_id == self.current and self.page.review is not None:
            return
        self.current = proposal_id
        if (index := self.model.index_of(proposal_id)).isValid():
            self.list_page.list.setCurrentIndex(index)
        self._load_review()

    def _load_review(self) -> None:
        known = self.model.proposal(self.current)
        self.page.show_loading(known.title if known is not None else "")
        self.slot_tasks.cancel("around")
        self.slot_tasks.cancel("evidence")
        work = load_review(self.queue, self.current)
        self.slot_tasks.start("review", work, self._show_review, failed=self._show_review_fault)

    def _show_review(self, review: Review) -> None:
        self.current = review.proposal.id
        self.page.show_review(review)
        self._load_evidence()

    def _show_review_fault(self, error: Exception) -> None:
        self.page.show_fault(str(error) or type(error).__name__, self._load_review)

    def _load_around(self, proposal_id: str) -> None:
        self.slot_tasks.start("around", load_around(self.queue, proposal_id), self._show_around)

    def _show_around(self, around: Around) -> None:
        review = self.page.review
        if review is None or review.proposal.id != around.proposal.id:
            return
        self.model.put([around.proposal])
        self.page.show_around(around)
        self._load_evidence()

    def _load_evidence(self) -> None:
        review = self.page.review
        if review is not None:
            work = load_evidence(self.queue, review.proposal.id, review.revision)
            self.slot_tasks.start("evidence", work, self._show_evidence)

    def _show_evidence(self, evidence: Evidence) -> None:
        self.page.show_evidence(evidence)

    def _show_newest(self) -> None:
        self._load_review()

    def _compare(self, older: int, newer: int) -> None:
        work = load_comparison(self.queue, self.current, older, newer)

        def show(reading: Reading) -> None:
            self.page.show_comparison(reading, older, newer)
            self.view.setFocus()

        self.slot_tasks.start("review", work, show)

    # What happens

    def _take(self, records: Sequence[EventRecord]) -> None:
        """Something changed in the queue: it is asked for again, and so is the proposal on screen."""
        self.refresh()
        is_waiting = self.page.review is None and self.current and not self.slot_tasks.running("review")
        ids = {getattr(record.event, "upgrade_id", "") for record in records}
        if is_waiting and self.current in ids:
            self._load_review()

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Not shortcuts: those would also act while somebody writes a comment, where Ctrl+Enter keeps it.
        act = KEYS.get((Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier))
        if act is not None:
            self.act(act)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 240)

    def _arrange(self) -> None:
        """Both beside each other where there is room, else the one that is being read."""
        self._wide = self.width() >= _WIDE
        has_some = self.model.total > 0
        self.page.setVisible((self._wide and has_some) or self._reading)
        self.list_page.setVisible(self._wide or not self._reading)
        self.page.head.show_back(not self._wide)
