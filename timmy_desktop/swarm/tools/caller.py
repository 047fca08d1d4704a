"""Who calls a tool, and the tools that must know it: to see what he may, and to act in his name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from timmy_desktop.memory import Asker
from timmy_desktop.memory.types import TIMMY_OWNER, Hit, agent_owner
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools.base import Arguments, TypedTool


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a tool, and for which task. `stays_here`: nothing of the answer leaves this computer.

    `owner` is given for Timmy alone, whose name no agent may take. `heard` gathers what the memory told.
    """

    name: str = ""
    task_id: str = ""
    stays_here: bool = False
    owner: str = ""
    agent_id: str = ""
    heard: list[Hit] = field(default_factory=list, compare=False, repr=False)

    @property
    def asker(self) -> Asker:
        """As the memory knows him."""
        return Asker(self.owner or agent_owner(self.name), self.stays_here)


def timmy(*, stays_here: bool) -> Caller:
    """Timmy himself, who sees what is shared and his own: what the person keeps private no model is told."""
    return Caller("Timmy", stays_here=stays_here, owner=TIMMY_OWNER)


A = TypeVar("A", bound=Arguments)
S = TypeVar("S")


class CallerTool(TypedTool[A], Generic[A, S]):
    """A tool that answers nobody without a caller, and is offered only where the service that it uses is."""

    is_private: ClassVar[bool] = False
    """Whether what it is given and answers must not stand in the event log, which can't forget."""

    def __init__(self, service: S | None) -> None:
        self.service = service

    @property
    def is_available(self) -> bool:
        """Whether there is what it works with."""
        return self.service is not None

    async def answer(self, arguments: A) -> str:  # noqa: ARG002 - nobody is answered without a caller
        raise ToolError(f"{self.name} must know who calls it, and for which task.")

    async def run_for(self, caller: Caller, arguments: Mapping[str, Any]) -> str:
        """Checks the arguments and answers this caller."""
        raise NotImplementedError

    def works_on(self, task_id: str) -> str:  # noqa: ARG002 - for those whose answer depends on the task
        """What its answer depends on besides its arguments."""
        return ""
