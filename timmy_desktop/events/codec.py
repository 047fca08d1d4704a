"""Events to canonical JSON and back; what this program doesn't know is still readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import orjson

from timmy_desktop.events import agents, memory, payments, routing, system, tasks, upgrades
from timmy_desktop.events.base import Event, UnknownEvent

TOPICS: tuple[ModuleType, ...] = (tasks, agents, payments, routing, memory, upgrades, system)

_ENVELOPE = ("source", "task_id", "agent_id")


class EncodingError(ValueError):
    """An event holds a value that JSON can't carry exactly."""


def encode_data(event: Event) -> bytes:
    """The event's own fields as canonical JSON: UTF-8, sorted keys, no white space.

    Floats occur only in what others said (a tool's arguments), as their shortest exact decimal.

    Lone surrogates, which JSON text can't carry, raise EncodingError.
    """
    data = event.__dict__.copy()
    for name in _ENVELOPE:
        del data[name]
    if type(event) is UnknownEvent:
        data = event.data
    try:
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise EncodingError(f"{type(event).__name__} can't be written to the log: {error}") from error


def decode(type_name: str, version: int, envelope: Mapping[str, str], data: bytes | str) -> Event:
    """The event that was encoded; an UnknownEvent for types, versions and shapes not known here."""
    try:
        values = orjson.loads(data)
    except orjson.JSONDecodeError:
        values = {"unreadable": data if isinstance(data, str) else data.decode(errors="replace")}
    known = _typed(type_name, version, envelope, values)
    return (
        known
        if known is not None
        else UnknownEvent(
            type_name=type_name,
            type_version=version,
            data=values if isinstance(values, dict) else {"value": values},
            **envelope,
        )
    )


def _typed(type_name: str, version: int, envelope: Mapping[str, str], values: Any) -> Event | None:
    known = event_types().get(type_name)
    if known is None or known.version != version or not isinstance(values, dict):
        return None
    if not values.keys() <= _field_names(type_name):
        return None
    try:
        return known(**envelope, **values)
    except TypeError:
        return None


@lru_cache(maxsize=1)
def event_types() -> Mapping[str, type[Event]]:
    """Every event type of the topic modules, by its name."""
    classes = (value for topic in TOPICS for value in vars(topic).values())
    return {cls.type: cls for cls in classes if isinstance(cls, type) and issubclass(cls, Event) and cls.type}


@cache  # asked for each event that is read
def _field_names(type_name: str) -> frozenset[str]:
    return frozenset(field.name for field in fields(event_types()[type_name])) - frozenset(_ENVELOPE)
