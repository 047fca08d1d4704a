"""How a task's status looks: a word, a shape and a colour role, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.swarm.task import TaskStatus


@dataclass(frozen=True, slots=True)
class StatusLook:
    """`glyph` is a name in gui/glyphs, `role` a colour role of the theme, `shape` a shape of a pill."""

    word: str
    glyph: str
    role: str
    shape: str


LOOKS: dict[TaskStatus, StatusLook] = {
    TaskStatus.CREATED: StatusLook("Waiting", "clock", "muted", "ring"),
    TaskStatus.BIDDING: StatusLook("Bidding", "bid", "accent", "ring"),
    TaskStatus.ASSIGNED: StatusLook("Assigned", "agent", "accent", "half"),
    TaskStatus.RUNNING: StatusLook("Running", "play", "accent", "half"),
    TaskStatus.COMPLETED: StatusLook("Completed", "good", "good", "dot"),
    TaskStatus.FAILED: StatusLook("Failed", "bad", "bad", "cross"),
    TaskStatus.CANCELLED: StatusLook("Cancelled", "stop", "muted", "square"),
}


def can_retry(status: TaskStatus) -> bool:
    """What failed or was called off can go to auction again; what is done is done."""
    return status in (TaskStatus.FAILED, TaskStatus.CANCELLED)
