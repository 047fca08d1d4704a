"""What a diff view is made of from top to bottom: runs of rows of one kind, thousands of rows to a run."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from timmy_desktop.upgrades.diff import Line, Side


class PartKind(Enum):
    """What the rows of a part show."""

    FILE = "file"
    """The head of a file."""
    NOTE = "note"
    """What is told of a file in words: its mode, that it is binary, a comment's place that is not shown."""
    PICTURES = "pictures"
    HUNK = "hunk"
    """The head of a hunk, which also stands for the unchanged lines before it that are folded."""
    FOLD = "fold"
    """Unchanged lines after the last hunk."""
    CONTEXT = "context"
    """Unchanged lines that were opened."""
    LINES = "lines"
    COMMENT = "comment"
    DRAFT = "draft"
    """Where a comment is being written."""


class Part(NamedTuple):
    """A run of rows. `hunk` counts hunks, or the gaps between them, or comments; `first` what lies before."""

    kind: PartKind
    file: int
    hunk: int = -1
    first: int = 0
    rows: int = 1


class Cell(NamedTuple):
    """A line on screen, and where it is in the diff: line `at` of a hunk; -1 for context that was opened."""

    line: Line
    file: int
    hunk: int
    at: int

    @property
    def side(self) -> Side:
        return "old" if self.line.kind == "-" else "new"

    @property
    def number(self) -> int:
        return self.line.old if self.line.kind == "-" else self.line.new


class Anchor(NamedTuple):
    """A row as it can be found again after the rows have changed."""

    kind: PartKind
    file: int
    hunk: int
    at: int


class Remark(NamedTuple):
    """A comment as the view knows it; its words are the business of whoever shows it."""

    key: str
    path: str
    line: int
    """0: on the file as a whole."""
    side: Side
