"""A line of code as it is shown: tabs at their stops, and nothing in it that the eye can't see.

Stricter than inert.py: in code a joiner between two letters, a space of no width or an unusual blank is how
one name is made to look like another (CVE-2021-42574 and its kin), so each is spelt out.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

TAB = 4
LONGEST = 50_000
"""Characters of a line that are drawn; what follows is counted."""
# Letters and marks that draw nothing: fillers of Hangul, the blank of Braille, selectors of variants.
_BLANK = re.compile("[\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_HOSTILE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# Letters that are taken for Latin ones: Greek, Cyrillic, Armenian, Cherokee, Coptic.
_ALIKE = re.compile("[\u0370-\u058f\u13a0-\u13ff\u2c80-\u2cff\ua640-\ua69f\uab70-\uabbf]")
_WORD = re.compile(r"\w+")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})

Spans = tuple[tuple[int, int], ...]


class Visible(NamedTuple):
    """What is drawn for a line."""

    text: str
    starts: tuple[int, ...] | None
    """Where each character of the line begins in `text`, and where the last ends; None: as they stand."""
    odd: Spans
    """The parts of `text` that were spelt out."""
    mixed: Spans
    """Words of letters of several scripts that look alike."""
    right_to_left: bool
    """Holds letters that a text engine would set from the right."""

    def column(self, index: int) -> int:
        """Where the character at `index` of the line begins in `text`."""
        if self.starts is None:
            return min(index, len(self.text))
        return self.starts[min(index, len(self.starts) - 1)]

    def index_at(self, column: int) -> int:
        """Which character of the line `column` of `text` lies in."""
        if self.starts is None:
            return min(column, len(self.text))
        return min(bisect_right(self.starts, column) - 1, len(self.starts) - 1)


@lru_cache(maxsize=4096)
def visible(line: str, tab: int = TAB) -> Visible:
    """`line` (without its line feed) ready to be drawn."""
    if line.isascii() and line.isprintable():
        return Visible(line, None, (), (), False)
    pieces, starts, odd, place = [], [], [], 0
    for char in line:
        piece = char if char.isascii() and char.isprintable() else _piece(char, place, tab)
        starts.append(place)
        if len(piece) > 1 and char != "\t":
            odd.append((place, place + len(piece)))
        pieces.append(piece)
        place += len(piece)
    starts.append(place)
    text = "".join(pieces)
    plain = text.isascii()
    return Visible(
        text,
        tuple(starts),
        tuple(odd),
        _mixed(text) if _ALIKE.search(text) else (),
        not plain and _turns(text),
    )


def is_odd(line: str) -> bool:
    """Whether a line holds what a reader could not see, or take for something else."""
    if line.isascii():
        return not (line.isprintable() or line.replace("\t", "").isprintable())
    return any(map(_is_hidden, set(line))) or (bool(_ALIKE.search(line)) and bool(_mixed(line)))


def _piece(char: str, place: int, tab: int) -> str:
    if char == "\t":
        return " " * (tab - place % tab)
    return f"\\u{{{ord(char):x}}}" if _is_hidden(char) else char


@lru_cache(maxsize=4096)
def _is_hidden(char: str) -> bool:
    if char in " \t":
        return False
    return unicodedata.category(char) in _HOSTILE or _BLANK.match(char) is not None


def _mixed(text: str) -> Spans:
    return tuple(
        found.span() for found in _WORD.finditer(text) if not found[0].isascii() and _scripts(found[0]) > 1
    )


def _scripts(word: str) -> int:
    names = {unicodedata.name(char, "").partition(" ")[0] for char in word if char.isalpha()}
    return sum(script in names for script in _SCRIPTS)


def _turns(text: str) -> bool:
    return any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text if not char.isascii())


@lru_cache(maxsize=4096)
def cut(text: str, columns: int) -> Spans:
    """`text` in pieces of at most `columns` cells: East Asian characters take two, marks none."""
    if text.isascii() or columns <= 2:
        return tuple((start, min(start + columns, len(text))) for start in range(0, len(text), columns)) or (
            (0, 0),
        )
    pieces, start, used = [], 0, 0
    for index, char in enumerate(text):
        cells = _cells(char)
        if used + cells > columns and index > start:
            pieces.append((start, index))
            start, used = index, 0
        used += cells
    pieces.append((start, len(text)))
    return tuple(pieces)


def cells(text: str) -> int:
    """How many cells of a monospaced font `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
