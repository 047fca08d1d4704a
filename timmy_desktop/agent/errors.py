"""What can go wrong in a conversation, in words for the person."""

from __future__ import annotations


class ChatError(Exception):
    """The message can't be taken; it says why and what to do."""


class UnknownConversationError(ChatError):
    """There is no such conversation."""


class BusyError(ChatError):
    """Timmy is still answering in this conversation."""
