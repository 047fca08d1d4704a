"""The tools that exist, by name, with the threads that they run on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from timmy_desktop.inert import storable
from timmy_desktop.routing.types import ToolSpec
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools import TOOLS, ToolFamily
from timmy_desktop.swarm.tools.base import Tool
from timmy_desktop.swarm.tools.threads import ToolThreads
from timmy_desktop.swarm.tools.workspace import Workspace


class Toolbox:
    """Runs tools by name; blocking ones share a few named threads.

    Cancelling `run` ends the tool, with the programs that it started.
    """

    def __init__(self, *, workspace: Workspace, families: Iterable[ToolFamily] = TOOLS) -> None:
        self._threads = ToolThreads()
        tools = [tool for family in families for tool in family(workspace, self._threads)]
        self._tools: dict[str, Tool] = {tool.name: tool for tool in tools}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all tools."""
        return tuple(self._tools)

    def specs(self, names: Iterable[str]) -> tuple[ToolSpec, ...]:
        """What a model is told of the tools called `names`; unknown names are left out."""
        tools = [self._tools[name] for name in names if name in self._tools]
        return tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in tools)

    async def run(self, name: str, arguments: Mapping[str, Any], allowed: Iterable[str]) -> str:
        """The tool's answer; ToolError when it refuses, or when the agent may not use it."""
        allowed = list(allowed)
        if name not in self._tools or name not in allowed:
            known = ", ".join(tool for tool in allowed if tool in self._tools) or "none"
            raise ToolError(f"There is no tool {name[:80]!r} here. The tools are: {known}.")
        return storable(await self._tools[name].run(arguments))

    async def stop(self) -> None:
        """Ends the tools under way and their threads."""
        await self._threads.stop()
