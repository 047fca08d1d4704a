"""A diff without the changes that are nothing but white space, for reading; what is approved is the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import NamedTuple

from timmy_desktop.upgrades.diff import Block, Diff, FileChange, Hunk, Line

_LONGEST_BLOCK = 2_000


class Spaceless(NamedTuple):
    """The diff as it reads without them, and how many changed lines are not shown as changed."""

    diff: Diff
    hidden: int


def without_space_changes(diff: Diff) -> Spaceless:
    """Files and hunks keep their numbers, so that what was decided about a hunk still holds."""
    files = tuple(_file(file) for file in diff.files)
    read = Diff(files)
    return Spaceless(read, diff.added + diff.removed - read.added - read.removed)


def _file(file: FileChange) -> FileChange:
    hunks = tuple(_hunk(hunk) for hunk in file.hunks)
    if all(one is other for one, other in zip(hunks, file.hunks, strict=True)):
        return file
    return replace(file, hunks=hunks)


def _hunk(hunk: Hunk) -> Hunk:
    made: list[Line] = []
    place = 0
    for block in hunk.blocks:
        made.extend(hunk.lines[place : block.start])
        made.extend(_block(hunk.lines, block))
        place = block.end
    if len(made) + len(hunk.lines) - place == len(hunk.lines):
        return hunk
    made.extend(hunk.lines[place:])
    return replace(hunk, lines=tuple(made))


def _block(lines: tuple[Line, ...], block: Block) -> Iterator[Line]:
    removed, added = lines[block.start : block.middle], lines[block.middle : block.end]
    if not removed or not added or max(len(removed), len(added)) > _LONGEST_BLOCK:
        yield from removed
        yield from added
        return
    one, other = [_bare(line.text) for line in removed], [_bare(line.text) for line in added]
    if set(one).isdisjoint(other):
        yield from removed
        yield from added
        return
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            for old, new in zip(removed[a:b], added[c:d], strict=True):
                yield Line(" ", old.old, new.new, new.text, new.ends)
        else:
            yield from removed[a:b]
            yield from added[c:d]


def _bare(text: str) -> str:
    return "".join(text.split())
