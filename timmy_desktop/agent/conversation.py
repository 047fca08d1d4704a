"""What a conversation is made of, and what a chat tells while an answer comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from timmy_desktop.agent.errors import ChatError
from timmy_desktop.inert import inert_line, storable

LONGEST_TEXT = 100_000
LONGEST_TITLE = 60
UNTITLED = "New conversation"

MessageRole = Literal["user", "assistant", "notice"]
MessageState = Literal["streaming", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation at a glance. Times are microseconds UTC."""

    id: str
    title: str
    created_us: int
    updated_us: int
    local_only: bool = False


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as the database holds it.

    `notice` messages are the application's own: a task posted, or its report. `reason` says what to know of
    the message: why it stopped or failed and what to do, what was left out, how a reported task ended.
    A `local_only` message never goes to a remote provider, and neither does what answers it.
    """

    id: str
    conversation_id: str
    position: int
    role: MessageRole
    text: str
    state: MessageState
    created_us: int
    provider: str = ""
    model: str = ""
    ttft_ms: int = 0
    total_ms: int = 0
    task_id: str = ""
    reason: str = ""
    local_only: bool = False


@dataclass(frozen=True, slots=True)
class MessageStarted:
    """A message joined the conversation: the person's own, Timmy's with text to come, or a notice."""

    message: MessageView


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the message."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProviderChanged:
    """Another provider answers from here on; `reason` says why, and is empty for the first one."""

    message_id: str
    provider: str
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class MessageEnded:
    """The message as it stays."""

    message: MessageView


ChatEvent: TypeAlias = MessageStarted | TextDelta | ProviderChanged | MessageEnded


def checked_text(text: str) -> str:
    """The person's text as it is stored; ChatError with what to change."""
    if len(text) > LONGEST_TEXT:
        raise ChatError(
            f"The message has {len(text):,} characters, more than the {LONGEST_TEXT:,} that it may have. "
            "Put the material into a file of the opened folder and name the file."
        )
    cleaned = storable(text).strip()
    if not cleaned:
        raise ChatError("The message is empty.")
    return cleaned


def title_of(text: str) -> str:
    """What a conversation that begins with `text` is called."""
    return inert_line(text, LONGEST_TITLE) or UNTITLED
