"""How tasks come out of a conversation: by the person's command, or by the model's tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timmy_desktop.agent.conversation import MessageView
from timmy_desktop.agent.prompts import POST_TASK
from timmy_desktop.agent.reports import posted_text
from timmy_desktop.agent.store import Conversations
from timmy_desktop.agent.unbroken import unbroken
from timmy_desktop.clock import Clock
from timmy_desktop.events.agents import ToolCalled, ToolCompleted, ToolFailed
from timmy_desktop.events.bus import EventBus
from timmy_desktop.identifiers import short_id
from timmy_desktop.inert import storable
from timmy_desktop.routing.types import ToolCall
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.coordinator import Coordinator
from timmy_desktop.swarm.errors import SwarmError, ToolError
from timmy_desktop.swarm.recordable import recordable

SOURCE = "timmy"
MOST_TASKS_AN_ANSWER = 3


class Posting:
    """Posts tasks and writes into their conversation that they were posted."""

    def __init__(
        self,
        *,
        bus: EventBus,
        coordinator: Coordinator,
        store: Conversations,
        clock: Clock,
        supervisor: TaskSupervisor,
        notify: Callable[[MessageView], None],
    ) -> None:
        """`notify` gets the notices that nobody waits for."""
        self._bus = bus
        self._coordinator = coordinator
        self._store = store
        self._clock = clock
        self._supervisor = supervisor
        self._notify = notify

    async def post(self, conversation_id: str, text: str, *, local_only: bool) -> MessageView:
        """Posts a task and says so, in one piece: no task of a conversation is unknown to it."""

        async def posted() -> MessageView:
            task_id = await self._coordinator.post(
                text, conversation_id=conversation_id, local_only=local_only
            )
            return await self._store.add(
                conversation_id, "notice", posted_text(task_id), task_id=task_id, local_only=local_only
            )

        return await unbroken(self._supervisor, f"task of {conversation_id}", posted)

    async def post_for_model(self, conversation_id: str, call: ToolCall, *, local_only: bool) -> str:
        """Posts a task that the model asked for, and answers the model."""
        about: dict[str, Any] = {
            "source": SOURCE,
            "call_id": storable(call.id),
            "tool": storable(call.name)[:80],
        }
        await self._bus.publish(ToolCalled(**about, arguments=recordable(call.arguments)))
        started = self._clock.monotonic()
        text = call.arguments.get("text")
        try:
            if call.name != POST_TASK.name or not isinstance(text, str):
                raise ToolError(f"There is no such tool here; {POST_TASK.name} takes the argument text.")
            notice = await self.post(conversation_id, text, local_only=local_only)
        except SwarmError as error:
            self._bus.emit(ToolFailed(**about, reason=str(error), duration_ms=self._since(started)))
            return f"Error: {error}"
        self._notify(notice)
        answer = f"Posted as task {short_id(notice.task_id)}. Tell the person that the report will come here."
        self._bus.emit(
            ToolCompleted(**about, summary=answer, size=len(answer), duration_ms=self._since(started))
        )
        return answer

    def _since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)


class Poster:
    """The tool of one answer, which may be used a few times."""

    def __init__(self, posting: Posting, conversation_id: str, *, local_only: bool) -> None:
        self._posting = posting
        self._conversation_id = conversation_id
        self._local_only = local_only
        self._left = MOST_TASKS_AN_ANSWER

    async def use(self, call: ToolCall) -> str:
        """Answers the model's call."""
        if not self._left:
            return f"Error: at most {MOST_TASKS_AN_ANSWER} tasks are posted in one answer."
        self._left -= 1
        return await self._posting.post_for_model(self._conversation_id, call, local_only=self._local_only)
