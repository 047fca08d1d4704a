"""The tool that searches the files of the opened folder, within limits of time and size."""

from __future__ import annotations

import os
import subprocess
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from timmy_desktop.inert import inert_line
from timmy_desktop.swarm.errors import ToolError, WorkspaceError
from timmy_desktop.swarm.tools.base import Arguments, Tool, TypedTool, capped
from timmy_desktop.swarm.tools.files import Relative, cut, split_lines, walk
from timmy_desktop.swarm.tools.threads import Stop, ToolThreads
from timmy_desktop.swarm.tools.workspace import Workspace, is_binary

MOST_MATCHES = 100
# What one search may read: files above the first are skipped, the second ends the search.
FILE_BYTES = 1_000_000
SEARCH_BYTES = 50_000_000
SEARCH_SECONDS = 5.0
# How much goes to one grep: a process costs as much as looking through some megabytes.
_BATCH_BYTES = 4_000_000
_ENDED = "[The search ended here, at its limit; search a folder within.]"
# How soon a stop is noticed while grep says nothing.
_LOOK_SECONDS = 0.05

Match = tuple[PurePosixPath, int, str]


class SearchArguments(Arguments):
    pattern: Annotated[str, Field(min_length=1, max_length=500, description="What to look for, in one line.")]
    path: Relative = "."
    regex: Annotated[
        bool, Field(description="Whether the pattern is a POSIX extended regular expression.")
    ] = False
    match_case: Annotated[bool, Field(description="Whether capital letters matter.")] = False
    glob: Annotated[str, Field(max_length=200, description="Only files of such a name, as *.py.")] = ""


