"""Removes old events lawfully: kept in an archive if wanted, told by a `log.pruned`; the chain still holds.

First the stretches are chosen and archived, and the state after the last is folded; then one transaction
tells of them and keeps their last hashes and that state; then they go, a few thousand rows at a time, and
their words out of the index. What was interrupted there goes on at the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.system import LogPruned
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.erasing import empty_wal, erasing, merge_words
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_archive import Archive, archive_name, keep_archive, write_archive
from timmy_desktop.storage.event_bases import Base, MakeBase, base_digest, keep_base
from timmy_desktop.storage.event_gaps import Stretch, digest_of, keep_gaps
from timmy_desktop.storage.event_index import EventIndex, unindex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_plan import (
    ROWS_IN_A_STRETCH,
    PrunePlan,
    plan,
    plan_of_wanted,
    want_no_more,
    wanted,
)
from timmy_desktop.storage.folder import make_private_folder
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

_PENDING = "events_pruning"

Progress = Callable[[str, int, int], None]
"""Words, how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, and the archive that has it."""

    events: int
    archive: Path | None


class EventPruning:
    """One removal at a time."""

    def __init__(
        self,
        *,
        bus: EventBus,
        log: EventLog,
        database: Database,
        index: EventIndex,
        clock: Clock,
        supervisor: TaskSupervisor,
        archives: Path,
        base: MakeBase | None = None,
    ) -> None:
        """`base` makes what the past is folded from afterwards; without one it begins after what went."""
        self._bus, self._log, self._database, self._index = bus, log, database, index
        self._clock, self._supervisor, self._archives = clock, supervisor, archives
        self._make_base = base
        self._working = asyncio.Lock()

    async def start(self) -> None:
        """Ends in the background what was interrupted."""
        self._supervisor.start("event pruning", self._go_on())

    async def stop(self) -> None:
        """The supervisor ends the work; what is left goes at the next start."""

    async def plan(self, before_us: int, types: Sequence[str] = ()) -> PrunePlan:
        """What a removal would take; changes nothing."""
        await self._index.catch_up()
        return await self._database.read(lambda session: plan(session, before_us, types))

    async def prune(
        self,
        before_us: int,
        types: Sequence[str] = (),
        *,
        archive: bool = True,
        progress: Progress = lambda *_: None,
    ) -> Pruned:
        """Removes them. Raises StorageError or OSError, and has removed nothing then."""
        async with self._working:
            await self._finish(progress)
            return await self._carry_out(await self.plan(before_us, types), archive, progress)

    async def remove_wanted(self, progress: Progress = lambda *_: None) -> Pruned:
        """Removes the events that `want_removed` wrote down, without an archive; StorageError as above.

        What it could not do yet is done at the next start.
        """
        async with self._working:
            await self._finish(progress)
            return await self._remove_wanted(progress)

    async def _remove_wanted(self, progress: Progress) -> Pruned:
        known = await self._database.read(wanted)
        if not known:
            return Pruned(0, None)
        removed = await self._carry_out(await self._database.read(plan_of_wanted), False, progress)
        await self._database.write(partial(want_no_more, events=known))
        return removed

    async def _carry_out(self, planned: PrunePlan, archive: bool, progress: Progress) -> Pruned:
        if not planned.stretches:
            return Pruned(0, None)
        digest = digest_of(self._log.key, planned.stretches)
        kept = await self._archive(planned, digest, progress) if archive else None
        await self._tell(planned, digest, kept, await self._base(planned, progress))
        await self._finish(progress)
        return Pruned(planned.events, kept.path if kept else None)

    async def _archive(self, planned: PrunePlan, digest: str, progress: Progress) -> Archive:
        make_private_folder(self._archives)
        path = self._archives / archive_name(self._clock.now_us(), planned.stretches)
        key, made_us = self._log.key, self._clock.now_us()

        def write(session: Session) -> Archive:
            return write_archive(session, key, path, planned.stretches, digest, made_us)

        progress("Writing the archive", 0, planned.events)
        return await self._database.read(write)

    async def _base(self, planned: PrunePlan, progress: Progress) -> Base | None:
        if self._make_base is None:
            return None
        progress("Keeping what was true then", 0, planned.events)
        return await self._make_base(planned.stretches[-1].last, dict(planned.by_type))

    async def _tell(
        self, planned: PrunePlan, digest: str, kept: Archive | None, base: Base | None = None
    ) -> None:
        key = self._log.key
        signed = base_digest(key, base.seq, base.time_us, base.state) if base is not None else ""

        def work(session: Session) -> None:
            _check_unchanged(session, planned.stretches)
            keep_gaps(session, key, planned.stretches, digest)
            if kept is not None:
                keep_archive(session, kept)
            if base is not None:
                with erasing(session):
                    keep_base(session, base, signed)
            session.sql("INSERT OR REPLACE INTO meta(name, value) VALUES (?, '1')", (_PENDING,))

        event = LogPruned(
            source="log",
            before_us=planned.before_us,
            types=list(planned.types),
            events=planned.events,
            by_type=dict(planned.by_type),
            first_seq=planned.stretches[0].first,
            last_seq=planned.stretches[-1].last,
            gaps=len(planned.stretches),
            digest=digest,
            archive=kept.path.name if kept else "",
            base_seq=base.seq if base is not None else 0,
            base=signed,
        )
        await self._bus.publish(event, work=work)

    async def _go_on(self) -> None:
        async with self._working:
            try:
                await self._finish(lambda *_: None)
                await self._remove_wanted(lambda *_: None)
            except StorageError as error:
                logger.warning("What was pruned could not be removed yet: %s", error)

    async def _finish(self, progress: Progress) -> None:
        waiting = await self._database.read(_pending)
        if waiting is None:
            return
        done, total = 0, sum(stretch.rows for stretch in waiting)
        for some in _in_steps(waiting):
            await self._database.write(partial(remove, stretches=some))
            done += sum(stretch.rows for stretch in some)
            progress("Removing events", done, total)
            await asyncio.sleep(0)
        progress("Cleaning the index of words", total, total)
        await merge_words(self._database, "event_text")
        await empty_wal(self._database)
        await self._database.write(_forget_pending)


def remove(session: Session, stretches: Iterable[Stretch]) -> None:
    """Takes stretches out of index and log, in the transaction it is called in."""
    with erasing(session):
        for stretch in stretches:
            unindex(session, stretch.first, stretch.last)
            session.sql("DELETE FROM event_log WHERE seq BETWEEN ? AND ?", (stretch.first, stretch.last))


def _check_unchanged(session: Session, stretches: Iterable[Stretch]) -> None:
    for stretch in stretches:
        if session.sql("SELECT hash FROM event_log WHERE seq = ?", (stretch.last,)) != [(stretch.hash,)]:
            raise StorageError("The log changed meanwhile; nothing was removed. Try again.")


def _pending(session: Session) -> list[Stretch] | None:
    """What is told of and still there; None where all of it was done."""
    if not session.sql("SELECT 1 FROM meta WHERE name = ?", (_PENDING,)):
        return None
    rows = session.sql(
        "SELECT first_seq, last_seq, hash FROM event_gaps "
        "WHERE EXISTS (SELECT 1 FROM event_log WHERE seq = first_seq) ORDER BY first_seq"
    )
    return [Stretch(*row) for row in rows]


def _forget_pending(session: Session) -> None:
    session.sql("DELETE FROM meta WHERE name = ?", (_PENDING,))


def _in_steps(stretches: Sequence[Stretch]) -> Iterable[list[Stretch]]:
    step: list[Stretch] = []
    rows = 0
    for stretch in stretches:
        step.append(stretch)
        rows += stretch.rows
        if rows >= ROWS_IN_A_STRETCH:
            yield step
            step, rows = [], 0
    if step:
        yield step
