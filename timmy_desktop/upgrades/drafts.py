"""What an agent works on before it is a proposal: edits of a tree that nobody else sees, tested at wish.

The edits are made to a tree in the draft's own quarantine, never to files, so no link and no clever path
leads them anywhere.
"""

from __future__ import annotations

import ast
import json
import tomllib
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from timmy_desktop.clock import Clock
from timmy_desktop.identifiers import new_id
from timmy_desktop.upgrades.edits import MOST_CHARACTERS, Block, patched, replaced
from timmy_desktop.upgrades.errors import EditError, StateError
from timmy_desktop.upgrades.path_rules import checked_place
from timmy_desktop.upgrades.quarantine import EXECUTABLE, PLAIN, Quarantine
from timmy_desktop.upgrades.restoring import restored
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.trials import Trials
from timmy_desktop.upgrades.types import Proposal, TestReport
from timmy_desktop.upgrades.workshop import Workshop


@dataclass(frozen=True, slots=True)
class DraftLimits:
    """What one draft may use."""

    edits: int = 200
    test_runs: int = 12


@dataclass(slots=True)
class Draft:
    """One agent's work for one task. `proposal`: what it revises; None for something new."""

    id: str
    workshop: Workshop
    quarantine: Quarantine
    base: str
    tree: str
    proposal: Proposal | None = None
    edits: int = 0
    test_runs: int = 0
    tested_tree: str = ""
    last_test: TestReport | None = None
    broken: dict[str, str] = field(default_factory=dict)


Propose = Callable[[Draft, str, str, str], Awaitable[Proposal]]


class Drafts:
    """The drafts under way, by the task that they are for. A task that ends takes its draft with it."""

    def __init__(
        self, *, threads: UpgradeThreads, trials: Trials, clock: Clock, limits: DraftLimits, propose: Propose
    ) -> None:
        """`propose(draft, title, description, reasoning)` makes a proposal, or a revision, of it."""
        self._threads = threads
        self._trials = trials
        self._clock = clock
        self._limits = limits
        self._propose = propose
        self._drafts: dict[str, Draft] = {}
        self._proposed: dict[str, str] = {}
        self._expected: dict[str, str] = {}
        self._agents: dict[str, str] = {}

    @property
    def ids(self) -> set[str]:
        """The identifiers of those under way."""
        return {draft.id for draft in self._drafts.values()}

    def find(self, task_id: str) -> Draft | None:
        """The draft of a task, if there is one."""
        return self._drafts.get(task_id)

    def proposed_by(self, task_id: str) -> str:
        """The proposal that a task has ended in; empty when it has not."""
        return self._proposed.get(task_id, "")

    def expect(self, task_id: str, proposal_id: str) -> None:
        """The task is to revise that proposal."""
        self._expected[task_id] = proposal_id

    def expected(self, task_id: str) -> str:
        """The proposal that the task is to revise; empty when it is none."""
        return self._expected.get(task_id, "")

    def works_for(self, task_id: str, agent: str) -> None:
        """Who works on the task: the proposer of what comes of it."""
        self._agents[task_id] = agent

    def proposer_of(self, task_id: str) -> str:
        """The agent that works on the task."""
        return self._agents.get(task_id, "an agent")

    def task_of(self, draft: Draft) -> str:
        """The task that a draft is for."""
        return next((task_id for task_id, known in self._drafts.items() if known is draft), "")

    async def begin(
        self, task_id: str, workshop: Workshop, proposal: Proposal | None = None, patch: bytes = b""
    ) -> Draft:
        """Begins a draft on the target's head, with what the `patch` of a revised proposal does.

        What can't be merged is left with the usual marks, for the agent to resolve.
        """
        if task_id in self._proposed:
            raise StateError("This task has ended in a proposal already. A person decides now.")
        draft_id = new_id()

        def made() -> Draft:
            quarantine = workshop.quarantine(draft_id)
            base = workshop.repository.head(workshop.target.branch)
            tree = quarantine.resolve(base, "tree") if base else ""
            if not tree:
                raise StateError(f"The repository has no branch {workshop.target.branch} any more.")
            if proposal is not None:
                tree = merged_with(quarantine, base, proposal, patch)
            return Draft(draft_id, workshop, quarantine, base, tree, proposal)

        draft = await self._threads.git(made)
        if known := self._drafts.pop(task_id, None):
            await self._discard(known)
        self._drafts[task_id] = draft
        return draft

    async def read(self, draft: Draft, path: str) -> str:
        """The text of a file as the draft has it; EditError where there is none."""
        checked_place(path, ())
        text = await self._threads.git(lambda: _text(draft, path))
        if text is None:
            raise EditError(f"There is no text file {path!r} in the draft.")
        return text

    async def paths(self, draft: Draft) -> list[str]:
        """Every path of the draft."""
        return await self._threads.git(lambda: draft.quarantine.paths(draft.tree))

    async def replace(self, draft: Draft, path: str, blocks: Sequence[Block]) -> str:
        """Applies search-and-replace blocks exactly; says what the file is like then."""
        return await self._edit(draft, path, lambda text: replaced(_there(text, path), blocks, path))

    async def patch(self, draft: Draft, path: str, diff: str) -> str:
        """Applies the hunks of a unified diff exactly."""
        return await self._edit(draft, path, lambda text: patched(text or "", diff, path))

    async def write(self, draft: Draft, path: str, content: str) -> str:
        """Writes a whole file."""
        return await self._edit(draft, path, lambda _: content)

    async def delete(self, draft: Draft, path: str) -> str:
        """Removes a file."""

        def gone(text: str | None) -> None:
            _there(text, path)

        return await self._edit(draft, path, gone)

    async def test(self, draft: Draft) -> TestReport:
        """Runs the tests on the draft, in the sandbox."""
        if draft.broken:
            raise EditError(f"The tests were not run: {'; '.join(draft.broken.values())}")
        if draft.test_runs >= self._limits.test_runs:
            raise EditError(
                f"The tests ran {draft.test_runs} times, which is the limit. Propose, or give up."
            )
        draft.test_runs += 1
        report, _ = await self._trials.run(draft.workshop, draft.quarantine, draft.tree, "branch")
        draft.tested_tree, draft.last_test = draft.tree, report
        return report

    async def propose(self, task_id: str, title: str, description: str, reasoning: str) -> Proposal:
        """Ends the draft in a proposal. EditError where it is not fit for one."""
        draft = self._drafts.get(task_id)
        if draft is None:
            raise StateError("Nothing was changed yet, so there is nothing to propose.")
        if draft.broken:
            raise EditError(f"Not proposed: {'; '.join(draft.broken.values())}")
        proposal = await self._propose(draft, title, description, reasoning)
        self._proposed[task_id] = proposal.id
        self._drafts.pop(task_id, None)
        return proposal

    async def ended(self, task_id: str) -> None:
        """The task is over; a draft that was not proposed is discarded."""
        for known in (self._proposed, self._expected, self._agents):
            known.pop(task_id, None)
        if draft := self._drafts.pop(task_id, None):
            await self._discard(draft)

    async def _discard(self, draft: Draft) -> None:
        await self._threads.git(lambda: draft.workshop.discard(draft.id))

    async def _edit(self, draft: Draft, path: str, change: Callable[[str | None], str | None]) -> str:
        if draft.edits >= self._limits.edits:
            raise EditError(f"{draft.edits} edits were made, which is the limit. Propose, or give up.")
        draft.edits += 1

        def edited() -> tuple[str | None, str]:
            _refuse_place(draft, path)
            text = change(_text(draft, path))
            if text is not None and len(text) > MOST_CHARACTERS:
                raise EditError(f"{path} would have more than {MOST_CHARACTERS:,} characters.")
            content = None if text is None else text.encode("utf-8", "surrogateescape")
            draft.tree = draft.quarantine.written(draft.tree, {path: content})
            # Here too: to parse a megabyte takes longer than the window may wait.
            return text, "" if text is None else syntax_fault(path, text)

        text, fault = await self._threads.git(edited)
        draft.broken.pop(path, None)
        if fault:
            draft.broken[path] = fault
            return f"Done, but {fault}"
        return f"Done: {path} {'is gone' if text is None else f'has {text.count(chr(10)):,} lines now'}."


