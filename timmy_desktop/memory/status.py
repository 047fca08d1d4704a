"""What the memory says of itself while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from timmy_desktop.memory.types import MemoryStatus

Handler = Callable[[MemoryStatus], object]


class StatusBoard:
    """Holds the status and tells whoever asked when it changes. On the loop alone."""

    def __init__(self) -> None:
        self.current = MemoryStatus("waiting", "", "waiting", 0, 0)
        self._handlers: list[Handler] = []

    def on_change(self, handler: Handler) -> Callable[[], None]:
        """Calls `handler` with each new status; returns the way to stop it."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    def set(self, **changes: Any) -> None:
        """Changes fields of the status, and tells of it if it is another one."""
        changed = replace(self.current, **changes)
        if changed != self.current:
            self.current = changed
            for handler in tuple(self._handlers):
                handler(changed)
