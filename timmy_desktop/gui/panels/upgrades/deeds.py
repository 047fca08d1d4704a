"""What a person decides in the dock, asked for once more in words, and then asked of the queue."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.upgrades.dialogs import DecisionDialog
from timmy_desktop.gui.panels.upgrades.loading import Review
from timmy_desktop.gui.panels.upgrades.review_page import ReviewPage
from timmy_desktop.gui.panels.upgrades.words import OUTCOMES
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.errors import StaleError
from timmy_desktop.upgrades.queue import UpgradeQueue
from timmy_desktop.upgrades.types import Rehearsal

Fact = tuple[str, str]


class Deeds:
    """The window changes on the events that follow; after a refusal what is there is read again."""

    def __init__(
        self,
        queue: UpgradeQueue,
        starter: SlotTasks,
        page: ReviewPage,
        parent: QWidget,
        *,
        say: Callable[[str, str], object],
        refresh: Callable[[], object],
    ) -> None:
        self._queue, self._starter, self._page, self._parent = queue, starter, page, parent
        self._say, self._refresh = say, refresh

    def approve(self) -> None:
        """Of exactly what is on screen: the digest is that of the bytes that are drawn."""
        review = self._page.review
        if review is None:
            return
        if self._page.readiness.obstacle or self._page.is_busy:
            self._say(self._page.readiness.obstacle or "A decision is on its way.", "warn")
            return
        DecisionDialog(
            self._parent,
            "Approve this change?",
            review.around.consequences.approve,
            facts=self._facts(review),
            go="Approve",
            gone=lambda _: self._do(self._queue.approve(review.proposal.id, review.digest)),
        ).open()

    def reject(self) -> None:
        review = self._page.review
        if review is None or review.proposal.state != "proposed":
            return
        DecisionDialog(
            self._parent,
            "Reject this change?",
            review.around.consequences.reject,
            ask="Why? The agents remember it.",
            go="Reject",
            gone=lambda why: self._do(self._queue.reject(review.proposal.id, why)),
            variant="danger",
        ).open()

    def accept_part(self) -> None:
        review, taken = self._page.review, self._page.changes.taken()
        if review is None or not taken or not self._page.can_decide:
            return
        left = self._page.changes.left_out
        DecisionDialog(
            self._parent,
            f"Accept {count(len(taken), 'hunk')} of this change?",
            "They become a new proposal, which is tested and waits for your approval like any other. "
            f"What is left out ({count(left, 'hunk')}) is rejected, and this proposal with it.",
            go="Accept this part",
            gone=lambda _: self._do(self._queue.accept_part(review.proposal.id, review.digest, taken)),
        ).open()

    def comment_on_the_whole(self) -> None:
        review = self._page.review
        if review is None:
            return
        DecisionDialog(
            self._parent,
            "Comment on the whole change",
            "It goes to the agent with the other comments when you send them back.",
            ask="What should be different?",
            go="Comment",
            gone=lambda words: self._do(self._queue.comment(review.proposal.id, words)),
            needs_words=True,
        ).open()

    def revise(self) -> None:
        review = self._page.review
        if review is not None:
            self._do(
                self._queue.revise(review.proposal.id),
                "The agent revises it. The revision comes here by itself.",
            )

    def look_again(self) -> None:
        review = self._page.review
        if review is not None:
            self._do(self._queue.look_again(review.proposal.id))

    def test_again(self) -> None:
        review = self._page.review
        if review is not None:
            self._do(self._queue.test_again(review.proposal.id))

    def update_checkout(self) -> None:
        review = self._page.review
        if review is not None:
            work = self._queue.update_checkout(review.proposal.id)
            self._starter.start("decide", work, lambda words: self._say(words, "good"), failed=self._refused)

    def roll_back(self) -> None:
        """Rehearsed first: the dialog says what it would give."""
        review = self._page.review
        if review is None or review.proposal.state != "applied":
            return
        self._page.set_busy(True)
        self._say(
            "Rolling back is rehearsed: the revert is made and tested, and nothing is changed yet.", "info"
        )
        work = self._queue.rehearse_roll_back(review.proposal.id)
        self._starter.start(
            "rehearse", work, lambda found: self._rehearsed(review, found), failed=self._refused
        )

    def dismiss_suspicion(self) -> None:
        review = self._page.review
        if review is not None:
            self._do(self._queue.dismiss_suspicion(review.proposal.id))

    def _rehearsed(self, review: Review, rehearsal: Rehearsal) -> None:
        self._page.set_busy(False)
        facts: list[Fact] = []
        if review.proposal.suspicion:
            facts.insert(0, (inert_line(review.proposal.suspicion, 400), "bad"))
        if rehearsal.test is not None:
            word, role, _ = OUTCOMES[rehearsal.test.outcome]
            facts.append((f"Tests after it: {word}, {inert_line(rehearsal.test.summary, 200)}", role))
        if not rehearsal.is_possible:
            self._say(f"It can't be rolled back as things stand. {inert_line(rehearsal.refusal, 400)}", "bad")
            return
        DecisionDialog(
            self._parent,
            "Roll this change back?",
            f"A new commit undoes it on {inert_line(review.proposal.target_branch, 60)}. "
            "Nothing is lost: the change stays in the history.",
            facts=facts,
            go="Roll back",
            gone=lambda _: self._roll_back(review, rehearsal),
            variant="danger",
        ).open()

    def _roll_back(self, review: Review, rehearsal: Rehearsal) -> None:
        """Of what was rehearsed; where that would be another thing now, it is rehearsed and asked again."""
        self._page.set_busy(True)

        def failed(error: Exception) -> None:
            self._refused(error)
            if isinstance(error, StaleError):
                self.roll_back()

        work = self._queue.roll_back(review.proposal.id, rehearsal)
        self._starter.start("decide", work, lambda _: self._refresh(), failed=failed)

    def _facts(self, review: Review) -> list[Fact]:
        revision, document = review.proposal.revision, self._page.changes.view.document
        facts: list[Fact] = [(f"Bytes shown: sha256 {review.digest[:16]}…", "muted")]
        if revision.test is not None:
            word, role, _ = OUTCOMES[revision.test.outcome]
            facts.append((f"Tests: {word}, {inert_line(revision.test.summary, 200)}", role))
        elif not revision.is_tested:
            facts.append(("Its tests have not ended yet.", "warn"))
        unseen = sum(not opening.seen for opening in document.files)
        if unseen and len(document.files) > 1:
            facts.append((f"{count(unseen, 'file')} of {len(document.files):,} not marked as seen", "muted"))
        if odd := sum(document.reading.odd):
            facts.append((f"{count(odd, 'line')} with hidden characters", "warn"))
        return facts

    def _do(self, work: Coroutine[Any, Any, object], words: str = "") -> None:
        self._page.set_busy(True)

        def done(_: object) -> None:
            if words:
                self._say(words, "good")
            self._refresh()

        self._starter.start("decide", work, done, failed=self._refused)

    def _refused(self, error: Exception) -> None:
        self._page.set_busy(False)
        self._say(str(error) or type(error).__name__, "warn" if isinstance(error, StaleError) else "bad")
        self._refresh()
