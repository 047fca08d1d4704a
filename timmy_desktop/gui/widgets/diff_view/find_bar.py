"""The line under a diff in which a person looks for words, or says which line to go to."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.diff_view.finding import MOST
from timmy_desktop.gui.widgets.diff_view.view import DiffView
from timmy_desktop.gui.widgets.parts import glyph_button, label, row, set_tone

_TYPING_MS = 120


class FindBar(QWidget):
    """Hidden until it is asked for; Escape hides it again."""

    closed = Signal()

    def __init__(self, view: DiffView) -> None:
        super().__init__()
        self._view = view
        self._finds = True
        self.edit = QLineEdit()
        self.edit.setClearButtonEnabled(False)
        self.said = label(tone="muted", size="small")
        self._up = glyph_button("top", "Previous hit (Shift+F3)", view.previous_hit, side=26)
        self._down = glyph_button("down", "Next hit (F3)", view.next_hit, side=26)
        close = glyph_button("close", "Close (Escape)", self.close_bar, side=26)
        layout = row(self.edit, self.said, self._up, self._down, close, margins=(GAP, TIGHT, GAP, TIGHT))
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._find)
        self.edit.textEdited.connect(lambda _: self._typing.start())
        view.find_wanted.connect(self.begin_find)
        view.go_wanted.connect(self.begin_go)
        self.hide()

    def begin_find(self) -> None:
        """Looks for words as they are typed."""
        self._begin(finds=True, words="Find in all changes")

    def begin_go(self) -> None:
        """Goes to a line of the file on Enter; a minus means the line as it was."""
        self._begin(finds=False, words="Go to line, as in 120; -120 is the line as it was")

    def close_bar(self) -> None:
        self._typing.stop()
        self._view.look_for("")
        self.hide()
        self.closed.emit()
        self._view.setFocus()

    def stop(self) -> None:
        self._typing.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or event.key() == Qt.Key.Key_F3:
            self._enter(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)

    def _begin(self, *, finds: bool, words: str) -> None:
        self._finds = finds
        self.edit.setPlaceholderText(words)
        self.edit.setAccessibleName(words)
        self._up.setVisible(finds)
        self._down.setVisible(finds)
        self._say("")
        self.show()
        self.edit.setFocus()
        self.edit.selectAll()
        if finds and self.edit.text():
            self._find()

    def _enter(self, *, back: bool) -> None:
        if not self._finds:
            self._go()
            return
        if self._typing.isActive() or self._view.found is None:
            self._typing.stop()
            self._find()
            return
        (self._view.previous_hit if back else self._view.next_hit)()
        self._tell_place()

    def _find(self) -> None:
        if not self._finds:
            return
        number = self._view.look_for(self.edit.text())
        if not self.edit.text():
            self._say("")
        elif not number:
            self._say("Not in what is shown", "warn")
        else:
            self._tell_place()

    def _tell_place(self) -> None:
        if self._view.found is not None and self._view.found.hits:
            number = len(self._view.found.hits)
            most = f"the first {number:,}" if number == MOST else f"{number:,}"
            self._say(f"{self._view.hit + 1:,} of {most}")

    def _go(self) -> None:
        text = self.edit.text().strip()
        digits = text.removeprefix("-").removeprefix("−")
        if not digits.isdecimal():
            self._say("Type a number", "warn")
        elif self._view.go_to_line(int(digits), old=digits != text):
            self.hide()
            self._view.setFocus()
        else:
            self._say("No line of this file is shown", "warn")

    def _say(self, words: str, tone: str = "muted") -> None:
        self.said.setText(words)
        set_tone(self.said, tone)
