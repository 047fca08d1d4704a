"""What an event does to a task on screen, so that a batch needs no question to the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from timmy_desktop.events import payments, tasks
from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.panels.tasks.tellers import Names
from timmy_desktop.swarm.task import TaskStatus, TaskView

_Change = Callable[[Any], dict[str, Any]]


def created(record: EventRecord) -> TaskView | None:
    """The task that a `task.created` record speaks of; None for any other record."""
    event = record.event
    if not isinstance(event, tasks.TaskCreated):
        return None
    return TaskView(
        id=event.task_id,
        text=event.text,
        status=TaskStatus.CREATED,
        created_us=record.time_us,
        updated_us=record.time_us,
        local_only=event.local_only,
        max_price_msat=event.max_price_msat,
        attempt=0,
        agent_id="",
        agent_name="",
        price_msat=0,
        paid_msat=0,
        fee_msat=0,
        result="",
        reason="",
        provider="",
        model="",
        tokens_in=0,
        tokens_out=0,
        duration_ms=0,
        conversation_id="",
    )


def after(view: TaskView, record: EventRecord, name_of: Names) -> TaskView:
    """The task as it is after `record`; the very same object when the record changes nothing on it."""
    change = _CHANGES.get(type(record.event))
    if change is None or record.time_us < view.updated_us:
        return view
    values = change(record.event)
    values["agent_id"] = values.get("agent_id") or view.agent_id
    if values["agent_id"] != view.agent_id:
        values["agent_name"] = name_of(values["agent_id"])
    return replace(view, updated_us=record.time_us, **values)


def _paid(event: payments.PaymentSettled) -> dict[str, Any]:
    """What its agent got; what the agent spent on others meanwhile is not that."""
    return {"paid_msat": event.amount_msat, "fee_msat": event.fee_msat} if event.purpose == "task" else {}


def _completed(event: tasks.TaskCompleted) -> dict[str, Any]:
    return {
        "status": TaskStatus.COMPLETED,
        "agent_id": event.agent_id,
        "result": event.result,
        "reason": event.note,
        "provider": event.provider,
        "model": event.model,
        "duration_ms": event.duration_ms,
        "tokens_in": event.tokens_in,
        "tokens_out": event.tokens_out,
    }


_CHANGES: dict[type, _Change] = {
    tasks.TaskBidding: lambda _: {"status": TaskStatus.BIDDING, "reason": ""},
    tasks.TaskAssigned: lambda event: {
        "status": TaskStatus.ASSIGNED,
        "agent_id": event.agent_id,
        "price_msat": event.price_msat,
        "attempt": event.attempt,
    },
    tasks.TaskStarted: lambda event: {
        "status": TaskStatus.RUNNING,
        "agent_id": event.agent_id,
        "attempt": event.attempt,
    },
    tasks.TaskStepped: lambda event: {"provider": event.provider, "model": event.model},
    tasks.TaskCompleted: _completed,
    tasks.TaskFailed: lambda event: {"status": TaskStatus.FAILED, "reason": event.reason},
    tasks.TaskCancelled: lambda event: {"status": TaskStatus.CANCELLED, "reason": event.reason},
    tasks.TaskRetried: lambda event: {
        "status": TaskStatus.CREATED,
        "reason": event.reason,
        "attempt": event.attempt,
    },
    tasks.TaskQueued: lambda _: {"status": TaskStatus.CREATED},
    tasks.TaskPaymentNoted: lambda event: {"reason": event.reason},
    payments.PaymentSettled: _paid,
    payments.SatsRewarded: lambda event: {"paid_msat": event.amount_msat},
}
