"""A coordinator that holds tasks in memory and moves them when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.fakes.bus import FakeBus
from timmy_desktop.events import agents, payments, routing, tasks
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.gui.panels.tasks.reduce import after, created
from timmy_desktop.identifiers import new_id
from timmy_desktop.swarm.errors import TaskStateError, UnknownTaskError
from timmy_desktop.swarm.task import TaskStatus, TaskView, checked_price, checked_text

NAMES = {name.lower(): name for name in ("Echo", "Mace", "Helm", "Seer", "Forge", "Quill")}


def name_of(agent_id: str) -> str:
    return NAMES.get(agent_id, agent_id)


class FakeCoordinator:
    """The signatures of swarm's Coordinator. `fault`, when set, is raised by the next question."""

    def __init__(self, bus: FakeBus) -> None:
        self.bus = bus
        self.views: dict[str, TaskView] = {}
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.cancelled: list[str] = []
        self.retried: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []

    async def post(
        self, text: str, *, local_only: bool = False, max_price_msat: int = 0, conversation_id: str = ""
    ) -> str:
        await self._pass()
        text = checked_text(text)
        task_id = new_id()
        checked_price(max_price_msat)
        self.posted.append({"text": text, "local_only": local_only, "max_price_msat": max_price_msat})
        self.publish(
            tasks.TaskCreated(
                task_id=task_id, text=text, local_only=local_only, max_price_msat=max_price_msat
            )
        )
        return task_id

    async def cancel(self, task_id: str) -> None:
        await self._pass()
        if self.views[task_id].status.is_terminal:
            raise TaskStateError("The task has ended already.")
        self.cancelled.append(task_id)
        self.publish(tasks.TaskCancelled(task_id=task_id, reason="You called it off."))

    async def retry(self, task_id: str) -> int:
        await self._pass()
        self.retried.append(task_id)
        self.publish(tasks.TaskRetried(task_id=task_id, reason="You asked for another try.", attempt=2))
        return 2

    async def task(self, task_id: str) -> TaskView:
        await self._pass()
        if task_id not in self.views:
            raise UnknownTaskError(f"There is no task {task_id}.")
        return self.views[task_id]

    async def tasks(
        self, limit: int = 200, before: str | None = None, status: TaskStatus | None = None, text: str = ""
    ) -> list[TaskView]:
        self.questions.append({"before": before, "status": status, "text": text})
        await self._pass()
        found = [
            view
            for view in sorted(self.views.values(), key=lambda view: view.id, reverse=True)
            if (before is None or view.id < before)
            and (status is None or view.status == status)
            and text.casefold() in f"{view.text}\n{view.result}".casefold()
        ]
        return found[:limit]

    async def steps(self, task_id: str) -> list[EventRecord]:
        await self._pass()
        return [record for record in self.bus.records if record.event.task_id == task_id]

    async def _pass(self) -> None:
        await self.gate.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault

    def publish(self, *events: Event, after_ms: int = 1) -> None:
        """What the swarm did: the tasks change and the events go out."""
        records: Sequence[EventRecord] = ()
        for event in events:
            records = self.bus.publish_now(event, after_ms=after_ms)
            for record in records:
                view = self.views.get(record.event.task_id) or created(record)
                if view is not None:
                    self.views[view.id] = after(view, record, name_of)

    def live(self, task_id: str, text: str, until: TaskStatus, *, result: str = "", **facts: Any) -> None:
        """Publishes a believable life of a task up to the status `until`."""
        for event, wait in _life(task_id, text, until, result, **facts):
            self.publish(event, after_ms=wait)


