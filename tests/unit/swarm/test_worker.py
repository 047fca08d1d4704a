"""The agent loop: tools, limits, and ends that are what really happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld, holding
from timmy_desktop.events.agents import ToolCalled, ToolCompleted, ToolFailed
from timmy_desktop.events.codec import encode_data
from timmy_desktop.events.tasks import TaskStepped
from timmy_desktop.routing.types import CompletionRequest, ToolCall
from timmy_desktop.swarm.recordable import recordable
from timmy_desktop.swarm.task import TaskView
from timmy_desktop.swarm.worker import MOST_CALLS_A_STEP


def calls(*named: tuple[str, dict[str, Any]]) -> Script:
    return Script(
        words=(), calls=tuple(ToolCall(f"c{n}", name, arguments) for n, (name, arguments) in enumerate(named))
    )


async def done(world: SwarmWorld, text: str = "Write") -> TaskView:
    return await world.coordinator.wait(await world.coordinator.post(text))


async def test_an_agent_reads_a_file_and_answers(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    opened.mkdir()
    (opened / "notes.txt").write_text("The word is heron.\n")
    provider = AnsweringProvider(
        scripts=[calls(("read_file", {"path": "notes.txt"})), Script(words=("The word is heron.",))]
    )
    async with SwarmWorld(tmp_path, provider=provider, workspace=opened) as world:
        view = await done(world, "Which word is in notes.txt?")
        assert (view.status, view.result) == ("completed", "The word is heron.")
        answer = provider.requests[1].messages[-1]
        assert (answer.role, answer.tool_call_id, answer.content) == ("tool", "c0", "1\tThe word is heron.")
        [called], [completed] = world.of(ToolCalled), world.of(ToolCompleted)
        assert (called.tool, called.arguments) == ("read_file", {"path": "notes.txt"})
        assert (completed.summary, completed.task_id) == (answer.content, view.id)
        assert [step.tool_calls for step in world.of(TaskStepped)] == [["read_file"], []]


async def test_tool_errors_are_told_to_the_model(tmp_path: Path) -> None:
    wrong = [
        ("read_file", {"path": "../outside"}),
        ("rm", {}),
        ("read_file", {"path": 5, "x\ud800": float("nan"), "n": 10**400}),
    ]
    provider = AnsweringProvider(scripts=[calls(*wrong), Script(words=("It can't be read.",))])
    async with SwarmWorld(tmp_path, provider=provider, workspace=tmp_path) as world:
        view = await done(world)
        assert (view.status, view.result) == ("completed", "It can't be read.")
        answers = [message.content for message in provider.requests[1].messages[-3:]]
        assert "outside the opened folder" in answers[0]
        assert "no tool 'rm'" in answers[1]
        assert "arguments are wrong" in answers[2]
        assert len(world.of(ToolFailed)) == 3


async def test_the_same_call_again_and_again_ends_the_attempt(tmp_path: Path) -> None:
    provider = AnsweringProvider(script=calls(("list_files", {})))
    async with SwarmWorld(tmp_path, provider=provider, workspace=tmp_path, task_max_attempts=1) as world:
        view = await done(world)
        assert view.status == "failed"
        assert "same arguments" in view.reason
        assert len(world.of(ToolCalled)) == 1


async def test_a_call_that_did_not_fit_into_a_step_can_be_made_in_the_next(tmp_path: Path) -> None:
    named = [("search_files", {"pattern": f"word{n}"}) for n in range(MOST_CALLS_A_STEP + 1)]
    provider = AnsweringProvider(scripts=[calls(*named), calls(named[-1]), Script(words=("Done",))])
    workspace = tmp_path / "work"  # not the data folder: its database is a large file
    workspace.mkdir()
    async with SwarmWorld(tmp_path, provider=provider, workspace=workspace) as world:
        assert (await done(world)).status == "completed"
        refused, made = (provider.requests[step].messages[-1].content for step in (1, 2))
        assert "was not made" in refused
        assert made == "Nothing found."
        assert len(world.of(ToolCalled)) == MOST_CALLS_A_STEP + 1


async def test_the_last_step_has_no_tools_and_must_answer(tmp_path: Path) -> None:
    provider = AnsweringProvider()

    def answer(request: CompletionRequest) -> Script:
        if not request.tools:
            return Script(words=("Found",))
        return calls(("search_files", {"pattern": str(len(request.messages))}))

    provider.answer = answer
    async with SwarmWorld(tmp_path, provider=provider, workspace=tmp_path, task_max_steps=3) as world:
        view = await done(world)
        assert (view.status, view.result) == ("completed", "Found")
        assert len(provider.requests) == 3
        assert "last step" in provider.requests[-1].messages[-1].content


async def test_limits_of_time_and_tokens_are_the_reason_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with SwarmWorld(tmp_path / "a", provider=holding(), task_timeout_seconds=0.05) as world:
        view = await done(world)
        assert (view.status, view.attempt) == ("failed", 1)
        assert "time limit of 0.05 seconds" in view.reason
        assert world.provider.open_streams == 0
    provider = AnsweringProvider()
    provider.answer = lambda request: Script(
        words=("x",) * 20, calls=(ToolCall("c", "search_files", {"pattern": str(len(request.messages))}),)
    )
    (tmp_path / "b").mkdir()
    async with SwarmWorld(
        tmp_path / "b", provider=provider, task_max_tokens=30, task_max_attempts=1
    ) as world:
        view = await done(world)
        assert "limit of 30 tokens" in view.reason
        assert [request.max_tokens for request in provider.requests] == [30, 10]


async def test_a_task_that_stays_here_says_so_to_the_router(tmp_path: Path) -> None:
    remote = AnsweringProvider(name="far", is_remote=True)
    async with SwarmWorld(tmp_path, providers=[remote]) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Secret", local_only=True))
        assert view.status == "failed"
        assert remote.requests == []


async def test_surrogates_from_a_model_are_no_trouble(tmp_path: Path) -> None:
    provider = AnsweringProvider(script=Script(words=("a\ud800", "\x00b \x1b[2J")))
    async with SwarmWorld(tmp_path, provider=provider) as world:
        view = await done(world)
        assert (view.status, view.result) == ("completed", "a?\x00b \x1b[2J")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=9), values, max_size=5))
def test_whatever_arguments_a_model_makes_up_can_be_logged(arguments: dict[str, Any]) -> None:
    kept = recordable(arguments)
    assert encode_data(ToolCalled(call_id="1", tool="t", arguments=kept))
