"""The dialog that exports a black box: of which time, to which file, with its progress and a way out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import QDateTimeEdit, QFileDialog, QProgressBar, QWidget

from timmy_desktop.feed.box_format import ENDING, About, fingerprint, signer_of
from timmy_desktop.feed.box_writer import BoxWish, BoxWriter
from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import ROOM, WIDE
from timmy_desktop.gui.widgets.fields import CheckBox, Choice
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.database import Database

_HOUR_US = 3_600_000_000
_SPANS = {"Last hour": _HOUR_US, "Last day": 24 * _HOUR_US, "Last week": 168 * _HOUR_US}
_EVERYTHING, _CHOSEN = "Everything", "From … until …"
_TASK = "export box"
_TIME_WIDTH = 160
_INTRO = (
    "One file with the events, metrics, settings, versions and log of a time, to send to somebody. Secrets "
    "are taken out, and so is what was said in tasks that are local only. It is signed, so any change "
    "of it is found."
)


class CancelledError(Exception):
    """The person wants it no more."""


class Log(Protocol):
    """The part of the event log that seals."""

    @property
    def key(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxParts:
    """What the dialog works with."""

    writer: BoxWriter
    database: Path
    log: Log
    now_us: Callable[[], int]


class ExportBoxDialog(WindowDialog):
    """Stays until the box is written or given up; what became of it goes to `say`."""

    def __init__(
        self, parent: QWidget, parts: BoxParts, tasks: SlotTasks, say: Callable[[Say], object]
    ) -> None:
        super().__init__(parent, "Export a black box")
        self._parts, self._tasks, self._say = parts, tasks, say
        self._cancelled = self._writing = False
        self.span, self.with_log = Choice(), CheckBox("With what the application logged")
        now = QDateTime.fromMSecsSinceEpoch(parts.now_us() // 1000)
        self.since, self.until = _time("From", now.addDays(-1)), _time("Until", now)
        self.progress, self.message = QProgressBar(), label(tone="muted", wrap=True)
        self.go_button = button("Choose a file…", self.choose, variant="primary")
        self.cancel_button = button("Cancel", self.close)
        self._build()
        self.finished.connect(self._give_up)

    @property
    def wish(self) -> BoxWish:
        """What is asked for now."""
        now_us, name = self._parts.now_us(), self.span.currentText()
        since_us, until_us = now_us - _SPANS.get(name, now_us), now_us + 1
        if name == _CHOSEN:
            since_us = self.since.dateTime().toMSecsSinceEpoch() * 1000
            until_us = self.until.dateTime().toMSecsSinceEpoch() * 1000
        return BoxWish(since_us=since_us, until_us=until_us, with_log=self.with_log.isChecked())

    def choose(self) -> QFileDialog:
        """Asks where, then writes."""
        now = datetime.fromtimestamp(self._parts.now_us() / 1e6).astimezone()
        name = Path.home() / f"timmy-{now:%Y-%m-%d-%H%M%S}{ENDING}"
        dialog = QFileDialog(self, "Export a black box", str(name), f"Black box (*{ENDING})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda path: self.write(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def write(self, path: Path) -> None:
        """Writes in the background; the dialog shows how far it is."""
        path = path if path.suffix else path.with_suffix(ENDING)
        self._writing = True
        self._show_writing(True)
        self._tasks.start(
            _TASK,
            self._write(path, self.wish),
            lambda about: self._done(path, about),
            failed=self._failed,
        )

    async def _write(self, path: Path, wish: BoxWish) -> About:
        loop, parts = asyncio.get_running_loop(), self._parts

        def told(done: int, of: int) -> None:
            if self._cancelled:
                raise CancelledError
            loop.call_soon_threadsafe(self._show_progress, done, of)

        # Readers of its own: a long export holds up nobody.
        database = Database(parts.database)
        try:
            return await database.read(
                lambda session: parts.writer.write(
                    session, parts.log.key, path, wish, made_us=parts.now_us(), progress=told
                )
            )
        except asyncio.CancelledError:
            self._cancelled = True  # the application closes, and does not wait for all of it
            raise
        finally:
            await database.close()

    def _done(self, path: Path, about: About) -> None:
        self._writing = False
        if self._cancelled:
            return
        words = f"{count(about.events, 'event')}, {about.redacted:,} of them redacted, written to {path}."
        mark = fingerprint(signer_of(self._parts.log.key))
        self._say(Say(f"{words} It is signed by {mark}; “timmy-desktop open-box” shows it.", "good"))
        self.close()

    def _failed(self, error: Exception) -> None:
        self._writing = False
        if self._cancelled:
            return
        self._show_writing(False)
        self.message.setText(inert_line(f"No box was written. {error}", 400))
        set_tone(self.message, "bad")

    def _give_up(self) -> None:
        """The writer notices at its next step, and leaves no file; until then it is not to be interrupted."""
        if self._writing and not self._cancelled:
            self._say(Say("The black box was given up. No file was left.", "info"))
        self._cancelled = True

    def _show_progress(self, done: int, of: int) -> None:
        if not self._cancelled:
            self.progress.setRange(0, max(1, of))
            self.progress.setValue(done)
            self.message.setText(f"{done:,} of {of:,} events")

    def _show_writing(self, writing: bool) -> None:
        self.message.setText("Reading the log…" if writing else "")
        set_tone(self.message, "muted")
        self.progress.setRange(0, 0)
        self.progress.setVisible(writing)
        for field in (self.span, self.since, self.until, self.with_log, self.go_button):
            field.setEnabled(not writing)

    def _show_span(self) -> None:
        for field in (self.since, self.until):
            field.setVisible(self.span.currentText() == _CHOSEN)

    def _build(self) -> None:
        self.span.addItems([*_SPANS, _EVERYTHING, _CHOSEN])
        self.span.setCurrentIndex(1)
        self.span.setAccessibleName("Time")
        self.span.currentIndexChanged.connect(lambda _: self._show_span())
        self._show_span()
        self.with_log.setChecked(True)
        self.progress.setTextVisible(False)
        self.progress.setVisible(False)
        self.progress.setAccessibleName("Progress")
        layout = column(
            label("Export a black box", size="title"),
            label(_INTRO, tone="muted", wrap=True),
            gap=ROOM,
            margins=(WIDE, WIDE, WIDE, ROOM),
        )
        layout.addLayout(row(self.span, self.since, self.until, None))
        layout.addWidget(self.with_log)
        layout.addWidget(self.progress)
        layout.addWidget(self.message)
        layout.addLayout(row(None, self.cancel_button, self.go_button))
        self.setLayout(layout)
        self.setMinimumWidth(560)
        self.span.setFocus()


def _time(name: str, value: QDateTime) -> QDateTimeEdit:
    field = QDateTimeEdit(value)
    field.setDisplayFormat("yyyy-MM-dd HH:mm")
    field.setAccessibleName(name)
    field.setFixedWidth(_TIME_WIDTH)
    return field
