"""One git process: an environment of ours, a group that is killed, output up to a limit."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.errors import RepositoryError

# How soon a stop is noticed while git says nothing.
_LOOK_SECONDS = 0.05
_SOON_SECONDS, _SOON_TRIES = 0.0001, 20


@dataclass(frozen=True, slots=True)
class GitOutput:
    """What git said; `is_cut` when there was more than the limit."""

    text: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """What git said in bytes, its exit status and complaints; `is_cut` when there was more than the limit."""

    output: bytes
    status: int
    complaint: str
    is_cut: bool

    @property
    def text(self) -> str:
        """The output as text, bytes that are none kept as surrogates."""
        return self.output.decode("utf-8", "surrogateescape")


class Patience:
    """How long one call may take in all, however many processes it needs, and whether it is still wanted."""

    def __init__(self, seconds: float, is_stopped: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._is_stopped = is_stopped

    def check(self) -> None:
        """RepositoryError when the time is over or nobody waits any more."""
        if self._is_stopped():
            raise RepositoryError("Reading the repository was stopped.")
        if time.monotonic() >= self._deadline:
            raise RepositoryError(f"Git took longer than {self._seconds:g} seconds and was stopped.")


def run_git(command: Sequence[str], folder: Path, patience: Patience, limit: int) -> GitOutput:
    """What `command` says in `folder`; RepositoryError in words when it fails."""
    answer = ask_git(command, folder, patience, limit)
    if not answer.is_cut and answer.status != 0:
        raise RepositoryError(explained(answer.complaint))
    return GitOutput(answer.output.decode("utf-8", "replace"), answer.is_cut)


def ask_git(
    command: Sequence[str],
    folder: Path,
    patience: Patience,
    limit: int,
    *,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> GitAnswer:
    """What `command` answers when it is `given` that as its input, whatever its exit status.

    `environment` adds to what git sees, which is nothing of this process's own.
    """
    patience.check()
    with tempfile.TemporaryFile() as complaints, tempfile.TemporaryFile() as handed:
        handed.write(given)
        handed.seek(0)
        with _started(command, folder, complaints, handed, environment or {}) as process:
            output, is_cut = _read(process, patience, limit)
            status = 0 if is_cut else _ended(process, patience)
        complaints.seek(0)
        return GitAnswer(output, status, complaints.read(2000).decode("utf-8", "replace"), is_cut)


def _environment() -> dict[str, str]:
    # Nothing is inherited but the way to git; the person's own git configuration is left out too.
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "XDG_CONFIG_HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


@contextmanager
def _started(
    command: Sequence[str],
    folder: Path,
    complaints: IO[bytes],
    given: IO[bytes],
    environment: Mapping[str, str],
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**_environment(), **environment},
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise RepositoryError(
            "The program git was not found. Install git to read a folder's history."
        ) from error
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], patience: Patience, limit: int) -> tuple[bytes, bool]:
    pipe = process.stdout
    if pipe is None:
        raise RepositoryError("Git's output can't be read.")
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(output) <= limit:
            patience.check()
            if not selector.select(_LOOK_SECONDS):
                continue
            chunk = os.read(pipe.fileno(), 65_536)
            if not chunk:
                break
            output += chunk
    return bytes(output[:limit]), len(output) > limit


def _ended(process: subprocess.Popen[bytes], patience: Patience) -> int:
    # Mostly it ends with its output, and `wait` with a limit would sleep for longer than that takes.
    for _ in range(_SOON_TRIES):
        status = process.poll()
        if status is not None:
            return status
        time.sleep(_SOON_SECONDS)
    while True:
        try:
            return process.wait(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            patience.check()


def explained(complaint: str) -> str:
    """Git's complaint in words of ours, where we have any."""
    line = inert_line(complaint, 300)
    unknown = ("unknown revision", "bad revision", "ambiguous argument", "Needed a single revision")
    if any(words in line for words in unknown):
        return f"There is no such commit. Git says: {line}"
    if "does not have any commits" in line:
        return "The repository has no commits yet."
    return f"Git refused: {line}"
