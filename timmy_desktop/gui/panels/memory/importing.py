"""Takes documents in one after the other, so that what became of each is known even when it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import FileOutcome, Progress


class Importing:
    """One import at a time; files that are dropped meanwhile wait their turn."""

    def __init__(
        self,
        memory: Memory,
        starter: SlotTasks,
        *,
        progress: Callable[[Progress | None], object],
        outcomes: Callable[[Sequence[FileOutcome]], object],
        ended: Callable[[Sequence[FileOutcome], str, bool], object],
        failed: Callable[[str], object],
    ) -> None:
        """`ended(files, note, stopped)` follows the last file; `outcomes` comes after each."""
        self._memory, self._starter = memory, starter
        self._progress, self._outcomes = progress, outcomes
        self._ended, self._failed = ended, failed
        self._waiting: list[Path] = []
        self._files: list[FileOutcome] = []
        self._notes: list[str] = []
        self._done = 0

    @property
    def is_running(self) -> bool:
        return self._starter.running("import")

    def add(self, paths: Sequence[Path]) -> None:
        """Takes these in, after those that are under way."""
        self._waiting += paths
        if paths and not self.is_running:
            self._files, self._notes, self._done = [], [], 0
            self._progress(Progress("Looking at the files", 0, 0))
            self._starter.start("import", self._run(), lambda _: self._end(False), failed=self._fault)

    def stop(self) -> None:
        """Gives up after the piece that is being written; what was taken in stays."""
        if self.is_running:
            self._starter.cancel("import")
            self._end(True)

    async def _run(self) -> None:
        while self._waiting:
            path = self._waiting.pop(0)
            report = await self._memory.import_documents([path], tell=self._tell)
            self._done += 1
            self._files += report.files
            self._notes += [report.note] if report.note else []
            self._outcomes(self._files)

    def _tell(self, progress: Progress) -> None:
        if progress.total > 1:  # a folder: how far within it
            self._progress(progress)
        else:
            total = self._done + len(self._waiting) + 1
            self._progress(Progress(progress.words, self._done, total))

    def _end(self, stopped: bool) -> None:
        self._waiting.clear()
        self._progress(None)
        self._ended(self._files, " ".join(dict.fromkeys(self._notes)), stopped)

    def _fault(self, error: Exception) -> None:
        self._end(True)
        self._failed(str(error) or type(error).__name__)
