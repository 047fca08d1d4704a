"""What an event is: a frozen fact in the past tense, and the record that the log made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. Subclasses are frozen dataclasses whose fields are JSON values: str, int, bool, lists, dicts.

    `type` is `topic.fact`; `version` goes up when a field changes its meaning. Floats are not used:
    durations are integer milliseconds or microseconds, money is integer millisatoshi.
    """

    type: ClassVar[str] = ""
    version: ClassVar[int] = 1
    severity: ClassVar[str] = "info"

    source: str = ""
    task_id: str = ""
    agent_id: str = ""


@dataclass(frozen=True, kw_only=True)
class UnknownEvent(Event):
    """An event of a type or version that this program doesn't know, shown generically."""

    type_name: str
    type_version: int
    data: dict[str, Any]


class EventRecord(NamedTuple):
    """An event as the log holds it: numbered, timed (microseconds UTC) and chained."""

    seq: int
    time_us: int
    event: Event
    hash: bytes

    @property
    def type(self) -> str:
        """The event's type, also of one that this program doesn't know."""
        return self.event.type_name if isinstance(self.event, UnknownEvent) else self.event.type
