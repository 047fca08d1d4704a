"""The window as a process of its own on a real display, seen from outside: its database, its children, its end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conditions import ROOT
from tests.e2e.command import NO_OLLAMA, environment
from tests.e2e.display import Box, Display, until
from timmy_desktop.gui.colors import DARK

STARTED_WITHIN_S = 90.0
CLOSED_WITHIN_S = 30.0
SMALL_REPLIES = {"TIMMY_REPLY_MAX_TOKENS": "12"}


@dataclass
class WindowProcess:
    """`python -m timmy_desktop` on `display`."""

    display: Display
    data_dir: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def window(self) -> int:
        """The window's number; the first that is larger than a helper's."""
        return self.display.windows("Timmy Desktop", self.pid)[0]

    def told(self) -> str:
        """What it wrote, and how it stands: for the message of a failed test."""
        events = [row[0] for row in self.rows("SELECT type FROM event_log ORDER BY seq")][-30:]
        state = self.process.poll()
        return f"exit code {state}, events {events}, output {self.output.read_text(errors='replace')!r}"

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says, read beside the running application; nothing while there is none."""
        file = self.data_dir / "swarm.db"
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if any(words in str(error) for words in ("no such table", "unable to open")):
                return []
            raise

    def events(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT type FROM event_log ORDER BY seq")]

    def starts(self) -> list[dict[str, Any]]:
        """The data of each start in the log."""
        rows = self.rows("SELECT data FROM event_log WHERE type = 'system.started' ORDER BY seq")
        return [json.loads(row[0]) for row in rows]

    def until(self, condition: Any, timeout: float) -> None:
        """Waits, and gives up at once when the process ends."""
        until(lambda: condition() or self.process.poll() is not None, timeout, self.told)
        assert condition(), self.told()

    def until_ready(self) -> None:
        """Until the person can work: the panels' buttons are on screen, and the keyboard is theirs."""
        self.until(lambda: self.display.windows("Timmy Desktop", self.pid), STARTED_WITHIN_S)
        self.until(lambda: self.post_button and self.send_button, STARTED_WITHIN_S)
        self.display.focus(self.window)

    @property
    def post_button(self) -> Box | None:
        """The primary button of the tasks dock: the highest one at the left."""
        return self._button(lambda box: box.right < 1280 * 0.4)

    @property
    def send_button(self) -> Box | None:
        """The primary button of the chat, at the lower right."""
        return self._button(lambda box: box.left > 1280 * 0.6 and box.top > 800 * 0.6)

    def _button(self, is_there: Any) -> Box | None:
        return next((box for box in self.display.boxes(DARK.fill) if is_there(box)), None)

    def children(self) -> list[int]:
        """The processes that it started, as model workers are."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and _parent_and_state(int(folder.name))[0] == self.pid:
                found.append(int(folder.name))
        return found

    def ended(self, timeout: float = CLOSED_WITHIN_S) -> int:
        """Its exit code, once it has ended."""
        until(lambda: self.process.poll() is not None, timeout, self.told)
        return self.process.wait()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, also where nobody has buried it."""
    return _parent_and_state(pid)[1] in ("", "Z", "X")


def _parent_and_state(pid: int) -> tuple[int, str]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, ""
    return int(fields[1]), fields[0]


@contextmanager
def window_process(
    display: Display, data_dir: Path, extra: Mapping[str, str] | None = None
) -> Iterator[WindowProcess]:
    """Starts it; whatever still runs at the end is killed."""
    output = data_dir.parent / f"{data_dir.name}-{os.urandom(3).hex()}.out"
    settings = {
        **NO_OLLAMA,
        **SMALL_REPLIES,
        "QT_QPA_PLATFORM": "xcb",
        "DISPLAY": display.name,
        **(extra or {}),
    }
    with output.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "timmy_desktop", "--data-dir", str(data_dir)],
            cwd=ROOT,
            env=environment(settings),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    running = WindowProcess(display, data_dir, process, output)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.kill()
