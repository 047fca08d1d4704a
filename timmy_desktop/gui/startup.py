"""Why the application could not start, in the person's words: what, what it means, what to do next."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QPushButton, QSizePolicy

from timmy_desktop.gui.theme import GAP, ROOM, WIDE
from timmy_desktop.gui.widgets.empty_state import GlyphMedallion
from timmy_desktop.gui.widgets.parts import button, card, column, label, row, selectable
from timmy_desktop.inert import inert


@dataclass(frozen=True, slots=True)
class StartupProblem:
    """What stands on the page: a title, the message of the error, and details to copy."""

    title: str
    text: str
    glyph: str
    details: str
    expected: bool = True
    is_of_settings: bool = False


def _titles() -> tuple[tuple[type[Exception], str, str], ...]:
    """From the particular to the general: the first that fits is taken."""
    # Not at the top: settings take long to import, and this page is rarely shown.
    from timmy_desktop.settings import SettingsError
    from timmy_desktop.storage.errors import (
        CorruptDatabaseError,
        DiskFullError,
        FolderError,
        NewerSchemaError,
        StorageError,
    )
    from timmy_desktop.storage.folder import FolderInUseError

    return (
        (SettingsError, "The settings can't be used", "gear"),
        (FolderInUseError, "The data folder is in use", "key"),
        (CorruptDatabaseError, "The database is damaged", "bad"),
        (DiskFullError, "The disk is full", "bad"),
        (NewerSchemaError, "This data is from a newer version", "clock"),
        (FolderError, "The data folder can't be used", "folder"),
        (StorageError, "The database can't be opened", "bad"),
    )


def explained(error: BaseException) -> StartupProblem:
    """The page for an error of starting; one that nobody foresaw says so and offers its details."""
    details = "".join(traceback.format_exception(error))
    for kind, title, glyph in _titles():
        if isinstance(error, kind):
            return StartupProblem(title, str(error), glyph, details, is_of_settings=glyph == "gear")
    return StartupProblem(
        "Timmy could not start",
        f"Something unforeseen went wrong: {str(error) or type(error).__name__}. Your data is untouched. "
        "Try again; if it stays, copy the details into a report.",
        "bad",
        details,
        expected=False,
    )


class StartupPage(QFrame):
    """Fills the window while nothing else can be shown."""

    def __init__(
        self,
        problem: StartupProblem,
        *,
        try_again: Callable[[], object],
        open_folder: Callable[[], object],
        leave: Callable[[], object],
    ) -> None:
        super().__init__()
        self.problem = problem
        words = selectable(label(problem.text, wrap=True))
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.retry_button = button("Try again", try_again, variant="primary", glyph="retry")
        self.copy_button = button("Copy details", self._copy, glyph="copy")
        choices: list[QPushButton] = [
            self.retry_button,
            button(
                "Open settings folder" if problem.is_of_settings else "Open data folder",
                open_folder,
                glyph="folder",
            ),
            self.copy_button,
            button("Quit", leave, variant="quiet"),
        ]
        title = label(problem.title, size="title")
        frame = card()
        frame.setFixedWidth(600)
        head = row(GlyphMedallion(problem.glyph, "bad", 48), title, None, gap=ROOM)
        inner = column(gap=ROOM, margins=(WIDE, WIDE, WIDE, WIDE))
        inner.addLayout(head)
        inner.addWidget(words)
        inner.addLayout(row(*choices, None, gap=GAP))
        frame.setLayout(inner)
        outer = column(None, gap=0)
        outer.addLayout(row(None, frame, None))
        outer.addStretch(2)
        self.setLayout(outer)
        self.setAccessibleName(f"{problem.title}. {problem.text}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(
            inert(f"{self.problem.title}\n{self.problem.text}\n\n{self.problem.details}")
        )
        self.copy_button.setText(" Copied")
