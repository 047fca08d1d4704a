"""Opens black boxes from the window, each in a window of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from timmy_desktop.feed.box_format import ENDING
from timmy_desktop.feed.box_reader import Box
from timmy_desktop.gui.boxes.window import show_box
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.chain_key import log_id_of
from timmy_desktop.storage.database import Database

_LONG_S = 0.5


class BoxOpener:
    """Knows the key of this computer's log, which verifies boxes that were made here."""

    def __init__(
        self, parent: QWidget, database: Database, key: bytes, tasks: SlotTasks, say: Callable[[Say], object]
    ) -> None:
        self._parent, self._database, self._key = parent, database, key
        self._tasks, self._say = tasks, say

    def choose(self) -> QFileDialog:
        """Asks which file."""
        dialog = QFileDialog(
            self._parent, "Open a black box", str(Path.home()), f"Black boxes (*{ENDING});;All files (*)"
        )
        dialog.fileSelected.connect(lambda path: self.open(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def open(self, file: Path) -> None:
        """Shows it until its window is closed; the same file once."""
        name = inert_line(file.name, 80)
        self._tasks.start(
            f"box {file}",
            self._show(file, name),
            failed=lambda error: self._say(Say(f"{name} was not opened: {error}", "bad")),
        )

    async def _show(self, file: Path, name: str) -> None:
        loop = asyncio.get_running_loop()
        waits = loop.call_later(_LONG_S, self._say, Say(f"Opening {name} and verifying it…", "info"))
        try:
            own = await self._database.read(log_id_of)
            await show_box(file, lambda box: self._key_of(box, own), waits.cancel)
        finally:
            waits.cancel()

    def _key_of(self, box: Box, own: str) -> bytes | None:
        return self._key if own and box.about.log_id == own else None
