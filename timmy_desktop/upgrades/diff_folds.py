"""The unchanged lines between hunks: how many there are, and what they say when a person opens them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from timmy_desktop.upgrades.diff import FileChange, Hunk, Line

STEP = 20
"""How many lines one opening shows."""


@dataclass(frozen=True)
class Gap:
    """Unchanged lines before the hunk of the same number; the last one follows the last hunk."""

    old: int
    new: int
    count: int
    """-1: nobody knows yet, as the end of the file was not read."""


@dataclass(frozen=True)
class Opened:
    """How much of a gap is shown: below the hunk before it, and above the one after it."""

    top: int = 0
    bottom: int = 0

    def clipped(self, count: int) -> Opened:
        top = min(self.top, count)
        return Opened(top, min(self.bottom, count - top))


def gaps(file: FileChange, total: int = -1) -> tuple[Gap, ...]:
    """One more than there are hunks; `total` is the number of lines of the new file, where it is known."""
    if not file.hunks or file.status in ("added", "deleted"):
        return tuple(Gap(1, 1, 0) for _ in range(len(file.hunks) + 1))
    first = file.hunks[0]
    made = [Gap(1, 1, max(0, first.first_new - 1))]
    for above, below in pairwise(file.hunks):
        old, new = _after(above)
        made.append(Gap(old, new, max(0, below.first_new - new)))
    old, new = _after(file.hunks[-1])
    made.append(Gap(old, new, -1 if total < 0 else max(0, total - new + 1)))
    return tuple(made)


def context(gap: Gap, new_lines: Sequence[str], first: int, count: int) -> tuple[Line, ...]:
    """Lines `[first, first + count)` of a gap, counted from its start."""
    return tuple(
        Line(" ", gap.old + first + step, gap.new + first + step, text)
        for step, text in enumerate(new_lines[gap.new - 1 + first : gap.new - 1 + first + count])
    )


def lines_of(text: str) -> list[str]:
    """A file's lines as git counts them: ended by line feeds and nothing else."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def old_lines(file: FileChange, new_lines: Sequence[str]) -> list[str] | None:
    """The file before the change, made from the one after it; None where the two don't belong together."""
    made: list[str] = []
    place = 0
    for hunk in file.hunks:
        start = hunk.first_new - 1
        if start < place or start > len(new_lines):
            return None
        made.extend(new_lines[place:start])
        shown = [line.text for line in hunk.lines if line.kind != "-"]
        place = start + len(shown)
        if list(new_lines[start:place]) != shown:
            return None
        made.extend(line.text for line in hunk.lines if line.kind != "+")
    made.extend(new_lines[place:])
    return made


def whole(file: FileChange) -> list[str] | None:
    """The lines of a file that the patch holds whole, because it was added or deleted."""
    if file.status not in ("added", "deleted") or len(file.hunks) != 1:
        return None
    return [line.text for line in file.hunks[0].lines]


def _after(hunk: Hunk) -> tuple[int, int]:
    return hunk.first_old + hunk.old_count, hunk.first_new + hunk.new_count
