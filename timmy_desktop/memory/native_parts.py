"""Brings native libraries in without holding up the window's thread.

An import keeps the interpreter's lock while the system links a library, 20 ms and more for a large one, and
what follows it may keep it as long again: the window, which needs it for each of Qt's calls, met them all
in one frame.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import time
from pathlib import Path

_BREATH_S = 0.03


def link_early(package: str) -> None:
    """Links the libraries in a package's folder while the lock is free; importing it then finds them there.

    Where that can't be done, nothing is lost: the import does it, or says what is wrong.
    """
    spec = importlib.util.find_spec(package)
    opening = getattr(ctypes.CDLL(None), "dlopen", None)
    if spec is None or opening is None:
        return
    for folder in spec.submodule_search_locations or ():
        for library in Path(folder).rglob("*.so"):
            opening(os.fsencode(library), os.RTLD_NOW)


def breath() -> None:
    """Between two steps that keep the lock: the window draws a frame. Only on a thread of one's own."""
    time.sleep(_BREATH_S)
