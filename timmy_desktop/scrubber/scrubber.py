"""Reaches any moment of the log: from the nearest snapshot, by folding the few events that lie between."""

from __future__ import annotations

import asyncio
import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber import past
from timmy_desktop.scrubber.base import Rooted, packed
from timmy_desktop.scrubber.fold import COUNTED_TYPES, fold
from timmy_desktop.scrubber.kept import Kept, kept_of
from timmy_desktop.scrubber.past import Reach
from timmy_desktop.scrubber.world import World
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_bases import Base, KeptBase
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

    def __init__(self, *, database: Database, key: Callable[[], bytes], every: int = EVERY) -> None:
        """`key()` is the chain's, by which a base that is kept is known to be genuine."""
        self._database = database
        self._key = key
        self._every = every
        self._rooted = Rooted(World())
        self._base: KeptBase | None = None
        self._last = self._rooted.world
        self._snapshots = [self._last]
        self._turn = asyncio.Lock()
        # Whoever waits for a piece may be cancelled, and the reader is still at it.
        self._at_work = threading.Lock()

    async def reach(self) -> Reach:
        """Between which moments one can pick."""
        async with self._turn:
            await self._take_root()
        rooted = self._rooted
        return await self._database.read(lambda session: past.reach(session, rooted))

    async def prepare(self, tell: Tell = lambda _done, _all: None) -> None:
        """Makes the snapshots up to the end of the log, so that every moment after it is near."""
        last = (await self.reach()).last_seq
        while (upto := self._next(self._snapshots[-1].seq)) <= last:
            tell(self._snapshots[-1].seq, last)
            await self._piece(upto)
        tell(last, last)

    async def at(self, seq: int) -> World:
        """The world after event `seq`; the earliest that is known for one before."""
        world = await self._piece(seq)
        while world.seq < seq:
            world = await self._piece(seq)
        root = self._rooted.world
        _, time_us = await self._database.read(lambda session: past.time_of(session, world.seq, root))
        # Said here, because the last event may be one that changes nothing and was not read.
        return replace(world, time_us=time_us)

    async def at_time(self, time_us: int) -> World:
        """The world as it was at this moment: after everything that was written by then."""
        return await self.at(await self.seq_at(time_us))

    async def base(self, seq: int, types: Collection[str]) -> Base | None:
        """What is to be kept when events of these types go, up to `seq`; None where the past needs none."""
        within = await self.reach()
        if not COUNTED_TYPES & set(types) or seq <= within.base_seq:
            return None
        world, key = await self.at(seq), self._key()
        return await asyncio.to_thread(lambda: packed(world, key, within.pruned))

    async def seq_at(self, time_us: int) -> int:
        """The last event that was written by this moment."""
        within = await self.reach()
        return await self._database.read(lambda session: past.seq_at(session, time_us, within))

    async def neighbour(self, seq: int, step: int) -> int:
        """The number of the next event, or of the one before."""
        within = await self.reach()
        found = await self._database.read(lambda session: past.neighbour(session, seq, step))
        return max(found, within.first_seq)

    async def events_before(self, seq: int, limit: int) -> list[EventRecord]:
        """The last events up to this one, the newest first."""
        return await self._database.read(lambda session: latest_events(session, limit, seq + 1))

    async def told_of(self, world: World) -> Kept:
        """What the tables themselves have kept of the things that a page about this world shows."""
        return await self._database.read(lambda session: kept_of(session, world))

    async def histogram(self, bars: int) -> Histogram:
        """How many events there were, over the time that can be picked."""
        within = await self.reach()
        return await self._database.read(lambda session: past.bars_of(session, within, bars))

    async def _piece(self, seq: int) -> World:
        """Goes towards `seq` from the nearest world known, by one piece at most."""
        async with self._turn:
            while True:
                await self._take_root()
                seq = max(seq, self._rooted.world.seq)
                start, base = self._nearest(seq), self._base
                upto = min(seq, self._next(start.seq))
                world = await self._database.read(
                    lambda session: self._folded(session, start, upto, base)  # noqa: B023 - awaited here
                )
                if world is not None:
                    break
            if upto == self._next(self._snapshots[-1].seq):
                self._snapshots.append(world)
            self._last = world
            return world

    async def _take_root(self) -> None:
        """Begins anew from the base, where one was kept since: what it was made of may be gone."""
        kept = await self._database.read(past.kept)
        if kept == self._base:
            return
        key = self._key()
        rooted = await self._database.read(lambda session: past.root(session, key))
        later = [world for world in self._snapshots if world.seq > rooted.world.seq and rooted.world.seq]
        self._snapshots = [rooted.world, *later]
        self._last = self._snapshots[-1]
        self._rooted, self._base = rooted, kept

    def _folded(self, session: Session, start: World, upto: int, base: KeptBase | None) -> World | None:
        """The world at `upto`; None where events were pruned in the meantime, and another base is there."""
        with self._at_work, _at_one_moment(session):
            if past.kept(session) != base:
                return None
            return replace(fold(start, past.counted(session, start.seq, upto)), seq=upto)

    def _next(self, seq: int) -> int:
        return (seq // self._every + 1) * self._every

    def _nearest(self, seq: int) -> World:
        place = bisect_right(self._snapshots, seq, key=lambda world: world.seq) - 1
        found = self._snapshots[max(place, 0)]
        return self._last if found.seq <= self._last.seq <= seq else found


@contextmanager
def _at_one_moment(session: Session) -> Iterator[None]:
    """What is read meanwhile is of one state of the database."""
    session.connection.execute("BEGIN")
    try:
        yield
    finally:
        session.connection.execute("ROLLBACK")
