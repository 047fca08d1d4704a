"""Where the words that were looked for stand in a text: at the beginnings of words, as the search finds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

Mark = tuple[int, int]
"""Where it begins, and how long it is."""

_LETTER, _BETWEEN = r"[^\W_]", r"[\W_]+"
_WORD = re.compile(f"{_LETTER}+")


def marks_of(text: str, phrases: Iterable[str]) -> list[Mark]:
    """Places that overlap are one."""
    found: list[Mark] = []
    text = _bare(text)
    for phrase in phrases:
        words = _WORD.findall(_bare(phrase))
        if words:
            pattern = f"(?<!{_LETTER})" + _BETWEEN.join(words)
            found += [(hit.start(), len(hit[0])) for hit in re.finditer(pattern, text, re.IGNORECASE)]
    merged: list[Mark] = []
    for start, length in sorted(found):
        if merged and start <= sum(merged[-1]):
            first = merged[-1][0]
            merged[-1] = (first, max(sum(merged[-1]), start + length) - first)
        else:
            merged.append((start, length))
    return merged


def _bare(text: str) -> str:
    """Without accents, which the search does not mind; as many characters as before."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFD", one)[0] for one in text)
