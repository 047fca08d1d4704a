"""What the kinds, owners and states of memories are called, and how they look. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import PERSON_OWNER, Hit, UseKind


@dataclass(frozen=True, slots=True)
class TypeLook:
    """A type's words, picture, colour and, so that colour is never alone, its shape on the map."""

    word: str
    many: str
    glyph: str
    role: str
    shape: str


TYPES: dict[str, TypeLook] = {
    "conversation": TypeLook("Conversation", "Conversations", "chat", "series1", "circle"),
    "fact": TypeLook("Fact", "Facts", "fact", "series3", "diamond"),
    "document": TypeLook("Document", "Documents", "document", "series2", "square"),
}
USES: dict[UseKind, str] = {"retrieved": "found", "injected": "given to the model", "cited": "cited"}


def memories(number: int) -> str:
    """`1 memory`, `2,310 memories`."""
    return count(number, "memory", "memories")


def owner_words(owner: str) -> str:
    """`You` for the person, an agent's name with a capital."""
    if owner == PERSON_OWNER:
        return "You"
    return inert_line(owner[:1].upper() + owner[1:], 40)


def state_words(state: str, superseded_by: str) -> tuple[str, str]:
    """The word and the tone for what is not simply in use; empty for that."""
    if superseded_by:
        return "Replaced", "muted"
    return {"proposed": ("Proposed", "warn"), "rejected": ("Rejected", "muted")}.get(state, ("", ""))


def reason_words(hit: Hit) -> str:
    """Why it was found: `“boat” · meaning 0.71`."""
    parts = [", ".join(f"“{inert_line(word, 40)}”" for word in hit.words[:4])]
    if len(hit.words) > 4:
        parts[0] += f" and {len(hit.words) - 4} more"
    if hit.cosine is not None:
        parts.append(f"meaning {hit.cosine:.2f}")
    return " · ".join(part for part in parts if part)


def share(part: float) -> str:
    """`34 %`."""
    return f"{part * 100:.0f} %"
