"""The chain on screen: its head, whether it holds, where it breaks, what may be pruned, the archives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.events.broken_link import BrokenLink
from timmy_desktop.gui.panels.events.chain_desk import FileVerdict, Verdict
from timmy_desktop.gui.panels.events.prune_card import PruneCard
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.parts import button, card, column, label, row, set_tone
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import count, exact_time, size
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_archive import Archive

_WIDEST = 980


class ChainPage(QWidget):
    """Says what was found, and sends what the person wants done."""

    verify_wanted = Signal()
    archive_opened = Signal(object)
    archive_checked = Signal(object)
    """A Path."""
    file_wanted = Signal()
    """Let the person choose a file of events to open."""

    def __init__(self) -> None:
        super().__init__()
        self.pill, self._words = Pill("not checked yet"), label(tone="muted", wrap=True)
        self.hash = CopyableId(what="head of the chain")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the check")
        self.progress.hide()
        self.verify_button = button("Verify now", self.verify_wanted.emit, variant="primary", glyph="shield")
        self.broken, self.prune = BrokenLink(), PruneCard()
        self._archives = QVBoxLayout()
        self._archives.setSpacing(TIGHT)
        self._build()
        self.show_archives([])

    def show_head(self, seq: int, digest: str) -> None:
        """What to compare: the number of the last event and its hash."""
        self.hash.show_id(f"{seq} {digest}", short=f"event {seq:,} · {digest[:24]}…")

    def show_checking(self, rows: int, total: int) -> None:
        self.progress.show()
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(rows)
        self.verify_button.setEnabled(False)
        self.pill.show_status("checking", "accent")
        self._words.setText(f"{rows:,} of {total:,} events were hashed again and compared.")

    def show_verdict(self, verdict: Verdict) -> None:
        """Whole, whole from some event on, or broken and where."""
        report = verdict.report
        self.progress.hide()
        self.verify_button.setEnabled(True)
        self.broken.show_verdict(verdict)
        when = exact_time(verdict.when_us)[:16]
        if not report.intact:
            self.pill.show_status("broken", "bad")
            self._words.setText(
                f"{inert_line(report.problem, 200).capitalize()}. What came before is as it was written. "
                "Keep a copy of the data folder, and compare it with a backup or an export."
            )
        elif report.unverified:
            self.pill.show_status(f"whole from event {report.first_seq:,}", "warn")
            self._words.setText(f"The key of the events before it is gone. Checked at {when}.")
        else:
            self.pill.show_status("whole", "good")
            self._words.setText(f"{count(report.rows, 'event')} were hashed again and compared at {when}.")

    def show_fault(self, words: str) -> None:
        self.progress.hide()
        self.verify_button.setEnabled(True)
        self.pill.show_status("could not be checked", "warn")
        self._words.setText(inert_line(words, 300))

    def show_archives(self, found: Sequence[Archive]) -> None:
        while (item := self._archives.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        for archive in found:
            self._archives.addWidget(self._archive(archive))
        if not found:
            words = "Nothing was archived. What is pruned can be kept in a file that verifies by itself."
            self._archives.addWidget(label(words, tone="muted", wrap=True))

    def show_file(self, verdict: FileVerdict) -> None:
        """What checking an archive found, in its line."""
        for line in self.findChildren(ArchiveLine):
            if line.path == verdict.path:
                line.show_verdict(verdict)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 80)

    def _archive(self, archive: Archive) -> ArchiveLine:
        line = ArchiveLine(archive)
        line.opened.connect(self.archive_opened)
        line.checked.connect(self.archive_checked)
        return line

    def _build(self) -> None:
        proof = card()
        inside = column(margins=(ROOM, GAP + TIGHT, ROOM, GAP + TIGHT), gap=GAP)
        proof.setLayout(inside)
        inside.addLayout(row(label("Chain", strong=True), self.pill, None, self.verify_button))
        inside.addWidget(self._words)
        inside.addWidget(self.progress)
        inside.addLayout(row(label("Head", tone="muted"), self.hash, None))
        kept = card()
        other = button(
            "Open a file…", self.file_wanted.emit, variant="quiet", hint="An archive or a verifiable export"
        )
        layout = column(margins=(ROOM, GAP + TIGHT, ROOM, GAP + TIGHT), gap=GAP)
        layout.addLayout(row(label("Archives", strong=True), None, other))
        layout.addLayout(self._archives)
        kept.setLayout(layout)
        inner = QWidget()
        inner.setMaximumWidth(_WIDEST)
        inner.setLayout(
            column(proof, self.broken, self.prune, kept, None, gap=GAP, margins=(GAP, GAP, GAP, GAP))
        )
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inner)
        area.setAlignment(Qt.AlignmentFlag.AlignTop)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)


class ArchiveLine(QFrame):
    """One archive: what is in it, whether it is whole, and the way in."""

    opened = Signal(object)
    checked = Signal(object)

    def __init__(self, archive: Archive) -> None:
        super().__init__()
        self.path: Path = archive.path
        self._state = label(tone="muted", size="small", wrap=True)
        numbers = f"{archive.first_seq:,} to {archive.last_seq:,}"
        made = exact_time(archive.made_us)[:16]
        words = f"{count(archive.rows, 'event')}, {numbers} · {size(archive.size)} · {made}"
        name = label(archive.path.name)
        look = button("Open", lambda: self.opened.emit(self.path), hint="Show its events in this dock")
        check = button("Verify", lambda: self.checked.emit(self.path), variant="quiet")
        exists = archive.path.exists()
        for one in (look, check):
            one.setEnabled(exists)
        texts = column(
            name, label(words, tone="muted", size="small"), self._state, gap=2, margins=(0, 0, 0, 0)
        )
        layout = row(margins=(0, TIGHT, 0, TIGHT))
        layout.addLayout(texts, 1)
        layout.addWidget(check)
        layout.addWidget(look)
        self.setLayout(layout)
        self._state.setText("" if exists else "The file is not there any more.")
        self._state.setVisible(not exists)

    def show_verdict(self, verdict: FileVerdict) -> None:
        whole = f"Whole: {count(verdict.rows, 'event')} checked."
        self._state.setText(inert_line("; ".join(verdict.problems[:3]), 300) or whole)
        set_tone(self._state, "bad" if verdict.problems else "good")
        self._state.show()
