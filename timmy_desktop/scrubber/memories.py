"""Which entries the memory held: never what they said, which may have been forgotten since."""

from __future__ import annotations

from typing import Any

from timmy_desktop.events import memory
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.tasks import change_task
from timmy_desktop.scrubber.things import MemoryThen
from timmy_desktop.scrubber.world import Draft

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
    edits = event.edited if event.edited >= 0 else int("content" in event.what)
    for entry in event.entries if changes or edits else ():
        known = draft.memories.get(entry)
        if known is not None:
            draft.memories.put(entry, known._replace(**changes, edits=known.edits + edits))


def _forgotten(draft: Draft, _: EventRecord, event: memory.MemoryForgotten) -> None:
    for entry in event.entries:
        draft.memories.drop(entry)
    for task_id in event.tasks:
        change_task(draft, task_id, text=memory.FORGOTTEN, result=memory.FORGOTTEN)


HANDLERS = {
    memory.MemoryStored: _stored,
    memory.MemoryUpdated: _updated,
    memory.MemoryForgotten: _forgotten,
}
