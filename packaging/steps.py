"""How the developer commands speak: one line a step, one line for what failed, the rest in a log."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

HEARTBEAT_S = {True: 0.2, False: 20.0}  # a terminal has a live line; a log gets a sign of life


class StepError(Exception):
    """What failed and what to do, in one line; `log` holds the whole story."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message if log is None else f"{message} (Log: {log})")


class Step:
    """Shows what is being done, since when, and how long it took. On stderr: stdout is the application's."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self._live = sys.stderr.isatty()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._start = time.monotonic()

    def say(self, detail: str) -> None:
        """What the step is at now; shown on the live line alone."""
        self.detail = detail

    def __enter__(self) -> Step:
        if not self._live:
            say(f"{self.title} ...")
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()
        outcome = "done" if error is None else "stopped" if kind is KeyboardInterrupt else "failed"
        self._show(f"{outcome} ({time.monotonic() - self._start:.1f} s)", last=True)

    def _tick(self) -> None:
        while not self._ended.wait(HEARTBEAT_S[self._live]):
            self._show(f"{self.detail} ({time.monotonic() - self._start:.0f} s)".strip())

    def _show(self, text: str, last: bool = False) -> None:
        if self._live:
            line = f"{self.title}: {text}"
            shown = line if last else line[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[K{shown}" + ("\n" if last else ""))
            sys.stderr.flush()
        else:
            say(f"{self.title}: {text}")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run_logged(
    command: Sequence[str],
    log: Path,
    on_line: Callable[[str], None] = lambda _line: None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """The exit status of `command`; what it prints goes to the end of `log`, and by line to `on_line`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", buffering=1, encoding="utf-8") as written:
        written.write(f"$ {' '.join(command)}\n")
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    written.write(line)
                    on_line(line.rstrip())
            except BaseException:
                process.terminate()
                raise
        return process.returncode
