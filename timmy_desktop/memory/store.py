"""The truth: entries in the table, each change in one transaction with its event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

import orjson

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus, Told
from timmy_desktop.events.memory import MemoryStored, MemoryUpdated
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import storable
from timmy_desktop.memory import facts, rows
from timmy_desktop.memory.drain import Drain
from timmy_desktop.memory.errors import EntryRejectedError, UnknownEntryError
from timmy_desktop.memory.types import (
    Asker,
    Change,
    Entry,
    EntryState,
    EntryType,
    Filters,
    NewEntry,
    Version,
    Visibility,
)
from timmy_desktop.private_keys import without_private_keys
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.erasing import erasing

SOURCE = "memory"
LONGEST_CONTENT = 20_000
_IDS_IN_AN_EVENT = 200
Work = Callable[[Session], Any]


class _AlreadyThereError(Exception):
    """Somebody stored the very same meanwhile; theirs stands."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry


class Store:
    """Every write of entries but forgetting, and the plain readings."""

    def __init__(self, *, bus: EventBus, db: Database, clock: Clock, drain: Drain) -> None:
        self._bus = bus
        self._db = db
        self._clock = clock
        self._drain = drain

    async def find(self, entry_id: str, asker: Asker) -> Entry:
        """See Memory.entry."""
        model = self._drain.model
        found = await self._db.read(lambda session: rows.find(session, entry_id, asker, model))
        if found is None:
            raise UnknownEntryError(f"There is no memory {entry_id[:40]!r}.")
        return found

    async def listed(self, asker: Asker, filters: Filters, limit: int, before: int) -> list[Entry]:
        """See Memory.entries."""
        condition, parameters = rows.seen(asker, filters)
        if before:
            condition, parameters = f"({condition}) AND number < ?", [*parameters, before]
        model = self._drain.model
        return await self._db.read(
            lambda session: rows.select(session, (condition, parameters), model=model, limit=limit)
        )

    async def versions(self, entry: Entry, asker: Asker) -> tuple[Version, ...]:
        """What it said before."""
        return tuple(await self._db.read(lambda session: rows.versions(session, entry.id, asker)))

    async def add(self, entry: NewEntry) -> Entry:
        """See Memory.remember. A fact that holds at once supersedes those of its subject and owner."""
        entry = checked(entry)
        identifier, now, model = new_id(), self._clock.now_us(), self._drain.model
        subject = facts.subject(entry.content) if entry.type == "fact" else ""

        def work(session: Session) -> Told:
            if entry.type == "fact" and (known := rows.same(session, entry, model)) is not None:
                raise _AlreadyThereError(known)
            made = rows.insert(session, identifier, entry, subject, now, model)
            old = _supersede_same(session, made, subject, now)
            return Told((made, [one.number for one in old]), _superseded(old, identifier))

        made: Entry
        try:
            made, changed = await self._bus.publish(_stored([identifier], entry), work=work)
        except _AlreadyThereError as there:
            return await self._met_again(there.entry, entry)
        self._drain.wake([made.number, *changed])
        return made

    async def add_all(
        self, entries: Sequence[NewEntry], *also: Event, before: Work | None = None
    ) -> list[str]:
        """Stores pieces of one thing in one transaction, after `before(session)`; their identifiers."""
        entries = [checked(entry) for entry in entries]
        now, model = self._clock.now_us(), self._drain.model
        identifiers = [new_id() for _ in entries]

        def work(session: Session) -> list[int]:
            touched = list(before(session) or ()) if before is not None else []
            for identifier, entry in zip(identifiers, entries, strict=True):
                touched.append(rows.insert(session, identifier, entry, "", now, model).number)
            return touched

        events = [_stored(some, entries[0]) for some in _pieces(identifiers)] if entries else []
        self._drain.wake(await self._bus.publish(*events, *also, work=work))
        return identifiers

    async def change(self, entry_ids: Sequence[str], change: Change) -> int:
        """See Memory.change."""
        if change.content is not None and len(set(entry_ids)) != 1:
            raise EntryRejectedError("The text of one entry at a time can be changed.")
        values = _columns(change)
        if not values:
            return 0
        now = self._clock.now_us()
        edited: list[str] = []

        def work(session: Session, entry: Entry) -> None:
            if "content" in values and values["content"] != entry.content:
                edited.append(entry.id)
                rows.keep_version(session, entry, now, "edited")
                fresh = facts.subject(values["content"]) if (change.type or entry.type) == "fact" else ""
                with erasing(session):
                    rows.update(
                        session,
                        entry.id,
                        {**values, "digest": rows.digest(values["content"]), "subject": fresh},
                        now,
                    )
            elif plain := {name: value for name, value in values.items() if name != "content"}:
                rows.update(session, entry.id, plain, now)

        what = ", ".join(sorted(set(values) - {"digest"}))
        told = _told(change)
        return await self._each(
            entry_ids, f"changed {what}", work, lambda: {**told, "edited": int(bool(edited))}
        )

    async def decide(self, entry_ids: Sequence[str], state: EntryState) -> int:
        """Accepts or rejects proposed facts."""
        now = self._clock.now_us()
        changed: list[int] = []

        def work(session: Session, entry: Entry) -> list[Event]:
            rows.update(session, entry.id, {"state": state}, now)
            if state != "accepted" or entry.type != "fact":
                return []
            old = _supersede_same(session, entry, facts.subject(entry.content), now)
            changed.extend(one.number for one in old)
            return _superseded(old, entry.id)

        count = await self._each(entry_ids, state, work)
        self._drain.wake(changed)
        return count

    async def supersede(self, old_id: str, new_id: str) -> None:
        """See Memory.supersede."""
        now = self._clock.now_us()
        if old_id == new_id:
            raise EntryRejectedError("An entry can't take its own place.")

        def work(session: Session, entry: Entry) -> None:
            new = rows.one(session, new_id, "")
            if new is None:
                raise UnknownEntryError(f"There is no memory {new_id[:40]!r}.")
            if old_id in _replacers(session, new):
                raise EntryRejectedError("The one that is to replace it was itself replaced by it.")
            rows.update(session, entry.id, {"superseded_by": new_id}, now)

        await self._each([old_id], "superseded", work, lambda: {"superseded_by": new_id})

    async def restore(self, entry_id: str) -> None:
        """See Memory.restore."""
        now = self._clock.now_us()
        await self._each(
            [entry_id],
            "restored",
            lambda session, entry: rows.update(session, entry.id, {"superseded_by": ""}, now),
        )

    async def merge(self, entry_ids: Sequence[str], content: str) -> Entry:
        """See Memory.merge."""
        model, now, identifier = self._drain.model, self._clock.now_us(), new_id()
        old = await self._db.read(lambda session: rows.by_id(session, entry_ids, model))
        if len(old) < 2:
            raise EntryRejectedError("Choose two entries or more to merge.")
        first = old[0]
        merged = checked(
            NewEntry(
                content=content,
                type=first.type,
                owner=first.owner,
                # As narrow as the narrowest: merging shows nobody what he did not see before.
                visibility="private" if any(entry.visibility == "private" for entry in old) else "shared",
                local_only=any(entry.local_only for entry in old),
                pinned=any(entry.pinned for entry in old),
                source="merged",
            )
        )
        subject = facts.subject(merged.content) if merged.type == "fact" else ""

        def work(session: Session) -> Entry:
            made = rows.insert(session, identifier, merged, subject, now, model)
            for entry in old:
                rows.update(session, entry.id, {"superseded_by": made.id}, now)
            return made

        updated = MemoryUpdated(
            source=SOURCE, entries=[entry.id for entry in old], what="merged", superseded_by=identifier
        )
        made: Entry = await self._bus.publish(_stored([identifier], merged), updated, work=work)
        self._drain.wake([made.number, *(entry.number for entry in old)])
        return made

    async def same_subject(self, content: str, asker: Asker) -> list[Entry]:
        """Facts that hold and say something else of the same."""
        subject, model = facts.subject(content), self._drain.model
        if not subject:
            return []
        condition, parameters = rows.seen(asker, Filters(types=("fact",)))
        where = (f"({condition}) AND subject = ?", [*parameters, subject])
        found = await self._db.read(lambda session: rows.select(session, where, model=model, limit=20))
        return [entry for entry in found if facts.contradicts(entry.content, content)]

    async def _met_again(self, known: Entry, entry: NewEntry) -> Entry:
        """The same was said before: what was only proposed and is now said for certain holds."""
        if known.state == "proposed" and entry.state == "accepted":
            await self.decide([known.id], "accepted")
            return (
                await self._db.read(lambda session: rows.one(session, known.id, self._drain.model)) or known
            )
        return known

    async def _each(
        self,
        entry_ids: Sequence[str],
        what: str,
        work: Callable[[Session, Entry], Iterable[Event] | None],
        told: Callable[[], Mapping[str, Any]] = dict,
    ) -> int:
        """Does `work` for each entry that is there, in one transaction with the event, which says `told()`.

        What else `work` did is told by the events that it returns.
        """
        wanted = list(dict.fromkeys(entry_ids))
        entries = await self._db.read(lambda session: rows.by_id(session, wanted, ""))
        if len(wanted) == 1 and not entries:
            raise UnknownEntryError(f"There is no memory {wanted[0][:40]!r}.")
        if not entries:
            return 0

        def every(session: Session) -> Told:
            more = [event for entry in entries for event in work(session, entry) or ()]
            names = [entry.id for entry in entries]
            events = [
                MemoryUpdated(source=SOURCE, entries=some, what=what, **told()) for some in _pieces(names)
            ]
            return Told(None, [*events, *more])

        await self._bus.publish(work=every)
        self._drain.wake(entry.number for entry in entries)
        return len(entries)


