"""Does by name what is wanted with chosen memories, and opens the dialogs that this needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from timmy_desktop.gui.panels.memory.deeds import Deeds
from timmy_desktop.gui.panels.memory.forget_dialog import ForgetDialog
from timmy_desktop.gui.panels.memory.merge_dialog import MergeDialog
from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.gui.panels.memory.sentences import forget_said, forget_title
from timmy_desktop.gui.panels.memory.wording import memories
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import (
    EVERYTHING,
    PERSON,
    Entry,
    EntryType,
    Filters,
    ForgetReport,
    Progress,
    Pruned,
)

MOST_MERGED = 20
_MOST_PIECES = 100_000
_EVENTS = "events to forget"
_LINES = "JSON lines (*.jsonl)"


class Acts:
    """`say(words, tone)` tells what came of what has no place of its own."""

    def __init__(
        self,
        parent: QWidget,
        memory: Memory,
        starter: SlotTasks,
        deeds: Deeds,
        say: Callable[[str, str], object],
    ) -> None:
        self._parent, self._memory, self._starter = parent, memory, starter
        self._deeds, self._say = deeds, say
        self.dialog: ForgetDialog | None = None
        self._forgetting = 0

    @property
    def is_forgetting(self) -> bool:
        return self._forgetting > 0

    def do(self, name: str, rows: Sequence[Row]) -> bool:
        """Whether there is something of that name to be done with these rows."""
        if not rows:
            return False
        proposed = [row for row in rows if row.state != "accepted" and not row.superseded_by]
        simple: dict[str, Callable[[], object]] = {
            "pin": lambda: self._deeds.pin(rows),
            "accept": lambda: self._nod("accept", proposed),
            "reject": lambda: self._nod("reject", [row for row in proposed if row.state == "proposed"]),
            "merge": lambda: self._merge([row.id for row in rows]),
            "merge alike": lambda: self._merge([rows[0].id, *rows[0].folded]),
            "forget": lambda: self.forget([row.id for row in rows], [row.text for row in rows]),
            "restore": lambda: self._deeds.restore(rows[0].id, rows[0].superseded_by),
            "supersede": lambda: self._supersede(rows),
            "copy": lambda: self._copy(rows),
            "shared": lambda: self._deeds.set_visibility(rows, "shared"),
            "private": lambda: self._deeds.set_visibility(rows, "private"),
        }
        if name.startswith("type "):
            self._deeds.set_type(rows, cast(EntryType, name.removeprefix("type ")))
            return True
        if name not in simple:
            return False
        simple[name]()
        return True

    # Forgetting

    def forget(self, ids: Sequence[str], samples: Sequence[str], words: str = "") -> None:
        """Asks; then forgets and shows the check's report."""
        self.dialog = ForgetDialog(
            self._parent,
            forget_title(len(ids)),
            samples,
            len(ids),
            start=lambda sources, events: self._forget(ids, sources, events),
            words=words,
        )
        self._open(self.dialog)
        # What is gone already has no events to offer; the forgetting itself says so.
        self._starter.start(_EVENTS, self._memory.events_of(ids), self._offer_events, failed=lambda _: None)

    def forget_document(self, document_id: str, title: str) -> None:
        """All pieces of a document."""
        filters = Filters(states=EVERYTHING.states, superseded=True, document_id=document_id)
        read = self._memory.entries(asker=PERSON, filters=filters, limit=_MOST_PIECES)

        def ask(pieces: list[Entry]) -> None:
            words = f"All {len(pieces):,} pieces of {title}. The file itself stays where it is."
            self.forget([piece.id for piece in pieces], [], words)

        self._starter.start("pieces", read, ask)

    def prune(self, count: int, before_us: int, types: Sequence[EntryType]) -> None:
        """Asks; then forgets what is that old."""
        words = "Everything of the chosen types that was not changed for so long. Facts and pinned ones stay."
        self.dialog = ForgetDialog(
            self._parent,
            forget_title(count),
            [],
            count,
            start=lambda *_: self._prune(before_us, types),
            offer_sources=False,
            words=words,
        )
        self._open(self.dialog)

    def _forget(self, ids: Sequence[str], sources: bool, events: bool) -> None:
        self._forgetting += 1
        work = self._memory.forget(ids, asker=PERSON, sources=sources, events=events, tell=self._tell)
        # A name of its own: nothing that begins later gives it up.
        self._starter.start(f"forget-{ids[0]}", work, self._forgotten, failed=self._not_forgotten)

    def _offer_events(self, number: int) -> None:
        if self.dialog is not None:
            self.dialog.offer_events(number)

    def _prune(self, before_us: int, types: Sequence[EntryType]) -> None:
        self._forgetting += 1
        work = self._memory.prune(before_us, types, tell=self._tell)
        self._starter.start(f"prune-{before_us}", work, self._pruned, failed=self._not_forgotten)

    def _tell(self, progress: Progress) -> None:
        if self.dialog is not None:
            self.dialog.show_progress(progress)

    def _pruned(self, pruned: Pruned) -> None:
        if pruned.report is not None:
            self._forgotten(pruned.report)
            return
        self._forgetting -= 1
        if self.dialog is not None:
            self.dialog.close()
        self._say("Nothing was that old any more, so nothing was forgotten.", "info")

    def _forgotten(self, report: ForgetReport) -> None:
        self._forgetting -= 1
        if self.dialog is not None:
            self.dialog.show_report(report)
        else:
            self._say(*forget_said(report))

    def _not_forgotten(self, error: Exception) -> None:
        self._forgetting -= 1
        words = str(error) or type(error).__name__
        if self.dialog is not None:
            self.dialog.show_fault(words)
        else:
            self._say(f"Not everything was forgotten: {words} Try again.", "bad")

    def _open(self, dialog: ForgetDialog) -> None:
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self) -> None:
        self._starter.cancel(_EVENTS)
        self.dialog = None

    # The rest

    def _nod(self, name: str, rows: Sequence[Row]) -> None:
        if not rows:
            self._say("Nothing of what is chosen waits for a nod.", "info")
        elif name == "accept":
            self._deeds.accept(rows)
        else:
            self._deeds.reject(rows)

    def _merge(self, ids: Sequence[str]) -> None:
        if not 2 <= len(ids) <= MOST_MERGED:
            self._say(f"Choose 2 to {MOST_MERGED} memories to merge; {len(ids):,} are chosen.", "info")
            return

        async def read() -> list[Entry]:
            return [await self._memory.entry(one, asker=PERSON) for one in ids]

        def ask(entries: list[Entry]) -> None:
            MergeDialog(self._parent, entries, lambda content: self._deeds.merge(ids, content)).open()

        self._starter.start("merge", read(), ask)

    def _supersede(self, rows: Sequence[Row]) -> None:
        if len(rows) == 2:
            older, newer = sorted(rows, key=lambda row: row.number)
            self._deeds.supersede(older.id, newer.id)

    def _copy(self, rows: Sequence[Row]) -> None:
        async def read() -> str:
            found = [await self._memory.entry(row.id, asker=PERSON) for row in rows[:500]]
            return "\n\n".join(entry.content for entry in found)

        self._starter.start("copy", read(), lambda text: QGuiApplication.clipboard().setText(text))

    # Export and import

    def ask_where_to_export(self, filters: Filters = EVERYTHING) -> QFileDialog:
        """Opens a save dialog without a loop of its own."""
        dialog = QFileDialog(self._parent, "Export the memory", str(Path.home() / "memory.jsonl"), _LINES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.fileSelected.connect(lambda path: self.export_to(path, filters))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def ask_what_to_import(self) -> QFileDialog:
        """The same for an export to read."""
        dialog = QFileDialog(self._parent, "Import an export of a memory", str(Path.home()), _LINES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.import_from)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def export_to(self, path: str, filters: Filters = EVERYTHING) -> None:
        """Writes the file, off the window's thread."""
        words = "You alone can read it; forgetting can't reach it."
        self._starter.start(
            "export",
            self._memory.export_lines(Path(path), asker=PERSON, filters=filters),
            lambda number: self._say(f"{memories(number)} written to {path}. {words}", "good"),
            failed=lambda error: self._say(f"Nothing was exported. {error} Choose another place.", "bad"),
        )

    def import_from(self, path: str) -> None:
        """Reads an export."""

        def told(number: int) -> None:
            words = f"{memories(number)} came in new." if number else "All of it was here already."
            self._say(f"{Path(path).name} was read. {words}", "good")

        self._starter.start(
            "import-lines",
            self._memory.import_lines(Path(path)),
            told,
            failed=lambda error: self._say(str(error), "bad"),
        )
