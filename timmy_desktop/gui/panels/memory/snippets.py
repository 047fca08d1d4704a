"""The piece of a text that shows why it was found, with the places of the words in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from timmy_desktop.inert import inert_line

LONGEST = 220
_BEFORE = 40
_LATE = 90

_FENCE = re.compile(r"^\s*(?:```|~~~|<!--).*$|^\s*(?:\"{3}|'{3})|(?:\"{3}|'{3})\s*$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)
_SIGNS = re.compile(r"`+|\*\*|^\s*[-*+>]\s+", re.MULTILINE)

Mark = tuple[int, int]
"""Where a marked word begins, and how long it is."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One line of text and the words that are marked in it."""

    text: str
    marks: tuple[Mark, ...] = ()


def marks_of(text: str, words: Iterable[str]) -> tuple[Mark, ...]:
    """Where the words stand in the text, whatever their case; those that overlap are one mark."""
    found: list[Mark] = []
    for word in words:
        if pattern := _pattern(word):
            found += [(hit.start(), hit.end() - hit.start()) for hit in pattern.finditer(text)]
    merged: list[Mark] = []
    for start, length in sorted(found):
        if merged and start <= sum(merged[-1]):
            first = merged[-1][0]
            merged[-1] = (first, max(sum(merged[-1]), start + length) - first)
        else:
            merged.append((start, length))
    return tuple(merged)


def snippet(content: str, words: Iterable[str] = (), limit: int = LONGEST) -> Snippet:
    """The beginning of the text, or the place where the first of the words stands if that is further on."""
    words = tuple(words)
    begin = _beginning(content, words)
    line = inert_line(content[begin:], limit)
    text = f"… {line}" if begin else line
    return Snippet(text, marks_of(text, words))


def bare(content: str) -> str:
    """The text without Markdown's signs and fences, for a line in a list: headings end with a dash."""
    text = _FENCE.sub("", content)
    text = _HEADING.sub(lambda found: f"{found[1].strip()} – ", text)
    return _SIGNS.sub("", text)


def _beginning(content: str, words: Iterable[str]) -> int:
    places = [hit.start() for word in words if (p := _pattern(word)) and (hit := p.search(content))]
    first = min(places, default=0)
    if first <= _LATE:
        return 0
    space = content.find(" ", max(first - _BEFORE, 0), first)
    return space + 1 if space >= 0 else first


def _pattern(word: str) -> re.Pattern[str] | None:
    bare = word.strip()
    if not bare:
        return None
    # A word that was folded onto one line matches over any white space.
    body = r"\s+".join(re.escape(part) for part in bare.split())
    return re.compile(rf"(?<!\w){body}(?!\w)", re.IGNORECASE)
