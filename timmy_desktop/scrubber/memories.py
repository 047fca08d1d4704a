"""Which entries the memory held: never what they said, which may have been forgotten since."""

from __future__ import annotations

from typing import Any

from timmy_desktop.events import memory
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.world import Draft, MemoryThen

ANOTHER = "another"
"""What took an entry's place, where an event is too old to say."""
_REPLACED = frozenset({"superseded", "merged"})
_STATES = frozenset({"accepted", "proposed", "rejected"})


def _stored(draft: Draft, record: EventRecord, event: memory.MemoryStored) -> None:
    for entry in event.entries:
        draft.memories.put(
            entry,
            MemoryThen(
                entry,
                event.entry_type,
                event.owner,
                event.visibility,
                event.state,
                record.time_us,
                event.pinned,
            ),
        )


def _updated(draft: Draft, _: EventRecord, event: memory.MemoryUpdated) -> None:
    told = {"type": event.entry_type, "owner": event.owner, "visibility": event.visibility}
    if event.what in _STATES:
        told["state"] = event.what
    changes: dict[str, Any] = {name: value for name, value in told.items() if value}
    if event.pinned >= 0:
        changes["pinned"] = bool(event.pinned)
    if event.what in _REPLACED:
        changes["superseded_by"] = event.superseded_by or ANOTHER
    elif event.what == "restored":
        changes["superseded_by"] = ""
    for entry in event.entries if changes else ():
        known = draft.memories.get(entry)
        if known is not None:
            draft.memories.put(entry, known._replace(**changes))


def _forgotten(draft: Draft, _: EventRecord, event: memory.MemoryForgotten) -> None:
    for entry in event.entries:
        draft.memories.drop(entry)


HANDLERS = {
    memory.MemoryStored: _stored,
    memory.MemoryUpdated: _updated,
    memory.MemoryForgotten: _forgotten,
}
