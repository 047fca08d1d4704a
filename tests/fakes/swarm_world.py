"""A whole swarm over a real database, ledger and router; only the model, and at wish the bidders, are acted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.lightning import FakeLightning
from tests.fakes.memory_world import FakeEmbedder, FakeIndex
from tests.fakes.providers import Script, ScriptedProvider
from timmy_desktop.agent.timmy import Timmy
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.ledger import Ledger, Limits
from timmy_desktop.ledger.backends.base import LightningBackend
from timmy_desktop.memory import Memory
from timmy_desktop.memory.index import VectorIndex
from timmy_desktop.routing.router import CascadeRouter
from timmy_desktop.routing.types import CompletionRequest
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.settings import Settings
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.bidding import Bids, persona_bid
from timmy_desktop.swarm.coordinator import Coordinator
from timmy_desktop.swarm.personas import Persona, personas
from timmy_desktop.swarm.registry import Registry
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.workspace import Workspace

TREASURY = 100_000_000


class AnsweringProvider(ScriptedProvider):
    """Takes each request's script from a function of the request, where there is one."""

    answer: Callable[[CompletionRequest], Script] | None = None

    def stream(self, request: CompletionRequest) -> Any:
        if self.answer is not None:
            self.scripts = [self.answer(request)]
        return super().stream(request)


def holding() -> AnsweringProvider:
    """A model that says nothing until its `release` is set, then "Hello world"."""
    return AnsweringProvider(script=Script(hangs=True))


@contextmanager
def busy_writer(world: SwarmWorld) -> Iterator[None]:
    """The disk is slow for as long as the block lasts."""
    free = threading.Event()
    world.db.submit(lambda: free.wait(5), lambda _: None)
    try:
        yield
    finally:
        free.set()


class SwarmWorld:
    """`async with SwarmWorld(folder) as world`; `await world.crash()` before the end leaves all as it lies."""

    def __init__(
        self,
        folder: Path,
        *,
        provider: ScriptedProvider | None = None,
        providers: Sequence[ScriptedProvider] = (),
        bids: Bids = persona_bid,
        people: Sequence[Persona] | None = None,
        workspace: Path | None = None,
        mood: str = "settles",
        treasury_msat: int = TREASURY,
        with_memory: bool = False,
        index: VectorIndex | None = None,
        limits: Limits | None = None,
        backend: LightningBackend | None = None,
        **settings: Any,
    ) -> None:
        self.provider = provider or AnsweringProvider()
        self.settings = Settings(auction_seconds=settings.pop("auction_seconds", 5.0), **settings)
        self.clock = SystemClock()
        self.supervisor = TaskSupervisor()
        self.db = Database(folder / "swarm.db")
        self.log = EventLog(self.db, self.clock, lambda _session: b"a key for tests")
        self.bus = EventBus(self.log)
        self.events: list[Event] = []
        self.bus.subscribe_all(self._note)
        self.workspace = Workspace(workspace)
        self._backups = folder / "backups"
        self.router = CascadeRouter(
            providers=providers or [self.provider], bus=self.bus, clock=self.clock, supervisor=self.supervisor
        )
        self.backend: Any = backend or FakeLightning(clock=self.clock, mood=mood)  # type: ignore[arg-type]
        self.ledger = Ledger(
            bus=self.bus, db=self.db, backend=self.backend, clock=self.clock, supervisor=self.supervisor,
            treasury_msat=treasury_msat, ask_again_seconds=0.01, limits=limits,
        )  # fmt: skip
        self.registry = Registry(
            bus=self.bus, db=self.db, clock=self.clock,
            personas=personas() if people is None else people,
        )  # fmt: skip
        self.index = index
        self.scrubber = Scrubber(database=self.db, key=lambda: self.log.key)
        self.pruning = EventPruning(
            bus=self.bus, log=self.log, database=self.db, clock=self.clock, supervisor=self.supervisor,
            index=EventIndex(log=self.log, database=self.db, clock=self.clock, supervisor=self.supervisor),
            archives=folder / "archives", base=self.scrubber.base,
        )  # fmt: skip
        self.memory = self._memory(folder) if with_memory else None
        self.tools = Toolbox(workspace=self.workspace, memory=self.memory, payer=self.ledger)
        self.coordinator = Coordinator(
            bus=self.bus, db=self.db, router=self.router, ledger=self.ledger, registry=self.registry,
            tools=self.tools, clock=self.clock, supervisor=self.supervisor,
            settings=self.settings, bids=bids, write_again_seconds=0.01, memory=self.memory,
        )  # fmt: skip
        self.timmy = Timmy(
            bus=self.bus, db=self.db, router=self.router, coordinator=self.coordinator, clock=self.clock,
            supervisor=self.supervisor, settings=self.settings, write_again_seconds=0.01, memory=self.memory,
        )  # fmt: skip
        self._crashed = False

    def _memory(self, folder: Path) -> Any:
        """A memory whose model and index are acted."""
        return Memory(
            bus=self.bus, db=self.db, clock=self.clock, supervisor=self.supervisor, embedder=FakeEmbedder(),
            index=self.index or FakeIndex(), settings=self.settings, data_dir=folder, index_folder=folder / "memory-index",
            backups=folder / "backups", start_after=0.0, write_prompts=self.router.flush,
            remove_events=self.pruning.remove_wanted,
        )  # fmt: skip

    async def __aenter__(self) -> SwarmWorld:
        def prepare(session: Any) -> None:
            migrate(session, self._backups)
            self.log.open(session)

        await self.db.open(prepare)
        await self.router.start()
        await self.ledger.start()
        if self.memory is not None:
            await self.pruning.start()
            await self.memory.start()
        await self.coordinator.start()
        await self.timmy.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._crashed:
            await self.timmy.stop()
            await self.coordinator.stop()
        await self.tools.stop()
        if self.memory is not None:
            await self.memory.stop()
        await self.ledger.stop()
        await self.router.stop()
        await self.supervisor.close()
        await self.log.flush()
        await self.db.close()

    async def crash(self) -> None:
        """Everything that runs ends at once, and nothing is put in order."""
        self._crashed = True
        await self.supervisor.close()

    def types(self, task_id: str = "") -> list[str]:
        return [event.type for event in self.events if not task_id or event.task_id == task_id]

    def of(self, kind: type[Event], task_id: str = "") -> list[Any]:
        return [
            event
            for event in self.events
            if type(event) is kind and (not task_id or event.task_id == task_id)
        ]

    async def audited(self) -> None:
        """Fails unless every sat is accounted for."""
        report = await self.ledger.check()
        assert report.problems == ()

    def _note(self, records: Any) -> None:
        self.events.extend(record.event for record in records if isinstance(record, EventRecord))
