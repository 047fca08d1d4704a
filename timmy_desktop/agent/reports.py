"""What Timmy writes into a conversation about a task. Pure."""

from __future__ import annotations

from timmy_desktop.identifiers import short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.swarm.task import TaskStatus, TaskView

_SHORT = 80


def posted_text(task_id: str) -> str:
    """That a task was posted."""
    return f"Posted as task {short_id(task_id)}. The report comes here when it is done."


def ended_reason(view: TaskView) -> str:
    """Which end of the task a report is about: a task that is tried again ends once more."""
    return f"{view.status}, attempt {view.attempt}"


def report_text(view: TaskView) -> str:
    """How the task ended: its result, or why there is none."""
    name = f"Task {short_id(view.id)}, “{inert_line(view.text, _SHORT)}”,"
    if view.status is TaskStatus.COMPLETED:
        by = f"{view.agent_name} on {view.provider}, {view.model}, in {view.duration_ms:,} ms"
        note = f"\n\n[{view.reason}]" if view.reason else ""
        return f"{name} is done by {by}:\n\n{view.result}{note}"
    ended = "failed" if view.status is TaskStatus.FAILED else "was cancelled"
    return f"{name} {ended}. {view.reason}"
