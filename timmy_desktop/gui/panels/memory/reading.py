"""What the reading pane says of an entry: its text, where it came from, who used it, what it said before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from timmy_desktop.gui.panels.memory.rows import title_of
from timmy_desktop.gui.panels.memory.wording import USES, owner_words
from timmy_desktop.gui.widgets.facts_strip import Fact
from timmy_desktop.gui.wording import exact_time, relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.memory import Memory
from timmy_desktop.memory.errors import UnknownEntryError
from timmy_desktop.memory.types import PERSON, Entry, Use, UseKind, Version

_KINDS: tuple[UseKind, ...] = ("retrieved", "injected", "cited")
_MARKDOWN = (".md", ".markdown", ".mdx", ".rst", ".adoc")
_TEXT = ("", ".txt", ".text", ".log", ".pdf", ".org", ".tex")


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry with all that is told of it. `newer` is what replaced it."""

    entry: Entry
    uses: tuple[Use, ...] = ()
    versions: tuple[Version, ...] = ()
    newer: Entry | None = None


@dataclass(frozen=True, slots=True)
class UseLine:
    """What one reply did with the entry."""

    reply_id: str
    reply_kind: str
    by: str
    time_us: int
    kinds: tuple[UseKind, ...]
    score: float

    @property
    def words(self) -> str:
        """`Echo: found (0.83), given to the model, cited`."""
        parts = [USES[kind] for kind in self.kinds]
        if "retrieved" in self.kinds and self.score:
            parts[self.kinds.index("retrieved")] += f" ({self.score:.2f})"
        return f"{owner_words(self.by or 'a reply')}: {', '.join(parts)}"


async def read(memory: Memory, entry_id: str) -> Reading:
    """Everything of one entry; UnknownEntryError when it is gone."""
    entry = await memory.entry(entry_id, asker=PERSON)
    uses = await memory.uses(entry.id, asker=PERSON)
    versions = await memory.history(entry.id, asker=PERSON)
    newer = None
    if entry.superseded_by:
        try:
            newer = await memory.entry(entry.superseded_by, asker=PERSON)
        except UnknownEntryError:
            newer = None
    return Reading(entry, uses, versions, newer)


def use_lines(uses: Iterable[Use]) -> list[UseLine]:
    """The uses by reply, newest first."""
    by_reply: dict[str, list[Use]] = {}
    for use in uses:
        by_reply.setdefault(use.reply_id, []).append(use)
    return [
        UseLine(
            reply_id,
            some[0].reply_kind,
            some[0].by,
            max(use.time_us for use in some),
            tuple(kind for kind in _KINDS if any(use.kind == kind for use in some)),
            max(use.score for use in some),
        )
        for reply_id, some in by_reply.items()
    ]


def use_counts(uses: Sequence[Use]) -> str:
    """`Found 12 times, given to a model 5 times, cited twice`."""
    if not uses:
        return "No reply has used it yet."
    counts = {kind: len({use.reply_id for use in uses if use.kind == kind}) for kind in _KINDS}
    words = [f"{USES[kind]} {_times(counts[kind])}" for kind in _KINDS if counts[kind]]
    return f"{words[0][:1].upper()}{words[0][1:]}" + "".join(f", {part}" for part in words[1:]) + "."


def facts_of(entry: Entry, now_us: int) -> list[Fact]:
    """Where it came from, at a glance."""
    who = "everybody" if entry.visibility == "shared" else f"you and {owner_words(entry.owner)}"
    if entry.visibility == "private" and entry.owner == PERSON.owner:
        who = "you alone"
    facts = [
        (owner_words(entry.owner), "owner", "Who stored it"),
        (who, "seen by", "Who finds it: agents see what is shared and their own"),
        (relative_time(entry.created_us, now_us), "stored", exact_time(entry.created_us)),
    ]
    if entry.updated_us > entry.created_us:
        facts.append((relative_time(entry.updated_us, now_us), "changed", exact_time(entry.updated_us)))
    used = relative_time(entry.used_us, now_us) if entry.used_us else "never"
    facts.append((used, "last used", exact_time(entry.used_us) if entry.used_us else "In no prompt yet"))
    source = title_of(entry) or inert_line(entry.source, 60)
    if source:
        facts.append((source, "source", inert_line(entry.source, 300)))
    if entry.local_only:
        facts.append(("yes", "local only", "It is never sent to a provider elsewhere"))
    if not entry.is_embedded:
        facts.append(("words only", "found by", "Its meaning is not indexed yet"))
    return facts


def readable(entry: Entry) -> tuple[str, bool]:
    """The text as it is to be shown, and whether as plain text: code in a fence, Markdown as it is."""
    if entry.type == "conversation":
        return entry.content, False
    if entry.type == "fact":
        return entry.content, True
    suffix = _suffix(entry.source)
    if suffix in _MARKDOWN:
        return entry.content, False
    if suffix in _TEXT:
        return entry.content, True
    fence = "```"
    while fence in entry.content:
        fence += "`"
    return f"{fence}{suffix[1:]}\n{entry.content}\n{fence}", False


def _suffix(source: str) -> str:
    name = source.rpartition("/")[2]
    return f".{name.rpartition('.')[2].casefold()}" if "." in name else ""


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")
