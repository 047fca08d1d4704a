"""Finds entries: identifiers and quoted words as they stand first, then by meaning, over all rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from timmy_desktop.inert import storable
from timmy_desktop.memory import questions, rows, words
from timmy_desktop.memory.drain import Drain
from timmy_desktop.memory.errors import EmbedderError
from timmy_desktop.memory.status import StatusBoard
from timmy_desktop.memory.types import Asker, Entry, Filters, Hit, SearchMode, SearchResult
from timmy_desktop.memory.vectors import Near, Wanted
from timmy_desktop.memory.visibility import Clause
from timmy_desktop.storage.database import Database, Session

if TYPE_CHECKING:
    from timmy_desktop.memory.embedding import Vectors

LONGEST_QUERY = 2000
MOST_HITS = 500
# So many times more are looked at than wanted: near-duplicates fold.
_SPARE = 3
_MOST_EXACT = 200
# Exact ones stand above every meaning; within each kind the cosine decides.
_EXACT_SCORE, _MEANING_SHARE = 0.9, 0.9
_MATCH = (
    "SELECT e.number, -bm25(memory_words) FROM memory_words "
    "JOIN memory_entries e ON e.number = memory_words.rowid "
    "WHERE memory_words MATCH ? AND {where} ORDER BY rank LIMIT ?"
)


class _Worded(NamedTuple):
    """An entry found by words: those that stand in it, and how many of the exact ones."""

    entry: Entry
    words: tuple[str, ...]
    exact: int


class Search:
    """Reads alone. What the asker may not see is left out in SQL, whatever the index names."""

    def __init__(self, *, db: Database, drain: Drain, board: StatusBoard) -> None:
        self._db = db
        self._drain = drain
        self._board = board
        self._any_question: Vectors | None = None

    async def search(self, query: str, *, asker: Asker, filters: Filters, limit: int) -> SearchResult:
        """See Memory.search."""
        started = time.perf_counter()
        query = storable(query).strip()[:LONGEST_QUERY]
        limit = max(1, min(limit, MOST_HITS))
        mode: SearchMode = "newest"
        if not query:
            hits = await self._newest(asker, filters, limit)
        elif self._drain.can_compare:
            try:
                hits, mode = await self._by_both(query, asker, filters, limit * _SPARE), "meaning and words"
            except EmbedderError as error:
                self._board.set(embedder="missing", detail=str(error))
                hits, mode = await self._by_words(query, asker, filters, limit * _SPARE), "words"
        else:
            self._drain.wake()
            hits, mode = await self._by_words(query, asker, filters, limit * _SPARE), "words"
        shown = _folded(hits, limit)
        took_ms = (time.perf_counter() - started) * 1000
        return SearchResult(tuple(shown), mode, took_ms, self._note(mode))

    async def _newest(self, asker: Asker, filters: Filters, limit: int) -> list[Hit]:
        where, model = rows.seen(asker, filters), self._drain.model
        found = await self._db.read(lambda session: rows.select(session, where, model=model, limit=limit))
        return [Hit(entry, 0.0, None) for entry in found]

    async def _by_both(self, query: str, asker: Asker, filters: Filters, limit: int) -> list[Hit]:
        plan, where = words.plan(query), rows.seen(asker, filters)
        wanted = Wanted(asker, filters, await self._allowed(filters, where))
        # Words are looked up, and their entries read, while the model works: the answer waits for it alone.
        (vector, near), worded = await asyncio.gather(
            self._drain.nearest(query, wanted, limit), self._worded(plan, where)
        )
        known = {one.entry.number for one in worded}
        ranks = await self._ranks(query, near)
        others = [number for number in ranks if number not in known][: max(limit - len(known), 0)]
        rest, cosines = await asyncio.gather(
            self._entries(others, where),
            self._cosines(vector, near, known),
        )
        exact = [(one.exact, _exact(one, cosines.get(one.entry.number))) for one in worded]
        # More of the exact terms first, then the nearer.
        exact.sort(key=lambda each: (-each[0], -each[1].score))
        hits = [hit for _, hit in exact]
        hits += [_meant(entry, plan, cosines[entry.number], ranks[entry.number]) for entry in rest]
        if len(hits) < limit:
            hits += await self._more_by_words(plan, where, hits, limit)
        return hits[:limit]

    async def _worded(self, plan: words.Plan, where: Clause) -> list[_Worded]:
        """The entries that the query's exact terms stand in."""
        if not plan.exact:
            return []
        model = self._drain.model

        def read(session: Session) -> list[_Worded]:
            numbers = [one.number for one in _matches(session, plan.exact, where, _MOST_EXACT)]
            found = rows.by_number(session, numbers, where, model)
            return [_worded(found[number], plan) for number in numbers if number in found]

        return await self._db.read(read)

    async def _cosines(
        self, vector: Vectors | None, near: Sequence[Near], known: AbstractSet[int]
    ) -> dict[int, float]:
        """Of the nearest, and of what was found by words."""
        cosines = dict(near)
        unknown = known - cosines.keys()
        if unknown and vector is not None:
            cosines |= await self._drain.cosines(vector, list(unknown))
        return cosines

    async def _ranks(self, query: str, near: Sequence[Near]) -> dict[int, float]:
        """What the nearest are ranked by, the best first."""
        if not near or not questions.is_question(query):
            return dict(near)
        if self._any_question is None:
            self._any_question = await self._drain.centre(questions.SAMPLE)
        to_any = await self._drain.cosines(self._any_question, [one.number for one in near])
        return dict(questions.ranked(near, to_any))

    async def _more_by_words(
        self, plan: words.Plan, where: Clause, hits: Sequence[Hit], limit: int
    ) -> list[Hit]:
        """Entries that have no vector yet are found by their words meanwhile."""
        if self._drain.is_idle and not self._board.current.pending:
            return []
        known = {hit.entry.number for hit in hits}
        found = await self._ranked(plan, where, limit)
        return [hit for hit in found if hit.entry.number not in known and not hit.entry.is_embedded]

    async def _by_words(self, query: str, asker: Asker, filters: Filters, limit: int) -> list[Hit]:
        return await self._ranked(words.plan(query), rows.seen(asker, filters), limit)

    async def _ranked(self, plan: words.Plan, where: Clause, limit: int) -> list[Hit]:
        matched = await self._matched(plan.terms, where, limit)
        best = max((score for _, score in matched), default=0.0) or 1.0
        scores = dict(matched)
        entries = await self._entries([number for number, _ in matched], where)
        hits = []
        for entry in entries:
            score = _EXACT_SCORE * max(scores[entry.number] / best, 0.0)
            hits.append(Hit(entry, score, None, words.matching(plan.terms, entry.content)))
        return hits

    async def _matched(self, terms: Sequence[str], where: Clause, limit: int) -> list[Near]:
        if not terms:
            return []
        return await self._db.read(lambda session: _matches(session, terms, where, limit))

    async def _entries(self, numbers: Sequence[int], where: Clause) -> list[Entry]:
        """In the order of the numbers, without those that are gone or not for the asker."""
        if not numbers:
            return []
        model = self._drain.model
        found = await self._db.read(lambda session: rows.by_number(session, numbers, where, model))
        return [found[number] for number in numbers if number in found]

    async def _allowed(self, filters: Filters, where: Clause) -> frozenset[int] | None:
        """For filters that the shelves don't know: the numbers that meet them."""
        is_plain = filters.states == ("accepted",) and not filters.superseded
        if is_plain and not (filters.task_id or filters.conversation_id or filters.document_id):
            return None
        condition, parameters = where

        def read(session: Session) -> frozenset[int]:
            statement = f"SELECT number FROM memory_entries WHERE {condition}"  # noqa: S608 - constants
            return frozenset(row[0] for row in session.sql(statement, parameters))

        return await self._db.read(read)

    def _note(self, mode: SearchMode) -> str:
        if mode != "words":
            return ""
        if self._board.current.embedder == "missing":
            return f"Only exact words were searched. {self._board.current.detail}".strip()
        return "Only exact words were searched: the embedding model is being loaded."