class SearchFiles(TypedTool[SearchArguments]):
    """Matching lines, with file and line number."""

    name = "search_files"
    description = (
        "Searches the text files of the opened folder and shows the matching lines with file and line number."
    )
    arguments = SearchArguments

    def __init__(self, workspace: Workspace, threads: ToolThreads, seconds: float = SEARCH_SECONDS) -> None:
        self._workspace = workspace
        self._threads = threads
        self._seconds = seconds

    async def answer(self, arguments: SearchArguments) -> str:
        if any(mark in arguments.pattern for mark in "\n\r\0"):
            raise ToolError("The pattern must be one line; a search looks at each line by itself.")
        return await self._threads.run(lambda stop: self._search(arguments, stop))

    def _search(self, arguments: SearchArguments, stop: Stop) -> str:
        place = self._workspace.locate(arguments.path)
        run = _Run(self._workspace, arguments, Patience(time.monotonic() + self._seconds, stop))
        matches = run.matches(place)
        lines = [f"{inert_line(str(file))}:{number}: {cut(line.strip())}" for file, number, line in matches]
        return capped("\n".join([*(lines or ["Nothing found."]), *run.notes]), "list of matches")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a search may go on, and whether it is still wanted."""

    deadline: float
    stop: Stop

    def is_over(self) -> bool:
        return time.monotonic() > self.deadline


@dataclass
class _Run:
    """One search under way."""

    workspace: Workspace
    arguments: SearchArguments
    patience: Patience
    notes: list[str] = field(default_factory=list)
    skipped: int = 0

    def matches(self, place: PurePosixPath) -> list[Match]:
        find = _grep if self.arguments.regex else _plain
        found: list[Match] = []
        for batch in self._batches(place):
            found += find(batch, self.arguments, self.patience)
            if len(found) > MOST_MATCHES:
                self.notes.append(f"[Only the first {MOST_MATCHES} matches are shown; narrow the search.]")
                break
        if self.skipped:
            self.notes.append(f"[{self.skipped} files above {FILE_BYTES:,} bytes were skipped.]")
        return found[:MOST_MATCHES]

    def _batches(self, place: PurePosixPath) -> Iterator[list[tuple[PurePosixPath, bytes]]]:
        batch: list[tuple[PurePosixPath, bytes]] = []
        size = total = 0
        for file, content in self._contents(place):
            batch.append((file, content))
            size += len(content)
            if size >= _BATCH_BYTES:
                yield batch
                total += size
                batch, size = [], 0
            if total + size > SEARCH_BYTES:
                self.notes.append(_ENDED)
                break
        if batch:
            yield batch

    def _contents(self, place: PurePosixPath) -> Iterator[tuple[PurePosixPath, bytes]]:
        for entry in walk(self.workspace, place, deep=True, check=self.patience.stop.check):
            if self.patience.is_over():
                self.notes.append(_ENDED)
                return
            if entry.kind != "file" or not _named(entry.place, self.arguments.glob):
                continue
            if entry.size > FILE_BYTES:
                self.skipped += 1
                continue
            try:
                content = self.workspace.read_bytes(entry.place, FILE_BYTES)
            except WorkspaceError:
                continue  # went away, or may not be read
            if content and not is_binary(content):
                yield entry.place, content


def _named(place: PurePosixPath, glob: str) -> bool:
    return not glob or fnmatchcase(place.name, glob) or fnmatchcase(str(place), glob)


def _plain(
    batch: Iterable[tuple[PurePosixPath, bytes]], arguments: SearchArguments, patience: Patience
) -> list[Match]:
    fold = str if arguments.match_case else str.casefold
    wanted = fold(arguments.pattern)
    found: list[Match] = []
    for file, content in batch:
        patience.stop.check()
        text = content.decode("utf-8", "replace")
        if wanted in fold(text):
            lines = enumerate(split_lines(text), 1)
            found += [(file, number, line) for number, line in lines if wanted in fold(line)]
        if len(found) > MOST_MATCHES:
            break
    return found


def _grep(
    batch: Iterable[tuple[PurePosixPath, bytes]], arguments: SearchArguments, patience: Patience
) -> list[Match]:
    """Matches by the system's grep: Python's own engine can't be stopped and holds the window's thread."""
    starts: list[int] = []
    files: list[PurePosixPath] = []
    text = bytearray()
    line = 1
    for file, content in batch:
        starts.append(line)
        files.append(file)
        text += content if content.endswith(b"\n") else content + b"\n"
        line += content.count(b"\n") + (not content.endswith(b"\n"))
    found: list[Match] = []
    for number, matched in _grep_lines(bytes(text), arguments, patience):
        index = bisect_right(starts, number) - 1
        found.append((files[index], number - starts[index] + 1, matched))
    return found


def _grep_lines(text: bytes, arguments: SearchArguments, patience: Patience) -> Iterator[tuple[int, str]]:
    case = [] if arguments.match_case else ["-i"]
    command = ["grep", "-n", "-a", "-E", *case, "-m", str(MOST_MATCHES + 1), "-e", arguments.pattern]
    status, output = _piped(command, text, patience)
    if status > 1:
        raise ToolError("The pattern is not a POSIX extended regular expression.")
    for row in split_lines(output.decode("utf-8", "replace")):
        number, _, line = row.partition(":")
        yield int(number), line


def _piped(command: Sequence[str], text: bytes, patience: Patience) -> tuple[int, bytes]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
    except OSError as error:
        raise ToolError("Regular expressions need the program grep, which was not found.") from error
    with process:
        try:
            return _answered(process, text, patience)
        finally:
            process.kill()


def _answered(process: subprocess.Popen[bytes], text: bytes, patience: Patience) -> tuple[int, bytes]:
    given: bytes | None = text
    while True:
        try:
            output, _ = process.communicate(given, timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired as error:
            given = None  # it goes on with what it has
            patience.stop.check()
            if patience.is_over():
                words = "The search took too long. Use a simpler pattern or a folder within."
                raise ToolError(words) from error
        else:
            return process.returncode, output


def search_tools(workspace: Workspace, threads: ToolThreads) -> tuple[Tool, ...]:
    """The tools of this module."""
    return (SearchFiles(workspace, threads),)
