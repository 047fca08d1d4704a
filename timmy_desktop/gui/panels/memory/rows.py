"""A memory as a list shows it: one line of its text, never the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from timmy_desktop.gui.panels.memory.snippets import Mark, bare, snippet
from timmy_desktop.gui.panels.memory.wording import TYPES, owner_words, reason_words, state_words
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Entry, EntryState, EntryType, Hit, Visibility


@dataclass(frozen=True, slots=True)
class Row:
    """`score` is None where nothing was asked; `folded` near-duplicates stand behind it."""

    id: str
    number: int
    type: EntryType
    owner: str
    state: EntryState
    visibility: Visibility
    pinned: bool
    local_only: bool
    superseded_by: str
    created_us: int
    text: str
    marks: tuple[Mark, ...] = ()
    title: str = ""
    score: float | None = None
    reason: str = ""
    folded: tuple[str, ...] = ()

    @property
    def is_proposed(self) -> bool:
        """Whether it waits for the person's nod."""
        return self.state == "proposed" and not self.superseded_by


def row_of(entry: Entry, words: Iterable[str] = ()) -> Row:
    """The entry without its body."""
    shown = snippet(entry.content if entry.type == "fact" else bare(entry.content), words)
    return Row(
        id=entry.id,
        number=entry.number,
        type=entry.type,
        owner=entry.owner,
        state=entry.state,
        visibility=entry.visibility,
        pinned=entry.pinned,
        local_only=entry.local_only,
        superseded_by=entry.superseded_by,
        created_us=entry.created_us,
        text=shown.text,
        marks=shown.marks,
        title=title_of(entry),
    )


def row_of_hit(hit: Hit) -> Row:
    """The same with score and reason."""
    row = row_of(hit.entry, hit.words)
    values = {name: getattr(row, name) for name in Row.__slots__}
    return Row(**{**values, "score": hit.score, "reason": reason_words(hit), "folded": hit.folded})


def title_of(entry: Entry) -> str:
    """`notes.md, 3 of 12` for a piece of a document, else nothing."""
    if entry.type != "document":
        return ""
    name = inert_line(str(entry.metadata.get("title") or "") or entry.source.rpartition("/")[2], 60)
    of = entry.metadata.get("of")
    piece = f"{entry.chunk} of {of}" if isinstance(of, int) and of > 1 and entry.chunk else ""
    return ", ".join(part for part in (name, piece) if part)


def second_line(row: Row) -> str:
    """What it is and whose: below the text."""
    parts = [TYPES[row.type].word, row.title, owner_words(row.owner)]
    parts.append("private" if row.visibility == "private" else "")
    parts.append("local only" if row.local_only else "")
    parts.append(f"{len(row.folded)} alike" if row.folded else "")
    return " · ".join(part for part in parts if part)


def spoken(row: Row) -> str:
    """The row as a screen reader says it."""
    state = state_words(row.state, row.superseded_by)[0]
    score = f"score {row.score:.2f}, found by {row.reason}" if row.score is not None and row.reason else ""
    parts = (row.text, TYPES[row.type].word, owner_words(row.owner), state, "pinned" if row.pinned else "")
    return ", ".join(part for part in (*parts, score) if part)


def tooltip(row: Row) -> str:
    """What the pointer tells: the text, why it was found, and when it was stored."""
    lines = [row.text]
    if row.score is not None:
        lines.append(f"Score {row.score:.2f}" + (f": {row.reason}" if row.reason else ""))
    if row.folded:
        lines.append(f"{len(row.folded)} more say nearly the same and stand behind this one.")
    lines.append(f"Stored {exact_time(row.created_us)}")
    return "\n".join(lines)
