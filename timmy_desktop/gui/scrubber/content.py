"""What a dock's page about the past shows, as plain values: made by pure functions, shown by one widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.widgets.facts_strip import Fact
from timmy_desktop.scrubber.kept import MOST, Kept
from timmy_desktop.scrubber.world import World

MOST_ROWS = MOST
"""Rows of a table on such a page; what there is beyond them is counted."""


class Row(NamedTuple):
    """One line of a table; `detail` is what is told of it when it is chosen."""

    cells: tuple[str, ...]
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`numbers` are the columns that are set at the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: frozenset[int] = frozenset()
    nothing: str = "Nothing yet."
    total: int = 0
    wide: int = 0
    """The column that takes the room that is left."""


@dataclass(frozen=True, slots=True)
class Content:
    """Facts first, then tables."""

    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A world with the last events before it, the newest first, and what the tables have kept of it."""

    world: World
    events: tuple[EventRecord, ...] = ()
    kept: Kept = Kept()  # noqa: RUF009 - it is frozen, and empty


Render = Callable[[Moment], Content]


def names_of(world: World) -> dict[str, str]:
    """The agents' names as they were."""
    return {agent.id: agent.name for agent in world.agents}
