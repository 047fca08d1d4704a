"""Reads one PDF in a process of its own: bytes in, text out as JSON, then it ends.

Run as a file, apart from the application: a PDF from anywhere may take all the time and memory there is, or
bring the library down. It opens no file and starts nothing.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from io import BytesIO
from typing import Any

MOST_PAGES = 2000
MOST_CHARACTERS = 20_000_000
_LONGEST_DETAIL = 120


class BrokenPdfError(Exception):
    """The library could make nothing of it."""


def main(arguments: list[str]) -> None:
    """`seconds` of the processor's time and `bytes` of memory are what it gets."""
    seconds, size = int(arguments[0]), int(arguments[1])
    _limit(seconds, size)
    content = sys.stdin.buffer.read()
    try:
        answer = read(content)
    except MemoryError:
        answer = {"fault": "memory"}
    except BrokenPdfError as error:
        answer = {"fault": "broken", "detail": str(error)}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


def read(content: bytes) -> dict[str, Any]:
    """The text of each page, or why there is none. BrokenPdfError and MemoryError."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of each flaw of a file
    try:
        reader = pypdf.PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"fault": "locked"}
        return _pages(reader)
    except MemoryError:
        raise
    except Exception as error:
        # A broken PDF makes the library raise almost anything.
        raise BrokenPdfError(str(error)[:_LONGEST_DETAIL]) from error


def _pages(reader: Any) -> dict[str, Any]:
    pages: list[str] = []
    left = MOST_CHARACTERS
    for number, page in enumerate(reader.pages):
        text = page.extract_text() if number < MOST_PAGES else ""
        left -= len(text)
        if number >= MOST_PAGES or left < 0:
            return {"fault": "large"}
        pages.append(text)
    return {"pages": pages}


def _limit(seconds: int, size: int) -> None:
    """Not everywhere are there such limits; time is watched from outside too."""
    try:
        import resource
    except ImportError:
        return
    for name, most in (
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_AS", size),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),
    ):
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))


if __name__ == "__main__":
    main(sys.argv[1:])
