"""The lines around the pages: what is the matter, how far the index is, and what was just done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.memory.progress_line import ProgressLine
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, row

_UNDO_MS = 12_000


class Told:
    """`above` stands over the pages, `below` under them; each is there only while it says something."""

    def __init__(self, parent: QWidget, mend: Callable[[], object], undo: Callable[[], object]) -> None:
        self.status = NoticeBar("", mend)
        self.indexing = ProgressLine()
        self.done = NoticeBar("Undo", undo)
        self.above, self._status_room = QWidget(), _room(self.status)
        self.above.setLayout(column(self._status_room, self.indexing, gap=0, margins=(0, 0, 0, 0)))
        self.below = _room(self.done)
        self.below.hide()
        self._status_room.hide()
        self._fades = QTimer(parent)
        self._fades.setSingleShot(True)
        self._fades.setInterval(_UNDO_MS)
        self._fades.timeout.connect(lambda: self.say_done("", can_undo=False))

    def say_status(self, words: str, tone: str = "warn", action: str = "") -> None:
        """What is the matter, and the next step; "" for nothing."""
        self.status.say(words, tone or "warn", action)
        self._status_room.setVisible(bool(words))

    def say_done(self, words: str, *, can_undo: bool) -> None:
        """What was just done; it goes by itself."""
        self.done.say(words, "good", "Undo" if can_undo else "")
        self.below.setVisible(bool(words))
        if words:
            self._fades.start()

    def stop(self) -> None:
        self._fades.stop()


def _room(bar: NoticeBar) -> QWidget:
    made = QWidget()
    made.setLayout(row(bar, margins=(GAP + TIGHT, TIGHT, GAP + TIGHT, TIGHT), gap=0))
    return made
