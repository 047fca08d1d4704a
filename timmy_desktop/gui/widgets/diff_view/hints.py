"""What the pointer is told about a place in a diff."""

from __future__ import annotations

import unicodedata

from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.parts import Cell, Part, PartKind
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.diff_visible import visible


def hint_for(document: DiffDocument, part: Part, cell: Cell | None, index: int) -> str:
    """In plain words; empty where there is nothing to say."""
    if part.kind is PartKind.FILE:
        return inert_line(document.reading.diff.files[part.file].path, 400)
    if part.kind in (PartKind.HUNK, PartKind.FOLD):
        return "Open 20 lines: Enter. The whole file: O" if document.hidden_in(part.file, part.hunk) else ""
    if cell is None:
        return ""
    return _odd(cell, index) or _moved(document, cell)


def _odd(cell: Cell, index: int) -> str:
    shown = visible(cell.line.text)
    column = shown.column(index)
    if any(start <= column < end for start, end in shown.odd):
        char = cell.line.text[min(index, len(cell.line.text) - 1)]
        name = unicodedata.name(char, "a character without a name").lower()
        return f"{name} (U+{ord(char):04X}): it can't be seen, or steers what is seen."
    if any(start <= column < end for start, end in shown.mixed):
        return "Letters of several scripts in one word: it may not be the name that it seems to be."
    return ""


def _moved(document: DiffDocument, cell: Cell) -> str:
    place = document.moved_to(cell)
    if place is None:
        return ""
    file, line = document.reading.diff.files[place.file], document.reading.diff.line(place)
    words = f"{inert_line(file.path, 200)}, line {(line.old or line.new):,}"
    return (
        f"Moved from {words}. M goes there." if cell.line.kind == "+" else f"Moved to {words}. M goes there."
    )
