"""The orders and filters that the Tasks panel offers, by name, so that they can be remembered."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.gui.panels.tasks.model import Column
from timmy_desktop.gui.panels.tasks.status_look import LOOKS


@dataclass(frozen=True, slots=True)
class Ordering:
    """`name` is what is remembered, `words` what is shown."""

    name: str
    words: str
    column: Column
    descending: bool


ORDERINGS = (
    Ordering("newest", "Newest first", Column.AGE, True),
    Ordering("oldest", "Oldest first", Column.AGE, False),
    Ordering("status", "By status", Column.STATUS, False),
    Ordering("price", "Dearest first", Column.PRICE, True),
    Ordering("duration", "Longest first", Column.DURATION, True),
    Ordering("task", "By text", Column.TASK, False),
)

STATUS_FILTERS = (
    ("", "All"),
    ("open", "Under way"),
    *((status.value, look.word) for status, look in LOOKS.items()),
)


def ordering_called(name: str) -> Ordering:
    """The ordering of that name; newest first where there is none."""
    return next((ordering for ordering in ORDERINGS if ordering.name == name), ORDERINGS[0])
