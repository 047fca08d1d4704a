"""What a diff view shows, without Qt: the diff, and everything a person opened, chose or wrote in it."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from timmy_desktop.gui.widgets.diff_view import pairs
from timmy_desktop.gui.widgets.diff_view.laying_out import LayingOut
from timmy_desktop.gui.widgets.diff_view.notes import notes_of, odd_lines
from timmy_desktop.gui.widgets.diff_view.parts import Anchor, Cell, Part, PartKind, Remark
from timmy_desktop.upgrades.diff import Block, Diff, Place
from timmy_desktop.upgrades.diff_folds import STEP, Gap, Opened, context, gaps, old_lines, whole
from timmy_desktop.upgrades.diff_moves import moved_lines
from timmy_desktop.upgrades.diff_patch import read_patch
from timmy_desktop.upgrades.diff_space import without_space_changes
from timmy_desktop.upgrades.diff_visible import LONGEST

_LINE_KINDS = (PartKind.LINES, PartKind.CONTEXT)
# Above this the lines of a block stand side by side in their order, without a look at their likeness.
_MANY = 6_000


@dataclass(frozen=True)
class Reading:
    """A patch read, with what takes time worked out: made on a thread, shown at once."""

    patch: bytes
    diff: Diff
    moved: Mapping[Place, Place]
    widest: int
    """Characters of the longest line."""
    odd: tuple[int, ...]
    """For each file how many lines hold what can't be seen, or passes for something else."""

    @cached_property
    def longest(self) -> int:
        """How many lines are not drawn to their end as long as nobody asks for it."""
        if self.widest <= LONGEST:
            return 0
        hunks = (hunk for file in self.diff.files for hunk in file.hunks)
        return sum(len(line.text) > LONGEST for hunk in hunks for line in hunk.lines)


def read(patch: bytes) -> Reading:
    """Everything that a view needs of a patch; PatchError. May take a tenth of a second for a large one."""
    diff = read_patch(patch)
    odd = tuple(odd_lines(diff, file) for file in range(len(diff.files)))
    return Reading(patch, diff, moved_lines(diff), _widest(diff), odd)


@dataclass
class Opening:
    """What a person did to one file."""

    collapsed: bool = False
    seen: bool = False
    pictures: bool = False
    folds: dict[int, Opened] = field(default_factory=dict)
    new_lines: Sequence[str] | None = None
    old_lines: Sequence[str] | None = None
    asked: bool = False
    """Its whole text was asked for."""


