"""Asks the memory what the search box and the filters say, page by page; late replies are dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from timmy_desktop.gui.panels.memory.filters import Chosen, filters_of
from timmy_desktop.gui.panels.memory.model import ResultsModel
from timmy_desktop.gui.panels.memory.rows import Row, row_of, row_of_hit
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import PERSON

PAGE = 200
HITS = 40
MOST_HITS = 500


class Screen(Protocol):
    """What the list page shows when asked to."""

    def show_searching(self) -> None: ...
    def show_found(self, note: str, took_ms: float, *, is_new: bool) -> None: ...
    def show_fault(self, words: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: rows, whether there are more, and what a person should know of it."""

    rows: tuple[Row, ...]
    more: bool
    note: str = ""
    took_ms: float = 0.0


class Finder:
    """One for each panel."""

    def __init__(
        self,
        memory: Memory,
        starter: SlotTasks,
        model: ResultsModel,
        screen: Screen,
        now_us: Callable[[], int],
    ) -> None:
        self._memory, self._starter, self._model = memory, starter, model
        self._screen, self._now_us = screen, now_us
        self.query = ""
        self.chosen = Chosen()
        self._hits = HITS

    def ask(self, query: str, chosen: Chosen) -> None:
        """Another question; the answer to the one before is not waited for."""
        self.query, self.chosen, self._hits = query.strip(), chosen, HITS
        self._screen.show_searching()
        self._starter.start("search", self._first(), partial(self._show, is_new=True), failed=self._failed)

    def refresh(self) -> None:
        """The same question again: something was stored, changed or forgotten."""
        if not self._starter.running("search"):
            self._starter.start(
                "search", self._first(), partial(self._show, is_new=False), failed=self._failed
            )

    def more(self) -> None:
        """The list was scrolled to its end."""
        if self.query:
            self._hits = min(self._hits * 2, MOST_HITS)
            self._starter.start("more", self._by_query(), self._append, failed=self._failed)
        elif self._model.rows:
            self._starter.start(
                "more", self._newest(self._model.rows[-1].number), self._append, failed=self._failed
            )

    def forget(self, ids: Iterable[str]) -> None:
        """Entries that are gone leave the screen at once."""
        self._model.drop(ids)

    async def _first(self) -> Found:
        return await (self._by_query() if self.query else self._newest(0))

    async def _by_query(self) -> Found:
        limit = self._hits
        filters = filters_of(self.chosen, self._now_us())
        result = await self._memory.search(self.query, asker=PERSON, filters=filters, limit=limit)
        rows = tuple(row_of_hit(hit) for hit in result.hits)
        return Found(rows, len(rows) >= limit < MOST_HITS, result.note, result.took_ms)

    async def _newest(self, before: int) -> Found:
        filters = filters_of(self.chosen, self._now_us())
        entries = await self._memory.entries(asker=PERSON, filters=filters, limit=PAGE, before=before)
        return Found(tuple(row_of(entry) for entry in entries), len(entries) >= PAGE)

    def _show(self, found: Found, *, is_new: bool) -> None:
        self._starter.cancel("more")
        if is_new:
            self._model.start_anew(found.rows, found.more)
        else:
            self._bring_up(found)
        self._screen.show_found(found.note, found.took_ms, is_new=is_new)

    def _bring_up(self, found: Found) -> None:
        """What was paged in below the fresh page stays; it is older than all that could have come."""
        rest: list[Row] = []
        # Without a row in common something may lie between: then it is paged in anew.
        if not self.query and found.more and any(self._model.row_of(row.id) for row in found.rows):
            last = found.rows[-1].number
            rest = [row for row in self._model.rows if row.number < last]
        self._model.bring_up((*found.rows, *rest), self._model.more_to_come if rest else found.more)

    def _append(self, found: Found) -> None:
        self._model.append(found.rows, found.more)

    def _failed(self, error: Exception) -> None:
        self._screen.show_fault(str(error) or type(error).__name__)
