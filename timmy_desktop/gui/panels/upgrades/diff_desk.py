"""What the diff on screen asks of the queue: whole files, pictures, comments and seen marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from timmy_desktop.gui.panels.upgrades.review_page import ReviewPage
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.diff_view.pictures import picture_of
from timmy_desktop.upgrades.queue import UpgradeQueue
from timmy_desktop.upgrades.types import Side


class DiffDesk:
    """Between the view's signals and the queue; `reload(id)` brings up what is said of a proposal."""

    def __init__(
        self,
        queue: UpgradeQueue,
        starter: SlotTasks,
        page: ReviewPage,
        *,
        say: Callable[[str, str], object],
        reload: Callable[[str], object],
    ) -> None:
        self._queue, self._starter, self._page = queue, starter, page
        self._view = page.changes.view
        self._say, self._reload = say, reload
        self._view.text_wanted.connect(self.bring_text)
        self._view.pictures_wanted.connect(self.bring_pictures)
        self._view.commented.connect(self.comment)
        self._view.seen_changed.connect(self.mark_seen)
        for side in (page.history, page.changes):
            side.take_back_wanted.connect(self.take_back)

    def bring_text(self, file: int) -> None:
        review = self._page.review
        if review is None or self._page.compared is not None:
            return
        change, document = self._view.document.reading.diff.files[file], self._view.document

        def put(content: bytes | None) -> None:
            if document is self._view.document:
                text = None if content is None else content.decode("utf-8", "surrogateescape")
                self._view.put_text(file, text)

        work = self._queue.file(review.proposal.id, change.new_path, "new", review.revision)
        self._starter.start(f"text {file}", work, put, failed=lambda _: put(None))

    def bring_pictures(self, file: int) -> None:
        review = self._page.review
        if review is None:
            return
        change = self._view.document.reading.diff.files[file]

        async def both() -> list[bytes | None]:
            sides: tuple[tuple[str, Side], ...] = ((change.old_path, "old"), (change.new_path, "new"))
            return [
                await self._queue.file(review.proposal.id, path, side, review.revision)
                for path, side in sides
            ]

        def put(found: Sequence[bytes | None]) -> None:
            self._view.put_pictures(file, picture_of(found[0]), picture_of(found[1]))

        self._starter.start(f"pictures {file}", both(), put)

    def comment(self, path: str, line: int, side: Side, text: str) -> None:
        review = self._page.review
        if review is None:
            return

        def kept(_: object) -> None:
            self._view.end_draft()
            self._reload(review.proposal.id)

        def failed(error: Exception) -> None:
            self._view.draft_failed()
            self._say(str(error), "bad")

        work = self._queue.comment(review.proposal.id, text, path=path, line=line, side=side)
        self._starter.start("comment", work, kept, failed=failed)

    def take_back(self, comment_id: str) -> None:
        review = self._page.review
        if review is not None:
            proposal_id = review.proposal.id
            work = self._queue.uncomment(comment_id)
            self._starter.start("uncomment", work, lambda _: self._reload(proposal_id))

    def mark_seen(self, path: str, seen: bool) -> None:
        review = self._page.review
        if review is not None:
            self._starter.start(f"seen {path}", self._queue.mark_seen(review.proposal.id, path, seen))
