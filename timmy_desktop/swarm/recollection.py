"""What the memory gives to an agent at the beginning of a task, and what the agent's result took from it."""

from __future__ import annotations

import logging

from timmy_desktop.memory import Memory, MemoryFault
from timmy_desktop.memory.context import with_heard
from timmy_desktop.memory.types import Context
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.swarm.tools.caller import Caller

logger = logging.getLogger(__name__)

NOTHING = Context("")


class Recollection:
    """A task is done without the memory where that can't be asked."""

    def __init__(self, memory: Memory, budget_tokens: int) -> None:
        self._memory = memory
        self._budget_tokens = budget_tokens

    async def of(self, text: str, caller: Caller) -> Context:
        """What the caller may know that has to do with the task."""
        try:
            return await self._memory.context(text, asker=caller.asker, budget_tokens=self._budget_tokens)
        except (MemoryFault, StorageError) as error:
            logger.warning("A task is done without the memory: %s", error)
            return NOTHING

    async def used(self, result: str, text: str, context: Context, caller: Caller) -> str:
        """The result with its sources in order; which entries it used is noted for its receipt."""
        context, by = with_heard(context, caller.heard), caller.asker.owner
        try:
            result = await self._memory.sourced(result, text, context, by=by)
            await self._memory.record_uses(
                context, reply_id=caller.task_id, reply_kind="task", by=by, reply_text=result
            )
        except (MemoryFault, StorageError) as error:
            logger.warning("What a task used of the memory was not noted: %s", error)
        return result
