"""Tools that read the history of the opened folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import Field

from timmy_desktop.inert import inert
from timmy_desktop.private_keys import without_private_keys
from timmy_desktop.secret_files import SECRET_FOLDERS, SECRET_NAMES
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools.base import Arguments, Tool, TypedTool, capped
from timmy_desktop.swarm.tools.threads import Stop, ToolThreads
from timmy_desktop.swarm.tools.workspace import Workspace
from timmy_desktop.upgrades.errors import RepositoryError
from timmy_desktop.upgrades.git_process import GitOutput
from timmy_desktop.upgrades.repository import Repository

Revision = Annotated[str, Field(max_length=200, description="A branch, tag, hash, HEAD or HEAD~2.")]
OnlyPath = Annotated[str, Field(max_length=4096, description="Only this path within the folder.")]
A = TypeVar("A", bound=Arguments)


class _GitTool(TypedTool[A]):
    def __init__(self, workspace: Workspace, threads: ToolThreads) -> None:
        self._workspace = workspace
        self._threads = threads

    async def answer(self, arguments: A) -> str:
        return await self._threads.run(lambda stop: self._answer(arguments, stop))

    def read(self, repository: Repository, arguments: A) -> GitOutput:
        raise NotImplementedError

    def _answer(self, arguments: A, stop: Stop) -> str:
        repository = Repository(
            self._workspace.root(),
            hidden=SECRET_NAMES,
            hidden_folders=SECRET_FOLDERS,
            is_stopped=stop.is_set,
        )
        try:
            output = self.read(repository, arguments)
        except RepositoryError as error:
            raise ToolError(str(error)) from error
        text = inert(without_private_keys(output.text)).strip()
        if not text:
            return "Nothing to show."
        return capped(f"{text}\n[There is more.]" if output.is_cut else text, "output")

    def _place(self, path: str) -> str:
        """The path relative to the folder, refused like any other that leads out or holds secrets."""
        return "" if path in ("", ".") else str(self._workspace.locate(path))


class LogArguments(Arguments):
    revision: Revision = "HEAD"
    path: OnlyPath = ""
    count: Annotated[int, Field(ge=1, le=100, description="How many commits.")] = 20
    skip: Annotated[int, Field(ge=0, le=1_000_000, description="How many to leave out first.")] = 0


class GitLog(_GitTool[LogArguments]):
    """Commits, newest first."""

    name = "git_log"
    description = "Lists commits of the opened folder's git repository: hash, date, author, subject."
    arguments = LogArguments

    def read(self, repository: Repository, arguments: LogArguments) -> GitOutput:
        place = self._place(arguments.path)
        return repository.log(
            revision=arguments.revision, path=place, count=arguments.count, skip=arguments.skip
        )


class ShowArguments(Arguments):
    revision: Revision = "HEAD"
    path: OnlyPath = ""
    whole_file: Annotated[
        bool, Field(description="Show the whole file at `path` as it was then, not the change.")
    ] = False


class GitShow(_GitTool[ShowArguments]):
    """One commit, or a file as it was."""

    name = "git_show"
    description = "Shows one commit with its changes, or a file as it was at that commit."
    arguments = ShowArguments

    def read(self, repository: Repository, arguments: ShowArguments) -> GitOutput:
        place = self._place(arguments.path)
        if not arguments.whole_file:
            return repository.show(revision=arguments.revision, path=place)
        if not place:
            raise ToolError("whole_file needs the path of a file.")
        return repository.file(revision=arguments.revision, path=place)


class DiffArguments(Arguments):
    base: Annotated[
        str,
        Field(max_length=200, description="The older commit; empty for what is staged or last committed."),
    ] = ""
    target: Annotated[
        str, Field(max_length=200, description="The newer commit; empty for the files as they are now.")
    ] = ""
    path: OnlyPath = ""
    staged: Annotated[bool, Field(description="Compare what is staged, not the files.")] = False


class GitDiff(_GitTool[DiffArguments]):
    """Changes between commits, or not yet committed."""

    name = "git_diff"
    description = "Shows what changed between two commits, or what is not committed yet."
    arguments = DiffArguments

    def read(self, repository: Repository, arguments: DiffArguments) -> GitOutput:
        if arguments.target and not arguments.base:
            raise ToolError("A target needs a base to compare it with.")
        place = self._place(arguments.path)
        return repository.diff(
            base=arguments.base, target=arguments.target, path=place, staged=arguments.staged
        )


def git_tools(workspace: Workspace, threads: ToolThreads) -> tuple[Tool, ...]:
    """The tools of this module."""
    tools: tuple[Callable[[Workspace, ToolThreads], Tool], ...] = (GitLog, GitShow, GitDiff)
    return tuple(tool(workspace, threads) for tool in tools)
