"""A conversation as the chat shows it, without Qt: messages in order, and what streams into the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from timmy_desktop.agent.conversation import (
    ChatEvent,
    MessageEnded,
    MessageStarted,
    MessageView,
    ProviderChanged,
    TextDelta,
)
from timmy_desktop.gui.recalled import RecalledGroup
from timmy_desktop.gui.wording import provider_words
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.memory.types import UseCounts


@dataclass(slots=True)
class Entry:
    """A message with what only the screen needs: arriving pieces, and changes of provider in mid-answer."""

    message: MessageView
    changes: list[str] = field(default_factory=list)
    recalled: UseCounts | None = None
    """How much of the memory it used."""
    groups: tuple[RecalledGroup, ...] | None = None
    """What of the memory it used, while that is shown."""
    _pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The message's text, with everything that has streamed in so far."""
        if self._pieces:
            self.message = replace(self.message, text=self.message.text + "".join(self._pieces))
            self._pieces.clear()
        return self.message.text

    def extend(self, piece: str) -> None:
        self._pieces.append(piece)

    def restart(self) -> None:
        """Drops what a broken provider had said: the next one begins anew."""
        self._pieces.clear()
        self.message = replace(self.message, text="")

    @property
    def notes(self) -> str:
        """What went wrong on the way to this answer, also when it was read back from the database."""
        if self.changes or self.message.state != "done":
            return "\n".join(self.changes)
        return inert(self.message.reason)


@dataclass(frozen=True, slots=True)
class Change:
    """What an event did: the entry at `index` is new, or differs."""

    index: int
    added: bool


class Transcript:
    """The entries of one conversation; tells for each event which entry it touched."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def reset(self, messages: Sequence[MessageView]) -> None:
        self._entries = [Entry(message) for message in messages]
        self._index = {message.id: index for index, message in enumerate(messages)}

    def put(self, message: MessageView) -> Change:
        """Adds the message, or replaces the one with its id."""
        index = self._index.get(message.id)
        if index is None:
            self._index[message.id] = len(self._entries)
            self._entries.append(Entry(message))
            return Change(len(self._entries) - 1, added=True)
        known = self._entries[index]
        if not message.provider:  # a stopped or failed answer was being given by somebody all the same
            message = replace(message, provider=known.message.provider, model=known.message.model)
        self._entries[index] = Entry(message, known.changes, known.recalled, known.groups)
        return Change(index, added=False)

    def apply(self, event: ChatEvent) -> Change | None:
        """None when the event is of a message that isn't here (another conversation, a late reply)."""
        if isinstance(event, MessageStarted | MessageEnded):
            return self.put(event.message)
        index = self._index.get(event.message_id)
        if index is None:
            return None
        entry = self._entries[index]
        if isinstance(event, TextDelta):
            entry.extend(event.text)
        elif isinstance(event, ProviderChanged):
            _change_provider(entry, event)
        return Change(index, added=False)

    def note_recalled(self, counts: Mapping[str, UseCounts]) -> list[Change]:
        """What the answers used of the memory; tells which entries differ by that."""
        changes = []
        for message_id, found in counts.items():
            index = self._index.get(message_id)
            if index is not None and self._entries[index].recalled != found:
                self._entries[index].recalled = found
                changes.append(Change(index, added=False))
        return changes

    def show_recalled(self, message_id: str, groups: tuple[RecalledGroup, ...] | None) -> Change | None:
        """Shows under an answer what it used of the memory; None hides it."""
        index = self._index.get(message_id)
        if index is None:
            return None
        self._entries[index].groups = groups
        return Change(index, added=False)

    def is_showing_recalled(self, message_id: str) -> bool:
        """Whether what it used is on screen."""
        index = self._index.get(message_id)
        return index is not None and self._entries[index].groups is not None

    def answers(self) -> list[str]:
        """The identifiers of the answers, oldest first."""
        return [entry.message.id for entry in self._entries if entry.message.role == "assistant"]

    def question_before(self, message_id: str) -> str:
        """The text of the person's message that the given one answers (or itself is); "" without one."""
        for index in range(self._index.get(message_id, -1), -1, -1):
            if self._entries[index].message.role == "user":
                return self._entries[index].text
        return ""

    def is_last_answer(self, message_id: str) -> bool:
        """Whether nothing was asked or answered since."""
        later = self._entries[self._index.get(message_id, len(self._entries)) + 1 :]
        return message_id in self._index and all(entry.message.role == "notice" for entry in later)

    def questions(self) -> list[str]:
        """What the person wrote, oldest first."""
        return [entry.text for entry in self._entries if entry.message.role == "user"]


def _change_provider(entry: Entry, event: ProviderChanged) -> None:
    if event.reason:
        entry.restart()
        before = provider_words(entry.message.provider, entry.message.model) or "The first provider"
        now = provider_words(event.provider, event.model) or "Another provider"
        entry.changes.append(f"{before} {inert_line(event.reason, 200).rstrip('.')}. {now} began anew.")
    entry.message = replace(entry.message, provider=event.provider, model=event.model)
