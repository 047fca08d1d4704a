"""The tools of one answer of Timmy's: posting tasks, and the memory's, which he asks as himself."""

from __future__ import annotations

from typing import Any

from timmy_desktop.agent.posting import SOURCE, Poster
from timmy_desktop.agent.prompts import POST_TASK
from timmy_desktop.clock import Clock
from timmy_desktop.events.agents import ToolCalled, ToolCompleted, ToolFailed
from timmy_desktop.events.bus import EventBus
from timmy_desktop.inert import storable
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import Hit
from timmy_desktop.routing.types import ToolCall, ToolSpec
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools.caller import timmy
from timmy_desktop.swarm.tools.memory import MemoryTool, memory_tools

# Neither what the memory is asked nor what it answers stands in the log, which can't forget.
_LEFT_OUT = {"left_out": "what the memory is asked or told is not logged"}
_PRIVATE_ANSWER = "answered from the memory"


class ChatTools:
    """What a model may call while it answers."""

    def __init__(
        self, *, poster: Poster, memory: Memory | None, bus: EventBus, clock: Clock, local_only: bool
    ) -> None:
        """`local_only`: nothing of the answer leaves this computer, so the memory may tell what must not."""
        self._poster = poster
        self._bus = bus
        self._clock = clock
        tools = memory_tools(memory) if memory is not None else ()
        self._tools: dict[str, MemoryTool[Any]] = {tool.name: tool for tool in tools}
        self._caller = timmy(stays_here=local_only)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told of them."""
        own = [ToolSpec(tool.name, tool.description, tool.parameters) for tool in self._tools.values()]
        return (POST_TASK, *own)

    @property
    def heard(self) -> tuple[Hit, ...]:
        """What the memory told when it was searched."""
        return tuple(self._caller.heard)

    async def use(self, call: ToolCall) -> str:
        """Answers the model's call; an error is an answer too."""
        tool = self._tools.get(call.name)
        return await self._poster.use(call) if tool is None else await self._ask(tool, call)

    async def _ask(self, tool: MemoryTool[Any], call: ToolCall) -> str:
        about: dict[str, Any] = {"source": SOURCE, "call_id": storable(call.id), "tool": tool.name}
        await self._bus.publish(ToolCalled(**about, arguments=_LEFT_OUT))
        started = self._clock.monotonic()
        try:
            answer = storable(await tool.run_for(self._caller, call.arguments))
        except ToolError as error:
            reason = storable(str(error))
            self._bus.emit(ToolFailed(**about, reason=reason, duration_ms=self._since(started)))
            return f"Error: {reason}"
        duration = self._since(started)
        self._bus.emit(
            ToolCompleted(**about, summary=_PRIVATE_ANSWER, size=len(answer), duration_ms=duration)
        )
        return answer

    def _since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)
