"""Forgets for good: out of table, words, WAL, index, memory and backups, and looks whether it is so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from timmy_desktop.events.bus import EventBus, Told
from timmy_desktop.events.memory import MemoryForgotten
from timmy_desktop.memory import kept_prompts, rows, traces
from timmy_desktop.memory.drain import Drain
from timmy_desktop.memory.errors import IndexFault, NotAllowedError, UnknownEntryError
from timmy_desktop.memory.passages import Passages
from timmy_desktop.memory.sources import (
    are_of_tasks,
    events_of_tasks,
    forget_sources,
    made_from_the_same,
    places_of,
    without_labels,
    words_of_tasks,
)
from timmy_desktop.memory.types import PERSON, Asker, Entry, ForgetReport, Progress, Trace
from timmy_desktop.memory.visibility import marks, may_change, sees
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.erasing import empty_wal, erasing
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_plan import want_removed

logger = logging.getLogger(__name__)
Tell = Callable[[Progress], None]
RemoveEvents = Callable[[Callable[[str, int, int], None]], Awaitable[object]]
"""Removes the events that are wanted gone, as storage's pruning does, and tells how far it is."""

_IDS_IN_AN_EVENT = 500
_COVERED = (
    "table", "history", "uses", "words", "kept prompts",
    "WAL", "vector index", "vectors in memory", "backups",
)  # fmt: skip
_BY_AGENT = ("table", "history", "uses", "index", "vectors in memory")
_STEPS = 7
_VECTOR_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Going:
    """What is to be forgotten: the entries, and bytes by which it would be known."""

    entries: tuple[Entry, ...]
    needles: tuple[bytes, ...]
    passages: Passages
    is_sample: bool


class _Gone(NamedTuple):
    sources: int
    prompts: int
    events: int = 0


class _Wish(NamedTuple):
    """How far it is to go: into what the entries were made from, and into the log's events of that."""

    sources: bool = False
    events: bool = False


