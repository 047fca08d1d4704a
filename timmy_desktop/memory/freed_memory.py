"""Keeps leftovers of freed memory out of the files that a native library writes.

Chroma writes room for vectors to come as its allocator gave it: with whatever stood there before, a vector
that was forgotten a moment ago included. Here the C library clears memory before it gives it out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

_M_PERTURB = -6
# Memory that is given out gets the complement of this byte: zero; memory that is freed gets the byte itself.
_CLEARED, _LEFT_ALONE = 0xFF, 0


@contextmanager
def cleared() -> Iterator[None]:
    """Within, memory that the process allocates is cleared, and what it frees is overwritten.

    By glibc, on request. The C library of macOS 13 and later does so always; others are left as they are.
    """
    set_option = _option()
    if set_option is None:
        yield
        return
    set_option(_M_PERTURB, _CLEARED)
    try:
        yield
    finally:
        set_option(_M_PERTURB, _LEFT_ALONE)


@cache
def _option() -> Callable[[int, int], object] | None:
    """glibc's mallopt; None without it."""
    process = ctypes.CDLL(None)
    found: Callable[[int, int], object] | None = getattr(process, "mallopt", None)
    return found if hasattr(process, "gnu_get_libc_version") else None
