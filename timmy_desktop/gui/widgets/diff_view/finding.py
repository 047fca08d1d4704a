"""Finds words in a diff. Free of Qt."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.geometry import LINE_KINDS
from timmy_desktop.gui.widgets.diff_view.parts import Cell, Part
from timmy_desktop.upgrades.diff import Side

MOST = 10_000
"""More hits than this are not counted."""


class Hit(NamedTuple):
    """`start` and `end` count characters of the line."""

    row: int
    start: int
    end: int
    side: Side


class Found:
    """Every place of some words, in order; words without a capital find either case."""

    def __init__(self, document: DiffDocument, words: str) -> None:
        self.words = words
        self.hits = _search(document, words) if words else []
        self._rows = [hit.row for hit in self.hits]

    def in_row(self, row: int) -> list[Hit]:
        return self.hits[bisect_left(self._rows, row) : bisect_right(self._rows, row)]

    def after(self, row: int, index: int) -> int:
        """The number of the first hit after a spot, round the end; -1 for none."""
        spots = [(hit.row, hit.start) for hit in self.hits]
        return bisect_right(spots, (row, index)) % len(spots) if spots else -1

    def before(self, row: int, index: int) -> int:
        spots = [(hit.row, hit.start) for hit in self.hits]
        return (bisect_left(spots, (row, index)) - 1) % len(spots) if spots else -1


def _search(document: DiffDocument, words: str) -> list[Hit]:
    pattern = re.compile(re.escape(words), re.NOFLAG if words != words.lower() else re.IGNORECASE)
    hits: list[Hit] = []
    row = 0
    for part in document.parts:
        if part.kind in LINE_KINDS:
            for offset in range(part.rows):
                for cell, side in _cells(document, part, offset):
                    if cell is not None:
                        found = pattern.finditer(cell.line.text)
                        hits += [Hit(row + offset, place.start(), place.end(), side) for place in found]
                if len(hits) >= MOST:
                    return hits[:MOST]
        row += part.rows
    return hits


def _cells(document: DiffDocument, part: Part, offset: int) -> tuple[tuple[Cell | None, Side], ...]:
    old, new = document.cells_of(part, offset)
    return ((old, "old"), (new, "new")) if document.split else ((new or old, "new"),)
