"""Exports from the dock: asks where, writes off the window's thread, says how far it is, can be given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog, QWidget

from timmy_desktop.gui.panels.ledger.faces import Exporter
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.wording import count
from timmy_desktop.ledger.export import Format, Progress
from timmy_desktop.ledger.history_question import Question

KINDS: dict[Format, tuple[str, str]] = {
    "csv": ("CSV for spreadsheets", "CSV (*.csv)"),
    "beancount": ("Beancount", "Beancount (*.beancount)"),
    "jsonl": ("JSON lines", "JSON lines (*.jsonl)"),
}
_LOOK_MS = 200


class ExportActs(QObject):
    """One export at a time."""

    def __init__(
        self,
        parent: QWidget,
        exporter: Exporter,
        starter: SlotTasks,
        busy: BusyBar,
        say: Callable[[str, str], object],
    ) -> None:
        super().__init__(parent)
        self._window, self._exporter, self._starter = parent, exporter, starter
        self._busy, self._say = busy, say
        self._progress: Progress | None = None
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK_MS)
        self._looking.timeout.connect(self._look)

    def ask_where(self, kind: Format, question: Question, *, only_found: bool) -> QFileDialog | None:
        """Opens a save dialog without a loop of its own."""
        if self._progress is not None:
            self._say("An export is being written already. Wait for it, or cancel it.", "info")
            return None
        name = f"ledger-{'found-' if only_found else ''}{datetime.now().astimezone():%Y-%m-%d}.{kind}"
        dialog = QFileDialog(self._window, "Export the ledger", str(Path.home() / name), KINDS[kind][1])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.fileSelected.connect(lambda path: self.write(Path(path), kind, question))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def write(self, path: Path, kind: Format, question: Question) -> None:
        """Writes the file; the message bar says how it ended."""
        progress = self._progress = Progress()
        self._busy.start("Exporting the ledger")
        self._looking.start()
        self._starter.start(
            "export",
            self._exporter.write(path, kind, question, progress),
            lambda lines: self._ended(f"{count(lines, 'line')} written to {path}.", "good"),
            failed=lambda error: self._ended(*_fault(path, error, cancelled=progress.cancelled)),
        )

    def cancel(self) -> None:
        """Gives the export up; no file is left."""
        if self._progress is not None:
            self._progress.cancelled = True

    @property
    def running(self) -> bool:
        return self._progress is not None

    @property
    def done(self) -> int:
        """How many lines of the one under way are written."""
        return self._progress.done if self._progress is not None else 0

    def stop(self) -> None:
        self.cancel()
        self._looking.stop()
        self._busy.finish()

    def _look(self) -> None:
        if self._progress is not None and self._progress.total:
            self._busy.say(f"Exporting: {self._progress.done:,} of {count(self._progress.total, 'line')}")

    def _ended(self, words: str, tone: str) -> None:
        self._progress = None
        self._looking.stop()
        self._busy.finish()
        self._say(words, tone)


def _fault(path: Path, error: Exception, *, cancelled: bool) -> tuple[str, str]:
    if cancelled:
        return "The export was given up; no file was written.", "info"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"The ledger was not written to {path}: {reason}. Choose another place.", "bad"
