"""What becomes of the tasks that an earlier run of the application left unfinished."""

from __future__ import annotations

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskFailed, TaskRetried
from timmy_desktop.ledger import Ledger
from timmy_desktop.swarm.auctioneer import SOURCE
from timmy_desktop.swarm.live import LiveTask
from timmy_desktop.swarm.task import TaskStatus, TaskView
from timmy_desktop.swarm.task_store import moved_to

# Ends of the application that don't count against a task; a task that ends it each time must not go on.
FORGIVEN = 3


async def recovered(
    view: TaskView, max_attempts: int, ledger: Ledger, bus: EventBus, clock: Clock
) -> LiveTask | None:
    """The task ready for the queue, what was reserved for it given back; None when it has failed for good."""
    if view.status is TaskStatus.CREATED:
        return revived(view, max_attempts)
    doing = f"while {view.agent_name} worked on it" if view.agent_id else "during its auction"
    reason = f"The application ended {doing}."
    gives_up = view.attempt >= max_attempts + FORGIVEN
    status = TaskStatus.FAILED if gives_up else TaskStatus.CREATED
    if gives_up:
        reason += f" It has been tried {view.attempt} times; post it again to go on."
    event: Event = (
        TaskFailed(source=SOURCE, task_id=view.id, agent_id=view.agent_id, reason=reason)
        if gives_up
        else TaskRetried(
            source=SOURCE, task_id=view.id, agent_id=view.agent_id, reason=reason, attempt=view.attempt + 1
        )
    )
    write = moved_to(view.id, status, clock.now_us(), reason=reason)
    if view.agent_id:
        await ledger.refund(view.id, reason, also=(event,), work=write)
    else:
        await bus.publish(event, work=write)
    return None if gives_up else revived(view, max_attempts)


def revived(view: TaskView, max_attempts: int) -> LiveTask:
    """The task as it is taken up again; an interrupted attempt leaves it at least one more."""
    return LiveTask(
        view.id,
        view.text,
        view.local_only,
        view.max_price_msat,
        attempt=view.attempt,
        last_attempt=max(max_attempts, view.attempt + 1),
        round=max((bid.round for bid in view.bids), default=0),
    )
