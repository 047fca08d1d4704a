"""Events of agents and of the tools that they use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class AgentJoined(Event):
    """An agent is ready for work, with its record so far; -1 where it is not said."""

    type: ClassVar[str] = "agent.joined"
    name: str
    role: str
    completed: int = -1
    failed: int = -1


@dataclass(frozen=True, kw_only=True)
class AgentLeft(Event):
    """An agent no longer takes work."""

    type: ClassVar[str] = "agent.left"
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AgentStatusChanged(Event):
    """An agent went from one of `idle`, `busy`, `stopped` to another; its record then, -1 where not said."""

    type: ClassVar[str] = "agent.status_changed"
    old: str
    new: str
    completed: int = -1
    failed: int = -1


@dataclass(frozen=True, kw_only=True)
class ToolCalled(Event):
    """An agent called a tool with these arguments."""

    type: ClassVar[str] = "tool.called"
    call_id: str
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ToolCompleted(Event):
    """The tool answered; `summary` is the answer's beginning."""

    type: ClassVar[str] = "tool.completed"
    call_id: str
    tool: str
    summary: str
    size: int
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class ToolFailed(Event):
    """The tool refused or broke; the agent was told the reason."""

    type: ClassVar[str] = "tool.failed"
    severity: ClassVar[str] = "warning"
    call_id: str
    tool: str
    reason: str
    duration_ms: int
