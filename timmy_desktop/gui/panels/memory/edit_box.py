"""A box in which a memory's text is written, with what speaks against it below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.growing_edit import GrowingEdit
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, label, row

LONGEST = 20_000


class EditBox(QWidget):
    """Ctrl+Enter saves, Esc leaves it as it was."""

    saved = Signal(str)
    left = Signal()

    def __init__(self, words: str = "Save", told: str = "The text before is kept in the history.") -> None:
        super().__init__()
        self.edit = GrowingEdit(enter_sends=False, most_characters=LONGEST, most_lines=14)
        self.edit.setAccessibleName("Text of the memory")
        self.problem = NoticeBar()
        self.save_button = button(words, self._save, variant="primary", hint="Ctrl+Enter")
        self.leave_button = button("Cancel", self.left.emit, hint="Esc")
        hint = label(told, tone="muted", size="small", wrap=True)
        layout = column(self.edit, self.problem, gap=GAP, margins=(0, 0, 0, 0))
        foot = row(hint, self.leave_button, self.save_button)
        foot.setStretch(0, 1)
        layout.addLayout(foot)
        self.setLayout(layout)
        self.edit.submitted.connect(self._save)
        self.edit.paste_refused.connect(
            lambda number: self.problem.say(
                f"The clipboard holds {number:,} characters; a memory holds {LONGEST:,}. "
                "Import it as a document."
            )
        )

    def begin(self, text: str) -> None:
        """Shows the text to change."""
        self.problem.say("")
        self.edit.setPlainText(text)
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
        self.edit.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def _save(self) -> None:
        text = self.edit.text().strip()
        if not text:
            self.problem.say("The text is empty. Write something, or cancel and forget the memory.")
            return
        self.saved.emit(text)
