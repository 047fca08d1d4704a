"""The window of a black box: what happened elsewhere or then, read only, and plainly not live."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Never

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QTabWidget, QVBoxLayout, QWidget

from timmy_desktop.events.base import EventRecord
from timmy_desktop.feed.box_format import fingerprint
from timmy_desktop.feed.box_reader import Box, problems, unpack
from timmy_desktop.gui.boxes.long_text import LongText, lines_of
from timmy_desktop.gui.boxes.texts import about_lines, json_lines, metric_lines, moment
from timmy_desktop.gui.glyphs import application_icon
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import Say, Wish
from timmy_desktop.gui.panels.events.chain_desk import ChainParts
from timmy_desktop.gui.panels.events.panel import CHAIN, EventsPanel
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.message_bar import MessageBar
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_archive import open_file
from timmy_desktop.supervisor import TaskSupervisor

KeyOf = Callable[[Box], bytes | None]
"""The key of a box's log where it is known; blocks while a keychain answers."""
Page = tuple[str, list[str]]
_SHOWN_PROBLEMS = 3


class OpenedBox:
    """A box, its events in a database of their own, and the verdict on it. `close` leaves nothing behind.

    `pages` are the other things in it: title and lines.
    """

    def __init__(
        self,
        box: Box,
        database: Database,
        folder: Path,
        wrong: Sequence[str],
        pages: Sequence[Page],
        *,
        by_key: bool,
    ) -> None:
        self.box, self.database, self.folder, self.pages = box, database, folder, pages
        self.wrong, self.by_key = wrong, by_key
        """What does not fit; and whether the log's key was there to tell, or the signature alone."""

    async def close(self) -> None:
        await self.database.close()
        await asyncio.to_thread(shutil.rmtree, self.folder, True)


async def open_box(file: Path, key_of: KeyOf) -> OpenedBox:
    """Unpacks, verifies and fills a database. BoxError or StorageError for what is no box."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="timmy-box-"))
    try:
        box = await asyncio.to_thread(unpack, file, folder)
        key = await asyncio.to_thread(key_of, box)
        wrong = await asyncio.to_thread(problems, box, key)
        pages = await asyncio.to_thread(_pages, box)
        database = await open_file(box.events, folder)
        return OpenedBox(box, database, folder, wrong, pages, by_key=key is not None)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder, True)
        raise


class BoxWindow(QMainWindow):
    """Shows an opened box. What would change anything is not offered."""

    closed = Signal()

    def __init__(self, opened: OpenedBox, supervisor: TaskSupervisor) -> None:
        super().__init__()
        box = opened.box
        self.setWindowTitle(f"Black box: {inert_line(box.path.name, 60)} (not live)")
        self.setWindowIcon(application_icon())
        self.setMinimumSize(640, 420)
        self.resize(1100, 760)
        self.banner, self.messages = NoticeBar(), MessageBar()
        self.banner.say(*banner_words(opened))
        self.events = _events_panel(opened, supervisor)
        self.events.wished.connect(self._grant)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.events, "Events")
        self.texts = [LongText(title, lines) for title, lines in opened.pages]
        for text in self.texts:
            self.tabs.addTab(text, text.accessibleName())
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.banner)
        layout.addWidget(self.messages)
        layout.addWidget(self.tabs, 1)
        self.setCentralWidget(body)

    @property
    def settled(self) -> bool:
        """Whether everything asked for is on screen."""
        return self.events.settle() and all(text.is_whole for text in self.texts)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.events.stop()
        for text in self.texts:
            text.stop()
        self.closed.emit()

    def _grant(self, wish: Wish) -> None:
        if isinstance(wish, Say):
            self.messages.say(wish.text, wish.tone, wish.details)
        else:
            self.messages.say(
                "That is not in a black box: it holds what happened, and not the swarm.", "info"
            )


async def show_box(file: Path, key_of: KeyOf, shown: Callable[[], object] = lambda: None) -> None:
    """Shows a box until its window is closed; `shown()` when it is there. Raises what `open_box` raises."""
    opened = await open_box(file, key_of)
    supervisor, closed = TaskSupervisor(), asyncio.Event()
    window = BoxWindow(opened, supervisor)
    window.closed.connect(closed.set)
    try:
        window.show()
        shown()
        await closed.wait()
    finally:
        if not closed.is_set():  # the application ends
            window.close()
        window.deleteLater()
        await supervisor.close()
        await opened.close()


def banner_words(opened: OpenedBox) -> tuple[str, str]:
    """What this is, and whether it is genuine; and the tone of that."""
    about = opened.box.about
    events = count(about.events, "event")
    made = f"made {moment(about.made_us)}"
    what = f"Black box, not live: {events}, {about.redacted:,} of them redacted, {made}."
    if opened.wrong:
        found = " ".join(inert(problem) for problem in opened.wrong[:_SHOWN_PROBLEMS])
        more = (
            ""
            if len(opened.wrong) <= _SHOWN_PROBLEMS
            else f" And {len(opened.wrong) - _SHOWN_PROBLEMS} more."
        )
        return f"{what} {found}{more}", "bad"
    if not opened.by_key:
        return f"{what} {signed_words(opened.box)}", "info"
    return f"{what} Verified: every byte is as it was exported, and the chain holds.", "good"


def signed_words(box: Box) -> str:
    """What a signature says to whom has no key."""
    return (
        f"Unchanged since it was signed by {fingerprint(box.signer)}: ask the sender whether that is theirs. "
        "The key of its log is not on this computer, so the chain was not verified."
    )


def _pages(box: Box) -> list[Page]:
    texts = [
        ("Metrics", metric_lines(box.metrics)),
        ("Settings", json_lines(box.settings)),
        ("Log", inert(box.log) or "Nothing was logged in that time, or the log was left out."),
        ("About", about_lines(box.about, box.signer)),
    ]
    return [(title, lines_of(text)) for title, text in texts]


def _events_panel(opened: OpenedBox, supervisor: TaskSupervisor) -> EventsPanel:
    about, folder = opened.box.about, opened.folder
    panel = EventsPanel(
        bus=_Silence(),
        database=opened.database,
        index=_Done(),  # type: ignore[arg-type]
        supervisor=supervisor,
        keepsakes=Keepsakes(folder / "columns.json"),
        names={},
        now_us=lambda: about.made_us,
        chain=ChainParts(
            log=_Shut(about.last_seq),
            database=opened.database,
            pruning=_Unable(),
            anchor=folder,
            archives=folder,
            now_us=lambda: about.made_us,
        ),
    )
    panel.tabs.setTabVisible(CHAIN, False)
    return panel


class _Silence:
    """A bus on which nothing happens."""

    def subscribe_all(self, handler: Callable[[Sequence[EventRecord]], None]) -> Callable[[], None]:
        del handler
        return lambda: None


class _Done:
    """An index that has come to its end."""

    def on_progress(self, handler: Callable[[], None]) -> Callable[[], None]:
        del handler
        return lambda: None


class _Shut:
    """A log to which nothing is added, and whose key is elsewhere."""

    key = b""

    def __init__(self, last_seq: int) -> None:
        self.head = (last_seq, b"")


_NOT_PRUNED = "A black box is read only; nothing in it can be pruned."


class _Unable:
    """Nothing is pruned in a box."""

    async def plan(self, *_: object, **__: object) -> Never:
        raise StorageError(_NOT_PRUNED)

    async def prune(self, *_: object, **__: object) -> Never:
        raise StorageError(_NOT_PRUNED)
