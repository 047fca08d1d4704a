"""Tools that list and read the files of the opened folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from timmy_desktop.inert import inert, inert_line
from timmy_desktop.swarm.errors import ToolError, WorkspaceError
from timmy_desktop.swarm.tools.base import Arguments, Tool, TypedTool, capped
from timmy_desktop.swarm.tools.threads import Stop, ToolThreads
from timmy_desktop.swarm.tools.workspace import Workspace, is_protected

MOST_ENTRIES = 400
MOST_LINES = 400
LONGEST_LINE = 400
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", ".venv", ".mypy_cache", ".ruff_cache"})

Relative = Annotated[str, Field(max_length=4096, description="Path within the opened folder.")]


class ListArguments(Arguments):
    path: Relative = "."
    recursive: Annotated[bool, Field(description="Whether to list what lies deeper, too.")] = False


class ListFiles(TypedTool[ListArguments]):
    """Names, folders first marked by a slash, sizes in bytes."""

    name = "list_files"
    description = "Lists the files of a folder within the opened folder, with their sizes in bytes."
    arguments = ListArguments

    def __init__(self, workspace: Workspace, threads: ToolThreads) -> None:
        self._workspace = workspace
        self._threads = threads

    async def answer(self, arguments: ListArguments) -> str:
        return await self._threads.run(lambda stop: self._list(arguments, stop))

    def _list(self, arguments: ListArguments, stop: Stop) -> str:
        place = self._workspace.locate(arguments.path)
        lines: list[str] = []
        for entry in walk(self._workspace, place, deep=arguments.recursive, check=stop.check):
            if len(lines) == MOST_ENTRIES:
                lines.append(f"[Only the first {MOST_ENTRIES} are shown; list a folder within.]")
                break
            lines.append(_described(entry, place))
        return capped("\n".join(lines), "list") if lines else "The folder is empty."


class ReadArguments(Arguments):
    path: Relative
    first_line: Annotated[int, Field(ge=1, description="The first line to read, from 1.")] = 1
    last_line: Annotated[int, Field(ge=0, description="The last line to read; 0 means as far as fits.")] = 0


class ReadFile(TypedTool[ReadArguments]):
    """Numbered lines of a text file."""

    name = "read_file"
    description = (
        f"Reads a text file of the opened folder, with line numbers; at most {MOST_LINES} lines at once."
    )
    arguments = ReadArguments

    def __init__(self, workspace: Workspace, threads: ToolThreads) -> None:
        self._workspace = workspace
        self._threads = threads

    async def answer(self, arguments: ReadArguments) -> str:
        return await self._threads.run(lambda stop: self._read(arguments, stop))

    def _read(self, arguments: ReadArguments, stop: Stop) -> str:
        text = self._workspace.read_text(self._workspace.locate(arguments.path))
        stop.check()
        lines = split_lines(text)
        if not lines:
            return "The file is empty."
        first = arguments.first_line
        if first > len(lines):
            raise ToolError(f"The file has {len(lines)} lines; there is no line {first}.")
        last = min(arguments.last_line or len(lines), len(lines), first + MOST_LINES - 1)
        shown = [f"{number}\t{cut(lines[number - 1])}" for number in range(first, last + 1)]
        if (first, last) != (1, len(lines)):
            shown.append(f"[Lines {first} to {last} of {len(lines)}.]")
        return capped("\n".join(shown), "file")


@dataclass(frozen=True, slots=True)
class Entry:
    """A name met while walking; `kind` is empty for what is neither file, folder nor link."""

    place: PurePosixPath
    kind: str
    size: int

    @property
    def is_file(self) -> bool:
        return self.kind == "file"


def walk(
    workspace: Workspace, place: PurePosixPath, *, deep: bool, check: Callable[[], None]
) -> Iterator[Entry]:
    """What lies at `place`, in the order of names, without following links or entering protected places.

    A file gives itself. Folders that only tools fill are named and not entered.
    `check` is called at every name and may raise, to end a long walk.
    """
    status = workspace.status(place)
    if not stat.S_ISDIR(status.st_mode):
        yield Entry(place, "file" if stat.S_ISREG(status.st_mode) else "", status.st_size)
        return
    pending = [place]
    while pending:
        folder = pending.pop()
        try:
            entries = _entries(workspace, folder, check)
        except WorkspaceError:
            if folder == place:
                raise
            continue  # went away, or may not be read
        for entry in entries:
            check()
            yield entry
        if deep:
            inner = [entry.place for entry in entries if entry.kind == "folder"]
            pending += [path for path in reversed(inner) if path.name not in _SKIPPED_FOLDERS]


def _entries(workspace: Workspace, folder: PurePosixPath, check: Callable[[], None]) -> list[Entry]:
    with workspace.directory(folder) as descriptor, os.scandir(descriptor) as scan:
        found = []
        for item in scan:
            check()
            found.append(_entry(folder, item))
    return sorted((entry for entry in found if not is_protected(entry.place)), key=lambda entry: entry.place)


def _entry(folder: PurePosixPath, item: os.DirEntry[str]) -> Entry:
    place = folder / item.name
    if item.is_symlink():
        return Entry(place, "link", 0)
    if item.is_dir(follow_symlinks=False):
        return Entry(place, "folder", 0)
    if item.is_file(follow_symlinks=False):
        try:
            return Entry(place, "file", item.stat(follow_symlinks=False).st_size)
        except OSError:
            return Entry(place, "", 0)
    return Entry(place, "", 0)


def _described(entry: Entry, base: PurePosixPath) -> str:
    relative = entry.place.relative_to(base) if entry.place != base else entry.place
    name = inert_line(str(relative))
    words = {"folder": "/", "link": " (link)", "file": f"  {entry.size:,}"}
    return name + words.get(entry.kind, " (special)")


def split_lines(text: str) -> list[str]:
    """The lines as editors and grep count them: ended by a line feed alone, a carriage return dropped."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def cut(line: str) -> str:
    """The line inert, and no longer than a model needs."""
    return inert(line) if len(line) <= LONGEST_LINE else inert(line[:LONGEST_LINE]) + " […]"


def file_tools(workspace: Workspace, threads: ToolThreads) -> tuple[Tool, ...]:
    """The tools of this module."""
    return (
        ListFiles(workspace, threads),
        ReadFile(workspace, threads),
    )
