"""Brings vectors, shelves and index up to the table, again and again, from wherever it was interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from timmy_desktop.memory import due, rows
from timmy_desktop.memory.embedding import Embedder
from timmy_desktop.memory.errors import EmbedderError, IndexFault
from timmy_desktop.memory.index import VectorIndex
from timmy_desktop.memory.status import StatusBoard
from timmy_desktop.memory.types import Progress
from timmy_desktop.memory.vectors import Near, Shelves, Wanted
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

if TYPE_CHECKING:
    from timmy_desktop.memory.embedding import Vectors

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Above so many rows an exact comparison takes longer than asking the index and comparing what it names.
EXACT_MOST = 20_000
# The index is asked for so many times as many as are wanted, since some of them are not for the asker.
OVERSAMPLED = 8
_TEXTS_AT_ONCE = 16
_TEXTS_IN_A_CALL = 4  # a search waits for no more than these before its own text is embedded
_VECTORS_AT_ONCE = 128
_SHELF_PAGE = 4096
_WORTH_TELLING = 64
_AGAIN_SECONDS = 5.0
# What is stored meanwhile is embedded in one go, and those who store have the disk to themselves.
_LULL_SECONDS = 0.25
MODEL = "model"


class Drain:
    """One task does all the upkeep, so that its steps never meet; searches come in between."""

    def __init__(
        self,
        *,
        db: Database,
        embedder: Embedder,
        index: VectorIndex,
        supervisor: TaskSupervisor,
        board: StatusBoard,
        start_after: float,
        exact_most: int = EXACT_MOST,
    ) -> None:
        """The work begins `start_after` seconds after `start`, or when it is first woken."""
        self._db = db
        self._embedder = embedder
        self._index = index
        self._supervisor = supervisor
        self._board = board
        self._start_after = start_after
        self._exact_most = exact_most
        self._shelves = Shelves(embedder.dimensions)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-memory")
        self._is_loaded = self._is_open = False
        self._faults = 0
        self._done = 0  # into the index since it was last found complete, or begun anew
        self._changed: set[int] = set()
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._idle = asyncio.Event()
        self._step = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def model(self) -> str:
        """The identity of the model whose vectors count; empty without one."""
        return "" if self._board.current.embedder == "missing" else self._embedder.model

    @property
    def can_compare(self) -> bool:
        """Whether a search by meaning can be answered now."""
        return self._is_loaded and self._embedder.is_loaded

    @property
    def is_idle(self) -> bool:
        """Whether everything stored so far has been seen to."""
        return self._idle.is_set()

    def start(self) -> None:
        """Begins in the background."""
        self._board.set(model=self._embedder.model)
        self._task = self._supervisor.start("memory index", self._run())

    async def stop(self) -> None:
        """Ends between two steps; the next start goes on from there."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._idle.set()
        await self._embedder.close()
        await self._index.close()
        await asyncio.to_thread(self._thread.shutdown)

    def wake(self, numbers: Iterable[int] = ()) -> None:
        """There is something to do; the entries of `numbers` were changed or are gone."""
        self._changed.update(numbers)
        self._idle.clear()
        self._wake.set()

    async def settled(self) -> None:
        """Returns when there is nothing left that could be done."""
        if self._task is None or self._task.done():
            return
        if not self._idle.is_set():
            self._wake.set()
            self._hurry.set()
        await self._idle.wait()

    async def nearest(self, query: str, wanted: Wanted, limit: int) -> tuple[Vectors | None, list[Near]]:
        """The query's vector and the nearest entries: None and none where nothing has a vector.

        EmbedderError when the query can't be embedded.
        """
        if not len(self._shelves):
            return None, []
        vector = (await self._embedder.embed([query]))[0]
        most = self._exact_most if wanted.allowed is None and self._index_answers else sys.maxsize
        near = await self._on_thread(lambda: self._shelves.nearest_of(most, vector, wanted, limit))
        if near is None:
            near = await self._by_index(vector, wanted, limit)
        if near is None:
            near = await self._on_thread(lambda: self._shelves.nearest(vector, wanted, limit))
        return vector, near

    async def centre(self, texts: Sequence[str]) -> Vectors:
        """The mean of the texts' vectors: what they have in common. EmbedderError."""
        vectors = await self._embedder.embed(texts)
        mean: Vectors = vectors.mean(0)
        return mean

    async def cosines(self, vector: Vectors, numbers: Sequence[int]) -> dict[int, float]:
        """How near these entries are to a vector."""
        return await self._on_thread(lambda: self._shelves.cosines(vector, numbers))

    async def with_shelves(self, work: Callable[[Shelves], T]) -> T:
        """`work(shelves)` on their thread."""
        return await self._on_thread(lambda: work(self._shelves))

    async def paused(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does `work` while the upkeep stands still between two steps."""
        async with self._step:
            return await work()

    async def start_index_anew(self) -> None:
        """Removes the index's files and notes that everything is to be indexed; within `paused`."""
        self._is_open = False
        try:
            await self._index.discard()
        finally:
            await self._begin_anew()
        self._faults = 0
        self._board.set(index="waiting", detail="")

    async def drop_now(self, numbers: Sequence[int]) -> None:
        """Lets go of vectors in memory at once."""
        await self._on_thread(lambda: self._shelves.drop(numbers))

    async def in_index(self) -> list[int]:
        """The numbers that the index holds; for checks."""
        return await self._index.numbers()

    @property
    def _index_answers(self) -> bool:
        return self._is_open and self._board.current.index == "ready"

    async def _by_index(self, vector: Vectors, wanted: Wanted, limit: int) -> list[Near] | None:
        """None when too few of those that the index names are for the asker."""
        try:
            named = await self._index.nearest(vector, min(limit * OVERSAMPLED, len(self._shelves)))
        except IndexFault as error:
            logger.warning("The memory's index did not answer, so all was compared: %s", error)
            return None
        found = await self._on_thread(lambda: self._shelves.among(vector, wanted, named))
        return found[:limit] if len(found) >= limit else None

    async def _run(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._start_after)
        while True:
            self._wake.clear()
            try:
                await self._catch_up()
            except StorageError as error:
                logger.warning("The memory's index waits, the disk refused: %s", error)
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            if not self._wake.is_set():
                self._hurry.clear()
                self._idle.set()
                await self._wake.wait()
                await self._lull()

    async def _lull(self) -> None:
        """A moment in which more may come, unless somebody waits for what has come."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), _LULL_SECONDS if self._is_loaded else 0)

    async def _catch_up(self) -> None:
        self._done = 0
        await self._count()
        async with self._step:
            is_ready = await self._load()
        steps = (self._refresh, self._embed, self._fill, self._drop) if is_ready else (self._refresh,)
        while True:
            worked = False
            for step in steps:
                async with self._step:
                    worked = await step() or worked
            await self._count()
            if not worked:
                break
        self._board.set(progress=None)
        if is_ready and self._is_open:
            self._board.set(index="ready")

    async def _count(self) -> None:
        entries, pending = await self._db.read(due.counts)
        total = self._done + pending
        progress = Progress("Indexing", self._done, total) if pending and total > _WORTH_TELLING else None
        self._board.set(entries=entries, pending=pending, progress=progress)

    async def _begin_anew(self) -> None:
        """The index holds nothing: all is due."""
        await self._db.write(due.mark_unindexed)
        self._done = 0

    async def _load(self) -> bool:
        """The model, then the shelves; False without a model."""
        if self._is_loaded:
            return True
        self._board.set(embedder="loading")
        try:
            await self._embedder.load()
        except EmbedderError as error:
            self._board.set(embedder="missing", detail=f"{error} Until then only exact words are searched.")
            return False
        await self._db.write(self._note_model)
        await self._fill_shelves()
        self._is_loaded = True
        self._board.set(embedder="ready", detail="")
        return True

    def _note_model(self, session: Session) -> None:
        if rows.get_state(session, MODEL) != self._embedder.model:
            due.mark_unindexed(session)
            rows.set_state(session, MODEL, self._embedder.model)

    async def _fill_shelves(self) -> None:
        model, after = self._embedder.model, 0
        while True:
            page = await self._db.read(partial(due.shelf_page, model=model, after=after, limit=_SHELF_PAGE))
            if not page:
                return
            await self._on_thread(partial(self._shelves.put, page))
            after = page[-1].number

    async def _refresh(self) -> bool:
        """What was changed, in the shelves as in the table."""
        changed, self._changed = list(self._changed), set()
        if changed and self._is_loaded:
            model = self._embedder.model
            found = await self._db.read(lambda session: due.shelf_rows(session, model, changed))
            gone = set(changed) - {row.number for row in found}

            def shelve() -> None:
                self._shelves.drop(gone)
                self._shelves.put(found)

            await self._on_thread(shelve)
        return bool(changed)

    async def _embed(self) -> bool:
        model = self._embedder.model
        texts = await self._db.read(lambda session: due.texts(session, model, _TEXTS_AT_ONCE))
        if not texts:
            return False
        try:
            vectors = await self._embedded([text.content for text in texts])
        except EmbedderError as error:
            self._board.set(embedder="missing", detail=str(error))
            return False
        self._board.set(embedder="ready")
        made = [(text, vector.tobytes()) for text, vector in zip(texts, vectors, strict=True)]
        await self._db.write(lambda session: due.write_vectors(session, model, made))
        self._changed.update(text.number for text in texts)
        await self._refresh()
        return True

    async def _embedded(self, contents: Sequence[str]) -> list[Vectors]:
        vectors: list[Vectors] = []
        for start in range(0, len(contents), _TEXTS_IN_A_CALL):
            vectors.extend(await self._embedder.embed(contents[start : start + _TEXTS_IN_A_CALL]))
        return vectors

    async def _fill(self) -> bool:
        """Vectors into the index; one that turns out damaged is set aside and made anew, once."""
        model = self._embedder.model
        try:
            if not self._is_open:
                await self._open()
            batch = await self._db.read(lambda session: due.ready(session, model, _VECTORS_AT_ONCE))
            if not batch:
                return False
            if len(batch) >= _VECTORS_AT_ONCE:
                self._board.set(index="filling")
            import numpy as np

            vectors = np.array([np.frombuffer(row.vector, np.float32) for row in batch])
            await self._index.put([row.number for row in batch], vectors)
            await self._db.write(lambda session: due.mark_indexed(session, batch))
            self._done += len(batch)
        except IndexFault as error:
            return await self._broken(error)
        return True

    async def _drop(self) -> bool:
        numbers = await self._db.read(lambda session: due.graves(session, _VECTORS_AT_ONCE))
        if not numbers or not self._is_open:
            return False
        try:
            await self._index.drop(numbers)
        except IndexFault as error:
            return await self._broken(error)
        await self._db.write(lambda session: due.bury(session, numbers))
        return True

    async def _open(self) -> None:
        if not await self._index.open(self._embedder.model):
            await self._begin_anew()
        self._is_open = True

    async def _broken(self, error: IndexFault) -> bool:
        """Whether it is worth another try."""
        self._is_open = False
        self._faults += 1
        if self._faults > 2:
            detail = f"{error} Search works without it; rebuild it, or start again, to try anew."
            self._board.set(index="broken", detail=detail)
            return False
        logger.warning("The memory's index is set aside and made anew: %s", error)
        try:
            await self._index.set_aside()
        except IndexFault as again:
            self._board.set(index="broken", detail=str(again))
            return False
        await self._begin_anew()
        return True

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
