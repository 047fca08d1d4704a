"""UUIDv7 identifiers: sortable by time of creation, unique without coordination."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """A new UUIDv7 as text (RFC 9562, section 5.7: 48 bits of Unix milliseconds, 74 random bits)."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def short_id(identifier: str) -> str:
    """The last eight characters, which differ even between identifiers made in the same millisecond."""
    return identifier[-8:]
