"""One answer of Timmy's as it comes: streamed, checkpointed, and ended as what it really became."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from timmy_desktop.agent.conversation import (
    ChatEvent,
    MessageEnded,
    MessageState,
    MessageView,
    ProviderChanged,
    TextDelta,
)
from timmy_desktop.agent.store import Conversations
from timmy_desktop.clock import Clock
from timmy_desktop.inert import inert_line, storable
from timmy_desktop.routing import types as routing
from timmy_desktop.routing.errors import RouterError
from timmy_desktop.routing.types import CompletionRequest, Message, Reply, RouterEvent, ToolCall, ToolSpec
from timmy_desktop.storage.errors import StorageError

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
MOST_ROUNDS = 3
_ERROR_CHARACTERS = 300
NO_TEXT = "The model gave no text. Try again, or choose another model."

CUT_OFF = "The answer was cut off at the limit of its length."

UseTool = Callable[[ToolCall], Awaitable[str]]
Tell = Callable[[ChatEvent], None]
Save = Callable[[MessageView], Awaitable[None]]


class ChatRouter(Protocol):
    """What a chat needs of the cascade router."""

    def stream(self, request: CompletionRequest) -> AsyncGenerator[RouterEvent, None]: ...


class Answer:
    """Asks the model, tells what comes, and keeps the message in the database up to date."""

    def __init__(
        self,
        *,
        message: MessageView,
        router: ChatRouter,
        store: Conversations,
        clock: Clock,
        tell: Tell,
        use_tool: UseTool,
        save_end: Save,
        why_stopped: Callable[[], str],
        sourced: Callable[[str], Awaitable[str]],
    ) -> None:
        """`message` is the empty one that is being written; `tell` gets what happens, in order.

        `save_end` writes the message as it stays, whatever the disk and whoever stops waiting; StorageError
        when that takes longer. `why_stopped` is asked when the answer is cancelled. `sourced` puts the
        sources of a whole answer in order.
        """
        self._message = message
        self._router = router
        self._store = store
        self._clock = clock
        self._tell = tell
        self._use_tool = use_tool
        self._save_end = save_end
        self._why_stopped = why_stopped
        self._sourced = sourced
        self._text: list[str] = []
        self._kept = ""
        self._provider = ""
        self._lost = ""
        self._checkpoint = 0.0
        self._is_cut = False
        self._ttft_ms = 0
        self._total_ms = 0

    @property
    def message(self) -> MessageView:
        """The message as it is now."""
        return self._message

    async def run(
        self, messages: Sequence[Message], tools: tuple[ToolSpec, ...], *, max_tokens: int, local_only: bool
    ) -> None:
        """Answers, and ends the message whatever happens. Cancelling it keeps what has come, as stopped."""
        self._checkpoint = self._clock.monotonic()
        conversation = list(messages)
        try:
            for last in range(MOST_ROUNDS - 1, -1, -1):
                request = CompletionRequest(
                    messages=tuple(conversation),
                    purpose="chat",
                    max_tokens=max_tokens,
                    tools=tools if last else (),
                    local_only=local_only,
                    conversation_id=self._message.conversation_id,
                )
                reply = await self._streamed(request)
                if not reply.tool_calls or not last:
                    break
                conversation += await self._tools_used(reply)
            await self._put_sources()
        except (RouterError, StorageError) as error:
            await self._end("failed", str(error))
        except asyncio.CancelledError:
            await self._end("stopped", self._why_stopped())
            raise
        except Exception as error:
            # The last resort: a message that no one ends would look as if the answer were still coming.
            logger.exception("The answer %s could not be carried on.", self._message.id)
            what = inert_line(str(error), _ERROR_CHARACTERS) or type(error).__name__
            await self._end("failed", f"The answer could not be carried on: {what}")
        else:
            note = CUT_OFF if self._is_cut else ""
            await (self._end("done", note) if self._whole() else self._end("failed", NO_TEXT))

    async def _streamed(self, request: CompletionRequest) -> Reply:
        async with aclosing(self._router.stream(request)) as events:
            async for event in events:
                if isinstance(event, routing.Completed):
                    self._answered(event.reply)
                    return event.reply
                await self._met(event)
        raise RouterError("The router ended without an answer. Try again.")

    async def _met(self, event: RouterEvent) -> None:
        if isinstance(event, routing.TextDelta):
            self._say(event.text)
            await self._keep()
        elif isinstance(event, routing.AttemptFailed):
            how = "broke off" if event.had_text else "did not answer"
            self._lost = f"{how}: {event.reason}"
        elif isinstance(event, routing.AttemptStarted):
            self._asked(event.provider, event.model)

    def _asked(self, provider: str, model: str) -> None:
        if provider == self._provider and not self._lost:
            return
        self._tell(ProviderChanged(self._message.id, provider, model, self._lost))
        if self._lost:
            self._begin_anew()
        self._provider = provider
        # Known before the first word, so that an answer that is stopped still says whose it was.
        self._message = replace(self._message, provider=provider, model=model)

    def _begin_anew(self) -> None:
        """What a broken attempt had said is void; that it was, the message says."""
        mark = f"{self._provider} {self._lost}"
        self._message = replace(self._message, reason=_joined(self._message.reason, mark))
        self._lost = ""
        self._text.clear()
        if self._kept:
            self._say(self._kept)

    def _answered(self, reply: Reply) -> None:
        self._ttft_ms = self._ttft_ms or reply.ttft_ms
        self._total_ms += reply.total_ms
        self._message = replace(self._message, provider=reply.provider, model=reply.model)
        self._is_cut = reply.finish_reason == "length"
        for note in reply.notes:
            if note not in self._message.reason:
                self._message = replace(self._message, reason=_joined(self._message.reason, note))

    async def _put_sources(self) -> None:
        """What is put below is told as text is; an invented mark is replaced in the message that ends it."""
        said = self._whole()
        sourced = await self._sourced(said)
        if sourced.startswith(said):
            if added := sourced.removeprefix(said):
                self._say(added)
        else:
            self._text[:] = [storable(sourced)]

    async def _tools_used(self, reply: Reply) -> list[Message]:
        if self._text:
            self._say("\n\n")
        self._kept = "".join(self._text)
        answers = [Message("assistant", reply.text, tool_calls=reply.tool_calls)]
        for call in reply.tool_calls:
            answer = await self._use_tool(call)
            answers.append(Message("tool", answer, tool_call_id=call.id, name=call.name))
        return answers

    def _say(self, text: str) -> None:
        text = storable(text)
        self._text.append(text)
        self._tell(TextDelta(self._message.id, text))

    async def _keep(self) -> None:
        """Writes what has come so far, about once a second: a crash loses no more than that."""
        now = self._clock.monotonic()
        if now - self._checkpoint < CHECKPOINT_SECONDS:
            return
        self._checkpoint = now
        try:
            await self._store.save(replace(self._message, text=self._whole()))
        except StorageError as error:
            logger.warning("What has come of an answer can't be written now: %s", error)

    async def _end(self, state: MessageState, reason: str) -> None:
        self._message = replace(
            self._message,
            text=self._whole(),
            state=state,
            reason=_joined(self._message.reason, reason),
            ttft_ms=max(self._ttft_ms, 0),
            total_ms=self._total_ms,
        )
        told = self._message
        try:
            await self._save_end(self._message)
        except StorageError as error:
            told = replace(told, reason=_joined(told.reason, f"not kept yet: {error}"))
        finally:
            self._tell(MessageEnded(told))

    def _whole(self) -> str:
        return "".join(self._text).strip()


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
