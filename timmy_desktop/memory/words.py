"""What in a query is an exact word to be found as it stands, and what is meaning. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(r"\w[\w\-./:@#+]*|[._]\w[\w\-./]*", re.UNICODE)
_QUOTED = re.compile(r"[\"“”]([^\"“”]{2,200})[\"“”]")
_IN_WORDS = re.compile(r"\w+", re.UNICODE)
_ENDS = ".-/:@#+"
_MOST_TERMS = 24
ALIKE = 0.85
_COMPARED = 2000
# Words that say nothing of what is looked for.
_COMMON = """
    a about after all also am an and any are as at be because been before but by can could did do
    does for from get had has have he her him his how i if in into is it its just like may me more
    most my no not of on one or our out over say she should so some such tell than that the their
    them then there these they this those to too up us use very was we were what when where which
    who why will with would you your
"""
COMMON = frozenset(_COMMON.split())


@dataclass(frozen=True, slots=True)
class Plan:
    """`exact` terms are found as they stand before meaning is asked; `terms` are all that say something."""

    exact: tuple[str, ...]
    terms: tuple[str, ...]


def plan(query: str) -> Plan:
    """How to look for `query`. Exact are identifiers and numbers, what stands in quotes, and a lone word."""
    quoted = [" ".join(found.split()) for found in _QUOTED.findall(query)]
    tokens = [token.rstrip(_ENDS) for token in _TOKEN.findall(query)]
    terms = [token for token in tokens if len(token) > 1 and token.casefold() not in COMMON]
    exact = quoted + [token for token in terms if is_identifier(token)]
    if len(tokens) == 1 and terms:
        exact += terms
    return Plan(_different(exact), _different([*quoted, *terms]))


def is_identifier(token: str) -> bool:
    """Whether a word looks like an identifier or a number: it has a digit or a mark within."""
    if token.isalpha():
        return False
    within = token[1:-1]
    return (
        any(char.isdigit() for char in token) or any(mark in within for mark in "._/@#") or token[0] in "._"
    )


def match(terms: Iterable[str]) -> str:
    """The FTS5 expression for any of the terms. Quoted, so that nothing in them is taken for an operator."""
    return " OR ".join('"' + term.replace('"', " ") + '"' for term in terms)


def matching(terms: Iterable[str], content: str) -> tuple[str, ...]:
    """Those terms that stand in the content, whatever their case."""
    folded = content.casefold()
    return tuple(term for term in terms if _stands_in(term.casefold(), folded))


class Bag(NamedTuple):
    """What a text is compared by: its words, and those of them that are identifiers or numbers."""

    words: frozenset[str]
    identifiers: frozenset[str]

    def is_alike(self, other: Bag) -> bool:
        """Whether both say nearly the same in the same words, with the same identifiers and numbers."""
        one, two = len(self.words), len(other.words)
        fewer, more = (one, two) if one < two else (two, one)
        if fewer < ALIKE * more or not more or self.identifiers != other.identifiers:
            return False
        return len(self.words & other.words) >= ALIKE * len(self.words | other.words)


def bag_of(text: str) -> Bag:
    """The bag of a text, or of the beginning of a long one."""
    found = frozenset(token.rstrip(_ENDS) for token in _TOKEN.findall(text[:_COMPARED].casefold()))
    return Bag(found, frozenset(word for word in found if word and is_identifier(word)))


def alike(one: str, other: str) -> bool:
    """Whether two texts say nearly the same; see `Bag`."""
    return one == other or bag_of(one).is_alike(bag_of(other))


def _stands_in(term: str, text: str) -> bool:
    start = text.find(term)
    while start >= 0:
        end = start + len(term)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not _IN_WORDS.match(before) and not _IN_WORDS.match(after):
            return True
        start = text.find(term, start + 1)
    return False


def _different(terms: Iterable[str]) -> tuple[str, ...]:
    return tuple({term.casefold(): term for term in terms}.values())[:_MOST_TERMS]
