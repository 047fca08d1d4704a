"""Old and new lines side by side: which stand in one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from timmy_desktop.upgrades.diff import Block, Hunk
from timmy_desktop.upgrades.diff_words import paired

Pair = tuple[int, int]
"""Indices into a hunk's lines, old and new; -1 where a side is empty."""


def rows_of(hunk: Hunk, *, by_likeness: bool = True) -> tuple[Pair, ...]:
    """The rows of a hunk. `by_likeness` looks for the lines that belong together; it takes longer."""
    made: list[Pair] = []
    place = 0
    for block in hunk.blocks:
        made += [(index, index) for index in range(place, block.start)]
        made += _block(hunk, block) if by_likeness else _in_order(block)
        place = block.end
    made += [(index, index) for index in range(place, len(hunk.lines))]
    return tuple(made)


def places_of(hunk: Hunk, rows: Sequence[Pair]) -> dict[int, tuple[int, int]]:
    """For each block of a hunk, by its start, the rows that it takes: first, and the one after the last."""
    places: dict[int, tuple[int, int]] = {}
    row = 0
    for block in hunk.blocks:
        while row < len(rows) and max(rows[row]) < block.start:
            row += 1
        first = row
        while row < len(rows) and block.start <= max(rows[row]) < block.end:
            row += 1
        places[block.start] = first, row
    return places


def _in_order(block: Block) -> Iterator[Pair]:
    old, new = range(block.start, block.middle), range(block.middle, block.end)
    return zip_longest(old, new, fillvalue=-1)


def _block(hunk: Hunk, block: Block) -> Iterator[Pair]:
    start, middle, end = block
    if middle - start == end - middle or start == middle or middle == end:
        yield from _in_order(block)
        return
    texts = [line.text for line in hunk.lines[start:end]]
    old, new = start, middle
    for one, other in paired(texts[: middle - start], texts[middle - start :]):
        yield from zip_longest(range(old, start + one), range(new, middle + other), fillvalue=-1)
        yield start + one, middle + other
        old, new = start + one + 1, middle + other + 1
    yield from zip_longest(range(old, middle), range(new, end), fillvalue=-1)
