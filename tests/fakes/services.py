"""Services light enough for a panel's test: a real bus over a real database, and small parts beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timmy_desktop.clock import SystemClock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.memory.types import MemoryStatus
from timmy_desktop.paths import Paths
from timmy_desktop.routing.models import ModelLibrary
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.settings import ProviderSettings, Secrets, Settings
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.storage.verification import ANCHOR_FILE, write_anchor
from timmy_desktop.supervisor import TaskSupervisor

KEY = b"k" * 32


@dataclass(frozen=True)
class FakeHealth:
    state: str = "ready"
    detail: str = ""
    model: str = "gemma3:270m"
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakeStatus:
    name: str = "ollama"
    kind: str = "ollama"
    state: str = "CLOSED"
    health: FakeHealth | None = FakeHealth()
    last_error: str = ""
    model: str = ""
    is_remote: bool = False
    last_latency_ms: int = -1


class FakeRouter:
    """Says what it is told to say; `check_now` counts."""

    def __init__(self, *statuses: FakeStatus) -> None:
        self.statuses = statuses
        self.checks = 0

    def status(self) -> tuple[FakeStatus, ...]:
        return self.statuses

    async def check_now(self) -> None:
        self.checks += 1

    async def warm_up(self) -> None:
        return None


@dataclass(frozen=True)
class FakeBalances:
    available_msat: int = 100_000_000


class FakeLedger:
    is_simulated = True

    def __init__(self, available_msat: int = 100_000_000) -> None:
        self.available_msat = available_msat

    async def balances(self) -> FakeBalances:
        return FakeBalances(self.available_msat)


@dataclass(frozen=True)
class FakeAgent:
    id: str
    name: str


@dataclass(frozen=True)
class FakeTask:
    id: str
    status: str


class FakeCoordinator:
    def __init__(self, agents: tuple[FakeAgent, ...] = (), tasks: tuple[FakeTask, ...] = ()) -> None:
        self._agents, self.views = agents, tasks

    def agents(self) -> tuple[FakeAgent, ...]:
        return self._agents

    async def tasks(self, limit: int = 200, **_: Any) -> list[FakeTask]:
        return list(self.views[:limit])


class FakeWorkspace:
    def __init__(self) -> None:
        self.folder: Path | None = None

    def open(self, path: Path) -> None:
        if not path.is_dir():
            raise ValueError(f"There is no folder {path}. Choose one that exists.")
        self.folder = path

    def close(self) -> None:
        self.folder = None


def _no_models() -> ModelLibrary:
    """A library whose Ollama does not run, and that has no files."""
    settings = Settings(cascade_providers=(ProviderSettings(kind="ollama", base_url="http://127.0.0.1:9"),))
    return ModelLibrary(settings=settings, folder=Path("no-such-folder"), clock=SystemClock())


class FakeMemoryStatus:
    """A memory that is all right and empty."""

    def status(self) -> MemoryStatus:
        return MemoryStatus("ready", "fake@1", "ready", 0, 0)


class FakeApprovals:
    """An upgrade queue of which only the number that wait is asked."""

    def __init__(self) -> None:
        self.waiting = 0

    async def pending(self) -> int:
        return self.waiting


@dataclass
class FakeServices:
    """Has the fields of services.Services that the window and its panels read."""

    paths: Paths
    router: Any = field(default_factory=lambda: FakeRouter(FakeStatus()))
    ledger: Any = field(default_factory=FakeLedger)
    coordinator: Any = field(default_factory=FakeCoordinator)
    timmy: Any = None
    memory: Any = field(default_factory=FakeMemoryStatus)
    models: Any = field(default_factory=_no_models)
    upgrades: Any = field(default_factory=FakeApprovals)
    workspace: Any = field(default_factory=FakeWorkspace)
    settings: Settings = field(default_factory=Settings)
    clock: Any = field(default_factory=SystemClock)
    secrets: Secrets = field(default_factory=lambda: Secrets({}))
    supervisor: TaskSupervisor = field(default_factory=TaskSupervisor)
    fail_with: BaseException | None = None
    """What `start` raises, once."""
    before_start: Callable[[], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        self.paths.data_dir.mkdir(parents=True, exist_ok=True)
        self.database = Database(self.paths.database)
        self.event_log = EventLog(self.database, self.clock, lambda _: KEY)
        self.bus = EventBus(self.event_log)
        self.event_index = EventIndex(
            log=self.event_log, database=self.database, clock=self.clock, supervisor=self.supervisor
        )
        self.scrubber = Scrubber(database=self.database, key=lambda: self.event_log.key)
        self.event_pruning = EventPruning(
            bus=self.bus,
            log=self.event_log,
            database=self.database,
            index=self.event_index,
            clock=self.clock,
            supervisor=self.supervisor,
            archives=self.paths.archives,
            base=self.scrubber.base,
        )
        self.started = self.stopped = 0

    async def start(self, purpose: str = "window", progress: Callable[[str], None] = lambda _: None) -> None:
        progress("Opening the database")
        if self.before_start is not None:
            await self.before_start()
        if self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        await self.database.open(self._prepare)
        seq, head = self.event_log.head
        write_anchor(self.paths.data_dir / ANCHOR_FILE, KEY, seq, head)
        self.started += 1

    async def stop(self) -> None:
        await self.supervisor.close()
        if self.started > self.stopped:
            self.stopped += 1
            await self.event_log.flush()
            await self.database.close()

    async def record(self, *events: Event) -> None:
        """Publishes events and waits until they are in the log."""
        await self.bus.publish(*events)

    def _prepare(self, session: Any) -> None:
        migrate(session, self.paths.backups)
        self.event_log.open(session)


def fake_services(folder: Path, **parts: Any) -> FakeServices:
    """Services over `folder`, not started yet; `parts` replace the defaults."""
    return FakeServices(paths=Paths.default(folder), **parts)
