"""Forge changes a real repository: asked in the chat, edits, tests, mends, proposes; revised, approved, committed.

The model is scripted, since the small one can't code; everything else is real: services, git, sandbox, tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import require_bubblewrap
from tests.fakes.providers import Script, ScriptedProvider
from tests.fakes.upgrade_world import Repo
from timmy_desktop.agent.conversation import MessageEnded, MessageView
from timmy_desktop.bootstrap import build
from timmy_desktop.events.agents import ToolCalled
from timmy_desktop.events.upgrades import UpgradeRevised
from timmy_desktop.paths import Paths
from timmy_desktop.routing.types import CompletionRequest, ToolCall
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings

PLAIN = (
    "[pytest]\naddopts = -p no:randomly -p no:pytest-qt -p no:asyncio -p no:hypothesispytest -p no:timeout\n"
)
CODE = "def greet(name):\n    return 'hello ' + name\n"
TEST = "import greeting\n\n\ndef test_greet():\n    assert greeting.greet('Ann') == 'hello Ann'\n"
NEW_TEST = TEST + "\n\ndef test_nobody():\n    assert greeting.greet('') == 'hello'\n"


class Coder(ScriptedProvider):
    """Says one script after the other; `heard` holds what the tools answered."""

    def __init__(self) -> None:
        super().__init__(name="coder", context_characters=1_000_000)

    @property
    def heard(self) -> list[str]:
        return [message.content for message in self.requests[-1].messages if message.role == "tool"]

    def will(self, *steps: tuple[str, dict[str, Any]] | str) -> None:
        self.scripts = [
            Script(words=(step,))
            if isinstance(step, str)
            else Script(words=(), calls=(ToolCall(f"c{number}", step[0], step[1]),))
            for number, step in enumerate(steps)
        ]

    def stream(self, request: CompletionRequest) -> Any:
        if request.purpose == "memory":
            self.scripts.insert(0, Script(words=("nothing",)))
        return super().stream(request)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    require_bubblewrap()
    files = {"pytest.ini": PLAIN, "greeting.py": CODE, "test_greeting.py": TEST}
    return Repo(tmp_path / "greeter", files)


@pytest.fixture
def coder() -> Coder:
    return Coder()


@pytest.fixture
async def services(tmp_path: Path, coder: Coder, repo: Repo) -> AsyncIterator[Services]:
    settings = Settings(
        memory_facts="off", memory_facts_by_model=False, upgrade_test_seconds=60, task_max_attempts=1
    )
    built = build(settings, Paths.default(tmp_path / "data"), [coder], windowed=False)
    await built.start("test")
    await built.upgrades.open_target(repo.folder)
    yield built
    await built.stop()


def edit(search: str, replace: str, path: str = "greeting.py") -> tuple[str, dict[str, Any]]:
    return ("edit_source", {"path": path, "edits": [{"search": search, "replace": replace}]})


async def said(services: Services, conversation: str, text: str) -> MessageView:
    """What the person says; the last message of the report that comes of it."""
    reported: asyncio.Future[MessageView] = asyncio.get_running_loop().create_future()
    stop = services.timmy.on_message(lambda message: reported.done() or reported.set_result(message))
    async for event in services.timmy.send(conversation, text):
        assert not isinstance(event, MessageEnded) or event.message.state == "done", event.message.reason
    message = await asyncio.wait_for(reported, 60)
    stop()
    return message


async def test_from_the_chat_to_the_commit(services: Services, coder: Coder, repo: Repo) -> None:
    conversation = await services.timmy.new_conversation()
    coder.will(
        ("read_source", {"path": "greeting.py"}),
        edit("return 'hello ' + name", "return ('hello ' + name"),  # does not parse
        ("test_change", {}),
        edit("return ('hello ' + name", "return ('hello ' + name).rstrip(' !')"),
        (
            "write_source",
            {"path": "test_greeting.py", "content": NEW_TEST + "\n\ndef test_wrong():\n    assert 0\n"},
        ),
        ("test_change", {}),
        edit("\n\ndef test_wrong():\n    assert 0\n", "", "test_greeting.py"),
        ("test_change", {}),
        (
            "propose_change",
            {"title": "Greet nobody well", "description": "The greeting of nobody has no blank at its end."},
        ),
        edit("hello", "goodbye"),
        "I propose to strip the greeting.",
    )
    report = await said(services, conversation, "/upgrade greet nobody without a blank at the end")
    assert coder.heard[0] == CODE
    assert "no valid Python" in coder.heard[1]
    assert "not run" in coder.heard[2]
    assert "FAILED test_greeting.py::test_wrong" in coder.heard[5]
    assert coder.heard[7].startswith("passed: 2 passed")
    assert "ended in a proposal already" in coder.heard[9]
    (proposal,) = await services.upgrades.proposals()
    assert f"The proposal {proposal.id[-8:]} waits in Upgrades" in report.text
    assert (proposal.proposer, proposal.origin, proposal.title) == ("Forge", "chat", "Greet nobody well")
    assert proposal.conversation_id == conversation
    # Nothing of it is in the person's repository.
    assert (repo.status(), repo.git("branch", "--list")) == ("", "* main")

    await services.upgrades.settled()
    await services.upgrades.comment(proposal.id, "An exclamation mark may stay.", path="greeting.py", line=2)
    coder.will(
        ("start_change", {}),
        edit(".rstrip(' !')", ".rstrip()"),
        ("test_change", {}),
        ("propose_change", {"title": "Only blanks", "description": "Only blanks are stripped."}),
        "Revised.",
    )
    await revised(services, proposal.id)
    again = await services.upgrades.proposal(proposal.id)
    assert (again.revisions, again.state, again.open_comments) == (2, "proposed", 0)
    assert (await services.upgrades.comments(proposal.id))[0].answered_in == 2
    assert "An exclamation mark may stay." in coder.requests[-1].messages[1].content
    assert b".rstrip()" in await services.upgrades.compare(proposal.id, 1, 2)

    diff = await services.upgrades.diff(proposal.id)
    await services.upgrades.approve(proposal.id, diff.digest)
    await services.upgrades.settled()
    ended = await services.upgrades.proposal(proposal.id)
    assert ended.state == "applied", ended.reason
    assert "rstrip()" in (repo.folder / "greeting.py").read_text()
    assert repo.git("log", "-1", "--format=%an: %s") == "Forge: Greet nobody well"


async def revised(services: Services, proposal_id: str) -> None:
    """Sends the comments to the agent, and waits for its next revision."""
    come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stop = services.bus.subscribe(UpgradeRevised, lambda _: come.done() or come.set_result(None))
    await services.upgrades.revise(proposal_id)
    await asyncio.wait_for(come, 60)
    stop()
    await services.upgrades.settled()


async def test_edits_that_reach_out_are_refused_and_nothing_is_proposed(
    services: Services, coder: Coder, repo: Repo
) -> None:
    refused = [
        "../evil.py",
        "/etc/passwd",
        ".git/hooks/pre-commit",
        ".github/workflows/x.yml",
        "poetry.lock",
        "a\u202eb.py",
    ]
    coder.will(
        *(("write_source", {"path": path, "content": "x"}) for path in refused[:5]),
        edit("nothing like it", "x"),
        ("patch_source", {"path": "greeting.py", "diff": "@@ -1 +1 @@\n-def great(name):\n+def x(name):\n"}),
        ("propose_change", {"title": "Nothing", "description": "Nothing."}),
        "I could not do it.",
    )
    task_id = await services.coordinator.post("Propose a change: do evil")
    task = await services.coordinator.wait(task_id)
    assert all(answer.startswith("Error:") for answer in coder.heard), coder.heard
    assert (task.status, "No change was proposed" in task.reason) == ("failed", True)
    assert await services.upgrades.proposals() == []
    assert not list((services.paths.upgrades).glob("*/proposals/*"))
    assert repo.status() == ""


async def test_a_task_that_ends_without_a_proposal_leaves_no_draft(services: Services, coder: Coder) -> None:
    called: list[str] = []
    services.bus.subscribe(ToolCalled, lambda record: called.append(getattr(record.event, "tool", "")))
    coder.will(edit("hello", "goodbye"), "Never mind.")
    task_id = await services.coordinator.post("Propose a change: say goodbye")
    await services.coordinator.wait(task_id)
    assert called == ["edit_source"]
    assert not list((services.paths.upgrades).glob("*/proposals/*"))
