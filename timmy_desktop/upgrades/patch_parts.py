"""A patch cut into files and hunks, and some of them put together again: bytes in, the same bytes out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from timmy_desktop.upgrades.errors import EditError
from timmy_desktop.upgrades.types import WHOLE_FILE, HunkRef

_FILE = b"diff --git "
_HUNK = b"@@ -"
_HEADER = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class FilePart:
    """What a patch says of one file: the lines before the first hunk, and the hunks."""

    path: str
    head: bytes
    hunks: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        """Of the whole part: it changes when what is said of the file does."""
        return hashlib.sha256(self.head + b"".join(self.hunks)).hexdigest()

    @property
    def is_whole(self) -> bool:
        """Whether its hunks can't be taken one by one: a new, deleted, renamed or binary file, or a mode."""
        marks = (b"\nnew file", b"\ndeleted file", b"\nrename ", b"\nold mode", b"\nGIT binary")
        return not self.hunks or any(mark in self.head for mark in marks)


def file_parts(patch: bytes) -> tuple[FilePart, ...]:
    """The files of a patch that git wrote with our options."""
    starts = [index for index, line in _lines(patch) if line.startswith(_FILE)]
    return tuple(_part(patch[start:end]) for start, end in pairwise([*starts, len(patch)]))


def added_lines(patch: bytes) -> dict[str, set[int]]:
    """The numbers, in the new files, of the lines that a patch adds."""
    added: dict[str, set[int]] = {}
    for part in file_parts(patch):
        found = added.setdefault(part.path, set())
        for hunk in part.hunks:
            header, *body = hunk.split(b"\n")
            match = _HEADER.match(header)
            number = int(match[3]) if match else 0
            for line in body:
                if line.startswith(b"+"):
                    found.add(number)
                number += line.startswith((b"+", b" "))
    return added


def chosen(patch: bytes, hunks: Sequence[HunkRef]) -> bytes:
    """The patch with these hunks alone; EditError where one is not there or can't stand alone."""
    wanted: dict[str, set[int]] = {}
    for ref in hunks:
        wanted.setdefault(ref.path, set()).add(ref.index)
    parts = {part.path: part for part in file_parts(patch)}
    if not wanted or wanted.keys() - parts.keys():
        raise EditError("Those hunks are not in the diff. Choose them again.")
    return b"".join(_with(part, wanted[path]) for path, part in parts.items() if path in wanted)


def _with(part: FilePart, wanted: set[int]) -> bytes:
    if WHOLE_FILE in wanted or wanted == set(range(len(part.hunks))):
        return part.head + b"".join(part.hunks)
    if part.is_whole:
        raise EditError(f"{part.path} can only be taken as a whole.")
    if not wanted <= set(range(len(part.hunks))):
        raise EditError(f"{part.path} has no such hunk. Choose them again.")
    return part.head + b"".join(_renumbered([part.hunks[index] for index in sorted(wanted)]))


def _renumbered(hunks: Sequence[bytes]) -> Iterable[bytes]:
    """The hunks with the new line numbers that they have without the others: `git apply` looks there first,
    and where a text repeats itself, another place would fit too."""
    shift = 0
    for hunk in hunks:
        header, _, body = hunk.partition(b"\n")
        found = _HEADER.match(header)
        if found is None:
            raise EditError("A hunk of the diff has no line numbers.")
        start, old, new = int(found[1]), int(found[2] or 1), int(found[4] or 1)
        begin = start + shift + (old == 0) - (new == 0)
        yield b"@@ -%d,%d +%d,%d @@%s\n%s" % (start, old, begin, new, header[found.end() :], body)
        shift += new - old


def _part(text: bytes) -> FilePart:
    starts = [index for index, line in _lines(text) if line.startswith(_HUNK)]
    head = text[: starts[0]] if starts else text
    hunks = tuple(text[start:end] for start, end in pairwise([*starts, len(text)]))
    return FilePart(_path(head), head, hunks)


def _path(head: bytes) -> str:
    """The new path, or the old one of a deleted file. No path of ours is quoted or holds a line break."""
    lines = head.split(b"\n")
    for mark in (b"rename to ", b"+++ b/", b"--- a/"):
        for line in lines:
            if line.startswith(mark):
                return line[len(mark) :].rstrip(b"\t").decode("utf-8", "surrogateescape")
    # Neither lines nor a renaming: both names are the same, so each is half of the rest.
    both = lines[0][len(_FILE) :]
    return both[: (len(both) - 1) // 2][2:].decode("utf-8", "surrogateescape")


def _lines(text: bytes) -> Iterable[tuple[int, bytes]]:
    """Where each line begins. A line of content never begins as ours do: it has a mark before it."""
    position = 0
    for line in text.split(b"\n"):
        yield position, line
        position += len(line) + 1
