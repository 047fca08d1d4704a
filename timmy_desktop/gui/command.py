"""What the command palette can run. Apart from the palette, which is only loaded when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the palette. `group` is said at the right, with the shortcut where there is one."""

    title: str
    run: Callable[[], object]
    group: str = ""
    shortcut: str = ""
    glyph: str = "right"
    also: str = ""
    """Other words that people look for it by."""

    @property
    def searched(self) -> str:
        return f"{self.title} {self.also}"
