"""Folds events into a world: pure, in order, and indifferent to what it doesn't know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from timmy_desktop.events.base import Event, EventRecord, UnknownEvent
from timmy_desktop.scrubber import memories, money, providers, tasks, upgrades
from timmy_desktop.scrubber.world import Draft, World

Handler = Callable[[Draft, EventRecord, Any], None]

_ROOMS: tuple[dict[Any, Any], ...] = (
    tasks.HANDLERS, money.HANDLERS, providers.HANDLERS, memories.HANDLERS, upgrades.HANDLERS,
)  # fmt: skip


def _gathered() -> dict[type[Event], tuple[Handler, ...]]:
    found: dict[type[Event], list[Handler]] = defaultdict(list)
    for room in _ROOMS:
        for event_type, handler in room.items():
            found[event_type].append(handler)
    return {event_type: tuple(handlers) for event_type, handlers in found.items()}


_HANDLERS = _gathered()
COUNTED_TYPES = frozenset(event_type.type for event_type in _HANDLERS)
"""The types that change a world; of all others none needs to be read."""


def fold(world: World, records: Iterable[EventRecord]) -> World:
    """The world after these events, which follow what is folded already, in order."""
    draft = Draft(world)
    for record in records:
        event = record.event
        for handler in _HANDLERS.get(type(event), ()):
            handler(draft, record, event)
        if type(event) is UnknownEvent and event.type_name in COUNTED_TYPES:
            draft.skipped += 1
        draft.seq, draft.time_us = record.seq, record.time_us
    return draft.frozen()
