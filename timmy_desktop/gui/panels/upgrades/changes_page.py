"""The changes themselves: the files at the left, the diff beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from timmy_desktop.gui.panels.upgrades.file_list import FileList
from timmy_desktop.gui.panels.upgrades.loading import Review
from timmy_desktop.gui.panels.upgrades.remark_card import RemarkCard
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.diff_view.document import Reading
from timmy_desktop.gui.widgets.diff_view.pane import DiffPane
from timmy_desktop.gui.widgets.diff_view.parts import Remark
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import column
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import WHOLE_FILE, Comment, HunkRef

_ROOM_FOR_FILES = 620


class ChangesPage(QWidget):
    """Shows one review; tells what the person marked, left out and wrote."""

    take_back_wanted = Signal(str)
    chosen_changed = Signal()
    """Hunks were left out or taken, or white space hidden: what could be approved is another now."""

    def __init__(self) -> None:
        super().__init__()
        self.files = FileList()
        self.chooser = Choice()
        self.chooser.setAccessibleName("File")
        self.chooser.setMinimumContentsLength(12)
        self.chooser.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.pane = DiffPane()
        self.view = self.pane.view
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.files)
        self.splitter.addWidget(self.pane)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([200, 700])
        self._choosing = QWidget()
        self._choosing.setLayout(column(self.chooser, gap=0, margins=(GAP, 2, GAP, 2)))
        self._choosing.hide()
        layout = column(self._choosing, self.splitter, gap=0, margins=(0, 0, 0, 0))
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._comments: dict[str, Comment] = {}
        self._can_take_back = False
        self._wire()

    def _wire(self) -> None:
        self.view.make_remark = self._card
        self.files.file_wanted.connect(self._go_to_file)
        self.files.seen_wanted.connect(self._mark_seen)
        self.chooser.activated.connect(self._go_to_file)
        self.view.file_changed.connect(self._show_file)
        self.view.seen_changed.connect(lambda *_: self._show_marks())
        self.view.taken_changed.connect(self._show_marks)
        self.view.taken_changed.connect(self.chosen_changed.emit)
        self.view.mode_changed.connect(self.chosen_changed.emit)

    def show_review(self, review: Review, *, can_decide: bool) -> None:
        """Another proposal, or another revision of it."""
        self.view.can_take = self.view.can_see = self.view.can_comment = can_decide
        self._can_take_back = can_decide
        self.pane.show_reading(review.reading)
        self._show_files()

    def show_comparison(self, reading: Reading) -> None:
        """What one revision changed of another: to be read only."""
        self.view.can_take = self.view.can_see = self.view.can_comment = False
        self.pane.show_reading(reading)
        self._show_files()

    def put_around(self, comments: Sequence[Comment], seen: frozenset[str], *, can_decide: bool) -> None:
        """Comments and seen marks, also when they change while the diff is read."""
        self.view.can_take = self.view.can_see = self.view.can_comment = can_decide
        self._can_take_back = can_decide
        known = {comment.id: comment for comment in comments if comment.path}
        changed = {key for key, comment in known.items() if self._comments.get(key) not in (None, comment)}
        if changed:  # their cards say something else now
            self.view.put_remarks([])
        self._comments = known
        self.view.put_remarks([Remark(c.id, c.path, c.line, c.side) for c in known.values()])
        self.view.put_seen(seen)
        self._show_marks()

    @property
    def left_out(self) -> int:
        """How many hunks are not taken."""
        return len(self.view.document.left_out)

    def taken(self) -> list[HunkRef]:
        """Every hunk that is taken, and files without hunks whole."""
        document, found = self.view.document, []
        for file, change in enumerate(document.reading.diff.files):
            hunks = len(change.hunks)
            for index in range(hunks) if hunks else (WHOLE_FILE,):
                if document.is_taken(file, index):
                    found.append(HunkRef(change.path, index))
        return found

    def take_all(self) -> None:
        self.view.document.left_out.clear()
        self.view.viewport().update()
        self._show_marks()
        self.chosen_changed.emit()

    def stop(self) -> None:
        self.pane.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)

    def _arrange(self) -> None:
        """On a narrow dock the files are in a drop-down above the diff."""
        several, wide = self.files.files.count > 1, self.width() >= _ROOM_FOR_FILES
        self.files.setVisible(several and wide)
        self._choosing.setVisible(several and not wide)

    def _show_files(self) -> None:
        self.files.files.show_document(self.view.document)
        self.chooser.clear()
        self.chooser.addItems([""] * self.files.files.count)
        self._show_marks()
        self._show_file(self.view.file)
        self._arrange()

    def _show_file(self, file: int) -> None:
        self.files.show_current(file)
        self.chooser.setCurrentIndex(file)

    def _show_marks(self) -> None:
        """What was seen and left out, in the tree and in the drop-down."""
        self.files.files.refresh()
        for file, change in enumerate(self.view.document.reading.diff.files):
            mark = "✓ " if self.view.document.files[file].seen else ""
            path = inert_line(change.path, 300)
            self.chooser.setItemText(file, f"{mark}{path}  +{change.added:,} −{change.removed:,}")

    def _go_to_file(self, file: int) -> None:
        if self.view.document.files[file].collapsed:
            self.view.document.collapse(file, False)
        self.view.go_to_file(file)
        self.view.setFocus()

    def _mark_seen(self, file: int) -> None:
        if self.view.can_see:
            self.view.go_to_file(file)
            self.view.toggle_seen()

    def _card(self, key: str) -> QWidget:
        comment = self._comments[key]
        may = self._can_take_back and not comment.answered_in
        take_back: Callable[[], object] | None = (lambda: self.take_back_wanted.emit(key)) if may else None
        return RemarkCard(comment, take_back, self.view.viewport())