def _matches(session: Session, terms: Sequence[str], where: Clause, limit: int) -> list[Near]:
    condition, parameters = where
    found = session.sql(_MATCH.format(where=condition), [words.match(terms), *parameters, limit])
    return [Near(*row) for row in found]


def _worded(entry: Entry, plan: words.Plan) -> _Worded:
    found = words.matching(plan.terms, entry.content) or plan.exact
    return _Worded(entry, found, len(words.matching(plan.exact, entry.content)))


def _exact(one: _Worded, cosine: float | None) -> Hit:
    score = _EXACT_SCORE + (1 - _EXACT_SCORE) * max(cosine or 0.0, 0.0)
    return Hit(one.entry, score, cosine, one.words)


def _meant(entry: Entry, plan: words.Plan, cosine: float, rank: float) -> Hit:
    return Hit(entry, _MEANING_SHARE * max(rank, 0.0), cosine, words.matching(plan.terms, entry.content))


def _folded(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The first `limit` that differ, each with its near-duplicates behind it."""
    kept: list[Hit] = []
    # Only those of one kind with the same identifiers can be alike.
    groups: dict[tuple[str, frozenset[str]], list[tuple[int, words.Bag]]] = {}
    for hit in hits:
        bag = words.bag_of(hit.entry.content)
        group = groups.setdefault((hit.entry.type, bag.identifiers), [])
        place = _twin(hit, bag, kept, group)
        if place is not None:
            kept[place] = replace(kept[place], folded=(*kept[place].folded, hit.entry.id))
        elif len(kept) < limit:
            group.append((len(kept), bag))
            kept.append(hit)
    return kept


def _twin(
    hit: Hit, bag: words.Bag, kept: Sequence[Hit], group: Sequence[tuple[int, words.Bag]]
) -> int | None:
    for place, other in group:
        if bag.is_alike(other) or kept[place].entry.content == hit.entry.content:
            return place
    return None