def checked(entry: NewEntry) -> NewEntry:
    """The entry as it is stored; EntryRejectedError says what is wrong with it."""
    content = cleaned(entry.content)
    for value, allowed in (
        (entry.type, EntryType),
        (entry.visibility, Visibility),
        (entry.state, EntryState),
    ):
        if value not in get_args(allowed):
            raise EntryRejectedError(f"{value!r} is none of {', '.join(get_args(allowed))}.")
    if not entry.owner.strip():
        raise EntryRejectedError("A memory needs an owner.")
    given = {name: getattr(entry, name) for name in NewEntry.__slots__}
    given |= {"content": content, "source": storable(entry.source)[:500], "owner": storable(entry.owner)[:80]}
    return NewEntry(**given)


def cleaned(content: str) -> str:
    """A text as it is stored, without private keys; EntryRejectedError for too little or too much."""
    text = without_private_keys(storable(content).replace("\0", "")).strip()
    if not text:
        raise EntryRejectedError("There is nothing to remember: the text is empty.")
    if len(text) > LONGEST_CONTENT:
        raise EntryRejectedError(
            f"The text has {len(text):,} characters; a memory holds {LONGEST_CONTENT:,}. "
            "Import it as a document."
        )
    return text


def _told(change: Change) -> dict[str, Any]:
    """What the event says of a change: no word of what is remembered."""
    told = {
        "entry_type": change.type, "owner": change.owner, "visibility": change.visibility,
        "pinned": None if change.pinned is None else int(change.pinned),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _columns(change: Change) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("type", "visibility", "owner"):
        if (value := getattr(change, name)) is not None:
            values[name] = value
    if change.content is not None:
        values["content"] = cleaned(change.content)
    if change.pinned is not None:
        values["pinned"] = int(change.pinned)
    if change.metadata is not None:
        values["metadata"] = orjson.dumps(dict(change.metadata)).decode()
    return values


def _supersede_same(session: Session, fact: Entry, subject: str, now_us: int) -> list[Entry]:
    """Lets an accepted fact take the place of its owner's others on the same subject: of these."""
    if fact.type != "fact" or fact.state == "rejected" or not subject:
        return []
    if rows.one(session, fact.id, "") is None or _state(session, fact.id) != "accepted":
        return []
    where = (
        "type = 'fact' AND subject = ? AND owner = ? AND state = 'accepted' AND superseded_by = '' "
        "AND id <> ?",
        [subject, fact.owner, fact.id],
    )
    old = [
        entry
        for entry in rows.select(session, where, model="")
        if facts.contradicts(entry.content, fact.content)
    ]
    for entry in old:
        rows.update(session, entry.id, {"superseded_by": fact.id}, now_us)
    return old


def _superseded(old: Sequence[Entry], by: str) -> list[Event]:
    """Tells of entries whose place another one took."""
    names = [entry.id for entry in old]
    return [
        MemoryUpdated(source=SOURCE, entries=some, what="superseded", superseded_by=by)
        for some in _pieces(names)
    ]


def _state(session: Session, identifier: str) -> str:
    return str(session.sql("SELECT state FROM memory_entries WHERE id = ?", (identifier,))[0][0])


def _replacers(session: Session, entry: Entry) -> set[str]:
    """What replaced an entry, and what replaced that."""
    found: set[str] = set()
    following: Entry | None = entry
    while following is not None and following.superseded_by and following.superseded_by not in found:
        found.add(following.superseded_by)
        following = rows.one(session, following.superseded_by, "")
    return found


def _stored(identifiers: list[str], entry: NewEntry) -> MemoryStored:
    return MemoryStored(
        source=SOURCE,
        task_id=entry.task_id,
        entries=identifiers,
        entry_type=entry.type,
        owner=entry.owner,
        visibility=entry.visibility,
        state=entry.state,
        pinned=entry.pinned,
    )


def _pieces(identifiers: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(identifiers), _IDS_IN_AN_EVENT):
        yield list(identifiers[start : start + _IDS_IN_AN_EVENT])
