"""What Timmy takes from the memory for an answer, and what of a conversation goes into it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from timmy_desktop.agent.conversation import MessageView
from timmy_desktop.memory import Asker, Memory, MemoryFault
from timmy_desktop.memory.types import TIMMY_OWNER, Context
from timmy_desktop.storage.errors import StorageError

logger = logging.getLogger(__name__)

NOTHING = Context("")


class Remembering:
    """A conversation goes on without the memory where that can't be asked."""

    def __init__(self, memory: Memory | None, budget_tokens: int) -> None:
        self._memory = memory
        self._budget_tokens = budget_tokens

    async def of(self, question: str, conversation_id: str, *, local_only: bool) -> Context:
        """What has to do with the question, from outside this conversation."""
        if self._memory is None or not question:
            return NOTHING
        try:
            return await self._memory.context(
                question,
                asker=Asker(TIMMY_OWNER, stays_here=local_only),
                budget_tokens=self._budget_tokens,
                conversation_id=conversation_id,
            )
        except (MemoryFault, StorageError) as error:
            logger.warning("An answer is given without the memory: %s", error)
            return NOTHING

    async def sourced(self, reply: str, question: str, context: Context) -> str:
        """The reply with its sources in order."""
        if self._memory is None:
            return reply
        try:
            return await self._memory.sourced(reply, question, context, by=TIMMY_OWNER)
        except (MemoryFault, StorageError) as error:
            logger.warning("The sources of an answer could not be looked up: %s", error)
            return reply

    async def said(self, message: MessageView) -> None:
        """The person said something."""
        await self._keep(message, "user")

    async def answered(self, message: MessageView, context: Context) -> None:
        """An answer has ended; one that failed is no memory."""
        if self._memory is None or message.state != "done":
            return
        await self._keep(message, "assistant")
        try:
            await self._memory.record_uses(
                context, reply_id=message.id, reply_kind="message", by=TIMMY_OWNER, reply_text=message.text
            )
        except (MemoryFault, StorageError) as error:
            logger.warning("What an answer used of the memory was not noted: %s", error)

    async def _keep(self, message: MessageView, role: str) -> None:
        if self._memory is not None:
            await self._memory.keep_message(
                message.text,
                role=role,
                conversation_id=message.conversation_id,
                message_id=message.id,
                local_only=message.local_only,
            )


def asked(history: Sequence[MessageView]) -> str:
    """What the person said last."""
    return next((view.text for view in reversed(history) if view.role == "user"), "")
