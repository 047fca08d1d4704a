"""Edits of a text, applied exactly or refused with the reason: never by a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.errors import EditError

MOST_CHARACTERS = 1_000_000
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Block:
    """Text to be found exactly once, and what takes its place."""

    search: str
    replace: str


def replaced(text: str, blocks: Sequence[Block], path: str = "the file") -> str:
    """`text` with each block applied in turn; EditError when a search text is not there exactly once."""
    for number, block in enumerate(blocks, 1):
        if not block.search:
            raise EditError(f"Block {number} for {path} searches for nothing.")
        if block.search == block.replace:
            raise EditError(f"Block {number} for {path} changes nothing.")
        count = text.count(block.search)
        if count == 0:
            raise EditError(f"Block {number} does not apply: {_missing(text, block.search)} in {path}.")
        if count > 1:
            raise EditError(
                f"Block {number} does not apply: its search text is {count} times in {path}. Add lines to it."
            )
        text = text.replace(block.search, block.replace)
    return _sized(text, path)


def patched(text: str, patch: str, path: str = "the file") -> str:
    """`text` with the hunks of a unified diff of one file applied where they say, line for line."""
    lines, result, position = _lines(text), list[str](), 0
    hunks = _hunks(patch, path)
    for number, hunk in enumerate(hunks, 1):
        # A hunk without old lines is counted from the line before it.
        begin = hunk.start - 1 if hunk.old else hunk.start
        end = begin + len(hunk.old)
        if begin < position or lines[begin:end] != hunk.old:
            raise EditError(f"Hunk {number} does not apply to {path}: {_different(lines, hunk.old, begin)}.")
        result += lines[position:begin] + hunk.new
        position = end
    result += lines[position:]
    return _sized("".join(result), path)


@dataclass(slots=True)
class _Hunk:
    """A hunk while it is read: its first old line (from 1), both sides, and how many lines each wants yet."""

    start: int
    old_left: int
    new_left: int
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    last: str = " "

    @property
    def is_open(self) -> bool:
        return self.old_left > 0 or self.new_left > 0

    def take(self, line: str, path: str) -> None:
        mark, rest = line[:1], line[1:]
        if line == "\n":  # many writers leave the space of an empty line out
            mark, rest = " ", "\n"
        if mark not in (" ", "-", "+"):
            raise EditError(f"The diff for {path} has a line in a hunk that begins with {mark!r}.")
        self.last = mark
        for side in self._sides():
            side.append(rest if rest.endswith("\n") else f"{rest}\n")
        self.old_left -= mark in " -"
        self.new_left -= mark in " +"

    def end_without_newline(self) -> None:
        """The line before was the last of its file, and has no end."""
        for side in self._sides():
            side[-1:] = [line.removesuffix("\n") for line in side[-1:]]

    def _sides(self) -> list[list[str]]:
        return {" ": [self.old, self.new], "-": [self.old], "+": [self.new]}[self.last]


def _hunks(patch: str, path: str) -> list[_Hunk]:
    hunks: list[_Hunk] = []
    for line in _lines(patch):
        if line.startswith("\\") and hunks:
            hunks[-1].end_without_newline()
        elif hunks and hunks[-1].is_open:
            hunks[-1].take(line, path)
        elif found := _HUNK.match(line):
            hunks.append(_Hunk(int(found[1]), int(found[2] or 1), int(found[4] or 1)))
        elif line.startswith("@@"):
            raise EditError(f"The diff for {path} has a hunk without line numbers: {inert_line(line, 80)!r}.")
    if hunks and hunks[-1].is_open:
        raise EditError(f"The last hunk of the diff for {path} ends too early.")
    if not hunks:
        raise EditError(f"The diff for {path} has no hunks.")
    return hunks


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a newline ends one."""
    pieces = text.split("\n")
    return [f"{piece}\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _missing(text: str, search: str) -> str:
    """What is missing, with the nearest thing to it, which is mostly a matter of white space."""
    folded = " ".join(search.split())
    if folded and folded in " ".join(text.split()):
        return "its search text is there with other white space, but not exactly,"
    first = next((line for line in search.split("\n") if line.strip()), search)
    return f"its search text, which begins with {inert_line(first, 80)!r}, is not"


def _different(lines: list[str], old: list[str], begin: int) -> str:
    for offset, line in enumerate(old):
        there = lines[begin + offset] if 0 <= begin + offset < len(lines) else None
        if there != line:
            found = "the file ends before it" if there is None else f"there stands {inert_line(there, 80)!r}"
            return f"line {begin + offset + 1} should be {inert_line(line, 80)!r}, and {found}"
    return "its hunks overlap or are out of order"


def _sized(text: str, path: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise EditError(
            f"{path} would have {len(text):,} characters; at most {MOST_CHARACTERS:,} are written."
        )
    return text
