"""Where each row lies, in pixels from the top; rows of a part share a height, wrapped lines have theirs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.parts import Part, PartKind
from timmy_desktop.upgrades.diff_visible import LONGEST, cut, visible

LINE_KINDS = (PartKind.LINES, PartKind.CONTEXT)


@dataclass(frozen=True)
class Measures:
    """What heights are made of."""

    line: int
    head: int
    """Of a file's head; `bar`: of a hunk's."""
    bar: int
    columns: int
    """Cells of a wrapped line; 0: lines are not wrapped."""
    longest: int = LONGEST
    """Characters of a line that are drawn."""


class Geometry:
    """Made anew when the rows or the measures change."""

    def __init__(
        self,
        document: DiffDocument,
        measures: Measures,
        height_of: Callable[[Part], int] = lambda _: 0,
        before: Geometry | None = None,
    ) -> None:
        """`height_of` is asked for parts that are widgets or pictures. `before`: most parts may be as they
        were then, and are not measured again."""
        self._document, self.measures = document, measures
        self._about = (measures, document.split, document.ignores_space)
        is_like = before is not None and before._document is document and before._about == self._about
        self._known = before._measured if before is not None and is_like else {}
        self._measured: dict[Part, list[int]] = {}
        self._wrapped: dict[int, list[int]] = {}
        heights = []
        for place, part in enumerate(document.parts):
            heights.append(self._height(place, part, height_of))
        self.tops = [0, *accumulate(heights)]
        self._known = {}

    @property
    def height(self) -> int:
        return self.tops[-1]

    def top(self, row: int) -> int:
        """Where a row begins."""
        place = self._document.part_index(row)
        part, offset = self._document.parts[place], row - self._document.start_of(place)
        return self.tops[place] + self._within(place, part, offset)

    def row_height(self, row: int) -> int:
        place = self._document.part_index(row)
        part, offset = self._document.parts[place], row - self._document.start_of(place)
        if place in self._wrapped:
            lines = self._wrapped[place]
            return (lines[offset + 1] - lines[offset]) * self.measures.line
        return self.measures.line if part.kind in LINE_KINDS else self.tops[place + 1] - self.tops[place]

    def row_at(self, y: int) -> int:
        """The row that lies there; the first or the last one beyond the ends."""
        place = min(max(bisect_right(self.tops, y) - 1, 0), len(self._document.parts) - 1)
        part, within = self._document.parts[place], y - self.tops[place]
        offset = 0
        if place in self._wrapped:
            offset = bisect_right(self._wrapped[place], within // self.measures.line) - 1
        elif part.kind in LINE_KINDS:
            offset = within // self.measures.line
        return self._document.start_of(place) + min(max(offset, 0), part.rows - 1)

    def _height(self, place: int, part: Part, height_of: Callable[[Part], int]) -> int:
        measures = self.measures
        if part.kind in LINE_KINDS:
            if not measures.columns:
                return part.rows * measures.line
            self._wrapped[place] = self._measured[part] = self._known.get(part) or self._wrap(part)
            return self._wrapped[place][-1] * measures.line
        if part.kind is PartKind.FILE:
            return measures.head
        if part.kind in (PartKind.COMMENT, PartKind.DRAFT, PartKind.PICTURES):
            return height_of(part)
        return measures.bar

    def _wrap(self, part: Part) -> list[int]:
        columns, longest = self.measures.columns, self.measures.longest
        sides = [heights(texts, columns, longest) for texts in self._document.texts_of(part)]
        return [0, *accumulate(sides[0] if len(sides) == 1 else map(max, *sides))]

    def _within(self, place: int, part: Part, offset: int) -> int:
        if place in self._wrapped:
            return self._wrapped[place][offset] * self.measures.line
        return offset * self.measures.line if part.kind in LINE_KINDS else 0


def heights(texts: Sequence[str], columns: int, longest: int) -> list[int]:
    """How many lines each text takes. In one expression: all of a diff is measured when its width changes."""
    return [
        1
        if len(text) <= columns and text.isascii() and text.isprintable()
        else _lines(text, columns, longest)
        for text in texts
    ]


def _lines(text: str, columns: int, longest: int) -> int:
    if text.isascii() and text.isprintable():
        return -(-min(len(text), longest) // columns)
    return len(cut(visible(text[:longest]).text, columns))
