"""What can go wrong in the swarm, in words for the person or the model that asked."""

from __future__ import annotations


class SwarmError(Exception):
    """The root of this room's errors."""


class TaskRejectedError(SwarmError):
    """The task can't be posted as it is; the message says what to change."""


class UnknownTaskError(SwarmError):
    """There is no task with that identifier."""


class TaskStateError(SwarmError):
    """The task is not in a state in which that can be done."""


class BidRejectedError(SwarmError):
    """The bid is not counted; the message says why."""


class UnknownAgentError(SwarmError):
    """There is no agent with that identifier."""


class ToolError(SwarmError):
    """A tool refused or could not do it; the model is told the message and may try something else."""


class WorkspaceError(ToolError):
    """The folder or the path can't be used."""
