"""The tools by which agents use the memory: they see what is shared and their own, and forget their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from timmy_desktop.memory import Memory, MemoryFault
from timmy_desktop.memory.context import line_of
from timmy_desktop.memory.types import Filters, NewEntry
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools.base import Arguments, capped
from timmy_desktop.swarm.tools.caller import Caller, CallerTool

MOST_HITS = 20
_EXCERPT = 700


class SearchArguments(Arguments):
    query: Annotated[str, Field(min_length=1, max_length=1000, description="What to look for, in any words.")]
    type: Annotated[
        Literal["", "conversation", "fact", "document"], Field(description="Only of this type.")
    ] = ""
    limit: Annotated[int, Field(ge=1, le=MOST_HITS, description="How many at most.")] = 8


class RememberArguments(Arguments):
    content: Annotated[str, Field(min_length=1, max_length=2000, description="One fact, complete in itself.")]
    private: Annotated[bool, Field(description="Whether other agents must not see it.")] = False


class ForgetArguments(Arguments):
    id: Annotated[
        str, Field(min_length=8, max_length=40, description="The mark of an own memory, as m:1a2b3c4d.")
    ]


A = TypeVar("A", bound=Arguments)


class MemoryTool(CallerTool[A, Memory], Generic[A]):
    """What it is given and what it answers is not for the event log."""

    is_private = True

    async def run_for(self, caller: Caller, arguments: Mapping[str, Any]) -> str:
        """Checks the arguments and answers this caller."""
        checked = self.checked(arguments)
        if self.service is None or not caller.name:
            raise ToolError("There is no memory here.")
        try:
            return await self.answer_for(self.service, caller, checked)
        except (MemoryFault, StorageError) as error:
            raise ToolError(str(error)) from error

    async def answer_for(self, memory: Memory, caller: Caller, arguments: A) -> str:
        """The tool's own work."""
        raise NotImplementedError


class MemorySearch(MemoryTool[SearchArguments]):
    """Entries by meaning and word."""

    name = "memory_search"
    description = "Searches what was said, done and imported before, by meaning and exact words."
    arguments = SearchArguments

    async def answer_for(self, memory: Memory, caller: Caller, arguments: SearchArguments) -> str:
        filters = Filters(types=(arguments.type,)) if arguments.type else Filters()
        result = await memory.search(
            arguments.query, asker=caller.asker, filters=filters, limit=arguments.limit
        )
        caller.heard.extend(result.hits)
        lines = [line_of(hit.entry, _EXCERPT, hit.words) for hit in result.hits]
        if not lines:
            return "The memory holds nothing of that kind."
        return capped("\n".join(["Cite what you use by its mark, as [m:1a2b3c4d].", *lines]))


class MemoryRemember(MemoryTool[RememberArguments]):
    """A fact of the agent's own."""

    name = "memory_remember"
    description = "Remembers a fact for later tasks."
    arguments = RememberArguments

    async def answer_for(self, memory: Memory, caller: Caller, arguments: RememberArguments) -> str:
        entry = await memory.remember(
            NewEntry(
                content=arguments.content,
                owner=caller.asker.owner,
                visibility="private" if arguments.private else "shared",
                source=f"remembered by {caller.name}",
                task_id=caller.task_id,
                local_only=caller.stays_here,
            )
        )
        return f"Remembered as [{entry.cite}]."


class MemoryForget(MemoryTool[ForgetArguments]):
    """One of the agent's own."""

    name = "memory_forget"
    description = "Forgets a fact that you remembered yourself."
    arguments = ForgetArguments

    async def answer_for(self, memory: Memory, caller: Caller, arguments: ForgetArguments) -> str:
        entry = await memory.entry(arguments.id.strip("[] "), asker=caller.asker)
        report = await memory.forget([entry.id], asker=caller.asker)
        return f"Forgotten: {report.entries}."


def memory_tools(memory: Memory | None) -> tuple[MemoryTool[Any], ...]:
    """The tools of this module."""
    return (MemorySearch(memory), MemoryRemember(memory), MemoryForget(memory))
