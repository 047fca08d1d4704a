"""Timmy: the person's partner in conversation, who can put the swarm to work and tells what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol, TypeAlias

from timmy_desktop.agent.answer import Answer, ChatRouter
from timmy_desktop.agent.conversation import (
    ChatEvent,
    ConversationView,
    MessageEnded,
    MessageStarted,
    MessageView,
    checked_text,
)
from timmy_desktop.agent.errors import BusyError, ChatError
from timmy_desktop.agent.prompts import POST_TASK, prompt
from timmy_desktop.agent.reports import ended_reason, posted_text, report_text
from timmy_desktop.agent.store import Conversations
from timmy_desktop.clock import Clock
from timmy_desktop.events.agents import ToolCalled, ToolCompleted, ToolFailed
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskCancelled, TaskCompleted, TaskFailed
from timmy_desktop.identifiers import short_id
from timmy_desktop.inert import storable
from timmy_desktop.routing.types import ToolCall
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.coordinator import Coordinator
from timmy_desktop.swarm.errors import SwarmError, ToolError
from timmy_desktop.swarm.recordable import recordable

logger = logging.getLogger(__name__)

SOURCE = "timmy"
COMMAND = "/task"
CONTEXT_TOKENS = 3000
MOST_TASKS_AN_ANSWER = 3

MessageHandler = Callable[[MessageView], object]
_Told: TypeAlias = "asyncio.Queue[ChatEvent | Exception | None]"


class TimmySettings(Protocol):
    """The settings that Timmy goes by; see settings.py."""

    @property
    def reply_max_tokens(self) -> int: ...
    @property
    def local_only(self) -> bool: ...


class Timmy:
    """Conversations with the person. One answer at a time in each; what comes is kept whatever happens."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        router: ChatRouter,
        coordinator: Coordinator,
        clock: Clock,
        supervisor: TaskSupervisor,
        settings: TimmySettings,
        context_tokens: int = CONTEXT_TOKENS,
    ) -> None:
        """`context_tokens` is the most of a conversation that a model is sent, by a rough estimate."""
        self._bus = bus
        self._router = router
        self._coordinator = coordinator
        self._clock = clock
        self._supervisor = supervisor
        self._settings = settings
        self._context_tokens = context_tokens
        self._store = Conversations(db=db, clock=clock)
        self._answers: dict[str, asyncio.Task[None]] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._handlers: list[MessageHandler] = []
        self._unsubscribe: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Marks answers that the last run left unfinished, and reports tasks that ended unreported."""
        await self._store.end_unfinished()
        for kind in (TaskCompleted, TaskFailed, TaskCancelled):
            self._unsubscribe.append(self._bus.subscribe(kind, self._task_ended))
        for task_id in await self._store.reports_owed():
            self._report_later(task_id)

    async def stop(self, conversation_id: str | None = None) -> None:
        """Stops the answer under way in a conversation; without one, everything, for the application ends.

        What has come of an answer until then is kept, as stopped.
        """
        if conversation_id is not None:
            running = [task for task in (self._answers.get(conversation_id),) if task is not None]
        else:
            running = [*self._answers.values(), *self._reports]
            while self._unsubscribe:
                self._unsubscribe.pop()()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def conversations(self) -> list[ConversationView]:
        """Every conversation, the latest first."""
        return await self._store.all()

    async def new_conversation(self) -> str:
        """Begins a conversation and returns its identifier."""
        return await self._store.new()

    async def set_local_only(self, conversation_id: str, local_only: bool) -> None:
        """Whether this chat, and the tasks that it posts, stay on this machine whatever fails."""
        await self._store.set_local_only(conversation_id, local_only)

    async def messages(self, conversation_id: str) -> list[MessageView]:
        """The messages of a conversation, in order."""
        return await self._store.messages(conversation_id)

    def on_message(self, handler: MessageHandler) -> Callable[[], None]:
        """Calls `handler` on the loop with each message that nobody waits for: notices of tasks."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    def is_answering(self, conversation_id: str) -> bool:
        """Whether an answer is under way there."""
        return conversation_id in self._answers

    async def send(self, conversation_id: str, text: str) -> AsyncIterator[ChatEvent]:
        """Takes the person's message and yields what happens until the answer has ended.

        The message is on the disk before the model is asked. Leaving the iterator early does not stop the
        answer; `stop` does. Raises ChatError (empty, too long, BusyError, UnknownConversationError).
        """
        text = checked_text(text)
        told: _Told = asyncio.Queue()
        if text == COMMAND or text.startswith((f"{COMMAND} ", f"{COMMAND}\n")):
            work = self._command(conversation_id, text, told)
        else:
            work = self._answer(conversation_id, text, told)
        async for event in self._running(conversation_id, work, told):
            yield event

    async def retry(self, conversation_id: str) -> AsyncIterator[ChatEvent]:
        """Answers the last message of the person anew, after an answer that failed or was stopped."""
        told: _Told = asyncio.Queue()
        work = self._answer(conversation_id, None, told)
        async for event in self._running(conversation_id, work, told):
            yield event

    async def _running(
        self, conversation_id: str, work: Coroutine[Any, Any, None], told: _Told
    ) -> AsyncIterator[ChatEvent]:
        if conversation_id in self._answers:
            work.close()
            raise BusyError("Timmy is still answering here. Wait, or stop that answer first.")
        task = self._supervisor.start(f"answer in {conversation_id}", _told_of(work, told))
        self._answers[conversation_id] = task
        task.add_done_callback(lambda _: self._answers.pop(conversation_id, None))
        # Also where it was cancelled before it began.
        task.add_done_callback(lambda _: told.put_nowait(None))
        while (event := await told.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    async def _answer(self, conversation_id: str, text: str | None, told: _Told) -> None:
        if text is not None:
            told.put_nowait(MessageStarted(await self._store.add(conversation_id, "user", text)))
        history = await self._store.messages(conversation_id)
        while history and history[-1].role != "user" and text is None:
            history.pop()
        if not history:
            raise ChatError("There is no message yet that could be answered.")
        tools = (POST_TASK,)
        built = prompt(history, self._context_tokens, with_tool=bool(tools))
        cut = f"{built.left_out} earlier messages did not fit" if built.left_out else ""
        message = await self._store.add(conversation_id, "assistant", "", state="streaming", reason=cut)
        told.put_nowait(MessageStarted(message))
        poster = _Poster(self, conversation_id)
        answer = Answer(
            message=message,
            router=self._router,
            store=self._store,
            clock=self._clock,
            tell=told.put_nowait,
            use_tool=poster.use,
        )
        await answer.run(
            built.messages,
            tools,
            max_tokens=self._settings.reply_max_tokens,
            local_only=await self._is_local_only(conversation_id),
        )

    async def _is_local_only(self, conversation_id: str) -> bool:
        return self._settings.local_only or await self._store.is_local_only(conversation_id)

    async def _command(self, conversation_id: str, text: str, told: _Told) -> None:
        told.put_nowait(MessageStarted(await self._store.add(conversation_id, "user", text)))
        try:
            notice = await self._posted(conversation_id, text.removeprefix(COMMAND))
        except (SwarmError, StorageError) as error:
            notice = await self._store.add(
                conversation_id, "notice", f"The task was not posted. {error}", state="failed"
            )
        told.put_nowait(MessageStarted(notice))
        told.put_nowait(MessageEnded(notice))

    async def _posted(self, conversation_id: str, text: str) -> MessageView:
        local_only = await self._is_local_only(conversation_id)
        task_id = await self._coordinator.post(text, local_only=local_only, conversation_id=conversation_id)
        return await self._store.add(conversation_id, "notice", posted_text(task_id), task_id=task_id)

    async def post_for(self, conversation_id: str, call: ToolCall) -> str:
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
                raise ToolError(f"There is only the tool {POST_TASK.name}, with the argument text.")
            notice = await self._posted(conversation_id, text)
        except SwarmError as error:
            self._bus.emit(ToolFailed(**about, reason=str(error), duration_ms=self._since(started)))
            return f"Error: {error}"
        self._notify(notice)
        answer = f"Posted as task {short_id(notice.task_id)}. Tell the person that the report will come here."
        self._bus.emit(
            ToolCompleted(**about, summary=answer, size=len(answer), duration_ms=self._since(started))
        )
        return answer

    def _task_ended(self, record: EventRecord) -> None:
        self._report_later(record.event.task_id)

    def _report_later(self, task_id: str) -> None:
        task = self._supervisor.start(f"report of {task_id}", self._report(task_id))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _report(self, task_id: str) -> None:
        """Writes the task's report into its conversation, once its payment is concluded too."""
        try:
            view = await self._coordinator.wait(task_id)
        except (SwarmError, StorageError) as error:
            logger.info("The task %s is reported at the next start: %s", task_id, error)
            return
        if view.conversation_id:
            notice = await self._store.add_report(
                view.conversation_id, report_text(view), task_id=task_id, reason=ended_reason(view)
            )
            if notice is not None:
                self._notify(notice)

    def _notify(self, message: MessageView) -> None:
        for handler in tuple(self._handlers):
            handler(message)

    def _since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)


class _Poster:
    """The tool of one answer, which may be used a few times."""

    def __init__(self, timmy: Timmy, conversation_id: str) -> None:
        self._timmy = timmy
        self._conversation_id = conversation_id
        self._left = MOST_TASKS_AN_ANSWER

    async def use(self, call: ToolCall) -> str:
        if not self._left:
            return f"Error: at most {MOST_TASKS_AN_ANSWER} tasks are posted in one answer."
        self._left -= 1
        return await self._timmy.post_for(self._conversation_id, call)


async def _told_of(work: Coroutine[Any, Any, None], told: _Told) -> None:
    """Errors that the caller handles travel to it; the supervisor would report them as its own."""
    try:
        await work
    except (ChatError, StorageError) as error:
        told.put_nowait(error)
