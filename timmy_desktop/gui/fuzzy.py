"""Finds what a person means by a few letters. Free of Qt."""

from __future__ import annotations

from collections.abc import Sequence


def score(query: str, text: str) -> int | None:
    """How well `text` answers `query`, higher is better; None when its letters aren't there in order.

    Letters go on where the last one stood or at the start of a word, never in the middle of another: "stop"
    is not in "desktop". Starts of words and runs of letters count more; an early place breaks ties.
    """
    wanted, candidate = query.casefold().replace(" ", ""), text.casefold()
    if not wanted:
        return 0
    best = None
    for start in (place for place, char in enumerate(candidate) if char == wanted[0]):
        found = _from(wanted, candidate, start)
        if found is not None and (best is None or found > best):
            best = found
    return best


def ranked(query: str, texts: Sequence[str]) -> list[int]:
    """Places in `texts` that answer `query`, best first; all of them in their order without a query."""
    scored = [(score(query, text), place) for place, text in enumerate(texts)]
    hits = [(-value, place) for value, place in scored if value is not None]
    return [place for _, place in sorted(hits)]


def _from(wanted: str, candidate: str, start: int) -> int | None:
    total, place, last = -start, start, start - 1
    for char in wanted:
        place = _next(char, candidate, last + 1) if last >= start else start
        if place < 0:
            return None
        begins = _begins(candidate, place)
        total += 10 + (15 if place == last + 1 and place > start else 0) + (12 if begins else 0)
        total -= min(place - last - 1, 5)
        last = place
    return total


def _next(char: str, candidate: str, after: int) -> int:
    """Where the next letter may stand: right here, or at the start of a later word; -1 for nowhere."""
    place = candidate.find(char, after)
    while place > after and not _begins(candidate, place):
        place = candidate.find(char, place + 1)
    return place


def _begins(candidate: str, place: int) -> bool:
    return place == 0 or not candidate[place - 1].isalnum()
