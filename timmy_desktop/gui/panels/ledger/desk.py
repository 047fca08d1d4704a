"""What every deed of the dock works with, and how one that has a dialog ends."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from timmy_desktop.gui.panels.ledger.faces import Book, History
from timmy_desktop.gui.panels.ledger.words import Names
from timmy_desktop.gui.tasks import SlotTasks


class Asking(Protocol):
    """A dialog that a deed was asked for in."""

    def close(self) -> bool: ...

    def show_fault(self, words: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`say(words, tone)` tells the window; `changed` follows what may have changed the ledger."""

    window: QWidget
    book: Book
    history: History
    starter: SlotTasks
    say: Callable[[str, str], object]
    name_of: Names
    fiat: Callable[[int], str]
    now_us: Callable[[], int]
    changed: Callable[[], object]

    def do(self, name: str, work: Coroutine[Any, Any, Any], words: str, dialog: Asking) -> None:
        """Does it and closes the dialog, or says in it why not."""

        def done(_: object) -> None:
            self.changed()
            if is_open(dialog):
                dialog.close()
            self.say(words, "good")

        def fault(error: Exception) -> None:
            if is_open(dialog):
                dialog.show_fault(str(error))
            else:
                self.say(str(error), "bad")

        self.starter.start(name, work, done, failed=fault)


def is_open(dialog: object) -> bool:
    """Whether the person has not closed it: then Qt has forgotten it."""
    return isValid(dialog)
