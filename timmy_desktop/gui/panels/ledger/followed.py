"""The events after which the dock looks again: all about money, and tasks that ended."""

from __future__ import annotations

from timmy_desktop.events import payments, tasks
from timmy_desktop.events.base import Event

MONEY: tuple[type[Event], ...] = tuple(
    kind
    for kind in vars(payments).values()
    if isinstance(kind, type) and issubclass(kind, Event) and hasattr(kind, "type") and kind is not Event
)
FOLLOWED = (*MONEY, tasks.TaskCompleted, tasks.TaskFailed, tasks.TaskCancelled)
