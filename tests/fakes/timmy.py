"""A Timmy that says what a test puts into his mouth, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from timmy_desktop.agent.conversation import (
    ChatEvent,
    ConversationView,
    MessageEnded,
    MessageStarted,
    MessageView,
    ProviderChanged,
    TextDelta,
)
from timmy_desktop.identifiers import new_id

NOW = 1_700_000_000_000_000


class FakeTimmy:
    """The signatures of agent's Timmy. An answer goes on as `say` is called, and ends with `finish`."""

    def __init__(self) -> None:
        self.titles: dict[str, str] = {}
        self.stored: dict[str, list[MessageView]] = {}
        self.sent: list[tuple[str, str]] = []
        self.local_only: set[str] = set()
        self.sent_local_only: list[bool] = []
        self.stopped: list[str] = []
        self.fault: Exception | None = None
        self._said: asyncio.Queue[ChatEvent | None] = asyncio.Queue()
        self._handlers: list[Callable[[MessageView], object]] = []
        self._answer = ""

    async def conversations(self) -> list[ConversationView]:
        self._fail()
        return [
            ConversationView(key, title, NOW, NOW, key in self.local_only)
            for key, title in reversed(self.titles.items())
        ]

    async def set_local_only(self, conversation_id: str, local_only: bool) -> None:
        self._fail()
        (self.local_only.add if local_only else self.local_only.discard)(conversation_id)

    async def new_conversation(self) -> str:
        self._fail()
        conversation_id = new_id()
        self.titles[conversation_id], self.stored[conversation_id] = "", []
        return conversation_id

    async def messages(self, conversation_id: str) -> list[MessageView]:
        self._fail()
        return list(self.stored[conversation_id])

    async def send(self, conversation_id: str, text: str) -> AsyncIterator[ChatEvent]:
        self._fail()
        self.sent.append((conversation_id, text))
        self.sent_local_only.append(conversation_id in self.local_only)
        self.titles[conversation_id] = self.titles[conversation_id] or text[:60]
        question = self.add(conversation_id, "user", text)
        yield MessageStarted(question)
        async for event in self.retry(conversation_id):
            yield event

    async def retry(self, conversation_id: str) -> AsyncIterator[ChatEvent]:
        self._fail()
        answer = self.add(conversation_id, "assistant", "", state="streaming")
        self._answer = answer.id
        yield MessageStarted(answer)
        while (event := await self._said.get()) is not None:
            if isinstance(event, MessageEnded):
                self._store(event.message)
            yield event

    async def stop(self, conversation_id: str) -> None:
        self.stopped.append(conversation_id)
        self.finish(state="stopped")

    def on_message(self, handler: Callable[[MessageView], object]) -> Callable[[], None]:
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    # What a test makes happen.

    def add(self, conversation_id: str, role: str, text: str, **facts: object) -> MessageView:
        """Stores a message as if it had been said before."""
        messages = self.stored[conversation_id]
        values = {"state": "done", "created_us": NOW + len(messages), **facts}
        message = MessageView(
            id=new_id(),
            conversation_id=conversation_id,
            position=len(messages),
            role=role,
            text=text,
            **values,  # type: ignore[arg-type]
        )
        messages.append(message)
        return message

    def say(self, text: str) -> None:
        self._said.put_nowait(TextDelta(self._answer, text))

    def change_provider(self, provider: str, model: str, reason: str) -> None:
        self._said.put_nowait(ProviderChanged(self._answer, provider, model, reason))

    def finish(self, text: str | None = None, **facts: object) -> None:
        """The answer ends; `facts` are fields of the message."""
        message = next(m for messages in self.stored.values() for m in messages if m.id == self._answer)
        values = {"state": "done", **facts}
        ended = replace(message, text=message.text if text is None else text, **values)  # type: ignore[arg-type]
        self._said.put_nowait(MessageEnded(ended))
        self._said.put_nowait(None)

    def report(self, conversation_id: str, text: str, task_id: str) -> None:
        """The swarm is done with a task and a notice comes in."""
        message = self.add(conversation_id, "notice", text, task_id=task_id)
        for handler in tuple(self._handlers):
            handler(message)

    def _store(self, message: MessageView) -> None:
        self.stored[message.conversation_id][message.position] = message

    def _fail(self) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
