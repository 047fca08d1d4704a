"""The text of a PDF, read by a process that can be ended: see pdf_worker.py."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from timmy_desktop import own_process
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.errors import DocumentError
from timmy_desktop.memory.pdf_worker import MOST_CHARACTERS, MOST_PAGES

PDF_SECONDS = 60.0
PDF_MEMORY = 1_000_000_000
# A character takes six bytes in JSON at most.
_MOST_ANSWER = 6 * MOST_CHARACTERS + 1_000_000
_WORKER = Path(__file__).with_name("pdf_worker.py")


def worker_command() -> Sequence[str]:
    """How this installation starts the worker: apart from everything else that is installed."""
    return own_process.worker("pdf", _WORKER)


class PdfReading:
    """Reads one PDF at a time, blocking; `stop` from another thread ends it."""

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        seconds: float = PDF_SECONDS,
        memory: int = PDF_MEMORY,
    ) -> None:
        """`seconds` it may take, and `memory` in bytes."""
        self._command = [*(command or worker_command()), str(max(1, round(seconds))), str(memory)]
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = self._was_late = False

    @property
    def pid(self) -> int | None:
        """The process that reads now."""
        process = self._process
        return process.pid if process is not None else None

    def pages(self, content: bytes) -> list[str]:
        """The text of each page; DocumentError says why there is none."""
        answer = self._answer(content)
        fault = answer.get("fault") if isinstance(answer, dict) else "ended"
        if fault is None and isinstance(answer["pages"], list):
            return [str(page) for page in answer["pages"]]
        raise DocumentError(self._words(str(fault), answer))

    def stop(self) -> None:
        """Ends what is being read; nothing is read any more."""
        with self._lock:
            self._is_stopped = True
            self._kill()

    def _answer(self, content: bytes) -> Any:
        with self._lock:
            if self._is_stopped:
                raise DocumentError("The application is closing.")
            self._was_late = False
            self._process = self._started()
        process = self._process
        late = threading.Timer(self._seconds, self._too_late)
        late.daemon = True
        late.start()
        feeder = threading.Thread(target=_feed, args=(process, content), name="timmy-pdf", daemon=True)
        feeder.start()
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            said = process.stdout.read(_MOST_ANSWER)
        finally:
            late.cancel()
            with self._lock:
                self._kill()
                self._process = None
            feeder.join()
            late.join()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]
        try:
            return orjson.loads(said)
        except orjson.JSONDecodeError:
            return {"fault": "ended", "detail": ""}

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                close_fds=True,
            )
        except OSError as error:
            raise DocumentError(f"PDFs can't be read here: {error.strerror}.") from error

    def _too_late(self) -> None:
        with self._lock:
            self._was_late = self._process is not None
            self._kill()

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def _words(self, fault: str, answer: Any) -> str:
        if self._is_stopped:
            return "The application is closing."
        if self._was_late:
            return f"It took longer than {self._seconds:g} seconds to read."
        detail = inert_line(str(answer.get("detail", "")), 120) if isinstance(answer, dict) else ""
        words = {
            "locked": "It is locked with a password. Save a copy without one.",
            "large": f"It is too much: {MOST_PAGES:,} pages, {MOST_CHARACTERS:,} characters are read.",
            "memory": "It takes more memory to read than it may.",
            "broken": f"It is no PDF that can be read: {detail}.",
        }
        return words.get(fault, "It is no PDF that can be read: it brought its reader down.")


def _feed(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(OSError):  # it ended before it had read all
        process.stdin.write(content)
    with suppress(OSError):
        process.stdin.close()
