"""The rows of a diff in words, for who hears it. Free of Qt."""

from __future__ import annotations

from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.parts import Cell, PartKind
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.diff_visible import visible

_KINDS = {"+": "added", "-": "removed", " ": ""}


def spoken_row(document: DiffDocument, row: int) -> str:
    """One line of text for a row; code as it is shown, after what became of it."""
    part, offset = document.part_at(row)
    if part.kind is PartKind.FILE:
        return _file(document, part.file)
    if part.kind in (PartKind.HUNK, PartKind.FOLD):
        return _bar(document, part.file, part.hunk, is_hunk=part.kind is PartKind.HUNK)
    if part.kind is PartKind.NOTE:
        return inert_line(document.notes(part.file)[part.first]) if part.file >= 0 else "There is no change."
    if part.kind is PartKind.COMMENT:
        return "A comment"
    old, new = document.cells_of(part, offset)
    if old is not None and new is not None and old != new:
        return f"{_cell(document, old)}; {_cell(document, new)}"
    cell = new or old
    return _cell(document, cell) if cell is not None else ""


def prefix_length(document: DiffDocument, row: int) -> int:
    """Where the code begins in what is spoken of a row."""
    cell = document.cell(row)
    return len(_lead(document, cell)) if cell is not None else 0


def _cell(document: DiffDocument, cell: Cell) -> str:
    return _lead(document, cell) + visible(cell.line.text).text


def _lead(document: DiffDocument, cell: Cell) -> str:
    moved = ", moved" if document.moved_to(cell) is not None else ""
    kind = f"{_KINDS[cell.line.kind]}{moved} " if cell.line.kind != " " else ""
    return f"{kind}{cell.number}: "


def _file(document: DiffDocument, file: int) -> str:
    change, opening = document.reading.diff.files[file], document.files[file]
    state: list[str] = [change.status] if change.status != "modified" else []
    state += [f"{change.added} added", f"{change.removed} removed"]
    state += ["seen"] if opening.seen else []
    state += ["folded"] if opening.collapsed else []
    return f"File {inert_line(change.path, 400)}, {', '.join(state)}"


def _bar(document: DiffDocument, file: int, gap: int, *, is_hunk: bool) -> str:
    hidden = document.hidden_in(file, gap)
    words = [count(hidden, "unchanged line") + " folded"] if hidden > 0 else []
    if is_hunk:
        words.insert(0, f"Hunk {gap + 1}" + ("" if document.is_taken(file, gap) else ", left out"))
    return ", ".join(words) or "Unchanged to the end"
