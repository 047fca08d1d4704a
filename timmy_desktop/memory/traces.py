"""Searches the bytes of files for what should be gone. Blocks; every piece lets other threads in between."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PIECE = 1 << 20
# A stretch of text without what JSON or a page of the database would write differently.
_RUN = re.compile(rb"[^\x00-\x1f\"\\]{6,}")
_LONGEST_NEEDLE = 40
_TELLING = 16
_APART = 900  # a page of the database holds no more of a text in one piece
MOST_NEEDLES = 64


def needles(contents: Iterable[bytes]) -> tuple[bytes, ...]:
    """Telling pieces of the contents: some bytes of each stretch, so that no kept part of one has none."""
    found: dict[bytes, None] = {}
    for content in contents:
        runs = [run[0].strip() for run in _RUN.finditer(content)]
        # Short ones stand in many texts; they count only where there is nothing better.
        long = [run for run in runs if len(run) >= _TELLING]
        for text in long or sorted(runs, key=len)[-1:]:
            for start in range(0, max(len(text) - _TELLING, 1), _APART):
                found[text[start : start + _LONGEST_NEEDLE]] = None
    return tuple(found)


def spread(found: Sequence[bytes], most: int = MOST_NEEDLES) -> tuple[bytes, ...]:
    """At most so many of them, from all over."""
    if len(found) <= most:
        return tuple(found)
    step = len(found) / most
    return tuple(found[int(place * step)] for place in range(most))


def files_in(folder: Path, without: Sequence[Path]) -> list[Path]:
    """Every ordinary file below the folder, other than below those in `without`. Links are not followed."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not any(path.is_relative_to(left) for left in without)
    )


def occurrences(
    file: Path, wanted: Sequence[bytes], held: Mapping[Path, int] | None = None
) -> tuple[int, int]:
    """How many of the needles the file holds, and how many bytes were searched.

    `held` has descriptors of files that must not be opened for it; see Database.held.
    """
    longest = max(map(len, wanted), default=1)
    different = set(wanted)
    left = set(different)
    searched, tail = 0, b""
    try:
        with _descriptor(file, held or {}) as descriptor:
            while piece := os.pread(descriptor, _PIECE, searched):
                searched += len(piece)
                text = tail + piece
                left -= {needle for needle in left if needle in text}
                tail = text[-(longest - 1) :] if longest > 1 else b""
    except FileNotFoundError:
        pass  # a file that went away meanwhile holds nothing
    return len(different) - len(left), searched


@contextmanager
def _descriptor(file: Path, held: Mapping[Path, int]) -> Iterator[int]:
    if file in held:
        yield held[file]
        return
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
