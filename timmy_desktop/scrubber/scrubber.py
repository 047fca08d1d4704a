"""Reaches any moment of the log: from the nearest snapshot, by folding the few events that lie between."""

from __future__ import annotations

import asyncio
import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace

from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber import past
from timmy_desktop.scrubber.fold import fold
from timmy_desktop.scrubber.past import Reach
from timmy_desktop.scrubber.world import World
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_counts import Histogram
from timmy_desktop.storage.event_query import latest_events

EVERY = 2_000
"""Events between two snapshots: what one seek folds at most, and what a reader does in one piece."""

Tell = Callable[[int, int], object]
"""How many events are folded, of how many."""


class Scrubber:
    """Snapshots are kept in memory, share what is equal, and are made once in a run of the application.

    All folding is on the database's readers, a piece at a time. Shelves made from one another may not be
    changed by two threads at once, so one piece waits for the other.
    """

    def __init__(self, *, database: Database, every: int = EVERY) -> None:
        self._database = database
        self._every = every
        self._snapshots = [World()]
        self._last = World()
        self._turn = asyncio.Lock()
        # Whoever waits for a piece may be cancelled, and the reader is still at it.
        self._at_work = threading.Lock()

    async def reach(self) -> Reach:
        """Between which moments one can pick."""
        return await self._database.read(past.reach)

    async def prepare(self, tell: Tell = lambda _done, _all: None) -> None:
        """Makes the snapshots up to the end of the log, so that every moment after it is near."""
        last = (await self.reach()).last_seq
        while self._snapshots[-1].seq + self._every <= last:
            tell(self._snapshots[-1].seq, last)
            await self._piece(self._snapshots[-1].seq + self._every)
        tell(last, last)

    async def at(self, seq: int) -> World:
        """The world after event `seq`."""
        world = await self._piece(seq)
        while world.seq < seq:
            world = await self._piece(seq)
        _, time_us = await self._database.read(lambda session: past.time_of(session, seq))
        # Said here, because the last event may be one that changes nothing and was not read.
        return replace(world, time_us=time_us)

    async def at_time(self, time_us: int) -> World:
        """The world as it was at this moment: after everything that was written by then."""
        return await self.at(await self.seq_at(time_us))

    async def seq_at(self, time_us: int) -> int:
        """The last event that was written by this moment."""
        return await self._database.read(lambda session: past.seq_at(session, time_us, past.reach(session)))

    async def neighbour(self, seq: int, step: int) -> int:
        """The number of the next event, or of the one before."""
        within = await self.reach()
        found = await self._database.read(lambda session: past.neighbour(session, seq, step))
        return max(found, within.first_seq)

    async def events_before(self, seq: int, limit: int) -> list[EventRecord]:
        """The last events up to this one, the newest first."""
        return await self._database.read(lambda session: latest_events(session, limit, seq + 1))

    async def histogram(self, bars: int) -> Histogram:
        """How many events there were, over the time that can be picked."""
        return await self._database.read(lambda session: past.bars_of(session, past.reach(session), bars))

    async def _piece(self, seq: int) -> World:
        """Goes towards `seq` from the nearest world known, by one piece at most."""
        async with self._turn:
            start = self._nearest(seq)
            upto = min(seq, (start.seq // self._every + 1) * self._every)
            world = await self._database.read(lambda session: self._folded(session, start, upto))
            if upto == self._snapshots[-1].seq + self._every:
                self._snapshots.append(world)
            self._last = world
            return world

    def _folded(self, session: Session, start: World, upto: int) -> World:
        with self._at_work:
            return replace(fold(start, past.counted(session, start.seq, upto)), seq=upto)

    def _nearest(self, seq: int) -> World:
        place = bisect_right(self._snapshots, seq, key=lambda world: world.seq) - 1
        found = self._snapshots[max(place, 0)]
        return self._last if found.seq <= self._last.seq <= seq else found
