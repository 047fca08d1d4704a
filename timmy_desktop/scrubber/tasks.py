"""Tasks and agents as their events leave them."""

from __future__ import annotations

from typing import Any

from timmy_desktop.events import agents, tasks
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.things import AgentThen, BidThen, TaskThen
from timmy_desktop.scrubber.world import Draft


def _created(draft: Draft, record: EventRecord, event: tasks.TaskCreated) -> None:
    now = record.time_us
    made = TaskThen(
        event.task_id, event.text, "created", now, now, event.local_only, event.max_price_msat,
        conversation_id=event.conversation_id,
    )  # fmt: skip
    draft.tasks.put(event.task_id, made)


def change_task(draft: Draft, task_id: str, **changes: Any) -> None:
    """Changes a task that the log has told of."""
    task = draft.tasks.get(task_id)
    if task is not None:
        draft.tasks.put(task_id, task._replace(**changes))


def _bidding(draft: Draft, record: EventRecord, event: tasks.TaskBidding) -> None:
    change_task(draft, event.task_id, status="bidding", round=event.round, updated_us=record.time_us)


def _bid(draft: Draft, _: EventRecord, event: tasks.BidSubmitted) -> None:
    task = draft.tasks.get(event.task_id)
    if task is not None:
        bid = BidThen(task.round, event.agent_id, event.amount_msat, event.score_milli, False)
        change_task(draft, event.task_id, bids=(*task.bids, bid))


def _closed(draft: Draft, _: EventRecord, event: tasks.AuctionClosed) -> None:
    task = draft.tasks.get(event.task_id)
    if task is None or not event.winner:
        return
    bids = tuple(
        bid._replace(won=True) if (bid.round, bid.agent_id) == (task.round, event.winner) else bid
        for bid in task.bids
    )
    change_task(draft, event.task_id, bids=bids)


def _assigned(draft: Draft, record: EventRecord, event: tasks.TaskAssigned) -> None:
    change_task(
        draft, event.task_id, status="assigned", agent_id=event.agent_id, price_msat=event.price_msat,
        attempt=event.attempt, updated_us=record.time_us,
    )  # fmt: skip


def _started(draft: Draft, record: EventRecord, event: tasks.TaskStarted) -> None:
    change_task(draft, event.task_id, status="running", updated_us=record.time_us)


def _completed(draft: Draft, record: EventRecord, event: tasks.TaskCompleted) -> None:
    change_task(
        draft, event.task_id, status="completed", result=event.result, reason=event.note,
        provider=event.provider, model=event.model, duration_ms=event.duration_ms,
        tokens_in=event.tokens_in, tokens_out=event.tokens_out, updated_us=record.time_us,
    )  # fmt: skip


def _failed(draft: Draft, record: EventRecord, event: tasks.TaskFailed) -> None:
    change_task(draft, event.task_id, status="failed", reason=event.reason, updated_us=record.time_us)


def _cancelled(draft: Draft, record: EventRecord, event: tasks.TaskCancelled) -> None:
    change_task(draft, event.task_id, status="cancelled", reason=event.reason, updated_us=record.time_us)


def _retried(draft: Draft, record: EventRecord, event: tasks.TaskRetried) -> None:
    anew: dict[str, Any] = {"agent_id": "", "price_msat": 0, "reason": ""} if event.asked_for else {}
    changes = {"status": "created", "reason": event.reason, "updated_us": record.time_us} | anew
    change_task(draft, event.task_id, **changes)


def _queued(draft: Draft, record: EventRecord, event: tasks.TaskQueued) -> None:
    change_task(draft, event.task_id, status="created", updated_us=record.time_us)


def _noted(draft: Draft, _: EventRecord, event: tasks.TaskPaymentNoted) -> None:
    task = draft.tasks.get(event.task_id)
    # What was paid in the meantime needs no excuse.
    if task is not None and (not event.reason or not task.paid_msat):
        change_task(draft, event.task_id, reason=event.reason)


def _joined(draft: Draft, _: EventRecord, event: agents.AgentJoined) -> None:
    known = draft.agents.get(event.agent_id)
    done, failed = (known.completed, known.failed) if known is not None else (0, 0)
    draft.agents.put(
        event.agent_id,
        AgentThen(
            event.agent_id, event.name, event.role, "idle", _said(event.completed, done),
            _said(event.failed, failed),
        ),
    )  # fmt: skip


def _left(draft: Draft, _: EventRecord, event: agents.AgentLeft) -> None:
    known = draft.agents.get(event.agent_id)
    if known is not None:
        draft.agents.put(event.agent_id, known._replace(status="stopped"))


def _changed(draft: Draft, _: EventRecord, event: agents.AgentStatusChanged) -> None:
    known = draft.agents.get(event.agent_id)
    if known is not None:
        done, failed = _said(event.completed, known.completed), _said(event.failed, known.failed)
        changed = known._replace(status=event.new, completed=done, failed=failed)
        draft.agents.put(event.agent_id, changed)


def _said(number: int, known: int) -> int:
    """A record of the time before events told it stays as it was known."""
    return known if number < 0 else number


HANDLERS = {
    tasks.TaskCreated: _created,
    tasks.TaskBidding: _bidding,
    tasks.BidSubmitted: _bid,
    tasks.AuctionClosed: _closed,
    tasks.TaskAssigned: _assigned,
    tasks.TaskStarted: _started,
    tasks.TaskCompleted: _completed,
    tasks.TaskFailed: _failed,
    tasks.TaskCancelled: _cancelled,
    tasks.TaskRetried: _retried,
    tasks.TaskQueued: _queued,
    tasks.TaskPaymentNoted: _noted,
    agents.AgentJoined: _joined,
    agents.AgentLeft: _left,
    agents.AgentStatusChanged: _changed,
}
