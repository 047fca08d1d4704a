"""Where the keys that move lead to. Free of Qt."""

from __future__ import annotations

from timmy_desktop.gui.widgets.diff_view.caret import Caret, Spot, line_length
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument


def moved(document: DiffDocument, caret: Caret, move: str, page: int) -> Spot:
    """The spot that `move` (a value of keys.MOVES) leads to; `page` is how many rows fit on the screen."""
    last = max(document.rows - 1, 0)
    steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page}
    if move in steps:
        row = min(max(caret.row + steps[move], 0), last)
        return row, min(caret.index, line_length(document, row, caret.side))
    length = line_length(document, caret.row, caret.side)
    if move == "left":
        return _left(document, caret)
    if move == "right":
        at_end = caret.index >= length
        return (
            (min(caret.row + 1, last), 0)
            if at_end and caret.row < last
            else (caret.row, min(caret.index + 1, length))
        )
    places = {"line_start": (caret.row, 0), "line_end": (caret.row, length), "start": (0, 0)}
    return places.get(move, (last, line_length(document, last, caret.side)))


def _left(document: DiffDocument, caret: Caret) -> Spot:
    if caret.index > 0:
        return caret.row, caret.index - 1
    if caret.row == 0:
        return 0, 0
    return caret.row - 1, line_length(document, caret.row - 1, caret.side)


def next_change(document: DiffDocument, row: int) -> int:
    """The first row of the next run of changes; -1 where there is none below."""
    return next((first for first, _, _ in document.changes if first > row), -1)


def previous_change(document: DiffDocument, row: int) -> int:
    return next((first for first, last, _ in reversed(document.changes) if last <= row or first < row), -1)


def next_file(document: DiffDocument, row: int) -> int:
    """The head of the next file; -1 where there is none."""
    return next((head for head in document.file_rows.values() if head > row), -1)


def previous_file(document: DiffDocument, row: int) -> int:
    return next((head for head in reversed(document.file_rows.values()) if head < row), -1)
