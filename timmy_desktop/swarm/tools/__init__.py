"""What agents can do: each family of tools is a file here and a line in `TOOLS`."""

from __future__ import annotations

from collections.abc import Callable

from timmy_desktop.swarm.tools.base import Tool
from timmy_desktop.swarm.tools.files import file_tools
from timmy_desktop.swarm.tools.git import git_tools
from timmy_desktop.swarm.tools.search import search_tools
from timmy_desktop.swarm.tools.threads import ToolThreads
from timmy_desktop.swarm.tools.workspace import Workspace

ToolFamily = Callable[[Workspace, ToolThreads], tuple[Tool, ...]]

TOOLS: tuple[ToolFamily, ...] = (file_tools, search_tools, git_tools)
