"""What a reply took from the memory, for its receipt: found, given to the model, cited. Free of Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.errors import UnknownEntryError
from timmy_desktop.memory.types import Entry, Use, UseCounts

_LONGEST = 140
# What is cited was given too, and what was given was found or pinned: each entry is told at its furthest.
_GROUPS = (
    ("cited", "Cited"),
    ("injected", "Given to the model, not cited"),
    ("retrieved", "Found, not given to the model"),
)


class Recalled(Protocol):
    """What a receipt needs of the memory."""

    async def use_counts(self, reply_ids: Sequence[str]) -> Mapping[str, UseCounts]: ...
    async def uses_of(self, reply_id: str) -> Sequence[Use]: ...
    async def entry(self, entry_id: str, *, asker: Asker) -> Entry: ...


@dataclass(frozen=True, slots=True)
class RecalledEntry:
    """One entry as the receipt tells of it."""

    entry_id: str
    words: str


@dataclass(frozen=True, slots=True)
class RecalledGroup:
    """Entries that came equally far."""

    title: str
    entries: tuple[RecalledEntry, ...]


def counts_words(counts: UseCounts | None) -> str:
    """`Given 3 memories, cites 1`; "" where the memory had no part in it."""
    if counts is None or counts == UseCounts():
        return ""
    if not counts.injected:
        if counts.cited:  # it stood in what was said before
            return f"Cites {count(counts.cited, 'memory', 'memories')} given earlier"
        return f"Found {count(counts.retrieved, 'memory', 'memories')}, used none"
    cited = f"cites {counts.cited}" if counts.cited else "cites none"
    return f"Used {count(counts.injected, 'memory', 'memories')}, {cited}"


async def read_recalled(memory: Recalled, reply_id: str) -> tuple[RecalledGroup, ...]:
    """The groups that have entries, the cited ones first."""
    uses = await memory.uses_of(reply_id)
    told: set[str] = set()
    groups = []
    for kind, title in _GROUPS:
        wanted = [use for use in uses if use.kind == kind and use.entry_id not in told]
        told.update(use.entry_id for use in wanted)
        if wanted:
            groups.append(RecalledGroup(title, tuple([await _told(memory, use) for use in wanted])))
    return tuple(groups)


async def _told(memory: Recalled, use: Use) -> RecalledEntry:
    try:
        entry = await memory.entry(use.entry_id, asker=PERSON)
    except UnknownEntryError:
        return RecalledEntry("", "Forgotten since.")
    score = f" · {use.score:.2f}" if use.score else ""
    return RecalledEntry(
        entry.id, f"[{entry.cite}] {inert_line(entry.content, _LONGEST)} ({entry.type}{score})"
    )
