"""Finds what a text shares with contents that are to be forgotten, and takes it out. Pure.

Compared word by word, whatever the case and the marks between, so that an excerpt of a content, a quotation
and a differently wrapped copy are found too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from timmy_desktop.events.memory import FORGOTTEN

# So many letters in a row in common are no chance any more; a shorter content must stand there as a whole.
_SHARED = 24
_SHORTEST = 6
# Where a script has no spaces each letter is a word, so that a part of a line is found in it.
_WORD = re.compile(r"[A-Za-z0-9_]+|[^\W_]")
_RUN = re.compile(r"[^\x00-\x1f\"\\]+")


class Passages:
    """Contents that are to be forgotten; `cites` are the marks under which they were given to models."""

    def __init__(self, contents: Iterable[str], cites: Iterable[str]) -> None:
        self._shared: set[str] = set()
        self._whole: set[str] = set()
        for content in contents:
            self._learn(content)
        self._lengths = tuple(sorted({len(text) for text in self._whole}))
        marks = "|".join(re.escape(f"[{cite}]") for cite in cites)
        self._line = re.compile(f"(?:{marks}) (?=\\().*") if marks else None

    def without(self, text: str) -> str:
        """The text, with "[forgotten]" in the place of what it shares; where it shares nothing, the text."""
        if self._line is not None:
            text = self._line.sub(FORGOTTEN, text)
        made, end = [], 0
        for start, stop in self._found(text):
            made += [text[end:start], FORGOTTEN]
            end = stop
        return "".join((*made, text[end:])) if made else text

    def without_in(self, value: Any) -> Any:
        """The same for every text in a JSON value, keys of objects too."""
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, list):
            return [self.without_in(one) for one in value]
        if isinstance(value, dict):
            return {self.without(name): self.without_in(one) for name, one in value.items()}
        return value

    def _learn(self, content: str) -> None:
        line, starts, _ = _worded(content)
        if len(line) < _SHARED:
            self._whole |= {line} if len(line) >= _SHORTEST else set()
            return
        self._shared |= {line[start : start + _SHARED] for start in starts if start + _SHARED <= len(line)}
        # A short line of a longer content may stand somewhere alone.
        for run in _RUN.findall(content):
            part = _worded(run)[0]
            if _SHARED > len(part) >= _SHORTEST and len(run.strip()) >= _SHARED // 2:
                self._whole.add(part)

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the text shares something, from and to, in order and apart from each other."""
        line, starts, places = _worded(text)
        begin = end = -1
        for number, start in enumerate(starts):
            length = self._length_at(line, start)
            if not length:
                continue
            last = number
            while last + 1 < len(starts) and starts[last + 1] < start + length:
                last += 1
            if begin >= 0 and number <= end + 1:
                end = max(end, last)
                continue
            if begin >= 0:
                yield places[begin][0], places[end][1]
            begin, end = number, last
        if begin >= 0:
            yield places[begin][0], places[end][1]

    def _length_at(self, line: str, start: int) -> int:
        if line[start : start + _SHARED] in self._shared:
            return _SHARED
        for length in self._lengths:
            stop = start + length
            if line[start:stop] in self._whole and line[stop : stop + 1] in ("", " "):
                return length
        return 0


def _worded(text: str) -> tuple[str, list[int], list[tuple[int, int]]]:
    """The words in one line, where each begins in it, and from where to where each stands in the text."""
    words, starts, spans, place = [], [], [], 0
    for one in _WORD.finditer(text):
        word = one[0].lower()
        words.append(word)
        starts.append(place)
        spans.append(one.span())
        place += len(word) + 1
    return " ".join(words), starts, spans
