"""The tools by which an agent changes code: in a draft that nobody sees, tested, ending in a proposal.

There is no tool that applies anything. A person does that, or nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Protocol, TypeVar

from pydantic import Field

from timmy_desktop.inert import inert
from timmy_desktop.private_keys import without_private_keys
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools.base import Arguments, capped
from timmy_desktop.swarm.tools.caller import Caller, CallerTool
from timmy_desktop.upgrades.drafts import Draft, Drafts
from timmy_desktop.upgrades.edits import Block
from timmy_desktop.upgrades.errors import RepositoryError, UpgradeError
from timmy_desktop.upgrades.types import TestReport

_MOST_FAILURES = 8
_MOST_PATHS = 2_000
_DETAIL = 1_200

Place = Annotated[
    str, Field(min_length=1, max_length=1000, description="The file's path from the top of the repository.")
]


class Upgrades(Protocol):
    """What the tools need of the upgrade queue."""

    drafts: Drafts

    async def begin_draft(self, task_id: str, *, target: str = "", proposal_id: str = "") -> Draft: ...


class StartArguments(Arguments):
    repository: Annotated[
        str, Field(max_length=1000, description="Its name; needed where several are open.")
    ] = ""
    proposal: Annotated[
        str, Field(max_length=40, description="The proposal to be revised; empty for a new one.")
    ] = ""


class ListArguments(Arguments):
    folder: Annotated[str, Field(max_length=1000, description="Only below this folder.")] = ""


class ReadArguments(Arguments):
    path: Place
    first_line: Annotated[int, Field(ge=1, description="Where to begin.")] = 1
    lines: Annotated[int, Field(ge=1, le=2000, description="How many lines.")] = 400


class OneEdit(Arguments):
    search: Annotated[
        str, Field(min_length=1, description="Text that is there exactly once, white space too.")
    ]
    replace: Annotated[str, Field(description="What takes its place.")]


class EditArguments(Arguments):
    path: Place
    edits: Annotated[list[OneEdit], Field(min_length=1, max_length=50, description="Applied in turn.")]


class PatchArguments(Arguments):
    path: Place
    diff: Annotated[str, Field(min_length=1, description="Hunks of a unified diff of this one file.")]


class WriteArguments(Arguments):
    path: Place
    content: Annotated[str, Field(description="The whole file.")]


class DeleteArguments(Arguments):
    path: Place


class TestArguments(Arguments):
    __test__ = False  # not for pytest to collect


class ProposeArguments(Arguments):
    title: Annotated[str, Field(min_length=1, max_length=100, description="What it does, in a line.")]
    description: Annotated[
        str, Field(min_length=1, max_length=8000, description="What changes, for the person who decides.")
    ]
    reasoning: Annotated[str, Field(max_length=8000, description="Why this way.")] = ""


A = TypeVar("A", bound=Arguments)


class ChangeTool(CallerTool[A, Upgrades], Generic[A]):
    """A tool that works on the draft of the task that it is called for."""

    async def run_for(self, caller: Caller, arguments: Mapping[str, Any]) -> str:
        """Checks the arguments and answers this caller."""
        checked = self.checked(arguments)
        if self.service is None or not caller.task_id:
            raise ToolError("Nothing can be proposed here.")
        self.service.drafts.works_for(caller.task_id, caller.name)
        try:
            return await self.answer_for(self.service, caller.task_id, checked)
        except (UpgradeError, RepositoryError, StorageError) as error:
            raise ToolError(str(error)) from error

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: A) -> str:
        """The tool's own work."""
        raise NotImplementedError

    def works_on(self, task_id: str) -> str:
        """The draft as it is now."""
        draft = self.service.drafts.find(task_id) if self.service is not None else None
        return draft.tree if draft is not None else ""


class StartChange(ChangeTool[StartArguments]):
    """A draft, begun by name."""

    name = "start_change"
    description = "Begins a draft of a change. Needed only to choose a repository or revise a proposal."
    arguments = StartArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: StartArguments) -> str:
        draft = await upgrades.begin_draft(
            task_id, target=arguments.repository, proposal_id=arguments.proposal
        )
        about = (
            f"to revise the proposal {draft.proposal.title!r}" if draft.proposal else "on its newest commit"
        )
        return f"A draft of {draft.workshop.target.name} is begun, {about}."


class ListSource(ChangeTool[ListArguments]):
    """The draft's files."""

    name = "list_source"
    description = "Lists the files of the repository as the draft has them."
    arguments = ListArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: ListArguments) -> str:
        draft = await _draft(upgrades, task_id)
        below = f"{arguments.folder.strip('/')}/" if arguments.folder.strip("/.") else ""
        paths = [path for path in await upgrades.drafts.paths(draft) if path.startswith(below)]
        more = f"\n[{len(paths) - _MOST_PATHS:,} more]" if len(paths) > _MOST_PATHS else ""
        return capped(inert("\n".join(paths[:_MOST_PATHS])) + more) or "There is nothing."


