"""Reads what the embedded provider must know of a GGUF file before it is loaded."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

MAGIC = b"GGUF"
_TEMPLATE_KEY = b"tokenizer.chat_template"
_LICENCE_KEY = b"general.license"
_STRING = 8  # the file format's number for the value type "string"
_HEADER_BYTES = 64 * 1024 * 1024
_LONGEST_TEXT = 1024 * 1024


def is_gguf(path: Path) -> bool:
    """Whether the file begins as a GGUF file does; False for what can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


def chat_template(path: Path) -> str:
    """The model's own chat template; empty when it has none, as base models do. Raises OSError."""
    return _text(path, _TEMPLATE_KEY)


def licence(path: Path) -> str:
    """The licence that the file names; empty when it names none. Raises OSError."""
    return _text(path, _LICENCE_KEY)


def _text(path: Path, key: bytes) -> str:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = min(len(data), _HEADER_BYTES)
        needle = struct.pack("<Q", len(key)) + key + struct.pack("<I", _STRING)
        found = data.find(needle, 0, end)
        if found < 0:
            return ""
        start = found + len(needle)
        (length,) = struct.unpack_from("<Q", data, start)
        if length > _LONGEST_TEXT:
            return ""
        return data[start + 8 : start + 8 + length].decode(errors="replace")
