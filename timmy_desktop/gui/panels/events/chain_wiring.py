"""Ties the chain's page to its desk: what was clicked is done, and what was found is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from timmy_desktop.gui.panels.events.chain_desk import ChainDesk, ChainParts
from timmy_desktop.gui.panels.events.chain_page import ChainPage
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.wording import count

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.events.panel import EventsPanel

_CHAIN_TAB = 2


class ChainWiring:
    """Works for the panel; `page` is what it shows."""

    def __init__(self, panel: EventsPanel, tasks: SlotTasks, parts: ChainParts) -> None:
        self._panel, self._tasks, self._desk = panel, tasks, ChainDesk(parts)
        self.page = ChainPage()
        self.page.verify_wanted.connect(self.verify)
        self.page.archive_opened.connect(lambda path: panel.deeds.open_archive(path))
        self.page.archive_checked.connect(self.check_file)
        self.page.file_wanted.connect(self.choose_file)
        self.page.prune.look_wanted.connect(self.look)
        self.page.prune.prune_wanted.connect(self.prune)

    def refresh(self) -> None:
        """What is on screen when the page is turned to."""
        self.show_head()
        self._tasks.start("archives", self._desk.archives(), self.page.show_archives)

    def show_head(self) -> None:
        self.page.show_head(*self._desk.head)

    def show_and_verify(self) -> None:
        self._panel.tabs.setCurrentIndex(_CHAIN_TAB)
        self.verify()

    def verify(self) -> None:
        """In the background, with its progress."""
        self.page.show_checking(0, self._desk.head[0])
        work = self._desk.verify(self.page.show_checking)
        self._tasks.start(
            "verify", work, self.page.show_verdict, failed=lambda error: self.page.show_fault(str(error))
        )

    def offer_types(self, types: Sequence[str]) -> None:
        self.page.prune.offer_types(types)

    def look(self, days: int, types: tuple[str, ...]) -> None:
        self._tasks.start(
            "look",
            self._desk.plan(days, types),
            lambda plan: self.page.prune.show_plan(plan.events, plan.by_type, asked=True),
        )

    def prune(self, days: int, types: tuple[str, ...], archive: bool) -> None:
        """Removes; the list follows the event that says so."""
        loop = asyncio.get_running_loop()

        def told(words: str, done: int, total: int) -> None:
            loop.call_soon_threadsafe(self.page.prune.show_progress, words, done, total)

        def done(pruned: object) -> None:
            events = int(getattr(pruned, "events", 0))
            kept = getattr(pruned, "archive", None)
            where = f" They are kept in {kept.name}." if isinstance(kept, Path) else ""
            self.page.prune.show_done(f"{count(events, 'event')} removed.{where}")
            self.refresh()
            self._panel.desk.ask_again()

        def failed(error: Exception) -> None:
            self.page.prune.show_done(f"Nothing was removed: {error}", "bad")

        self._tasks.start("prune", self._desk.prune(days, types, archive, told), done, failed=failed)

    def check_file(self, path: Path) -> None:
        self._tasks.start("check file", self._desk.verify_file(path), self.page.show_file)

    def choose_file(self) -> QFileDialog:
        """An archive or an export, from wherever it is."""
        kinds = "Files of events (*.jsonl *.jsonl.gz *.jsonl.xz)"
        dialog = QFileDialog(self._panel, "Open a file of events", str(self._desk.folder), kinds)
        dialog.fileSelected.connect(lambda path: self._panel.deeds.open_archive(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog
