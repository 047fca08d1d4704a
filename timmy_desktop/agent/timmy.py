"""Timmy: the person's partner in conversation, who can put the swarm to work and tells what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol, TypeAlias

from timmy_desktop.agent.answer import Answer, ChatRouter
from timmy_desktop.agent.chat_tools import ChatTools
from timmy_desktop.agent.conversation import (
    ChatEvent,
    ConversationView,
    MessageEnded,
    MessageStarted,
    MessageView,
    checked_text,
)
from timmy_desktop.agent.errors import BusyError, ChatError
from timmy_desktop.agent.posting import Poster, Posting
from timmy_desktop.agent.prompts import Prompt, prompt
from timmy_desktop.agent.remembering import Remembering, asked
from timmy_desktop.agent.reports import ended_reason, report_text
from timmy_desktop.agent.store import ENDED_UNFINISHED, Conversations
from timmy_desktop.agent.unbroken import unbroken
from timmy_desktop.clock import Clock
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskCancelled, TaskCompleted, TaskFailed
from timmy_desktop.memory import Memory
from timmy_desktop.memory.context import with_heard
from timmy_desktop.memory.types import Context
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.coordinator import Coordinator
from timmy_desktop.swarm.errors import SwarmError
from timmy_desktop.swarm.personas import CHANGE_PREFIX

logger = logging.getLogger(__name__)

COMMAND = "/task"
UPGRADE_COMMAND = "/upgrade"
CONTEXT_TOKENS = 3000
STOPPED = "stopped by the person"
KEPT_HERE = "asked on this computer alone, since messages before it are local only"
WRITE_AGAIN_SECONDS = 1.0
LONGEST_PAUSE_S = 30.0

MessageHandler = Callable[[MessageView], object]
_Told: TypeAlias = "asyncio.Queue[ChatEvent | Exception | None]"


class TimmySettings(Protocol):
    """The settings that Timmy goes by; see settings.py."""

    @property
    def reply_max_tokens(self) -> int: ...
    @property
    def local_only(self) -> bool: ...
    @property
    def memory_context_tokens(self) -> int: ...


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
        memory: Memory | None = None,
        context_tokens: int = CONTEXT_TOKENS,
        write_again_seconds: float = WRITE_AGAIN_SECONDS,
    ) -> None:
        """`context_tokens` is the most of a conversation that a model is sent, by a rough estimate.

        What the disk refused is tried again after `write_again_seconds`, then twice that.
        """
        self._bus = bus
        self._router = router
        self._coordinator = coordinator
        self._clock = clock
        self._supervisor = supervisor
        self._settings = settings
        self._memory = memory
        self._remembering = Remembering(memory, settings.memory_context_tokens)
        self._context_tokens = context_tokens
        self._write_again_s = write_again_seconds
        self._store = Conversations(db=db, clock=clock)
        self._posting = Posting(
            bus=bus, coordinator=coordinator, store=self._store, clock=clock, supervisor=supervisor,
            notify=self._notify,
        )  # fmt: skip
        self._answers: dict[str, asyncio.Task[None]] = {}
        self._stopped: set[str] = set()
        self._later: set[asyncio.Task[None]] = set()
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
            self._stopped.update([conversation_id] if running else [])
        else:
            running = [*self._answers.values(), *self._later]
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
        if (command := _command_in(text)) is not None:
            work = self._command(conversation_id, text, told, command)
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
        task.add_done_callback(lambda _: self._stopped.discard(conversation_id))
        # Also where it was cancelled before it began.
        task.add_done_callback(lambda _: told.put_nowait(None))
        while (event := await told.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    async def _answer(self, conversation_id: str, text: str | None, told: _Told) -> None:
        if text is not None:
            await self._remembering.said(await self._said(conversation_id, text, told))
        history = await self._store.messages(conversation_id)
        while history and history[-1].role != "user" and text is None:
            history.pop()
        if not history:
            raise ChatError("There is no message yet that could be answered.")
        built = prompt(history, self._context_tokens)
        chosen = await self._is_local_only(conversation_id)
        local_only = chosen or built.local_only
        question = asked(history)
        recalled = await self._remembering.of(question, conversation_id, local_only=local_only)
        built = built.with_memory(recalled.text)
        message = await self._begun(conversation_id, _reason(built, chosen=chosen), local_only)
        told.put_nowait(MessageStarted(message))
        tools = ChatTools(
            poster=Poster(self._posting, conversation_id, local_only=local_only),
            memory=self._memory, bus=self._bus, clock=self._clock, local_only=local_only,
        )  # fmt: skip

        def given() -> Context:
            return with_heard(recalled, tools.heard)

        answer = Answer(
            message=message,
            router=self._router,
            store=self._store,
            clock=self._clock,
            tell=told.put_nowait,
            use_tool=tools.use,
            save_end=self._save_end,
            why_stopped=lambda: STOPPED if conversation_id in self._stopped else ENDED_UNFINISHED,
            sourced=lambda reply: self._remembering.sourced(reply, question, given()),
        )
        await answer.run(
            built.messages, tools.specs, max_tokens=self._settings.reply_max_tokens, local_only=local_only
        )
        await self._remembering.answered(answer.message, given())

    async def _said(self, conversation_id: str, text: str, told: _Told) -> MessageView:
        """Writes what the person said."""
        local_only = await self._is_local_only(conversation_id)
        message = await self._store.add(conversation_id, "user", text, local_only=local_only)
        told.put_nowait(MessageStarted(message))
        return message

    async def _begun(self, conversation_id: str, reason: str, local_only: bool) -> MessageView:
        """The empty message of an answer. Once begun, it is always ended: by Answer.run."""
        return await unbroken(
            self._supervisor,
            f"message in {conversation_id}",
            lambda: self._store.add(
                conversation_id, "assistant", "", state="streaming", reason=reason, local_only=local_only
            ),
        )

    async def _is_local_only(self, conversation_id: str) -> bool:
        """Whether everything, or this conversation, is to stay on this machine."""
        return self._settings.local_only or await self._store.is_local_only(conversation_id)

    async def _save_end(self, message: MessageView) -> None:
        """Writes a message as it stays; StorageError when it is written later."""
        try:
            await unbroken(self._supervisor, f"end of {message.id}", lambda: self._store.save(message))
        except StorageError:
            self._do_later(f"end of {message.id}", lambda: self._store.save(message))
            raise

    async def _command(self, conversation_id: str, text: str, told: _Told, command: str) -> None:
        await self._said(conversation_id, text, told)
        try:
            notice = await self._posting.post(
                conversation_id,
                task_text(command, text),
                local_only=await self._is_local_only(conversation_id),
            )
        except (SwarmError, StorageError) as error:
            notice = await self._store.add(
                conversation_id, "notice", f"The task was not posted. {error}", state="failed"
            )
        told.put_nowait(MessageStarted(notice))
        told.put_nowait(MessageEnded(notice))

    def _task_ended(self, record: EventRecord) -> None:
        self._report_later(record.event.task_id)

    def _report_later(self, task_id: str) -> None:
        self._do_later(f"report of {task_id}", lambda: self._report(task_id))

    def _do_later(self, name: str, once: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._supervisor.start(name, self._until_written(once))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _until_written(self, once: Callable[[], Coroutine[Any, Any, None]]) -> None:
        pause = self._write_again_s
        while True:
            try:
                return await once()
            except StorageError as error:
                logger.info("What belongs into a conversation can't be written yet: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _report(self, task_id: str) -> None:
        """Writes the task's report into its conversation, once its payment is concluded too."""
        try:
            view = await self._coordinator.wait(task_id)
        except SwarmError as error:
            logger.info("The task %s is reported at the next start: %s", task_id, error)
            return
        if view.conversation_id:
            notice = await self._store.add_report(
                view.conversation_id,
                report_text(view),
                task_id=task_id,
                reason=ended_reason(view),
                local_only=view.local_only,
            )
            if notice is not None:
                self._notify(notice)

    def _notify(self, message: MessageView) -> None:
        for handler in tuple(self._handlers):
            handler(message)


def _command_in(text: str) -> str | None:
    """The command that a message begins with; None when it is no command."""
    return next(
        (
            name
            for name in (COMMAND, UPGRADE_COMMAND)
            if text == name or text.startswith((f"{name} ", f"{name}\n"))
        ),
        None,
    )


def task_text(command: str, text: str) -> str:
    """The task that a command posts; empty where it asks for nothing."""
    wanted = text.removeprefix(command).strip()
    return f"{CHANGE_PREFIX}{wanted}" if wanted and command == UPGRADE_COMMAND else wanted


def _reason(built: Prompt, *, chosen: bool) -> str:
    """What to know of an answer before it has come; `chosen` if it was to stay here anyway."""
    cut = f"{built.left_out} earlier messages did not fit" if built.left_out else ""
    kept_here = KEPT_HERE if built.local_only and not chosen else ""
    return "; ".join(part for part in (cut, kept_here) if part)


async def _told_of(work: Coroutine[Any, Any, None], told: _Told) -> None:
    """Errors that the caller handles travel to it; the supervisor would report them as its own."""
    try:
        await work
    except (ChatError, StorageError) as error:
        told.put_nowait(error)
