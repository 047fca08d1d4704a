"""Where a task is written and posted. Loses nothing: the text goes only when the task is in the log."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.fields import CheckBox, whole_number
from timmy_desktop.gui.widgets.growing_edit import GrowingEdit
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone
from timmy_desktop.swarm.task import LONGEST_TEXT

_MOST_SATS = 1_000_000
_LEAST_FOR_KEYS, _LEAST_FOR_LIMIT = 392, 340
_LIMIT, _NARROW_LIMIT = 124, 88
_DRAFT_AFTER_MS = 400
_COUNT_FROM = LONGEST_TEXT * 8 // 10


class PostBox(QWidget):
    """Ctrl+Enter posts, Enter begins a new line."""

    post_requested = Signal(str, bool, int)
    """Text, local only, price limit in millisatoshi (0: none)."""

    def __init__(self, keepsakes: Keepsakes) -> None:
        super().__init__()
        self._keepsakes = keepsakes
        self._posting = False
        self.edit = GrowingEdit(enter_sends=False, most_characters=2 * LONGEST_TEXT, most_lines=8)
        self.edit.setPlaceholderText("What should be done?")
        self.edit.setAccessibleName("New task")
        self.local_only = CheckBox("Local only")
        self.local_only.setToolTip("Never send this task to a remote provider, whatever fails")
        self.limit = whole_number(0, _MOST_SATS, "sat")
        self.limit.setSpecialValueText("Any price")
        self.limit.setPrefix("up to ")
        self.limit.setFixedWidth(_LIMIT)
        self.limit.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.limit.setAccessibleName("Highest price in sats")
        self.limit.setToolTip("The most that this task may cost, in sats. 0: no limit")
        self.post_button = button("Post", variant="primary", hint="Post the task (Ctrl+Enter)")
        self.keys = label("Ctrl+Enter", tone="muted", size="small")
        self.words = label(tone="muted", size="small", wrap=True)
        self.words.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._lay_out()
        self._wire()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width()
        self.keys.setVisible(width >= _LEAST_FOR_KEYS)
        # In a narrow dock it would lie under the button beside it.
        self.limit.setFixedWidth(_LIMIT if width >= _LEAST_FOR_LIMIT else _NARROW_LIMIT)

    def _lay_out(self) -> None:
        controls = row(self.local_only, self.limit, None, self.keys, self.post_button, gap=GAP)
        self.setLayout(column(self.edit, self.words, margins=(GAP + TIGHT, GAP + TIGHT, GAP + TIGHT, GAP)))
        self.layout().addLayout(controls)  # type: ignore[union-attr]

    def _wire(self) -> None:
        self._draft = QTimer(self)
        self._draft.setSingleShot(True)
        self._draft.setInterval(_DRAFT_AFTER_MS)
        self._draft.timeout.connect(self.keep_draft)
        self.edit.submitted.connect(self._submit)
        self.edit.paste_refused.connect(self._paste_refused)
        self.post_button.clicked.connect(self._submit)
        self.edit.textChanged.connect(self._typed)
        self.local_only.toggled.connect(lambda: self._draft.start())
        self.limit.valueChanged.connect(lambda: self._draft.start())

    def restore_draft(self) -> None:
        """Brings back what was being written when the window closed."""
        self.local_only.setChecked(bool(self._keepsakes.number("local_only")))
        self.limit.setValue(min(_MOST_SATS, max(0, self._keepsakes.number("limit_sat"))))
        if not self.edit.text():
            self.edit.set_text(self._keepsakes.text("draft")[: 2 * LONGEST_TEXT])
        self._draft.stop()

    def keep_draft(self) -> None:
        """Writes the draft down now."""
        self._draft.stop()
        self._keepsakes.put("draft", self.edit.text())
        self._keepsakes.put("local_only", int(self.local_only.isChecked()))
        self._keepsakes.put("limit_sat", self.limit.value())
        self._keepsakes.save()

    def write(self, text: str) -> None:
        """Puts `text` into the box; what was being written stays above it."""
        before = self.edit.text().rstrip()
        self.edit.set_text(f"{before}\n\n{text}" if before and before != text else text)
        self.edit.setFocus()

    def show_posted(self) -> None:
        """The task is in the log: the box is free for the next one."""
        self._set_posting(False)
        self.edit.set_text("")
        self._say("")
        self.keep_draft()

    def show_rejected(self, words: str) -> None:
        """It is not: the text stays, and `words` say why."""
        self._set_posting(False)
        self._say(words, "bad")
        self.edit.setFocus()

    def _submit(self) -> None:
        if self._posting:
            return
        text = self.edit.text()
        problem = problem_with(text)
        if problem:
            self._say(problem, "bad")
            self.edit.setFocus()
            return
        self._set_posting(True)
        self.post_requested.emit(text, self.local_only.isChecked(), self.limit.value() * 1000)

    def _set_posting(self, posting: bool) -> None:
        self._posting = posting
        self.edit.setReadOnly(posting)
        if self.post_button.hasFocus():
            # Greyed, it would hand the keyboard to whatever comes next.
            self.edit.setFocus()
        self.post_button.setEnabled(not posting)
        self.post_button.setText("Posting" if posting else "Post")

    def _typed(self) -> None:
        self._draft.start()
        length = self.edit.document().characterCount() - 1
        if length > LONGEST_TEXT:
            self._say(problem_with("x" * length), "bad")
        elif length >= _COUNT_FROM:
            self._say(f"{length:,} of {LONGEST_TEXT:,} characters", "muted")
        else:
            self._say("")

    def _paste_refused(self, length: int) -> None:
        self._say(
            f"Nothing was pasted: {length:,} characters are more than the {LONGEST_TEXT:,} that a task may "
            "have. Save the material as a file in the opened folder and name the file here.",
            "bad",
        )

    def _say(self, words: str, tone: str = "muted") -> None:
        set_tone(self.words, tone)
        self.words.setText(words)
        self.words.setVisible(bool(words))


def problem_with(text: str) -> str:
    """Why `text` can't be posted, with what to do; "" when it can."""
    if len(text) > LONGEST_TEXT:
        return (
            f"The task has {len(text):,} characters, more than the {LONGEST_TEXT:,} that a task may have. "
            "Save the material as a file in the opened folder and name the file here."
        )
    if not text.strip():
        return "The task is empty. Write in a sentence or more what is to be done."
    return ""
