"""What a patch says, as frozen values: files, hunks and lines. diff_patch.py reads git's text into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Kind = Literal[" ", "+", "-"]
"""Context, added, removed: as git marks them."""
Side = Literal["old", "new"]
Status = Literal["modified", "added", "deleted", "renamed", "copied"]

CONTEXT: Kind = " "
ADDED: Kind = "+"
REMOVED: Kind = "-"


class Line(NamedTuple):
    """One line of a hunk. A number is 0 on the side where the line is not."""

    kind: Kind
    old: int
    new: int
    text: str
    """Without its line feed; a carriage return stays. Bytes that are no UTF-8 are lone surrogates."""
    ends: bool = True
    """False: the file ends here without a line feed."""


class Place(NamedTuple):
    """Where a line stands in a diff: indices of file, hunk and line."""

    file: int
    hunk: int
    line: int


class Block(NamedTuple):
    """A run of changed lines in a hunk: removed ones `[start, middle)`, then added ones `[middle, end)`."""

    start: int
    middle: int
    end: int


@dataclass(frozen=True)
class Hunk:
    """Lines that changed, with those around them."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: str
    """What git found to name the place by, as a function's first line."""
    lines: tuple[Line, ...]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The runs of changes, in order."""
        return tuple(_blocks(self.lines))

    @property
    def first_old(self) -> int:
        """The number of the first old line; where there is none, the one that it would have."""
        return self.old_start if self.old_count else self.old_start + 1

    @property
    def first_new(self) -> int:
        return self.new_start if self.new_count else self.new_start + 1

    @property
    def head(self) -> str:
        """Its line in the patch."""
        old, new = _range(self.old_start, self.old_count), _range(self.new_start, self.new_count)
        return f"@@ -{old} +{new} @@" + (f" {self.heading}" if self.heading else "")


@dataclass(frozen=True)
class FileChange:
    """What a patch does to one file."""

    old_path: str
    new_path: str
    status: Status
    hunks: tuple[Hunk, ...] = ()
    old_mode: str = ""
    new_mode: str = ""
    old_blob: str = ""
    """As the patch names it; often cut short."""
    new_blob: str = ""
    similarity: int = -1
    """Per cent, of a rename or a copy."""
    is_binary: bool = False
    head: tuple[str, ...] = ()
    """The lines of the patch before the first hunk, as they stood."""

    @property
    def path(self) -> str:
        """What to call it: its name after the change, or the one it had."""
        return self.old_path if self.status == "deleted" else self.new_path

    @property
    def is_moved(self) -> bool:
        return self.status in ("renamed", "copied")

    @property
    def mode_changed(self) -> bool:
        return bool(self.old_mode and self.new_mode and self.old_mode != self.new_mode)

    @cached_property
    def added(self) -> int:
        return sum(block.end - block.middle for hunk in self.hunks for block in hunk.blocks)

    @cached_property
    def removed(self) -> int:
        return sum(block.middle - block.start for hunk in self.hunks for block in hunk.blocks)


@dataclass(frozen=True)
class Diff:
    """A whole patch."""

    files: tuple[FileChange, ...] = ()

    @cached_property
    def added(self) -> int:
        return sum(file.added for file in self.files)

    @cached_property
    def removed(self) -> int:
        return sum(file.removed for file in self.files)

    def line(self, place: Place) -> Line:
        return self.files[place.file].hunks[place.hunk].lines[place.line]


def _range(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"


_RUN = re.compile(r"(-*)(\+*)")


def _blocks(lines: tuple[Line, ...]) -> Iterator[Block]:
    kinds = "".join([line[0] for line in lines])
    for found in _RUN.finditer(kinds):
        if found[0]:
            yield Block(found.start(), found.end(1), found.end())
