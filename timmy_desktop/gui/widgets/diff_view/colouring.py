"""The colours of code, asked of lexing_worker.py: right in strings of many lines, and never waited for."""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from timmy_desktop import own_process
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.upgrades.diff import FileChange, Line, Side

SECONDS = 10.0
"""A worker that says nothing for so long is ended, and the file stays plain."""
_MOST_FAILURES = 3
_SLICE_SECONDS = 0.002
_LONGEST_FILE = 4_000_000
_WORKER = Path(__file__).with_name("lexing_worker.py")
Spans = Sequence[int]
_Key = tuple[int, Side]
_PLAIN: Spans = ()
# Bytes, not lists: of 50,000 lists each collection of garbage would have to look through every one.
_NUMBER: Final = "i"


def worker_command() -> Sequence[str]:
    """How this installation starts the worker: apart from everything else that is installed."""
    return own_process.worker("colours", _WORKER)


@dataclass
class _Job:
    number: int
    file: int
    side: Side
    text: bytes


@dataclass
class _Known:
    """What is known of one side of a file."""

    lines: dict[int, bytes] = field(default_factory=dict)
    guessed: set[int] = field(default_factory=set)


class Colouring(QObject):
    """Belongs to one view. `stop()` it; it starts its process when it is first asked."""

    coloured = Signal(int)
    """Lines of this file have colours now."""
    settled = Signal()
    """Nothing is being coloured any more."""

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = ()) -> None:
        super().__init__(parent)
        self._command = tuple(command) or worker_command()
        self._document: DiffDocument | None = None
        self._known: dict[_Key, _Known] = {}
        self._waiting: list[_Job] = []
        self._current: _Job | None = None
        self._numbers = self._failures = 0
        self._rest = b""
        self._answers: deque[bytes] = deque()
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.timeout.connect(self._take_answers)
        self._process: QProcess | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(round(SECONDS * 1000))
        self._patience.timeout.connect(self._give_up)

    @property
    def is_busy(self) -> bool:
        return self._current is not None

    def show_document(self, document: DiffDocument | None) -> None:
        """Forgets every colour; the lines of another diff are asked for from now on."""
        self._document = document
        self._known.clear()
        self._waiting.clear()
        if self._current is not None:
            self._end_process()

    def want(self, file: int, near: int = 0) -> None:
        """Lines of this file are on screen, about the line `near`: colours it, before those asked earlier."""
        sides: tuple[Side, Side] = ("old", "new")
        for side in sides:
            if self._document is not None and (file, side) not in self._known:
                self._known[file, side] = _Known()
                self._ask(self._document, file, side, near)
        self._send()

    def forget(self, file: int) -> None:
        """The whole text of this file has come: what was coloured from its hunks alone may be wrong."""
        self._known.pop((file, "old"), None)
        self._known.pop((file, "new"), None)
        self._waiting = [job for job in self._waiting if job.file != file]
        if self._current is not None and self._current.file == file:
            self._current = _Job(-1, -1, "new", b"")  # what still comes of it is not read

    def spans(self, file: int, line: Line) -> Spans:
        """Start, end and role of each word of a line, one after the other."""
        side: Side = "old" if line.kind == "-" else "new"
        known = self._known.get((file, side))
        found = known.lines.get(line.old if side == "old" else line.new) if known is not None else None
        return memoryview(found).cast(_NUMBER) if found else _PLAIN

    def stop(self) -> None:
        """Ends the process."""
        self._waiting.clear()
        self._end_process()

    def _ask(self, document: DiffDocument, file: int, side: Side, near: int) -> None:
        change = document.reading.diff.files[file]
        lines = document.text_of(file)[side == "new"]
        parts = [(1, list(lines))] if lines is not None else _parts(change, side)
        if change.is_binary or not parts or sum(sum(map(len, part)) for _, part in parts) > _LONGEST_FILE:
            return
        self._numbers += 1
        path = change.old_path if side == "old" else change.new_path
        text = orjson.dumps(
            {
                "id": self._numbers,
                "path": _sayable(path),
                "near": near,
                "parts": [(f, _all_sayable(p)) for f, p in parts],
            }
        )
        self._waiting.append(_Job(self._numbers, file, side, text + b"\n"))

    def _send(self) -> None:
        if self._current is not None or not self._waiting or self._failures >= _MOST_FAILURES:
            return
        self._current = self._waiting.pop()
        self._running().write(self._current.text)
        self._patience.start()

    def _running(self) -> QProcess:
        if self._process is None:
            self._process = QProcess(self)
            self._process.setProcessChannelMode(QProcess.ProcessChannelMode.SeparateChannels)
            self._process.setStandardErrorFile(QProcess.nullDevice())
            self._process.readyReadStandardOutput.connect(self._read)
            self._process.finished.connect(self._ended)
            self._process.errorOccurred.connect(self._ended)
            self._process.start(self._command[0], list(self._command[1:]))
        return self._process

    def _read(self) -> None:
        if self._process is None:
            return
        self._patience.start()
        *whole, self._rest = (self._rest + self._process.readAllStandardOutput().data()).split(b"\n")
        self._answers.extend(whole)
        self._take_answers()

    def _take_answers(self) -> None:
        """As many as there is time for: the worker can be a file ahead, and the window is not to wait."""
        changed: set[int] = set()
        until = time.perf_counter() + _SLICE_SECONDS
        while self._answers and time.perf_counter() < until:
            self._take(self._answers.popleft(), changed)
        for file in changed:
            self.coloured.emit(file)
        if self._answers:
            self._more.start()
            return
        self._send()
        if self._current is None:
            self._patience.stop()
            self.settled.emit()

    def _take(self, line: bytes, changed: set[int]) -> None:
        try:
            answer = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        current = self._current
        if current is None:
            return
        if "spans" not in answer:
            self._current = None
            return
        if (
            answer["id"] == current.number
            and (known := self._known.get((current.file, current.side))) is not None
        ):
            self._keep(known, answer)
            changed.add(current.file)

    def _keep(self, known: _Known, answer: dict[str, object]) -> None:
        first, spans = answer["first"], answer["spans"]
        if isinstance(first, int) and isinstance(spans, list):
            for offset, found in enumerate(spans):
                known.lines[first + offset] = array(_NUMBER, found).tobytes()

    def _give_up(self) -> None:
        """It takes too long: the file stays plain, the others get another process."""
        self._failures += 1
        self._end_process()
        self._send()
        if self._current is None:
            self.settled.emit()

    def _ended(self, *_: object) -> None:
        if self._process is not None and self.sender() is self._process:
            self._give_up()

    def _end_process(self) -> None:
        self._patience.stop()
        self._more.stop()
        self._answers.clear()
        self._current, self._rest = None, b""
        process, self._process = self._process, None
        if process is not None:
            process.readyReadStandardOutput.disconnect(self._read)
            process.finished.disconnect(self._ended)
            process.errorOccurred.disconnect(self._ended)
            process.kill()
            process.waitForFinished(1000)
            process.deleteLater()


def _parts(change: FileChange, side: Side) -> list[tuple[int, list[str]]]:
    """The lines that the patch knows of one side, hunk by hunk."""
    left_out = "+" if side == "old" else "-"
    return [
        (
            hunk.first_old if side == "old" else hunk.first_new,
            [line.text for line in hunk.lines if line.kind != left_out],
        )
        for hunk in change.hunks
    ]


def _sayable(text: str) -> str:
    """JSON can't carry lone surrogates; one character stands for each, so that columns stay."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _all_sayable(lines: Sequence[str]) -> list[str]:
    return [line if line.isascii() else _sayable(line) for line in lines]
