"""Where a person is in a diff: the row, the column, and what is selected. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.parts import Cell
from timmy_desktop.upgrades.diff import Side
from timmy_desktop.upgrades.diff_visible import visible

Spot = tuple[int, int]
"""Row, and index into the characters of its line."""


@dataclass
class Caret:
    """`side` matters where lines stand side by side."""

    row: int = 0
    index: int = 0
    side: Side = "new"
    held: Spot | None = None
    """Where the selection began."""

    @property
    def spot(self) -> Spot:
        return self.row, self.index

    @property
    def selection(self) -> tuple[Spot, Spot] | None:
        """First and last spot of what is selected; None for nothing."""
        if self.held is None or self.held == self.spot:
            return None
        return min(self.held, self.spot), max(self.held, self.spot)

    def move(self, row: int, index: int, *, hold: bool = False) -> None:
        """Goes there; `hold` selects what lies between."""
        if hold and self.held is None:
            self.held = self.spot
        elif not hold:
            self.held = None
        self.row, self.index = row, index

    def selected_in(self, row: int) -> tuple[int, int] | None:
        """Which characters of a row are selected; the end is -1 where the selection goes on below."""
        if (selection := self.selection) is None:
            return None
        (first, start), (last, end) = selection
        if not first <= row <= last:
            return None
        return (start if row == first else 0), (end if row == last else -1)


def side_cell(document: DiffDocument, row: int, side: Side) -> Cell | None:
    """The line of a row on one side."""
    old, new = document.cells(row)
    return old if side == "old" and document.split else new if document.split else new or old


def line_length(document: DiffDocument, row: int, side: Side) -> int:
    cell = side_cell(document, row, side)
    return len(cell.line.text) if cell is not None else 0


def selected_text(document: DiffDocument, caret: Caret) -> str:
    """What copying takes: lines as they are shown, nothing hidden in them, with their own tabs."""
    return "\n".join(_pieces(document, caret))


def _pieces(document: DiffDocument, caret: Caret) -> Iterator[str]:
    selection = caret.selection
    if selection is None:
        return
    for row in range(selection[0][0], selection[1][0] + 1):
        cell, chosen = side_cell(document, row, caret.side), caret.selected_in(row)
        if cell is not None and chosen is not None:
            text = cell.line.text
            piece = text[chosen[0] : len(text) if chosen[1] < 0 else chosen[1]]
            yield "\t".join(visible(part).text for part in piece.split("\t"))
