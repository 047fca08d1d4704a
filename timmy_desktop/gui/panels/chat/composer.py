"""Where a message is written: it grows, remembers and completes; while one answers it can stop that."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from timmy_desktop.agent.conversation import LONGEST_TEXT
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panels.chat.input_history import InputHistory
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.fields import CheckBox
from timmy_desktop.gui.widgets.growing_edit import GrowingEdit
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone

LONGEST = LONGEST_TEXT
TASK_COMMAND = "/task "
_DRAFT_AFTER_MS = 400
_HINT = "Enter sends · Shift+Enter breaks the line"
_STOP_HINT = "Esc stops the answer"
_TASK_HINT = "/task TEXT posts TEXT to the swarm · Tab completes"
_LOCAL_ONLY = "Never send this conversation, or a task from it, to a remote provider, whatever fails"
_ALL_LOCAL = "Preferences keep everything on this machine"
_TASK_READY = "Enter posts this to the swarm as a task"


class MessageEdit(GrowingEdit):
    """Up in an empty box brings back what was sent; Tab completes a command; Esc stops."""

    stop_pressed = Signal()

    def __init__(self, history: InputHistory) -> None:
        super().__init__(enter_sends=True, most_characters=2 * LONGEST, most_lines=10)
        self._history = history

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.stop_pressed.emit()
        elif event.key() == Qt.Key.Key_Up and self._may_walk():
            self._recall(self._history.older())
        elif event.key() == Qt.Key.Key_Down and self._history.walking:
            self._recall(self._history.newer())
        else:
            if event.text():
                self._history.leave()
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        # Qt asks here before it hands a Tab on as a key.
        if forward and completion(self.text()):
            self.set_text(completion(self.text()))
            return True
        return super().focusNextPrevChild(forward)

    def _may_walk(self) -> bool:
        return self._history.walking or not self.text()

    def _recall(self, line: str | None) -> None:
        if line is not None:
            self.set_text(line)


def completion(text: str) -> str:
    """The command that `text` is the beginning of; "" when it is none, or whole already."""
    return (
        TASK_COMMAND
        if text.startswith("/") and TASK_COMMAND.startswith(text) and text != TASK_COMMAND
        else ""
    )


class Composer(QWidget):
    """`send_requested` carries the text; it leaves the box when the panel says that it is stored."""

    send_requested = Signal(str)
    stop_requested = Signal()
    local_only_chosen = Signal(bool)

    def __init__(self, keepsakes: Keepsakes) -> None:
        super().__init__()
        self._keepsakes = keepsakes
        self._answering = self._sending = False
        self.history = InputHistory()
        self.edit = MessageEdit(self.history)
        self.edit.setPlaceholderText("Message Timmy, or /task to post to the swarm")
        self.edit.setAccessibleName("Message to Timmy")
        self.hint = label(_HINT, tone="muted", size="small", wrap=True)
        self.send_button = button("Send", variant="primary", hint="Send the message (Enter)")
        self.stop_button = button("Stop", glyph="stop", hint="Stop the answer (Esc)")
        self.stop_button.hide()
        self.local_only = CheckBox("Local only")
        self.local_only.setToolTip(_LOCAL_ONLY)
        self.local_only.setAccessibleDescription(_LOCAL_ONLY)
        self.setLayout(column(self.edit, margins=(GAP + TIGHT, GAP, GAP + TIGHT, GAP + TIGHT)))
        below = row(self.hint, self.local_only, self.stop_button, self.send_button)
        below.setStretch(0, 1)
        self.layout().addLayout(below)  # type: ignore[union-attr]
        self._draft = QTimer(self)
        self._draft.setSingleShot(True)
        self._draft.setInterval(_DRAFT_AFTER_MS)
        self._wire()

    def _wire(self) -> None:
        self._draft.timeout.connect(self.keep_draft)
        self.edit.submitted.connect(self._submit)
        self.send_button.clicked.connect(self._submit)
        self.edit.stop_pressed.connect(self._stop)
        self.stop_button.clicked.connect(self.stop_requested)
        self.local_only.clicked.connect(self.local_only_chosen)
        self.edit.paste_refused.connect(self._paste_refused)
        self.edit.textChanged.connect(self._typed)

    def restore_draft(self) -> None:
        if not self.edit.text():
            self.edit.set_text(self._keepsakes.text("draft")[: 2 * LONGEST])
        self._draft.stop()

    def keep_draft(self) -> None:
        """Writes down now what is being written."""
        self._draft.stop()
        self._keepsakes.put("draft", self.edit.text())
        self._keepsakes.save()

    def write(self, text: str) -> None:
        """Puts a suggestion into the box, for the person to change and send."""
        self.edit.set_text(text)
        self.edit.setFocus()

    def show_answering(self, answering: bool) -> None:
        """While an answer comes in, the next message can be written, and the answer stopped."""
        self._answering = answering
        had_focus = self.stop_button.hasFocus() or self.send_button.hasFocus()
        self.send_button.setVisible(not answering)
        self.stop_button.setVisible(answering)
        if had_focus:
            self.edit.setFocus()
        self._say(self._usual_hint())

    def show_local_only(self, local_only: bool) -> None:
        """Whether the conversation stays here; shown without a choice where everything does."""
        self.local_only.setChecked(local_only or not self.local_only.isEnabled())

    def keep_all_local(self) -> None:
        """Everything is local only by the settings; there is nothing to choose."""
        self.local_only.setEnabled(False)
        self.local_only.setChecked(True)
        self.local_only.setToolTip(_ALL_LOCAL)
        self.local_only.setAccessibleDescription(_ALL_LOCAL)

    def show_not_kept(self, words: str) -> None:
        """The choice is not written down; it is tried again before the next message is sent."""
        self._say(f"“Local only” was not kept: {words} It is tried again before the next message.", "bad")

    def show_sent(self) -> None:
        """The message is stored: the box is free."""
        self._sending = False
        self.edit.setReadOnly(False)
        self.history.add(self.edit.text().strip())
        self.edit.set_text("")
        self.keep_draft()

    def show_not_sent(self, words: str) -> None:
        """The message is not stored: it stays in the box."""
        self._sending = False
        self.edit.setReadOnly(False)
        self._say(f"The message was not sent: {words} It is kept here; Enter tries again.", "bad")
        self.edit.setFocus()

    def _submit(self) -> None:
        if self._sending:
            return
        text = self.edit.text()
        problem = problem_with(text)
        if self._answering and not problem:
            problem = "Timmy is still answering. Esc stops that answer; then Enter sends this."
        if problem:
            self._say(problem, "bad" if len(text) > LONGEST else "warn")
            return
        self._sending = True
        self.edit.setReadOnly(True)
        self.send_requested.emit(text.strip())

    def _stop(self) -> None:
        if self._answering:
            self.stop_requested.emit()

    def _typed(self) -> None:
        self._draft.start()
        if self.edit.document().characterCount() - 1 > LONGEST:
            self._say(problem_with(self.edit.text()), "bad")
        else:
            self._say(self._usual_hint())

    def _usual_hint(self) -> str:
        if self._answering:
            return _STOP_HINT
        beginning = self.edit.document().firstBlock().text()[: len(TASK_COMMAND)]
        if beginning == TASK_COMMAND:
            return _TASK_READY
        return _TASK_HINT if completion(beginning) else _HINT

    def _paste_refused(self, length: int) -> None:
        self._say(
            f"Nothing was pasted: {length:,} characters are more than the {LONGEST:,} that a message may "
            "have. Save the material as a file in the opened folder and name the file here.",
            "bad",
        )

    def _say(self, words: str, tone: str = "muted") -> None:
        set_tone(self.hint, tone)
        self.hint.setText(words)


def problem_with(text: str) -> str:
    """Why `text` can't be sent; "" when it can."""
    if len(text) > LONGEST:
        return f"The message has {len(text):,} characters, more than the {LONGEST:,} that one may have."
    if not text.strip():
        return "There is nothing to send yet."
    if text.strip() == TASK_COMMAND.strip():
        return "Write what is to be done after /task."
    return ""
