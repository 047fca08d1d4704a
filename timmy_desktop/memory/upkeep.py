"""Looks at the memory as a whole: in numbers, as a map, by asking it, and by building its index anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.memory import MemoryIndexed
from timmy_desktop.memory import facts, numbers, recall
from timmy_desktop.memory.drain import Drain
from timmy_desktop.memory.errors import IndexFault, MemoryFault
from timmy_desktop.memory.projection import projected
from timmy_desktop.memory.proposing import AskModel
from timmy_desktop.memory.search import Search
from timmy_desktop.memory.status import StatusBoard
from timmy_desktop.memory.store import Store
from timmy_desktop.memory.types import (
    CURRENT,
    PERSON,
    PERSON_OWNER,
    Asker,
    Entry,
    Filters,
    Progress,
    Projection,
    RecallReport,
    Statistics,
)
from timmy_desktop.memory.vectors import Shelves
from timmy_desktop.storage.database import Database

Tell = Callable[[Progress], None]


class Upkeep:
    """See Memory's methods of the same names."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        drain: Drain,
        board: StatusBoard,
        store: Store,
        search: Search,
        index_folder: Path,
        ask: AskModel | None,
    ) -> None:
        self._bus = bus
        self._db = db
        self._drain = drain
        self._board = board
        self._store = store
        self._search = search
        self._index_folder = index_folder
        self._ask = ask

    async def statistics(self, asker: Asker) -> Statistics:
        """See Memory.statistics."""
        size = await asyncio.to_thread(numbers.folder_bytes, self._index_folder)
        model = self._drain.model
        return await self._db.read(lambda session: numbers.statistics(session, asker, model, size))

    async def projection(self, asker: Asker, most: int) -> Projection:
        """See Memory.projection."""
        await self._drain.settled()
        every = [entry for entry in await self._store.listed(asker, CURRENT, -1, 0) if entry.is_embedded]
        shown = every[:most]

        def project(shelves: Shelves) -> Projection:
            here = [entry for entry in shown if entry.number in shelves]
            return projected(here, shelves.vectors([entry.number for entry in here]), len(every) - len(here))

        return await self._drain.with_shelves(project)

    async def self_test(self, tell: Tell) -> RecallReport:
        """See Memory.self_test."""
        await self._drain.settled()
        own = Filters(types=("fact",), owners=(PERSON_OWNER,))
        chosen = await self._store.listed(PERSON, own, recall.MOST_FACTS, 0)
        questions = await recall.ask_all(
            chosen,
            lambda text: self._search.search(text, asker=PERSON, filters=CURRENT, limit=5),
            paraphrase=self._paraphrase if self._ask is not None else None,
            tell=tell,
        )
        model, baseline = self._drain.model, await self._db.read(recall.baseline_of)
        report = recall.report(questions, model=model, baseline=baseline, by_meaning=self._drain.can_compare)
        if report.is_measure:
            await self._bus.publish(
                work=lambda session: recall.keep_baseline(session, model, report.recall_5)
            )
        return report

    async def rebuild(self, tell: Tell) -> int:
        """See Memory.rebuild."""
        started = time.perf_counter()
        await self._drain.paused(self._drain.start_index_anew)
        unsubscribe = self._board.on_change(
            lambda status: tell(status.progress) if status.progress is not None else None
        )
        try:
            self._drain.wake()
            await self._drain.settled()
        finally:
            unsubscribe()
        status = self._board.current
        if status.index != "ready":
            raise IndexFault(status.detail or "The index could not be built.")
        duration_ms = round((time.perf_counter() - started) * 1000)
        count = status.entries - status.pending
        await self._bus.publish(
            MemoryIndexed(
                source="memory", count=count, reason="rebuilt by the person", duration_ms=duration_ms
            )
        )
        tell(Progress("Done", count, count))
        return count

    async def _paraphrase(self, entry: Entry) -> str:
        assert self._ask is not None  # noqa: S101 - given only then
        try:
            said = await self._ask(recall.PARAPHRASE, entry.content, entry.local_only)
        except MemoryFault:
            return ""
        line = said.strip().splitlines()[0] if said.strip() else ""
        return line if line.endswith("?") and facts.value(entry.content) not in line.casefold() else ""
