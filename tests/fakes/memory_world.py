"""A whole memory over a real database; the model, and at wish the index, are acted."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.fakes.providers import FakeClock
from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.memory import Memory
from timmy_desktop.memory.embedding import Embedder
from timmy_desktop.memory.errors import EmbedderError, IndexFault
from timmy_desktop.memory.index import ChromaIndex, VectorIndex
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor

# What means the same to the fake model.
SYNONYMS = {"ship": "boat", "vessel": "boat", "home": "live", "residence": "live", "automobile": "car"}


class FakeEmbedder:
    """Bags of words as vectors: who shares words is near. Deterministic, in every process."""

    dimensions = 64

    def __init__(self, model: str = "fake@1", *, missing: bool = False, salt: str = "") -> None:
        self.model = model
        self.missing = missing
        self.salt = salt
        self.is_loaded = False
        self.asked: list[str] = []
        self.rounds = 0

    async def load(self) -> None:
        if self.missing:
            raise EmbedderError("The embedding model is not installed.")
        self.is_loaded = True

    async def embed(self, texts: Sequence[str]) -> Any:
        await self.load()
        self.asked.extend(texts)
        self.rounds += 1
        await asyncio.sleep(0)
        return np.array([self._vector(text) for text in texts], np.float32)

    async def close(self) -> None:
        return None

    def _vector(self, text: str) -> Any:
        vector = np.full(self.dimensions, 1e-3)
        for word in re.findall(r"\w+", text.casefold()):
            word = SYNONYMS.get(word, word)
            seed = hashlib.blake2b(f"{self.salt}{word}".encode(), digest_size=8).digest()
            vector += np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(self.dimensions)
        return vector / np.linalg.norm(vector)


class FakeIndex:
    """An index in memory, that breaks when told to."""

    def __init__(self) -> None:
        self.model = ""
        self.held: dict[int, Any] = {}
        self.faults = 0
        self.set_asides = 0
        self.is_open = False

    def _check(self) -> None:
        if self.faults:
            self.faults -= 1
            raise IndexFault("The vector index is damaged.")
        if not self.is_open:
            raise IndexFault("The vector index is not open.")

    async def open(self, model: str) -> bool:
        self.is_open = True
        self._check()
        known = self.model == model
        if not known:
            self.held.clear()
        self.model = model
        return known

    async def put(self, numbers: Sequence[int], vectors: Any) -> None:
        self._check()
        self.held |= dict(zip(numbers, np.array(vectors), strict=True))

    async def drop(self, numbers: Sequence[int]) -> None:
        self._check()
        for number in numbers:
            self.held.pop(number, None)

    async def nearest(self, vector: Any, limit: int) -> list[int]:
        self._check()
        return sorted(self.held, key=lambda number: -float(self.held[number] @ vector))[:limit]

    async def numbers(self) -> list[int]:
        self._check()
        return list(self.held)

    async def discard(self) -> None:
        self.held.clear()
        self.model = ""

    async def set_aside(self) -> None:
        self.set_asides += 1
        await self.discard()

    async def close(self) -> None:
        self.is_open = False


@dataclass(frozen=True)
class FakeMemorySettings:
    memory_keep_conversations: bool = True
    memory_keep_results: bool = True
    memory_facts: Any = "ask"
    memory_facts_by_model: bool = True
    memory_context_tokens: int = 400


class MemoryWorld:
    """`async with MemoryWorld(folder) as world`; a second one over the same folder is the next start."""

    def __init__(
        self,
        folder: Path,
        *,
        embedder: Embedder | None = None,
        index: VectorIndex | None = None,
        chroma: bool = False,
        clock: Clock | None = None,
        exact_most: int = 20_000,
        ask: Any = None,
        start_after: float = 0.0,
        **settings: Any,
    ) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.clock = clock or FakeClock()
        self.supervisor = TaskSupervisor()
        self.db = Database(folder / "swarm.db")
        self.log = EventLog(self.db, self.clock, lambda _session: b"a key for tests")
        self.bus = EventBus(self.log)
        self.events: list[Event] = []
        self.bus.subscribe_all(lambda records: self.events.extend(record.event for record in records))
        self.embedder = embedder or FakeEmbedder()
        self.pruning = EventPruning(
            bus=self.bus, log=self.log, database=self.db, clock=self.clock, supervisor=self.supervisor,
            index=EventIndex(log=self.log, database=self.db, clock=self.clock, supervisor=self.supervisor),
            archives=folder / "archives",
        )  # fmt: skip
        self.index = index or (ChromaIndex(folder / "memory-index") if chroma else FakeIndex())
        self.memory = Memory(
            bus=self.bus,
            db=self.db,
            clock=self.clock,
            supervisor=self.supervisor,
            embedder=self.embedder,
            index=self.index,
            settings=FakeMemorySettings(**settings),
            data_dir=folder,
            index_folder=folder / "memory-index",
            backups=folder / "backups",
            remove_events=self.pruning.remove_wanted,
            ask=ask,
            start_after=start_after,
            exact_most=exact_most,
        )

    async def __aenter__(self) -> MemoryWorld:
        def prepare(session: Session) -> None:
            migrate(session, self.folder / "backups")
            self.log.open(session)

        await self.db.open(prepare)
        await self.memory.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.memory.stop()
        await self.supervisor.close()
        await self.log.flush()
        await self.db.close()

    async def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return await self.db.read(lambda session: session.sql(statement, parameters))
