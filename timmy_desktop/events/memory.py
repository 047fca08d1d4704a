"""Events of the memory. None holds a word of what is remembered: the log can't forget."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from timmy_desktop.events.base import Event

FORGOTTEN = "[forgotten]"
"""What stands where words were that have been forgotten."""


@dataclass(frozen=True, kw_only=True)
class MemoryStored(Event):
    """Entries were stored: of one type, for one owner."""

    type: ClassVar[str] = "memory.stored"
    entries: list[str]
    entry_type: str
    owner: str
    visibility: str
    state: str = "accepted"
    pinned: bool = False


@dataclass(frozen=True, kw_only=True)
class MemoryUpdated(Event):
    """Entries were changed; `what` says how: edited, pinned, accepted, superseded…

    The other fields are what they are from now on; empty where that stays as it was. `pinned` is 1 or 0, or
    -1 where it stays; `superseded_by` is the entry that took their place; `edited` is 1 where
    their words are others, and -1 in an older event, which does not say.
    """

    type: ClassVar[str] = "memory.updated"
    entries: list[str]
    what: str
    entry_type: str = ""
    owner: str = ""
    visibility: str = ""
    pinned: int = -1
    superseded_by: str = ""
    edited: int = -1


@dataclass(frozen=True, kw_only=True)
class MemoryForgotten(Event):
    """Entries were forgotten for good. What they said is nowhere, here neither.

    `tasks` are those whose words were forgotten with them, because the entries were made from them.
    """

    type: ClassVar[str] = "memory.forgotten"
    entries: list[str]
    reason: str
    tasks: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class MemoryRecalled(Event):
    """A reply (its identifier, a message's or a task's) used the memory: so many entries each way."""

    type: ClassVar[str] = "memory.recalled"
    reply_id: str
    retrieved: int
    injected: int
    cited: int


@dataclass(frozen=True, kw_only=True)
class MemoryIndexed(Event):
    """The vector index was built anew from the table."""

    type: ClassVar[str] = "memory.indexed"
    count: int
    reason: str
    duration_ms: int
