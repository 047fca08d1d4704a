"""Edits of a text, applied exactly or refused with the reason: never by a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
    """`text` with each block applied in turn; EditError when a search text is not there, or more than once."""
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
                f"Block {number} does not apply: its search text is {count} times in {path}. Add lines around it."
            )
        text = text.replace(block.search, block.replace)
    return _sized(text, path)


def patched(text: str, patch: str, path: str = "the file") -> str:
    """`text` with the hunks of a unified diff of one file applied where they say, line for line."""
    lines, result, position = _lines(text), list[str](), 0
    hunks = _hunks(patch, path)
    for number, (start, old, new) in enumerate(hunks, 1):
        # A hunk without old lines is counted from the line before it.
        begin = start - 1 if old else start
        if begin < position or lines[begin : begin + len(old)] != old:
            raise EditError(f"Hunk {number} does not apply to {path}: {_different(lines, old, begin)}.")
        result += lines[position:begin] + new
        position = begin + len(old)
    result += lines[position:]
    return _sized("".join(result), path)


def _hunks(patch: str, path: str) -> list[tuple[int, list[str], list[str]]]:
    """Each hunk's first old line (from 1), its old lines and its new ones."""
    hunks: list[tuple[int, list[str], list[str]]] = []
    old_left = new_left = 0
    last: list[list[str]] = []
    for line in _lines(patch):
        if line.startswith("\\"):
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
        elif old_left or new_left:
            mark, rest = line[:1], line[1:]
            if line == "\n":  # many writers leave the space of an empty line out
                mark, rest = " ", "\n"
            if mark not in (" ", "-", "+"):
                raise EditError(f"The diff for {path} has a line in a hunk that begins with {mark!r}.")
            sides = {" ": hunks[-1][1:], "-": hunks[-1][1:2], "+": hunks[-1][2:]}[mark]
            last = [side for side in sides if isinstance(side, list)]
            for side in last:
                side.append(rest if rest.endswith("\n") else f"{rest}\n")
            old_left -= mark in " -"
            new_left -= mark in " +"
        elif found := _HUNK.match(line):
            old_left, new_left = int(found[2] or 1), int(found[4] or 1)
            hunks.append((int(found[1]), [], []))
        elif line.startswith("@@"):
            raise EditError(f"The diff for {path} has a hunk without line numbers: {inert_line(line, 80)!r}.")
    if old_left > 0 or new_left > 0:
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
