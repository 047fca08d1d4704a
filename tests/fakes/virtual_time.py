"""A loop whose time passes at once: where nothing is left to do, it is as late as the next timer wants."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """For what uses no threads and no sockets. Its time shows to the last bit whether anybody slept."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.seconds


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("Everybody waits, and nothing will ever happen.")
            self._loop.seconds += max(0.0, timeout)
        return found


class LoopClock:
    """The clock of a part that runs on a VirtualLoop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now_us(self) -> int:
        return round(self._loop.seconds * 1_000_000)

    def monotonic(self) -> float:
        return self._loop.seconds
