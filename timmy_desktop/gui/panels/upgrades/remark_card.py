"""A comment between the lines, as it was written, with its age and a way to take it back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QWidget

from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import button, column, label, row, selectable
from timmy_desktop.gui.widgets.relative_time import RelativeTime
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.upgrades.types import Comment


class RemarkCard(QFrame):
    """`take_back` is offered while nobody has answered."""

    def __init__(self, comment: Comment, take_back: Callable[[], object] | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("variant", "card")
        author = label(inert_line(comment.author, 60), strong=True, size="small")
        state = f"answered in revision {comment.answered_in}" if comment.answered_in else "open"
        said = label(state, tone="good" if comment.answered_in else "accent", size="small")
        head = row(author, RelativeTime(comment.created_us), said, None)
        if take_back is not None:
            self.take_back_button = button("Take back", take_back, variant="quiet")
            head.addWidget(self.take_back_button)
        layout = column(gap=TIGHT, margins=(GAP + TIGHT, TIGHT, TIGHT, GAP))
        layout.addLayout(head)
        layout.addWidget(selectable(label(inert(comment.text), wrap=True)))
        self.setLayout(layout)
        where = f"line {comment.line}" if comment.line else "the file"
        self.setAccessibleName(
            f"Comment of {inert_line(comment.author, 60)} on {where}: {inert_line(comment.text, 300)}"
        )