def merged_with(quarantine: Quarantine, head: str, proposal: Proposal, patch: bytes) -> str:
    """The tree that a proposal gives on a commit, with marks where the two can't be merged."""
    revision = proposal.revision
    old = revision.base_commit if revision.conflicts else revision.target_head
    tree = restored(quarantine, revision, patch)
    change = quarantine.commit(tree, [old], "change\n", author="upgrades", time_us=revision.created_us)
    return quarantine.merge(head, change).marked


def syntax_fault(path: str, text: str) -> str:
    """What is wrong with the syntax of Python, JSON or TOML; empty where nothing is, and for other files."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if path.endswith(".py"):
                ast.parse(text)
            elif path.endswith(".json"):
                json.loads(text)
            elif path.endswith(".toml"):
                tomllib.loads(text)
    except SyntaxError as error:
        return f"{path} is no valid Python now: line {error.lineno}: {error.msg}."
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{path} can't be parsed now: {error}."
    return ""


def _text(draft: Draft, path: str) -> str | None:
    content = draft.quarantine.blob(draft.tree, path, MOST_CHARACTERS * 4)
    if content is None or b"\0" in content:
        return None
    return content.decode("utf-8", "surrogateescape")


def _there(text: str | None, path: str) -> str:
    if text is None:
        raise EditError(f"There is no text file {path!r} to be changed.")
    return text


def _refuse_place(draft: Draft, path: str) -> None:
    """EditError for a place where none may write, by its name or by what lies on the way to it."""
    place = checked_place(path, draft.workshop.target.allowed, draft.workshop.repository.hooks_folder())
    entry = draft.quarantine.entry(draft.tree, path)
    if entry is not None and entry[0] not in (PLAIN, EXECUTABLE):
        raise EditError(f"{path!r} is not an ordinary file.")
    for above in [str(folder) for folder in place.parents if str(folder) != "."]:
        found = draft.quarantine.entry(draft.tree, above)
        if found is not None and found[0] != "040000":
            raise EditError(f"{above!r}, on the way to {path!r}, is not a folder.")
