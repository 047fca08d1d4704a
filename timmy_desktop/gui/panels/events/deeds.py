"""What is done with events that were found: copied, exported, filters kept by name, archives opened."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog

from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.panels.events.chain_desk import ChainParts
from timmy_desktop.gui.panels.events.reader import EventReader
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_archive import open_file
from timmy_desktop.storage.event_export import ENDINGS, Format, csv_lines, export, json_line
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.storage.event_rows import LogRow

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.events.panel import EventsPanel

_MOST_COPIED = 5_000
_NAMES: dict[str, str] = {"csv": "CSV (*.csv)", "jsonl": "JSON lines (*.jsonl)", "otel": "OTLP JSON (*.json)",
                          "verifiable": "Verifiable log (*.jsonl.gz)"}  # fmt: skip


class Deeds:
    """Works for the panel."""

    def __init__(self, panel: EventsPanel, tasks: SlotTasks, chain: ChainParts) -> None:
        self._panel, self._tasks, self._chain = panel, tasks, chain
        self._opened: tuple[Database, Path] | None = None

    def stop(self) -> None:
        """The archive's copy goes; its readers have nothing under way any more."""
        if self._opened is not None:
            database, folder = self._opened
            self._opened = None
            database.close_now()
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def can_prove(self) -> bool:
        """Whether the key is here that seals an export."""
        return bool(self._chain.log.key)

    # Copy and export

    def copy(self, runs: Sequence[range], form: str) -> None:
        """Puts the events at these places of the list on the clipboard, whole."""
        query, chosen = self._panel.desk.query, sum(map(len, runs))
        if not chosen or query is None:
            return

        def put(rows: list[LogRow]) -> None:
            text = csv_lines(rows) if form == "csv" else "".join(f"{json_line(row)}\n" for row in rows)
            QGuiApplication.clipboard().setText(text)
            rest = f" of {chosen:,}; an export writes all" if chosen > _MOST_COPIED else ""
            self._say(f"{count(len(rows), 'event')} copied{rest}.", "info")

        work = self._panel.reader.whole(query, self._panel.model.positions, _first(runs, _MOST_COPIED))
        self._tasks.start("copy", work, put)

    def export(self, form: Format) -> QFileDialog:
        """Asks where, then writes."""
        now = datetime.fromtimestamp(self._chain.now_us() / 1e6, UTC).astimezone()
        name = Path.home() / f"events-{now:%Y-%m-%d-%H%M%S}{ENDINGS[form]}"
        dialog = QFileDialog(self._panel, "Export events", str(name), _NAMES[form])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda path: self.export_to(Path(path), form))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def export_to(self, path: Path, form: Format) -> None:
        """What passes the filters in force; of the verifiable form, all."""
        work = self._export(path, form, self._panel.wanted)
        self._panel.page.busy.start("Writing the export")

        def done(events: int) -> None:
            self._panel.page.busy.finish()
            self._say(f"{count(events, 'event')} written to {path}.", "good")

        def failed(error: Exception) -> None:
            self._panel.page.busy.finish()
            self._say(f"The export was not written: {error}. Choose another place and try again.", "bad")

        self._tasks.start("export", work, done, failed=failed)

    async def _export(self, path: Path, form: Format, wanted: EventFilter) -> int:
        loop, busy = asyncio.get_running_loop(), self._panel.page.busy
        key, made_us = self._chain.log.key, self._chain.now_us()

        def told(done: int, total: int) -> None:
            loop.call_soon_threadsafe(busy.say, f"{done:,} of {total:,} events")

        clean = await self._chain.database.read(self._chain.clean)
        # Readers of its own: a long export holds up nobody.
        database = Database(self._panel.reader.database.path)
        try:
            return await database.read(
                lambda session: export(
                    session, path, form, wanted, key=key, made_us=made_us, progress=told, clean=clean
                )
            )
        finally:
            await database.close()

    # Filters

    def ask_name(self) -> QInputDialog:
        """Under which name the filters in force are kept."""
        dialog = QInputDialog(self._panel)
        dialog.setWindowTitle("Save this filter")
        dialog.setLabelText("Name")
        dialog.textValueSelected.connect(self.save_as)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def save_as(self, name: str) -> None:
        if name.strip():
            work = EventReader(self._chain.database).save(name.strip(), self._panel.wanted)
            self._tasks.start("save", work, self._saved)

    def use_saved(self, name: str) -> None:
        def use(saved: dict[str, EventFilter]) -> None:
            if name in saved:
                self._panel.filter_by(saved[name])

        self._tasks.start("saved", EventReader(self._chain.database).saved(), use)

    def forget_saved(self, name: str) -> None:
        self._tasks.start("save", EventReader(self._chain.database).forget(name), lambda _: self._refresh())

    def _saved(self, name: str) -> None:
        self._say(f"Kept as “{inert_line(name, 60)}”.", "good")
        self._refresh()

    def _refresh(self) -> None:
        self._tasks.start("saved", EventReader(self._chain.database).saved(), self._panel.page.bar.show_saved)

    # Archives

    def open_archive(self, path: Path) -> None:
        """Shows a file's events in the place of the log's."""
        self._panel.page.busy.start("Opening the archive")

        def show(opened: tuple[Database, Path]) -> None:
            self.close_archive()
            self._opened = opened
            self._panel.page.busy.finish()
            words = f"These are the events of {inert_line(path.name, 80)}, not of the log."
            self._panel.read_from(EventReader(opened[0]), words)

        def failed(error: Exception) -> None:
            self._panel.page.busy.finish()
            self._say(f"The file was not opened: {error}", "bad")

        self._tasks.start("open", self._open(path), show, failed=failed)

    def close_archive(self) -> None:
        """Lets go of the file that was open."""
        if self._opened is not None:
            database, folder = self._opened
            self._opened = None
            self._tasks.start("close", _closed(database, folder))

    async def _open(self, path: Path) -> tuple[Database, Path]:
        loop, busy = asyncio.get_running_loop(), self._panel.page.busy
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="timmy-events-"))

        def told(rows: int) -> None:
            loop.call_soon(busy.say, f"{rows:,} events")

        try:
            return await open_file(path, folder, told), folder
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, folder, True)
            raise

    def _say(self, words: str, tone: str) -> None:
        self._panel.wished.emit(Say(words, tone))


def _first(runs: Sequence[range], most: int) -> list[range]:
    """As much of the runs as is no more than `most`."""
    found: list[range] = []
    for run in runs:
        found.append(run[: most - sum(map(len, found))])
    return [run for run in found if run]


async def _closed(database: Database, folder: Path) -> None:
    await database.close()
    await asyncio.to_thread(shutil.rmtree, folder, True)
