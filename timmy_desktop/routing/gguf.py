"""Reads what the embedded provider must know of a GGUF file before it is loaded."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

MAGIC = b"GGUF"
_TEMPLATE_KEY = b"tokenizer.chat_template"
_STRING = 8  # the file format's number for the value type "string"
_HEADER_BYTES = 64 * 1024 * 1024
_LONGEST_TEMPLATE = 1024 * 1024


def is_gguf(path: Path) -> bool:
    """Whether the file begins as a GGUF file does; False for what can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


def chat_template(path: Path) -> str:
    """The model's own chat template; empty when it has none, as base models do. Raises OSError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = min(len(data), _HEADER_BYTES)
        needle = struct.pack("<Q", len(_TEMPLATE_KEY)) + _TEMPLATE_KEY + struct.pack("<I", _STRING)
        found = data.find(needle, 0, end)
        if found < 0:
            return ""
        start = found + len(needle)
        (length,) = struct.unpack_from("<Q", data, start)
        if length > _LONGEST_TEMPLATE:
            return ""
        return data[start + 8 : start + 8 + length].decode(errors="replace")
