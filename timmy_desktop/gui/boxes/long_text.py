"""A page of text of any length, put on screen in pieces, so that megabytes hold up nobody."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit

_PIECE = 20_000
"""Characters put on screen in one turn of the loop: a few milliseconds."""
LONGEST_LINE = 2_000
"""What is longer is laid out for seconds."""


def lines_of(text: str) -> list[str]:
    """The lines of a text, those that are too long cut and marked."""
    return [
        line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… ({len(line):,} characters)"
        for line in text.split("\n")
    ]


class LongText(QPlainTextEdit):
    """Read only, in the fixed font. `is_whole` once all of it is there."""

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines, self._next = lines, 0
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setProperty("variant", "bare")
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName(title)
        self._going = QTimer(self)
        self._going.timeout.connect(self._go_on)
        self._go_on()
        if not self.is_whole:
            self._going.start(0)

    @property
    def is_whole(self) -> bool:
        return self._next >= len(self._lines)

    def stop(self) -> None:
        """What is not there yet does not come any more."""
        self._going.stop()

    def _go_on(self) -> None:
        room, first = _PIECE, self._next
        while not self.is_whole and room > 0:
            room -= len(self._lines[self._next]) + 1
            self._next += 1
        self.appendPlainText("\n".join(self._lines[first : self._next]))
        if self.is_whole:
            self._going.stop()
