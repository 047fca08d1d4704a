"""Where the words that were looked for stand in a text: at the beginnings of words, as the search finds."""

from __future__ import annotations

import re
from collections.abc import Iterable

Mark = tuple[int, int]
"""Where it begins, and how long it is."""

_WORD = re.compile(r"\w+")


def marks_of(text: str, phrases: Iterable[str]) -> list[Mark]:
    """Places that overlap are one."""
    found: list[Mark] = []
    for phrase in phrases:
        words = _WORD.findall(phrase)
        if words:
            pattern = r"(?<!\w)" + r"\W+".join(map(re.escape, words))
            found += [(hit.start(), len(hit[0])) for hit in re.finditer(pattern, text, re.IGNORECASE)]
    merged: list[Mark] = []
    for start, length in sorted(found):
        if merged and start <= sum(merged[-1]):
            first = merged[-1][0]
            merged[-1] = (first, max(sum(merged[-1]), start + length) - first)
        else:
            merged.append((start, length))
    return merged
