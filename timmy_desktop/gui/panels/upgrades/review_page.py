"""One proposal under review: its head, what is wrong if something is, its pages, and what can be decided."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from timmy_desktop.gui.panels.upgrades.changes_page import ChangesPage
from timmy_desktop.gui.panels.upgrades.decision_bar import DecisionBar
from timmy_desktop.gui.panels.upgrades.head import ReviewHead
from timmy_desktop.gui.panels.upgrades.history_page import HistoryPage
from timmy_desktop.gui.panels.upgrades.loading import Around, Evidence, Review
from timmy_desktop.gui.panels.upgrades.proof_page import ProofPage
from timmy_desktop.gui.panels.upgrades.tests_page import TestsPage
from timmy_desktop.gui.panels.upgrades.words import Readiness, readiness
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.diff_view.document import Reading
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, row
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.checkouts import is_behind
from timmy_desktop.upgrades.types import Proposal

_LOW = 420


class ReviewPage(QWidget):
    """`review` is what is on screen; decisions are about it and nothing newer."""

    notice_clicked = Signal(str)
    """`show_newest`, `look_again`, `roll_back`, `end_comparison` or `update_checkout`."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        super().__init__()
        self.review: Review | None = None
        self.evidence: Evidence | None = None
        self.compared: tuple[int, int] | None = None
        self.is_busy = False
        self.head = ReviewHead(now_us)
        self.notice = NoticeBar("", self._notice_clicked)
        self.changes, self.tests, self.proof, self.history = (
            ChangesPage(),
            TestsPage(),
            ProofPage(),
            HistoryPage(),
        )
        self.bar = DecisionBar()
        self.tabs = QTabWidget()
        self.empty = EmptyState("upgrades", "Nothing chosen", "Choose a proposal to review it.")
        self.stack = QStackedWidget()
        self._notice_action = ""
        self._lay_out()
        self.changes.chosen_changed.connect(self.show_what_can_be_done)

    def _lay_out(self) -> None:
        self.tabs.setDocumentMode(True)
        for page, words in (
            (self.changes, "Changes"),
            (self.tests, "Tests"),
            (self.proof, "Proof"),
            (self.history, "History"),
        ):
            self.tabs.addTab(page, words)
        body = QWidget()
        layout = column(self.head, gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(row(self.notice, margins=(GAP, 0, GAP, 0)))
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.bar)
        body.setLayout(layout)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(body)
        self._body = body
        self.setLayout(column(self.stack, gap=0, margins=(0, 0, 0, 0)))

    # What is shown

    def show_loading(self, title: str) -> None:
        self.review = self.evidence = None
        self.empty.show_state("upgrades", inert_line(title, 120) or "Opening", "The change is being read…")
        self.stack.setCurrentWidget(self.empty)

    def show_fault(self, words: str, again: Callable[[], object]) -> None:
        self.review = None
        self.empty.show_state("bad", "It can't be shown", words, [("Try again", again)], tone="bad")
        self.stack.setCurrentWidget(self.empty)

    def show_review(self, review: Review) -> None:
        """A proposal, or another revision of it, from its top."""
        self.review, self.compared, self.is_busy = review, None, False
        self.changes.show_review(review, can_decide=self.can_decide)
        self.tabs.setTabText(0, "Changes")
        self._show_around(review)
        self.stack.setCurrentWidget(self._body)

    def show_around(self, around: Around) -> None:
        """What is said and decided has changed; the diff on screen stays."""
        if self.review is not None:
            self.is_busy = False
            self.review = Review(around, self.review.revision, self.review.reading, self.review.digest)
            self._show_around(self.review)

    def show_evidence(self, evidence: Evidence) -> None:
        if self.review is None:
            return
        self.evidence = evidence
        proposal = self.review.proposal
        self.tests.show_reports(evidence.reports, doing=proposal.doing)
        revision = next(
            (one for one in evidence.revisions if one.number == self.review.revision), proposal.revision
        )
        self.proof.show_proof(evidence.proof, revision, doing=proposal.doing)
        self.history.show_history(proposal, evidence, self.review.around.comments)
        red = evidence.proof.reds if evidence.proof is not None else 0
        self.tabs.setTabText(2, f"Proof  ▲ {red} red" if red else "Proof")
        self.tabs.setTabToolTip(2, f"{red} things weaken the tests" if red else "")

    def show_comparison(self, reading: Reading, older: int, newer: int) -> None:
        """What one revision changed of another, instead of the change itself."""
        self.compared = older, newer
        self.changes.show_comparison(reading)
        self.tabs.setTabText(0, f"Revision {older} → {newer}")
        self.tabs.setCurrentWidget(self.changes)
        self.show_what_can_be_done()
        self._show_notice()

    def set_busy(self, busy: bool) -> None:
        """A decision is on its way; nothing else can be decided meanwhile."""
        self.is_busy = busy
        self.show_what_can_be_done()

    # What can be done

    @property
    def can_decide(self) -> bool:
        """The newest revision of an undecided proposal is on screen."""
        review = self.review
        return (
            review is not None
            and self.compared is None
            and review.proposal.state == "proposed"
            and review.revision == review.proposal.revision.number
        )

    @property
    def readiness(self) -> Readiness:
        review = self.review
        if review is None or self.compared is not None:
            return Readiness("What is on screen compares two revisions; it is not the change.", "show_newest")
        consequences = review.around.consequences
        return readiness(
            review.proposal,
            review.revision,
            hidden_by_space=self.changes.view.document.hidden_by_space,
            left_out=self.changes.left_out,
            cut_lines=self.changes.view.document.cut_lines,
            refusal=consequences.refusal,
            can_look_again=consequences.can_look_again,
        )

    def show_what_can_be_done(self) -> None:
        review = self.review
        if review is None:
            return
        proposal = review.proposal
        diff = self.changes.view.document.reading.diff
        self.bar.show_state(
            self.readiness,
            state=proposal.state,
            left_out=self.changes.left_out,
            hunks=sum(max(len(file.hunks), 1) for file in diff.files),
            open_comments=proposal.open_comments,
            suspected=bool(proposal.suspicion),
            by_agent=proposal.origin in ("task", "chat"),
            busy=self.is_busy or bool(proposal.doing and proposal.state != "proposed"),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a low dock the lines have the room; what the switches do is under keys too.
        self.changes.pane.tools.setVisible(self.height() >= _LOW)
        self.bar.show_low(self.height() < _LOW)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 160)

    def stop(self) -> None:
        self.changes.stop()

    def _show_around(self, review: Review) -> None:
        self.head.show_proposal(review.proposal, review.revision)
        if self.compared is None:
            self.changes.put_around(review.around.comments, review.around.seen, can_decide=self.can_decide)
        self._show_notice()
        self.show_what_can_be_done()

    def _show_notice(self) -> None:
        review = self.review
        if review is None:
            return
        words, tone, self._notice_action, button = notice_of(review, self.compared)
        self.notice.say(words, tone, button)

    def _notice_clicked(self) -> None:
        self.notice_clicked.emit(self._notice_action)


