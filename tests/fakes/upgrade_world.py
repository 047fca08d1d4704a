"""An upgrade queue over a real database and real repositories; only the sandbox, at wish, is acted."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timmy_desktop.clock import Clock, SystemClock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.settings import Settings
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.upgrades.queue import UpgradeQueue
from timmy_desktop.upgrades.sandbox import Job, Limits, Sandbox, find_sandbox
from timmy_desktop.upgrades.sandbox_process import Ran
from timmy_desktop.upgrades.types import Proposal, Target

KEY = b"k" * 32
PERSON = "ann"
CHECKS = "checks_test.txt"


class ActedSandbox:
    """Runs nothing: each line of the tree's `checks_test.txt`, "name: file contains words", is a test.

    So what passes depends on the tree alone, as it does with real tests. "name: skip" is skipped.
    """

    name = "acted"
    confines = True

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.trees: list[dict[str, str]] = []
        self.answer: Callable[[Job], Ran | None] = lambda _: None
        self.hold: threading.Event | None = None

    def run(self, job: Job, limits: Limits, is_stopped: Callable[[], bool]) -> Ran:
        self.jobs.append(job)
        self.trees.append(
            {str(p.relative_to(job.tree)): p.read_text(errors="replace") for p in _files(job.tree)}
        )
        while self.hold is not None and not self.hold.wait(0.01):
            if is_stopped():
                return Ran(-9, "it was stopped", b"", "", 1)
        said = self.answer(job)
        return said if said is not None else _checked(job.tree)


def _files(tree: Path) -> list[Path]:
    return [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]


def _checked(tree: Path) -> Ran:
    checks = tree / CHECKS
    lines = checks.read_text().splitlines() if checks.exists() else []
    cases = [_case(tree, line) for line in lines if line.strip()]
    if not cases:
        return Ran(5, "", told([], 5), "", 1)
    status = int(any(outcome == "failed" for _, outcome in cases))
    return Ran(status, "", told(cases, status), "", 1)


def _case(tree: Path, line: str) -> tuple[str, str]:
    name, _, rule = line.partition(": ")
    if rule == "skip":
        return name, "skipped"
    file, _, words = rule.partition(" contains ")
    place = tree / file
    return name, "passed" if place.exists() and words in place.read_text() else "failed"


def told(cases: list[tuple[str, str]], end: int | None) -> bytes:
    """A report as the runner writes it."""
    lines: list[dict[str, Any]] = [{"runner": "acted"}, *({"collected": name} for name, _ in cases)]
    lines += [{"test": name, "outcome": outcome, "detail": "", "ms": 1} for name, outcome in cases]
    if end is not None:
        lines.append({"end": end})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@dataclass
class Repo:
    """A real repository with a branch `main`."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.commit(
            "the beginning", **(self.files or {"a.txt": "one\n", CHECKS: "test_a: a.txt contains one\n"})
        )

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for who in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{who}_NAME": "Bob", f"GIT_{who}_EMAIL": "bob@example.org"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str, /, **files: str | None) -> str:
        self.write(**files)
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")
        return self.head()

    def write(self, **files: str | None) -> None:
        for name, content in files.items():
            place = self.folder / name
            if content is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)

    def branch(self, name: str, /, **files: str | None) -> str:
        """A branch off the present one, with one commit; the present one is checked out again."""
        present = self.git("symbolic-ref", "--short", "HEAD")
        self.git("checkout", "-q", "-b", name)
        made = self.commit(name, **files)
        self.git("checkout", "-q", present)
        return made

    def head(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def status(self) -> str:
        return self.git("status", "--porcelain")

    def read(self, name: str, revision: str = "main") -> str:
        return self.git("show", f"{revision}:{name}")


class UpgradeWorld:
    """`async with UpgradeWorld(folder) as world`; a second one over the same folder is the next start."""

    def __init__(
        self,
        folder: Path,
        *,
        sandbox: Sandbox | None = None,
        real: bool = False,
        clock: Clock | None = None,
        ask_agent: Any = None,
        **settings: Any,
    ) -> None:
        """`real`: with this machine's own sandbox."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.clock = clock or SystemClock()
        self.supervisor = TaskSupervisor()
        self.db = Database(folder / "swarm.db")
        self.log = EventLog(self.db, self.clock, lambda _session: KEY)
        self.bus = EventBus(self.log)
        self.events: list[Event] = []
        self.bus.subscribe_all(lambda records: self.events.extend(record.event for record in records))
        self.acted = ActedSandbox()
        self.remembered: list[str] = []
        self.kept_here: list[str] = []
        found = sandbox or (None if real else self.acted)
        self.queue = UpgradeQueue(
            bus=self.bus, db=self.db, clock=self.clock, supervisor=self.supervisor, settings=Settings(**settings),
            folder=folder / "upgrades", chain_head=lambda: self.log.head, person=PERSON, remember=self._remember,
            ask_agent=ask_agent, find=find_sandbox if real else lambda: found,
        )  # fmt: skip

    async def __aenter__(self) -> UpgradeWorld:
        def prepare(session: Any) -> None:
            migrate(session, self.folder / "backups")
            self.log.open(session)

        await self.db.open(prepare)
        await self.queue.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.queue.stop()
        await self.supervisor.close()
        await self.log.flush()
        await self.db.close()

    async def opened(self, repo: Repo, **options: Any) -> Target:
        return await self.queue.open_target(repo.folder, **options)

    async def proposed(self, repo: Repo, branch: str = "feature", description: str = "A change") -> Proposal:
        """A branch of an opened repository, proposed and proved."""
        target = await self.opened(repo)
        proposal = await self.queue.propose_branch(target.id, branch, description=description)
        await self.queue.settled()
        return await self.queue.proposal(proposal.id)

    async def approved(self, proposal: Proposal) -> Proposal:
        """What became of it after a person approved what the diff shows."""
        diff = await self.queue.diff(proposal.id)
        await self.queue.approve(proposal.id, diff.digest)
        await self.queue.settled()
        return await self.queue.proposal(proposal.id)

    def types(self) -> list[str]:
        """What happened; how far it had come in between is noted too, and left out here."""
        return [event.type for event in self.events if event.type != "upgrade.noted"]

    def left(self) -> list[str]:
        """The quarantines that there are."""
        return sorted(path.name for path in self.folder.glob("upgrades/*/proposals/*"))

    async def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return await self.db.read(lambda session: session.sql(statement, parameters))

    async def task(self, task_id: str, *, local_only: bool) -> None:
        """A task's row as the coordinator would keep it."""
        statement = "INSERT INTO tasks(id, text, status, created_us, updated_us, local_only) VALUES (?, 'x', 'completed', 1, 1, ?)"
        await self.bus.publish(work=lambda session: session.sql(statement, (task_id, int(local_only))))

    async def _remember(self, text: str, local_only: bool) -> None:
        (self.kept_here if local_only else self.remembered).append(text)
