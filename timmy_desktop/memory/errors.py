"""What can go wrong with the memory, in words for the person or the model that asked."""

from __future__ import annotations


class MemoryFault(Exception):  # noqa: N818 - MemoryError is Python's own
    """The root of this room's errors."""


class UnknownEntryError(MemoryFault):
    """There is no such entry, or not for whoever asks."""


class NotAllowedError(MemoryFault):
    """The entry belongs to somebody else."""


class EntryRejectedError(MemoryFault):
    """What is to be remembered can't be kept as it is; the message says what to change."""


class EmbedderError(MemoryFault):
    """The embedding model is missing, damaged or broke; words still search."""


class IndexFault(MemoryFault):
    """The vector index can't be used; it is set aside and built anew."""


class DocumentError(MemoryFault):
    """The file can't be imported; the message says why and what to do."""


class TransferError(MemoryFault):
    """An export can't be written, or is none that could be read."""