def notice_of(review: Review, compared: tuple[int, int] | None) -> tuple[str, str, str, str]:
    """What has to be said above a review: words, tone, and the next step by name and by words."""
    proposal, revision = review.proposal, review.revision
    if compared is not None:
        return (
            f"What revision {compared[1]} changed of revision {compared[0]}.",
            "info",
            "end_comparison",
            "Back to the change",
        )
    if proposal.state == "proposed" and revision != proposal.revision.number:
        words = f"Revision {proposal.revision.number} has come. What is on screen is revision {revision}."
        return words, "warn", "show_newest", "Show the newest"
    if proposal.state == "proposed" and proposal.revision.conflicts:
        files = ", ".join(inert_line(path, 80) for path in proposal.revision.conflicts[:4])
        more = (
            f" and {len(proposal.revision.conflicts) - 4} more"
            if len(proposal.revision.conflicts) > 4
            else ""
        )
        words = f"It can't be merged: {files}{more} changed in {inert_line(proposal.target_branch, 40)} too."
        return words, "bad", "look_again", "Look again"
    consequences = review.around.consequences
    if proposal.state == "proposed" and consequences.refusal and consequences.can_look_again:
        return inert_line(consequences.refusal, 400), "warn", "look_again", "Look again"
    return _told(proposal)


def _told(proposal: Proposal) -> tuple[str, str, str, str]:
    if proposal.suspicion and proposal.state == "applied":
        return (
            f"It may have broken something: {inert_line(proposal.suspicion, 300)}",
            "bad",
            "roll_back",
            "Roll back…",
        )
    if proposal.doing:
        return f"{inert_line(proposal.doing, 200)}…", "info", "", ""
    reason = inert_line(proposal.reason, 400)
    if proposal.state == "failed":
        again = ("look_again", "Look again") if proposal.can_look_again else ("", "")
        return f"It was not applied, and nothing was changed. {reason}", "bad", *again
    if proposal.state in ("rejected", "expired"):
        said = f"Rejected: {reason}" if proposal.state == "rejected" else "Nobody decided in time."
        return f"{said} No branch and no worktree of it are left.", "muted", "", ""
    if proposal.state == "applied" and proposal.checkout_note:
        note = proposal.checkout_note
        update = ("update_checkout", "Update the checkout") if is_behind(note) else ("", "")
        return inert_line(note, 600), "info", *update
    return "", "info", "", ""
