"""What stands where in a diff from top to bottom: heads, notes, lines, folds and the comments among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from timmy_desktop.gui.widgets.diff_view.parts import Part, PartKind
from timmy_desktop.upgrades.diff import FileChange, Side
from timmy_desktop.upgrades.diff_folds import Opened

if TYPE_CHECKING:
    from timmy_desktop.gui.widgets.diff_view.document import DiffDocument

_AT_HEAD = -1, -1
_Spots = dict[tuple[int, int], list[Part]]


class LayingOut:
    """Of one document, as it is when it is asked."""

    def __init__(self, document: DiffDocument) -> None:
        self._document = document

    def parts(self) -> Iterator[Part]:
        """Every run of rows, in order."""
        for index, file in enumerate(self._document.diff.files):
            yield Part(PartKind.FILE, index)
            if not self._document.files[index].collapsed:
                yield from self._file_parts(index, file)

    def _file_parts(self, index: int, file: FileChange) -> Iterator[Part]:
        for note in range(len(self._document.notes(index))):
            yield Part(PartKind.NOTE, index, first=note)
        if self._document.files[index].pictures:
            yield Part(PartKind.PICTURES, index)
        spots = self._spots(index)
        yield from spots.get((-1, -1), ())
        for hunk in range(len(file.hunks)):
            yield from self._gap_parts(index, hunk, spots)
            yield from self._hunk_parts(index, hunk, spots)
        if file.hunks:
            yield from self._gap_parts(index, len(file.hunks), spots)

    def _gap_parts(self, file: int, gap: int, spots: _Spots) -> Iterator[Part]:
        """What was opened of a gap, with the head of the hunk after it, or the last fold, between.

        Comments on lines that are folded stand at the fold.
        """
        here = {at: found for (where, at), found in spots.items() if where == _in_gap(gap)}
        count = self._document.gaps(file)[gap].count
        opened = self._document.files[file].folds.get(gap, Opened()).clipped(max(count, 0))
        is_last = gap == len(self._document.diff.files[file].hunks)
        below = count - opened.bottom
        yield from _context_parts(Part(PartKind.CONTEXT, file, gap, 0, opened.top), here)
        if is_last and (count < 0 or count > opened.top + opened.bottom):
            yield Part(PartKind.FOLD, file, gap)
        for at in sorted(here):
            if at >= opened.top and (count < 0 or at < below):
                yield from here[at]
        if not is_last:
            yield Part(PartKind.HUNK, file, gap)
        yield from _context_parts(Part(PartKind.CONTEXT, file, gap, below, opened.bottom), here)

    def _hunk_parts(self, file: int, hunk: int, spots: _Spots) -> Iterator[Part]:
        lines = self._document.diff.files[file].hunks[hunk].lines
        rows = len(self._document.pairs_of(file, hunk)) if self._document.split else len(lines)
        place = 0
        for row in sorted({self.row_in(file, hunk, index) for other, index in spots if other == hunk}):
            if row + 1 > place:
                yield Part(PartKind.LINES, file, hunk, place, row + 1 - place)
                place = row + 1
            for key, found in spots.items():
                if key[0] == hunk and self.row_in(file, hunk, key[1]) == row:
                    yield from found
        if rows > place:
            yield Part(PartKind.LINES, file, hunk, place, rows - place)

    def _spots(self, file: int) -> _Spots:
        """Comments by the line (hunk, index) that they stand under; (-1, -1): under the head of the file.
        Lines between the hunks: see `_in_gap`."""
        spots: _Spots = {}
        change = self._document.diff.files[file]
        for number, remark in enumerate(self._document.remarks):
            if remark.path in (change.new_path, change.old_path):
                place = self._spot_of(file, remark.line, remark.side)
                spots.setdefault(place, []).append(Part(PartKind.COMMENT, file, number))
        if self._document.draft is not None and self._document.draft.file == file:
            place = self._spot_of(file, self._document.draft.number, self._document.draft.side)
            spots.setdefault(place, []).append(Part(PartKind.DRAFT, file))
        elif self._document.draft_file == file:
            spots.setdefault((-1, -1), []).append(Part(PartKind.DRAFT, file))
        return spots

    def _spot_of(self, file: int, number: int, side: Side) -> tuple[int, int]:
        """Where a line with that number stands: in a hunk, or in a gap between two."""
        found = _index_of(self._document.diff.files[file], number, side)
        if found != _AT_HEAD or not number:
            return found
        for index, gap in enumerate(self._document.gaps(file)):
            at = number - (gap.old if side == "old" else gap.new)
            if at >= 0 and (gap.count < 0 or at < gap.count):
                return _in_gap(index), at
        return _AT_HEAD

    def row_in(self, file: int, hunk: int, index: int) -> int:
        """The row of a line of a hunk, counted from the first row of the hunk."""
        if not self._document.split:
            return index
        rows = self._document.pairs_of(file, hunk)
        return next(place for place, pair in enumerate(rows) if index in pair)


def _in_gap(gap: int) -> int:
    """What stands for a gap where hunks are counted from 0."""
    return -2 - gap


def _context_parts(part: Part, comments: Mapping[int, list[Part]]) -> Iterator[Part]:
    """Lines that were opened, cut where comments stand between them."""
    first, end = part.first, part.first + part.rows
    for at in sorted(at for at in comments if part.first <= at < end):
        yield part._replace(first=first, rows=at + 1 - first)
        yield from comments[at]
        first = at + 1
    if first < end:
        yield part._replace(first=first, rows=end - first)


def _index_of(file: FileChange, number: int, side: Side) -> tuple[int, int]:
    for hunk_index, hunk in enumerate(file.hunks if number else ()):
        for index, line in enumerate(hunk.lines):
            if (line.old if side == "old" else line.new) == number:
                return hunk_index, index
    return _AT_HEAD