class DiffDocument:
    """Rows from 0 on, in parts. `changed` is called when there are other rows than before."""

    def __init__(self, reading: Reading, changed: Callable[[], object] = lambda: None) -> None:
        self.reading = reading
        self.changed = changed
        self.diff = reading.diff
        self.split = False
        self.ignores_space = False
        self.hidden_by_space = 0
        self.draws_all = False
        """Of lines longer than LONGEST, too; it takes long."""
        self.files = [Opening() for _ in reading.diff.files]
        self.left_out: set[tuple[int, int]] = set()
        """Hunks (file, hunk) that the person does not take; hunk -1: a file without hunks."""
        self.remarks: tuple[Remark, ...] = ()
        self.draft: Cell | None = None
        self.draft_file = -1
        self._pairs: dict[tuple[int, int], tuple[pairs.Pair, ...]] = {}
        self._gaps: dict[int, tuple[Gap, ...]] = {}
        self._block_places: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
        self._runs: dict[Part, list[tuple[int, int, str]]] = {}
        self._spaceless: Diff | None = None
        self._laying_out = LayingOut(self)
        self._lay_out()

    # Rows

    @property
    def rows(self) -> int:
        return self._starts[-1]

    def part_at(self, row: int) -> tuple[Part, int]:
        """The part that a row belongs to, and how far into it."""
        place = self.part_index(row)
        return self.parts[place], row - self._starts[place]

    def part_index(self, row: int) -> int:
        return min(max(bisect_right(self._starts, row) - 1, 0), len(self.parts) - 1)

    def start_of(self, part_index: int) -> int:
        """The first row of a part."""
        return self._starts[part_index]

    def cells(self, row: int) -> tuple[Cell | None, Cell | None]:
        """The old and the new line of a row; unified they are the same. None where there is none."""
        part, offset = self.part_at(row)
        return self.cells_of(part, offset)

    def cells_of(self, part: Part, offset: int) -> tuple[Cell | None, Cell | None]:
        if part.kind is PartKind.CONTEXT:
            cell = self._context_cell(part, offset)
            return cell, cell
        if part.kind is not PartKind.LINES:
            return None, None
        if not self.split:
            cell = self._cell(part, part.first + offset)
            return cell, cell
        old, new = self.pairs_of(part.file, part.hunk)[part.first + offset]
        return self._cell(part, old), self._cell(part, new)

    def texts_of(self, part: Part) -> Iterator[list[str]]:
        """The texts of the rows of a part of lines, on each side, quicker than by its cells."""
        if part.kind is PartKind.CONTEXT:
            lines, start = self.files[part.file].new_lines or (), self.gaps(part.file)[part.hunk].new - 1
            yield list(lines[start + part.first : start + part.first + part.rows])
            return
        texts = [line.text for line in self.diff.files[part.file].hunks[part.hunk].lines]
        rows = slice(part.first, part.first + part.rows)
        if not self.split:
            yield texts[rows]
            return
        texts.append("")  # what stands where a side has no line: its index is -1
        for side in zip(*self.pairs_of(part.file, part.hunk)[rows], strict=True):
            yield [texts[index] for index in side]

    def cell(self, row: int) -> Cell | None:
        """The line that a row is about: the new one before the old one."""
        old, new = self.cells(row)
        return new or old

    def anchor(self, row: int) -> Anchor:
        """What to find the row by when the rows have changed."""
        part, offset = self.part_at(row)
        cell = self.cell(row)
        if cell is not None and cell.hunk >= 0:
            return Anchor(part.kind, part.file, part.hunk, cell.at)
        return Anchor(part.kind, part.file, part.hunk, part.first + offset)

    def row_of(self, anchor: Anchor) -> int:
        """The row nearest to what the anchor names."""
        best = 0
        for place, part in enumerate(self.parts):
            if part.file > anchor.file:
                break
            alike = part.kind is PartKind.FILE or (part.kind is anchor.kind and part.hunk <= anchor.hunk)
            if part.file == anchor.file and alike and not self._is_after(part, anchor):
                best = self._starts[place] + self._offset(part, anchor)
        return best

    def row_of_place(self, place: Place) -> int:
        """The row of a line of the diff."""
        return self.row_of(Anchor(PartKind.LINES, place.file, place.hunk, place.line))

    def row_of_number(self, file: int, number: int, *, old: bool = False) -> int:
        """The row of the line with this number, or of what stands before it; -1 where the file shows none."""
        found = -1
        for place, part in enumerate(self.parts):
            if part.file != file or part.kind not in _LINE_KINDS:
                continue
            for offset, known in enumerate(self._numbers(part, old=old)):
                if known and (known <= number or found < 0):
                    found = self._starts[place] + offset
                if known >= number:
                    return found
        return found

    def _numbers(self, part: Part, *, old: bool) -> Iterable[int]:
        """The number of each row's line on that side, 0 where it has none; quicker than by its cells."""
        if part.kind is PartKind.CONTEXT:
            gap = self.gaps(part.file)[part.hunk]
            start = (gap.old if old else gap.new) + part.first
            return range(start, start + part.rows)
        lines = self.diff.files[part.file].hunks[part.hunk].lines
        numbers = [line.old if old else line.new for line in lines]
        rows = slice(part.first, part.first + part.rows)
        if not self.split:
            return numbers[rows]
        numbers.append(0)  # where a side has no line its index is -1
        return [numbers[pair[0 if old else 1]] for pair in self.pairs_of(part.file, part.hunk)[rows]]

    @cached_property
    def file_rows(self) -> dict[int, int]:
        """The head of each file."""
        return {
            part.file: self._starts[place]
            for place, part in enumerate(self.parts)
            if part.kind is PartKind.FILE
        }

    @cached_property
    def changes(self) -> list[tuple[int, int, str]]:
        """Runs of changed rows in order: first row, the row after the last, and `+`, `-` or `±`."""
        return list(self._changes())

    def prepare_changes(self, seconds: float) -> bool:
        """Works on `changes` for so long, though for one part at least; whether they are at hand then."""
        until = time.perf_counter() + seconds
        for part in self.parts:
            if part.kind is PartKind.LINES and part not in self._runs:
                if time.perf_counter() > until:
                    return False
                self._runs_of(part)
        return True

    # What a person does

    def show(self, *, split: bool | None = None, ignore_space: bool | None = None) -> None:
        """Side by side or not, with or without changes of white space."""
        if ignore_space is not None and ignore_space != self.ignores_space:
            self.ignores_space = ignore_space
            self._read_space()
        if split is not None:
            self.split = split
        self._runs.clear()
        self._lay_out()
        self.changed()

    def collapse(self, file: int, collapsed: bool) -> None:
        self.files[file].collapsed = collapsed
        self._relay()

    def show_seen(self, file: int, seen: bool) -> None:
        """Marks a file as seen; what was seen is folded away."""
        self.files[file].seen = self.files[file].collapsed = seen
        self._relay()

    def show_pictures(self, file: int) -> None:
        self.files[file].pictures = True
        self._relay()

    def open_fold(self, file: int, gap: int, top: int = STEP, bottom: int = STEP) -> None:
        """Shows more of a gap, from its start and its end; everything where little is left."""
        known = self.gaps(file)[gap]
        if known.count <= 0 or self.files[file].new_lines is None:
            return
        was = self.files[file].folds.get(gap, Opened())
        more = Opened(was.top + top, was.bottom + bottom)
        if known.count - more.top - more.bottom <= STEP // 4:
            more = Opened(known.count, 0)
        self.files[file].folds[gap] = more.clipped(known.count)
        self._relay()

    def put_text(self, file: int, text: str | None) -> bool:
        """The whole new file, for folds and colours. False: there is none, or it is not that of this diff."""
        opening = self.files[file]
        opening.asked = True
        lines = None if text is None else _lines(text)
        older = None if lines is None else old_lines(self.reading.diff.files[file], lines)
        if lines is None or older is None:
            return False
        opening.new_lines, opening.old_lines = lines, older
        self._gaps.pop(file, None)
        before = self.parts
        self._lay_out()
        if self.parts != before:  # most often only the length of a fold is known now
            self.changed()
        return True

    def text_of(self, file: int) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        """The lines of the old and of the new file, as far as they are known."""
        change, opening = self.reading.diff.files[file], self.files[file]
        lines = whole(change)
        if lines is not None:
            return (None, lines) if change.status == "added" else (lines, None)
        return opening.old_lines, opening.new_lines

    def take(self, file: int, hunk: int, taken: bool) -> None:
        """Whether the person takes a hunk; hunk -1: all of the file."""
        hunks = range(len(self.diff.files[file].hunks)) or (-1,)
        for index in hunks if hunk < 0 else (hunk,):
            (self.left_out.discard if taken else self.left_out.add)((file, index))

    def is_taken(self, file: int, hunk: int) -> bool:
        """Of a file (hunk -1): whether all of it is."""
        if hunk >= 0 or not self.diff.files[file].hunks:
            return (file, hunk) not in self.left_out
        return not any(left == file for left, _ in self.left_out)

    def put_remarks(self, remarks: Sequence[Remark]) -> None:
        self.remarks = tuple(remarks)
        self._relay()

    def begin_draft(self, cell: Cell | None, file: int = -1) -> None:
        """A comment is written on a line, or on a file as a whole; None and -1: not any more."""
        self.draft, self.draft_file = cell, file
        self._relay()

    # What is there

    @property
    def cut_lines(self) -> int:
        """How many lines are not drawn to their end."""
        return 0 if self.draws_all else self.reading.longest

    @property
    def has_widgets(self) -> bool:
        """Whether comments, or one that is being written, stand between the lines."""
        return bool(self.remarks) or self.draft is not None or self.draft_file >= 0

    def gaps(self, file: int) -> tuple[Gap, ...]:
        if file not in self._gaps:
            lines = self.files[file].new_lines
            self._gaps[file] = gaps(self.reading.diff.files[file], -1 if lines is None else len(lines))
        return self._gaps[file]

    def hidden_in(self, file: int, gap: int) -> int:
        """How many lines of a gap are folded; -1 where nobody knows."""
        count = self.gaps(file)[gap].count
        opened = self.files[file].folds.get(gap, Opened()).clipped(max(count, 0))
        return count - opened.top - opened.bottom if count > 0 else count

    def notes(self, file: int) -> tuple[str, ...]:
        return notes_of(self.reading.diff.files[file])

    def moved_to(self, cell: Cell) -> Place | None:
        """The other half of a line that was moved."""
        if cell.hunk < 0 or self.ignores_space:
            return None
        return self.reading.moved.get(Place(cell.file, cell.hunk, cell.at))

    def _cell(self, part: Part, index: int) -> Cell | None:
        if index < 0:
            return None
        return Cell(self.diff.files[part.file].hunks[part.hunk].lines[index], part.file, part.hunk, index)

    def _context_cell(self, part: Part, offset: int) -> Cell | None:
        lines = self.files[part.file].new_lines or ()
        found = context(self.gaps(part.file)[part.hunk], lines, part.first + offset, 1)
        return Cell(found[0], part.file, -1, part.first + offset) if found else None

    def pairs_of(self, file: int, hunk: int) -> tuple[pairs.Pair, ...]:
        """Side by side, which old and new line of a hunk stand in each row."""
        if (file, hunk) not in self._pairs:
            few = self.reading.diff.added + self.reading.diff.removed <= _MANY
            found = pairs.rows_of(self.diff.files[file].hunks[hunk], by_likeness=few)
            self._pairs[file, hunk] = found
        return self._pairs[file, hunk]

    def _read_space(self) -> None:
        if self._spaceless is None:
            self._spaceless = without_space_changes(self.reading.diff).diff
        self.diff = self._spaceless if self.ignores_space else self.reading.diff
        whole_diff = self.reading.diff
        shown = self.diff.added + self.diff.removed
        self.hidden_by_space = whole_diff.added + whole_diff.removed - shown
        self._pairs.clear()
        self._block_places.clear()

    # Laying out

    def _relay(self) -> None:
        self._lay_out()
        self.changed()

    def _lay_out(self) -> None:
        self.parts = list(self._laying_out.parts()) or [Part(PartKind.NOTE, -1)]
        self._starts = [0, *accumulate(part.rows for part in self.parts)]
        self.__dict__.pop("file_rows", None)
        self.__dict__.pop("changes", None)

    def _is_after(self, part: Part, anchor: Anchor) -> bool:
        """Whether a part of the anchor's own lines begins after it: comments cut them into several."""
        if part.kind not in _LINE_KINDS or part.hunk != anchor.hunk:
            return False
        at = (
            self._laying_out.row_in(part.file, part.hunk, anchor.at)
            if part.kind is PartKind.LINES
            else anchor.at
        )
        return part.first > at

    def _offset(self, part: Part, anchor: Anchor) -> int:
        if part.kind is not anchor.kind or part.kind not in _LINE_KINDS:
            return 0
        index = anchor.at
        if part.kind is PartKind.LINES and part.hunk == anchor.hunk:
            index = self._laying_out.row_in(part.file, part.hunk, index)
        return min(max(index - part.first, 0), part.rows - 1)

    def _changes(self) -> Iterator[tuple[int, int, str]]:
        for place, part in enumerate(self.parts):
            if part.kind is PartKind.LINES:
                base = self._starts[place]
                for first, last, kind in self._runs_of(part):
                    yield base + first, base + last, kind

    def _runs_of(self, part: Part) -> list[tuple[int, int, str]]:
        """The changed runs of a part, by its own rows. Kept: a file that comes moves thousands of them."""
        if part not in self._runs:
            start, end, made = part.first, part.first + part.rows, []
            for block in self.diff.files[part.file].hunks[part.hunk].blocks:
                first, last = self._block_rows(part, block)
                if last > start and first < end:
                    kind = "+" if block.start == block.middle else "-" if block.middle == block.end else "±"
                    made.append((max(first, start) - start, min(last, end) - start, kind))
            self._runs[part] = made
        return self._runs[part]

    def _block_rows(self, part: Part, block: Block) -> tuple[int, int]:
        if not self.split:
            return block.start, block.end
        key = part.file, part.hunk
        if key not in self._block_places:
            hunk = self.diff.files[part.file].hunks[part.hunk]
            self._block_places[key] = pairs.places_of(hunk, self.pairs_of(*key))
        return self._block_places[key][block.start]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _widest(diff: Diff) -> int:
    widest = 0
    for file in diff.files:
        for hunk in file.hunks:
            widest = max(widest, max([len(line[3]) for line in hunk.lines], default=0))
    return widest