class ReadSource(ChangeTool[ReadArguments]):
    """One of the draft's files."""

    name = "read_source"
    description = "Reads a file of the repository as the draft has it, without line numbers."
    arguments = ReadArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: ReadArguments) -> str:
        draft = await _draft(upgrades, task_id)
        text = without_private_keys(await upgrades.drafts.read(draft, arguments.path))
        lines = text.split("\n")
        shown = lines[arguments.first_line - 1 : arguments.first_line - 1 + arguments.lines]
        last = arguments.first_line + len(shown) - 1
        end = "" if last >= len(lines) else f"\n[Lines {last + 1:,} to {len(lines):,} follow.]"
        return capped(inert("\n".join(shown)) + end) or "The file is empty."


class EditSource(ChangeTool[EditArguments]):
    """Search and replace."""

    name = "edit_source"
    description = "Replaces exact pieces of a file in the draft. Each search text must be there exactly once."
    arguments = EditArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: EditArguments) -> str:
        draft = await _draft(upgrades, task_id)
        blocks = [Block(edit.search, edit.replace) for edit in arguments.edits]
        return await upgrades.drafts.replace(draft, arguments.path, blocks)


class PatchSource(ChangeTool[PatchArguments]):
    """A unified diff."""

    name = "patch_source"
    description = "Applies a unified diff to one file in the draft. Line numbers and context must be exact."
    arguments = PatchArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: PatchArguments) -> str:
        draft = await _draft(upgrades, task_id)
        return await upgrades.drafts.patch(draft, arguments.path, arguments.diff)


class WriteSource(ChangeTool[WriteArguments]):
    """A whole file."""

    name = "write_source"
    description = "Writes a whole file in the draft: for new files, and small ones."
    arguments = WriteArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: WriteArguments) -> str:
        draft = await _draft(upgrades, task_id)
        return await upgrades.drafts.write(draft, arguments.path, arguments.content)


class DeleteSource(ChangeTool[DeleteArguments]):
    """A file less."""

    name = "delete_source"
    description = "Removes a file from the draft."
    arguments = DeleteArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: DeleteArguments) -> str:
        draft = await _draft(upgrades, task_id)
        return await upgrades.drafts.delete(draft, arguments.path)


class TestChange(ChangeTool[TestArguments]):
    """The tests, in the sandbox."""

    __test__ = False

    name = "test_change"
    description = "Runs the repository's tests on the draft, in a sandbox, and tells which fail."
    arguments = TestArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: TestArguments) -> str:  # noqa: ARG002
        return capped(told(await upgrades.drafts.test(await _draft(upgrades, task_id))))


class ProposeChange(ChangeTool[ProposeArguments]):
    """The end of the work."""

    name = "propose_change"
    description = "Ends the work: proposes the draft to the person, who decides. Test it before."
    arguments = ProposeArguments

    async def answer_for(self, upgrades: Upgrades, task_id: str, arguments: ProposeArguments) -> str:
        proposal = await upgrades.drafts.propose(
            task_id, arguments.title, arguments.description, arguments.reasoning
        )
        return (
            f"Proposed as {proposal.id[-8:]}; it waits for the person's decision. Your work on it ends here: "
            "answer with what you propose, in a few sentences."
        )


def told(report: TestReport) -> str:
    """A report in words that a model can act on."""
    bad = [case for case in report.cases if case.outcome in ("failed", "error")]
    lines = [f"{report.outcome}: {report.summary}"]
    lines += [
        f"\n{case.outcome.upper()} {case.name}\n{case.detail[-_DETAIL:]}" for case in bad[:_MOST_FAILURES]
    ]
    if len(bad) > _MOST_FAILURES:
        lines.append(f"\n[{len(bad) - _MOST_FAILURES:,} more failed.]")
    if report.outcome == "broken":
        lines.append(report.output[-_DETAIL:])
    return "\n".join(lines)


async def _draft(upgrades: Upgrades, task_id: str) -> Draft:
    """The draft of the task, begun where there is none yet."""
    return upgrades.drafts.find(task_id) or await upgrades.begin_draft(task_id)


_TOOLS: tuple[type[ChangeTool[Any]], ...] = (
    StartChange, ListSource, ReadSource, EditSource, PatchSource, WriteSource, DeleteSource, TestChange,
    ProposeChange,
)  # fmt: skip


def change_tools(upgrades: Upgrades | None) -> tuple[ChangeTool[Any], ...]:
    """The tools of this module."""
    return tuple(tool(upgrades) for tool in _TOOLS)