class Forgetting:
    """One forgetting at a time; the index stands still meanwhile."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        drain: Drain,
        data_dir: Path,
        backups: Path,
        back_up: Callable[[], Awaitable[object]] | None,
        not_searched: Sequence[Path],
        write_prompts: Callable[[], Awaitable[object]] | None,
        let_go: Callable[[Iterable[str]], object],
        remove_events: RemoveEvents | None = None,
    ) -> None:
        """`back_up` makes a new backup in the place of those that had to go; None: at the next occasion.

        `write_prompts` has everything written that waits to be kept of what models were sent.
        `let_go(message_ids)` ends the search for facts in these messages.
        `remove_events` takes out of the log what was wanted gone; None: nobody can.
        `not_searched` are folders of what the application only reads, such as models.
        """
        self._bus = bus
        self._db = db
        self._drain = drain
        self._data_dir = data_dir
        self._backups = backups
        self._back_up = back_up
        self._not_searched = tuple(not_searched)
        self._write_prompts = write_prompts
        self._let_go = let_go
        self._remove_events = remove_events
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-forget")

    async def stop(self) -> None:
        """Waits for a forgetting under way and ends the thread."""
        async with self._turn:
            await asyncio.to_thread(self._thread.shutdown)

    async def forget(
        self,
        entry_ids: Sequence[str],
        *,
        asker: Asker,
        sources: bool,
        reason: str,
        tell: Tell,
        events: bool = False,
    ) -> ForgetReport:
        """See Memory.forget."""
        wish = _Wish(sources, sources and events and self._remove_events is not None)
        async with self._turn:
            going = await self._going(entry_ids, asker, sources)
            self._let_go(entry.message_id for entry in going.entries if entry.message_id)
            if not asker.is_person:
                return await self._delete_alone(going, reason)
            return await self._drain.paused(lambda: self._forget(going, wish, reason, tell))

    async def events(self, entry_ids: Sequence[str]) -> int:
        """See Memory.events_of."""
        if self._remove_events is None:
            return 0
        if not await self._db.read(lambda session: are_of_tasks(session, entry_ids)):
            return 0
        going = await self._going(entry_ids, PERSON, True)
        return len(await self._db.read(lambda session: _events(session, going)))

    async def _going(self, entry_ids: Sequence[str], asker: Asker, sources: bool) -> _Going:
        def read(session: Session) -> tuple[list[Entry], list[bytes], list[bytes]]:
            named = rows.by_id(session, entry_ids, "")
            _refuse(named, entry_ids, asker)
            identifiers = rows.predecessors(session, [entry.id for entry in named])
            if sources and asker.is_person:
                identifiers = rows.predecessors(session, made_from_the_same(session, identifiers))
            entries = rows.by_id(session, identifiers, "")
            if not asker.is_person:
                entries = [entry for entry in entries if entry.owner == asker.owner]
            contents, vectors = _bytes_of(session, [entry.id for entry in entries])
            if sources and asker.is_person:
                contents += words_of_tasks(session, entries)
            return entries, contents, vectors

        entries, contents, vectors = await self._db.read(read)

        def prepare() -> tuple[tuple[bytes, ...], Passages]:
            said = [content.decode() for content in contents]
            return traces.needles(contents), Passages(said, [entry.cite for entry in entries])

        every, passages = await asyncio.get_running_loop().run_in_executor(self._thread, prepare)
        # Entries that say the same have the same vector.
        every = tuple(dict.fromkeys((*every, *vectors)))
        some = traces.spread(every)
        return _Going(tuple(entries), some, passages, len(some) < len(every))

    async def _delete_alone(self, going: _Going, reason: str) -> ForgetReport:
        """An agent's forgetting: backups are the person's, and no agent can have them removed."""
        await self._delete(going, _Wish(), reason, None)
        await self._drain.drop_now([entry.number for entry in going.entries])
        self._drain.wake()
        return ForgetReport(
            len(going.entries),
            0,
            0,
            0,
            0,
            _BY_AGENT,
            note="What else holds it is cleaned when the person forgets.",
        )

    async def _delete(
        self, going: _Going, wish: _Wish, reason: str, prompts: kept_prompts.Found | None
    ) -> _Gone:
        identifiers = [entry.id for entry in going.entries]

        def write(session: Session) -> Told:
            gone, tasks = _delete(session, going, wish, prompts)
            parts = rows.chunks(identifiers, _IDS_IN_AN_EVENT)
            told = [MemoryForgotten(source="memory", entries=some, reason=reason) for some in parts]
            return Told(gone, [*told[:-1], *(replace(last, tasks=tasks) for last in told[-1:])])

        gone: _Gone = await self._bus.publish(work=write)
        return gone

    async def _forget(self, going: _Going, wish: _Wish, reason: str, tell: Tell) -> ForgetReport:
        entries = going.entries
        tell(Progress("Deleting", 0, _STEPS))
        if self._write_prompts is not None:
            await self._write_prompts()
        prompts = await kept_prompts.find(self._db, going.passages)
        gone = await self._delete(going, wish, reason, prompts)
        await self._drain.drop_now([entry.number for entry in entries])
        tell(Progress("Cleaning the index", 1, _STEPS))
        # Chroma keeps deleted vectors in its files; only new files are free of them.
        with contextlib.suppress(IndexFault):
            await self._drain.start_index_anew()
        late = await self._remove_from_log(gone, tell)
        tell(Progress("Cleaning the words", 3, _STEPS))
        await self._bus.publish(work=_merge_words)
        await empty_wal(self._db)
        tell(Progress("Removing backups", 4, _STEPS))
        removed = await asyncio.get_running_loop().run_in_executor(self._thread, self._remove_backups, going)
        tell(Progress("Searching every file", 5, _STEPS))
        found, files, searched = await self._search(going.needles)
        if self._db.path in found:
            # Pages that were rearranged before may keep copies; a new file has none.
            tell(Progress("Rewriting the database", 6, _STEPS))
            await self._db.on_writer(self._vacuum)
            await empty_wal(self._db)
            found, files, searched = await self._search(going.needles)
        if removed and self._back_up is not None:
            await self._back_up()
        self._drain.wake()
        tell(Progress("Done", _STEPS, _STEPS))
        return ForgetReport(
            entries=len(entries),
            files_searched=files,
            bytes_searched=searched,
            backups_removed=removed,
            sources_forgotten=gone.sources,
            prompts_redacted=gone.prompts,
            covered=(*_COVERED, *(name for name, done in wish._asdict().items() if done)),
            traces=await self._traces(found, going.needles),
            note=f"{_note(going, self._not_searched)} {late}".strip(),
            events_removed=0 if late else gone.events,
        )

    async def _remove_from_log(self, gone: _Gone, tell: Tell) -> str:
        """What to know where it could not be done now; it is written down, and done at the next start."""
        if not gone.events or self._remove_events is None:
            return ""
        tell(Progress("Removing events", 2, _STEPS))
        try:
            await self._remove_events(lambda words, done, of: tell(Progress(words, done, of)))
        except StorageError as error:
            logger.warning("Events could not be removed after forgetting: %s", error)
            return "Its events could not be removed yet; that is done at the next start."
        return ""

    def _vacuum(self) -> None:
        try:
            self._db.session().sql("VACUUM")
        except sqlite3.Error as error:
            logger.warning("The database could not be rewritten after forgetting: %s", error)

    def _remove_backups(self, going: _Going) -> int:
        """Those that hold it, and those that are young enough to."""
        oldest_us = min((entry.created_us for entry in going.entries), default=0)
        gone = 0
        for path in self._backups.glob("swarm-*"):
            if not path.is_file():
                continue
            is_young = path.stat().st_mtime_ns // 1000 >= oldest_us
            if is_young or traces.occurrences(path, going.needles)[0]:
                path.unlink()
                gone += 1
        return gone

    async def _search(self, needles: Sequence[bytes]) -> tuple[dict[Path, int], int, int]:
        def search() -> tuple[dict[Path, int], int, int]:
            files = traces.files_in(self._data_dir, self._not_searched)
            held = self._db.held()
            every = {file: traces.occurrences(file, needles, held) for file in files}
            found = {file: count for file, (count, _) in every.items() if count}
            return found, len(files), sum(size for _, size in every.values())

        return await asyncio.get_running_loop().run_in_executor(self._thread, search)

    async def _traces(self, found: dict[Path, int], needles: Sequence[bytes]) -> tuple[Trace, ...]:
        left: list[Trace] = []
        for file, count in found.items():
            name = str(file.relative_to(self._data_dir))
            if file == self._db.path:
                places = await self._db.read(lambda session: places_of(session, needles))
                left += [Trace(name, where, number) for where, number in places] or [
                    Trace(name, "a page of the file that is not in use", count)
                ]
            else:
                left.append(Trace(name, "the file", count))
        return tuple(left)


def _refuse(found: Sequence[Entry], wanted: Sequence[str], asker: Asker) -> None:
    seen = [entry for entry in found if sees(asker, entry.owner, entry.visibility, entry.local_only)]
    missing = set(wanted) - {entry.id for entry in seen}
    if missing:
        raise UnknownEntryError(f"There is no memory {min(missing)[:40]!r}.")
    if not all(may_change(asker, entry) for entry in seen):
        raise NotAllowedError(
            "Only what one has stored oneself can be forgotten; the person can forget the rest."
        )


def _bytes_of(session: Session, identifiers: Sequence[str]) -> tuple[list[bytes], list[bytes]]:
    """What the entries and their history say, and some of each vector's bytes."""
    found: list[bytes] = []
    vectors: list[bytes] = []
    for some in rows.chunks(identifiers):
        which = marks(some)
        entries = session.sql(f"SELECT content, vector FROM memory_entries WHERE id IN ({which})", some)  # noqa: S608
        for content, vector in entries:
            found.append(without_labels(content).encode())
            if vector:
                vectors += [vector[place : place + _VECTOR_BYTES] for place in (0, len(vector) // 2)]
        history = session.sql(f"SELECT content FROM memory_history WHERE entry_id IN ({which})", some)  # noqa: S608
        found += [without_labels(row[0]).encode() for row in history]
    return found, vectors


def _delete(
    session: Session, going: _Going, wish: _Wish, prompts: kept_prompts.Found | None
) -> tuple[_Gone, list[str]]:
    """Deletes with overwriting; how many sources and prompts were changed with them, and which tasks."""
    events = _events(session, going) if wish.events else []
    want_removed(session, events)
    with erasing(session):
        count, tasks = forget_sources(session, going.entries) if wish.sources else (0, [])
        redacted = kept_prompts.redact(session, going.passages, prompts) if prompts is not None else 0
        for some in rows.chunks([entry.id for entry in going.entries]):
            session.sql(f"DELETE FROM memory_entries WHERE id IN ({marks(some)})", some)  # noqa: S608
        session.sql(
            "DELETE FROM memory_documents WHERE id NOT IN "
            "(SELECT document_id FROM memory_entries WHERE document_id <> '')"
        )
    return _Gone(count, redacted, len(events)), tasks


def _events(session: Session, going: _Going) -> list[int]:
    return events_of_tasks(session, going.entries, going.needles)


def _merge_words(session: Session) -> None:
    """FTS5 keeps the words of what was deleted until its pieces are merged."""
    with erasing(session):
        session.sql("INSERT INTO memory_words(memory_words) VALUES ('optimize')")


def _note(going: _Going, not_searched: Sequence[Path]) -> str:
    parts = [
        f"Not searched: the folder {path.name}, which holds no memories."
        for path in not_searched
        if path.exists()
    ]
    if going.is_sample:
        parts.append("Searched by a sample of what was forgotten, for its size.")
    if not going.needles and going.entries:
        parts.append("What was forgotten is too short to be searched for.")
    return " ".join(parts)
