"""What changed within a line: which old line became which new one, and the words in which they differ."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from timmy_desktop.upgrades.diff import Hunk

Span = tuple[int, int]
Spans = tuple[Span, ...]

_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)
_LONGEST = 2_000
_MOST_TOKENS = 400
_MOST_PAIRS = 600
# Below this two lines have too little in common: marks all over would say less than none.
_ALIKE = 0.4


@lru_cache(maxsize=2048)
def changed_words(old: str, new: str) -> tuple[Spans, Spans]:
    """The parts of the old and of the new line that the other does not have; empty for lines unlike."""
    if old == new:
        return (), ()
    if len(old) > _LONGEST or len(new) > _LONGEST:
        return _middle(old, new)
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(one) > _MOST_TOKENS or len(other) > _MOST_TOKENS:
        return _middle(old, new)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    opcodes = matcher.get_opcodes()
    same = sum(len(word.strip()) for tag, a, b, _, _ in opcodes if tag == "equal" for word in one[a:b])
    longest = max(len("".join(old.split())), len("".join(new.split())))
    if longest and same < _ALIKE * longest:
        return (), ()
    starts, others = _starts(one), _starts(other)
    changed = [code for code in opcodes if code[0] != "equal"]
    return (
        _joined([(starts[a], starts[b]) for _, a, b, _, _ in changed], old),
        _joined([(others[c], others[d]) for _, _, _, c, d in changed], new),
    )


def changed_in(hunk: Hunk, index: int) -> Spans:
    """The parts of a changed line of a hunk that the line which it became, or was, does not have."""
    place = bisect_right(hunk.blocks, index, key=lambda block: block.start) - 1
    if place < 0:
        return ()
    start, middle, end = hunk.blocks[place]
    if not start < middle < end or index >= end:
        return ()
    removed = [line.text for line in hunk.lines[start:middle]]
    added = [line.text for line in hunk.lines[middle:end]]
    for old, new in paired(removed, added):
        if index in (start + old, middle + new):
            return changed_words(removed[old], added[new])[index >= middle]
    return ()


def paired(removed: Sequence[str], added: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Which removed line became which added one, in order; lines without a like are in no pair."""
    if len(removed) == len(added):
        return tuple(zip(range(len(removed)), range(len(added)), strict=True))
    if len(removed) * len(added) > _MOST_PAIRS:
        return tuple((place, place) for place in range(min(len(removed), len(added))))
    return _best(tuple(removed), tuple(added))


@lru_cache(maxsize=512)
def _best(removed: tuple[str, ...], added: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The pairs, none crossing another, whose likeness adds up to the most."""
    alike = [[likeness(old, new) for new in added] for old in removed]
    width = len(added) + 1
    best = [[0.0] * width for _ in range(len(removed) + 1)]
    for old in range(len(removed) - 1, -1, -1):
        for new in range(len(added) - 1, -1, -1):
            together = alike[old][new] + best[old + 1][new + 1] if alike[old][new] >= _ALIKE else 0.0
            best[old][new] = max(together, best[old + 1][new], best[old][new + 1])
    pairs, old, new = [], 0, 0
    while old < len(removed) and new < len(added):
        if best[old][new] == best[old + 1][new]:
            old += 1
        elif best[old][new] == best[old][new + 1]:
            new += 1
        else:
            pairs.append((old, new))
            old, new = old + 1, new + 1
    return tuple(pairs)


def likeness(old: str, new: str) -> float:
    """0 to 1: the share of words that both have. Cheap, and the same both ways."""
    one, other = _counted(old[:_LONGEST]), _counted(new[:_LONGEST])
    total = sum(one.values()) + sum(other.values())
    if not total:
        return 1.0
    shared = sum(min(number, other.get(word, 0)) for word, number in one.items())
    return 2 * shared / total


@lru_cache(maxsize=4096)
def _counted(text: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for word in _TOKEN.findall(text):
        if not word.isspace():
            counted[word] = counted.get(word, 0) + len(word)
    return counted


def _middle(old: str, new: str) -> tuple[Spans, Spans]:
    """For lines too long to be compared word by word: what lies between a common start and a common end."""
    start, least = 0, min(len(old), len(new))
    while start < least and old[start] == new[start]:
        start += 1
    end = 0
    while end < least - start and old[-1 - end] == new[-1 - end]:
        end += 1
    one, other = (start, len(old) - end), (start, len(new) - end)
    return tuple(span for span in (one,) if span[0] < span[1]), tuple(
        span for span in (other,) if span[0] < span[1]
    )


def _starts(words: Sequence[str]) -> list[int]:
    starts, place = [0], 0
    for word in words:
        place += len(word)
        starts.append(place)
    return starts


def _joined(spans: Sequence[Span], text: str) -> Spans:
    """Spans with nothing but blanks between them are read as one."""
    made: list[Span] = []
    for start, end in spans:
        if start == end:
            continue
        if made and not text[made[-1][1] : start].strip():
            made[-1] = (made[-1][0], end)
        else:
            made.append((start, end))
    return tuple(made)