def _life(
    task_id: str,
    text: str,
    until: TaskStatus,
    result: str,
    *,
    winner: str = "forge",
    price_msat: int = 12_000,
    failover: bool = False,
    local_only: bool = False,
) -> list[tuple[Event, int]]:
    bidders = [agent for agent in ("forge", "seer", "quill", "echo") if agent != winner]
    life: list[tuple[Event, int]] = [
        (tasks.TaskCreated(task_id=task_id, text=text, local_only=local_only), 1),
        (tasks.TaskBidding(task_id=task_id, eligible=[winner, *bidders]), 4),
        (tasks.BidSubmitted(task_id=task_id, agent_id=winner, amount_msat=price_msat, score_milli=874), 3),
    ]
    life += [
        (
            tasks.BidSubmitted(
                task_id=task_id,
                agent_id=bidder,
                amount_msat=price_msat + 2_500 * place,
                score_milli=790 - 95 * place,
            ),
            2,
        )
        for place, bidder in enumerate(bidders)
    ]
    if until is TaskStatus.BIDDING:
        return life
    if until is TaskStatus.CREATED:
        return life[:1]
    closed = tasks.AuctionClosed(
        task_id=task_id,
        winner=winner,
        amount_msat=price_msat,
        bids=1 + len(bidders),
        reason="every idle agent has bid",
        duration_ms=11,
    )
    call = {"call_id": "1", "tool": "read_file"}
    life += [
        (closed, 3),
        (payments.SatsReserved(task_id=task_id, agent_id=winner, amount_msat=price_msat, simulated=True), 1),
        (tasks.TaskAssigned(task_id=task_id, agent_id=winner, price_msat=price_msat), 1),
        (tasks.TaskStarted(task_id=task_id, agent_id=winner), 2),
    ]
    if failover:
        life += [
            (_called(task_id, "ollama", "llama3.2", "unreachable", "Ollama at 127.0.0.1:11434 refuses."), 40),
            (
                routing.ProviderFailedOver(
                    task_id=task_id,
                    request_id="r",
                    from_provider="ollama",
                    to_provider="embedded",
                    reason="Ollama at 127.0.0.1:11434 refuses the connection",
                ),
                1,
            ),
        ]
    life += [
        (_called(task_id, "embedded", "gemma3-270m", "ok", ""), 1_400),
        (_step(task_id, winner, 1, ["read_file"]), 1),
        (
            agents.ToolCalled(
                task_id=task_id, agent_id=winner, arguments={"path": "timmy_desktop/events/bus.py"}, **call
            ),
            1,
        ),
        (
            agents.ToolCompleted(
                task_id=task_id,
                agent_id=winner,
                summary='"""The one way that events travel: appended to the log first."""',
                size=3_204,
                duration_ms=8,
                **call,
            ),
            8,
        ),
    ]
    if until in (TaskStatus.RUNNING, TaskStatus.ASSIGNED):
        return life
    if until is TaskStatus.FAILED:
        reason = (
            "No model answered: Ollama refuses the connection, the embedded model ran out of time after "
            "60 s. Start Ollama, or give the embedded model more time in Preferences."
        )
        return [
            *life,
            (tasks.TaskFailed(task_id=task_id, reason=reason), 60_000),
            (
                payments.PaymentRefunded(
                    task_id=task_id, amount_msat=price_msat, simulated=True, reason="the task has no result"
                ),
                2,
            ),
        ]
    money = {"payment_hash": "9f" * 32, "amount_msat": price_msat, "simulated": True}
    return [
        *life,
        (_step(task_id, winner, 2, []), 2_100),
        (
            tasks.TaskCompleted(
                task_id=task_id,
                agent_id=winner,
                result=result or "Done.",
                provider="Embedded",
                model="gemma3-270m",
                duration_ms=3_610,
                tokens_in=812,
                tokens_out=394,
            ),
            3,
        ),
        (
            payments.InvoiceCreated(
                task_id=task_id, agent_id=winner, bolt11="lnbcrt120n1", memo="Task", expires_us=0, **money
            ),
            2,
        ),
        (payments.PaymentSent(task_id=task_id, agent_id=winner, **money), 1),
        (
            payments.PaymentSettled(
                task_id=task_id, agent_id=winner, fee_msat=0, preimage="00" * 32, **money
            ),
            4,
        ),
    ]


def _step(task_id: str, agent: str, step: int, called: list[str]) -> Event:
    return tasks.TaskStepped(
        task_id=task_id,
        agent_id=agent,
        step=step,
        text="" if called else "The bus appends to the log before it hands an event on.",
        tool_calls=called,
        provider="embedded",
        model="gemma3-270m",
        tokens_in=406,
        tokens_out=197,
        duration_ms=1_402,
    )


def _called(task_id: str, provider: str, model: str, outcome: str, detail: str) -> Event:
    return routing.ProviderCalled(
        task_id=task_id,
        request_id="r",
        attempt=1,
        provider=provider,
        model=model,
        purpose="agent",
        outcome=outcome,
        detail=detail,
        ttft_ms=310 if outcome == "ok" else -1,
        total_ms=1_402 if outcome == "ok" else 3,
        tokens_in=406 if outcome == "ok" else 0,
        tokens_out=197 if outcome == "ok" else 0,
    )
