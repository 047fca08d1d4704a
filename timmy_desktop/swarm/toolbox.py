"""The tools that exist, by name, with the threads that they run on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from timmy_desktop.inert import storable
from timmy_desktop.memory import Memory
from timmy_desktop.routing.types import ToolSpec
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools import TOOLS, ToolFamily
from timmy_desktop.swarm.tools.base import Tool
from timmy_desktop.swarm.tools.caller import Caller, CallerTool
from timmy_desktop.swarm.tools.changes import Upgrades, change_tools
from timmy_desktop.swarm.tools.memory import memory_tools
from timmy_desktop.swarm.tools.payments import Payer, PayInvoice
from timmy_desktop.swarm.tools.threads import ToolThreads
from timmy_desktop.swarm.tools.workspace import Workspace

NOBODY = Caller()


class Toolbox:
    """Runs tools by name; blocking ones share a few named threads.

    Cancelling `run` ends the tool, with the programs that it started.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        memory: Memory | None = None,
        upgrades: Upgrades | None = None,
        payer: Payer | None = None,
        families: Iterable[ToolFamily] = TOOLS,
    ) -> None:
        """Without a `memory`, `upgrades` or `payer` their tools are known, and offered to nobody."""
        self._upgrades = upgrades
        self._threads = ToolThreads()
        tools = [tool for family in families for tool in family(workspace, self._threads)]
        tools += [*memory_tools(memory), *change_tools(upgrades), PayInvoice(payer)]
        self._tools: dict[str, Tool] = {tool.name: tool for tool in tools}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all tools."""
        return tuple(self._tools)

    def specs(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """What a model is told of the tools called `names`; unknown names are left out."""
        tools = [self._tools[name] for name in names if name in self._tools]
        tools = [tool for tool in tools if _is_available(tool)]
        return tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)

    def is_private(self, name: str) -> bool:
        """Whether what the tool is given and answers must not stand in the event log, which can't forget."""
        tool = self._tools.get(name)
        return isinstance(tool, CallerTool) and tool.is_private

    async def run(
        self, name: str, arguments: Mapping[str, Any], allowed: Iterable[str], caller: Caller = NOBODY
    ) -> str:
        """The tool's answer; ToolError when it refuses, or when the agent may not use it."""
        allowed = list(allowed)
        if name not in self._tools or name not in allowed:
            known = ", ".join(tool for tool in allowed if tool in self._tools) or "none"
            raise ToolError(f"There is no tool {name[:80]!r} here. The tools are: {known}.")
        tool = self._tools[name]
        if isinstance(tool, CallerTool):
            return storable(await tool.run_for(caller, arguments))
        return storable(await tool.run(arguments))

    def works_on(self, name: str, task_id: str) -> str:
        """What the tool's answer depends on besides its arguments: the draft of the task as it is now."""
        tool = self._tools.get(name)
        return tool.works_on(task_id) if isinstance(tool, CallerTool) else ""

    async def ended(self, task_id: str) -> str:
        """The task's attempt is over: what it drafted and did not propose goes. The proposal that it made, or
        an empty text."""
        if self._upgrades is None:
            return ""
        proposal_id = self._upgrades.drafts.proposed_by(task_id)
        await self._upgrades.drafts.ended(task_id)
        return proposal_id

    async def stop(self) -> None:
        """Ends the tools under way and their threads."""
        await self._threads.stop()


def _is_available(tool: Tool) -> bool:
    return not isinstance(tool, CallerTool) or tool.is_available
