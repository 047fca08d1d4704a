"""Lines that were only moved: removed in one place and added in another, in the same order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import lru_cache

from timmy_desktop.upgrades.diff import Diff, Hunk, Kind, Place

# Braces, blank lines and `return None` are in every file twice; that they moved says nothing.
_LEAST_LETTERS = 20
_MOST_PLACES = 16
"""A line that stands in more places than this begins no block."""


def moved_lines(diff: Diff) -> Mapping[Place, Place]:
    """For each line that was moved the place of its other half, both ways."""
    removed, added = _Changed(diff, "-"), _Changed(diff, "+")
    places = _places(added.texts, set(removed.texts))
    moved: dict[Place, Place] = {}
    taken: set[int] = set()
    after = 0
    for start, text in enumerate(removed.texts):
        if start < after or text not in places:
            continue
        found, length = _longest(removed, added, start, places[text], taken)
        after = start + length
        for step in range(length):
            taken.add(found + step)
            one, other = removed.place(start + step), added.place(found + step)
            moved[one], moved[other] = other, one
    return moved


class _Changed:
    """All removed or all added lines of a diff; there may be 50,000, so where each stands is asked seldom."""

    def __init__(self, diff: Diff, kind: Kind) -> None:
        self.texts: list[str] = []
        self._kind = kind
        self._firsts: list[int] = []
        self._hunks: list[tuple[int, int, Hunk]] = []
        for file_index, file in enumerate(diff.files):
            for hunk_index, hunk in enumerate(file.hunks):
                self._firsts.append(len(self.texts))
                self._hunks.append((file_index, hunk_index, hunk))
                self.texts += [line[3].strip() for line in hunk.lines if line[0] == kind]
        self._lines = lru_cache(maxsize=64)(self._lines_of)

    def place(self, index: int) -> Place:
        number = bisect_right(self._firsts, index) - 1
        file, hunk, _ = self._hunks[number]
        return Place(file, hunk, self._lines(number)[index - self._firsts[number]])

    def run(self, index: int) -> tuple[int, int, int]:
        """The run of changes that a line belongs to: what stays within one was not moved."""
        place = self.place(index)
        blocks = self._hunks[bisect_right(self._firsts, index) - 1][2].blocks
        return place.file, place.hunk, bisect_right(blocks, place.line, key=lambda block: block.start)

    def _lines_of(self, number: int) -> list[int]:
        return [index for index, line in enumerate(self._hunks[number][2].lines) if line[0] == self._kind]


def _places(texts: list[str], wanted: set[str]) -> dict[str, list[int]]:
    wanted.discard("")
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        if text in wanted:
            places.setdefault(text, []).append(index)
    return {text: found for text, found in places.items() if len(found) <= _MOST_PLACES}


def _longest(
    removed: _Changed, added: _Changed, start: int, candidates: Collection[int], taken: set[int]
) -> tuple[int, int]:
    """Where the longest run of added lines begins that says the same as the removed ones from `start` on."""
    best, longest = 0, 0
    for candidate in candidates:
        length = _common(removed, added, start, candidate, taken)
        if length > longest and _has_letters(removed.texts[start : start + length]):
            best, longest = candidate, length
    return best, longest


def _common(removed: _Changed, added: _Changed, start: int, candidate: int, taken: set[int]) -> int:
    """How many lines are equal from there on, within one run of changes on either side."""
    run, other_run = removed.run(start), added.run(candidate)
    length, most = 0, min(len(removed.texts) - start, len(added.texts) - candidate)
    while run != other_run and length < most:
        one, other = start + length, candidate + length
        if other in taken or removed.texts[one] != added.texts[other]:
            break
        if removed.run(one) != run or added.run(other) != other_run:
            break
        length += 1
    return length


def _has_letters(texts: list[str]) -> bool:
    letters = 0
    for text in texts:
        letters += sum(map(str.isalnum, text))
        if letters >= _LEAST_LETTERS:
            return True
    return False
