"""A tool that must know who calls it is told so by what it is, not by a list of classes elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.base import Arguments
from timmy_desktop.swarm.tools.caller import Caller, CallerTool
from timmy_desktop.swarm.tools.workspace import Workspace


class Nothing(Arguments):
    pass


class WhoAmI(CallerTool[Nothing, str]):
    """Not of any family that the toolbox knows."""

    name, description, arguments = "who_am_i", "Says who calls.", Nothing
    is_private = True

    async def run_for(self, caller: Caller, arguments: Mapping[str, Any]) -> str:
        self.checked(arguments)
        return f"{caller.name} of {self.service}"

    def works_on(self, task_id: str) -> str:
        return f"draft of {task_id}"


async def test_any_tool_can_ask_who_calls_it(tmp_path: Path) -> None:
    toolbox = Toolbox(workspace=Workspace(), families=[lambda *_: (WhoAmI("the swarm"),)])
    assert [spec.name for spec in toolbox.specs(["who_am_i"])] == ["who_am_i"]
    assert await toolbox.run("who_am_i", {}, ["who_am_i"], Caller("Echo")) == "Echo of the swarm"
    assert toolbox.is_private("who_am_i")
    assert toolbox.works_on("who_am_i", "t1") == "draft of t1"
    assert not toolbox.is_private("pay_invoice")
    await toolbox.stop()


async def test_without_what_it_works_with_it_is_offered_to_nobody() -> None:
    toolbox = Toolbox(workspace=Workspace(), families=[lambda *_: (WhoAmI(None),)])
    assert toolbox.specs(["who_am_i"]) == ()
    await toolbox.stop()


async def test_without_a_caller_it_answers_nobody() -> None:
    with pytest.raises(ToolError, match="must know who calls it"):
        await WhoAmI("the swarm").run({})
