"""Watches over a process that may be hostile: its time, memory, children, output and disk; ends it whole."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from timmy_desktop.upgrades.errors import SandboxError

_LOOK_SECONDS = 0.1
_TAIL_BYTES = 64_000
_CHUNK = 1 << 16
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a run is ended. `watch`: a folder whose size counts, where no file system sets its limit."""

    seconds: float
    memory_bytes: int
    processes: int
    output_bytes: int
    report_bytes: int
    disk_bytes: int
    watch: Path | None


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: by itself with `status`, or `ended` says what it was killed for."""

    status: int
    ended: str
    report: bytes
    output: str
    duration_ms: int


def watched(
    command: Sequence[str],
    environment: Mapping[str, str],
    report: IO[bytes],
    lifeline: int,
    bounds: Bounds,
    is_stopped: Callable[[], bool],
) -> Ran:
    """Runs `command` to its end or to the first bound. Everything that it started is gone afterwards.

    `report` and `lifeline` are handed to it.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=[report.fileno(), lifeline], start_new_session=True, cwd="/",
        )  # fmt: skip
    except OSError as error:
        raise SandboxError(f"{command[0]} can't be started: {error.strerror}.") from error
    with process:
        try:
            ended, output = _followed(process, bounds, is_stopped, started)
        finally:
            _kill(process)
    report.seek(0)
    said = report.read(bounds.report_bytes)
    duration_ms = round((time.monotonic() - started) * 1000)
    return Ran(process.returncode, ended, said, output, duration_ms)


def _followed(
    process: subprocess.Popen[bytes], bounds: Bounds, is_stopped: Callable[[], bool], started: float
) -> tuple[str, str]:
    tail: deque[bytes] = deque()
    total = kept = 0
    next_look = started
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - asked for above
    os.set_blocking(pipe.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now >= next_look:
                if why := _beyond(process.pid, bounds, is_stopped, now - started):
                    return why, _text(tail)
                next_look = now + _LOOK_SECONDS
            if not selector.select(_LOOK_SECONDS):
                if process.poll() is not None:  # something that it left behind holds the pipe
                    return "", _text(tail)
                continue
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                break
            total, kept = total + len(chunk), kept + len(chunk)
            tail.append(chunk)
            while kept - len(tail[0]) > _TAIL_BYTES:
                kept -= len(tail.popleft())
            if total > bounds.output_bytes:
                return f"it wrote more than {bounds.output_bytes // 1_000_000} MB of output", _text(tail)
    return _waited(process, bounds, is_stopped, started), _text(tail)


def _waited(
    process: subprocess.Popen[bytes], bounds: Bounds, is_stopped: Callable[[], bool], started: float
) -> str:
    while True:
        try:
            process.wait(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if why := _beyond(process.pid, bounds, is_stopped, time.monotonic() - started):
                return why
        else:
            return ""


def _beyond(pid: int, bounds: Bounds, is_stopped: Callable[[], bool], seconds: float) -> str:
    """Which bound is passed, in words; empty when none is."""
    if is_stopped():
        return "it was stopped"
    if seconds > bounds.seconds:
        return f"it took longer than {bounds.seconds:g} seconds"
    count, memory = usage(pid)
    if count > bounds.processes + 8:  # the sandbox's own few
        return f"it had more than {bounds.processes} processes"
    if memory > bounds.memory_bytes:
        return f"it used more than {bounds.memory_bytes // 1_000_000:,} MB of memory"
    if bounds.watch is not None and folder_bytes(bounds.watch, bounds.disk_bytes) > bounds.disk_bytes:
        return f"it wrote more than {bounds.disk_bytes // 1_000_000:,} MB to the disk"
    return ""


def usage(pid: int) -> tuple[int, int]:
    """How many processes stem from `pid`, itself among them, and the memory that they hold."""
    table = _proc_table() if sys.platform == "linux" else _ps_table()
    children = _children(table)
    family = _family(pid, children)
    return len(family & table.keys()), sum(table[member][1] for member in family & table.keys())


def _family(pid: int, children: dict[int, list[int]]) -> set[int]:
    waiting, found = [pid], set[int]()
    while waiting:
        current = waiting.pop()
        found.add(current)
        waiting += children.pop(current, [])
    return found


def _children(table: Mapping[int, tuple[int, int]]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for child, (parent, _) in table.items():
        children.setdefault(parent, []).append(child)
    return children


def running() -> int:
    """How many processes there are in all."""
    return len(_proc_table() if sys.platform == "linux" else _ps_table())


def folder_bytes(folder: Path, enough: int) -> int:
    """The size of what lies below `folder`; counting ends soon after `enough`."""
    total, waiting = 0, [str(folder)]
    while waiting and total <= enough:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
    return total


def _proc_table() -> dict[int, tuple[int, int]]:
    table: dict[int, tuple[int, int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            table[int(entry.name)] = (int(fields[1]), int(fields[21]) * _PAGE)
    return table


def _ps_table() -> dict[int, tuple[int, int]]:
    done = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=False
    )
    rows = (line.split() for line in done.stdout.splitlines())
    return {int(row[0]): (int(row[1]), int(row[2]) * 1024) for row in rows if len(row) == 3}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the group and all that stems from it. What a sandbox with a process space of its own started ends
    with its first process; without one, what has left both the group and the family lives on."""
    if process.stdout is not None:
        process.stdout.close()
    table = _proc_table() if sys.platform == "linux" else _ps_table()
    for member in _family(process.pid, _children(table)) & table.keys() - {process.pid}:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _text(tail: deque[bytes]) -> str:
    return b"".join(tail)[-_TAIL_BYTES:].decode("utf-8", "replace")
