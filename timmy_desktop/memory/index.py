"""Chroma, the persistent vector index: made from the table, never the only copy of anything.

It holds numbers and vectors, no word of what is remembered. chromadb is imported here alone, on the index's
own thread, when it is first needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from timmy_desktop.memory import freed_memory
from timmy_desktop.memory.errors import IndexFault
from timmy_desktop.memory.native_parts import breath, link_early

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

T = TypeVar("T")
logger = logging.getLogger(__name__)

_COLLECTION = "memory"
_SPACE = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 256, "max_neighbors": 24}}
_SET_ASIDE = ".damaged"


class VectorIndex(Protocol):
    """An index of vectors by entry number. Every method raises IndexFault when the index can't be used."""

    async def open(self, model: str) -> bool:
        """Opens it for that model's vectors; False when it is new, and so empty."""
        ...

    async def put(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Adds vectors, in the place of those with the same numbers. Durable when it returns."""
        ...

    async def drop(self, numbers: Sequence[int]) -> None:
        """Removes vectors; those that are not there are no matter."""
        ...

    async def nearest(self, vector: Vectors, limit: int) -> list[int]:
        """About the `limit` nearest, the nearest first."""
        ...

    async def numbers(self) -> list[int]:
        """Every number that it holds."""
        ...

    async def discard(self) -> None:
        """Closes it and removes its files; the next `open` begins anew."""
        ...

    async def set_aside(self) -> None:
        """The same, but a damaged index's files are kept beside the place, for whoever wants to look."""
        ...

    async def close(self) -> None:
        """Closes it and ends its thread."""
        ...


class ChromaIndex:
    """One Chroma collection in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="timmy-index")
        self._client: Any = None
        self._collection: Any = None

    async def open(self, model: str) -> bool:
        # Nothing is written yet: an import needs no cleared memory, which the whole process would pay for.
        await asyncio.get_running_loop().run_in_executor(self._executor, _translated, _bring_in)
        return await self._run(lambda: self._open(model))

    async def put(self, numbers: Sequence[int], vectors: Vectors) -> None:
        names = [str(number) for number in numbers]
        await self._run(lambda: self._used().upsert(ids=names, embeddings=vectors))

    async def drop(self, numbers: Sequence[int]) -> None:
        await self._run(lambda: self._used().delete(ids=[str(number) for number in numbers]))

    async def nearest(self, vector: Vectors, limit: int) -> list[int]:
        found = await self._run(
            lambda: self._used().query(query_embeddings=[vector], n_results=limit, include=[])
        )
        return [int(name) for name in found["ids"][0]]

    async def numbers(self) -> list[int]:
        found = await self._run(lambda: self._used().get(include=[]))
        return [int(name) for name in found["ids"]]

    async def discard(self) -> None:
        await self._run(self._discard)

    async def set_aside(self) -> None:
        await self._run(self._set_aside)

    async def close(self) -> None:
        if self._client is not None:
            with contextlib.suppress(IndexFault):
                await self._run(self._close)
        await asyncio.to_thread(self._executor.shutdown)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, _translated, partial(_cleared, work)
        )

    def _used(self) -> Any:
        if self._collection is None:
            raise IndexFault("The vector index is not open.")
        return self._collection

    def _open(self, model: str) -> bool:
        import chromadb
        from chromadb.config import Settings

        self._close()
        is_new = not self._folder.exists()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._folder.chmod(0o700)
        settings = Settings(anonymized_telemetry=False, is_persistent=True)
        self._client = chromadb.PersistentClient(str(self._folder), settings=settings)
        names = [collection.name for collection in self._client.list_collections()]
        if _COLLECTION in names:
            found = self._client.get_collection(_COLLECTION, embedding_function=None)
            if (found.metadata or {}).get("model") == model:
                found.count()
                self._collection = found
                return not is_new
            # Vectors of another model: nothing in there can be compared with what comes.
            self._discard()
            return self._open(model)
        self._collection = self._client.create_collection(
            _COLLECTION, metadata={"model": model}, configuration=_SPACE, embedding_function=None
        )
        return False

    def _close(self) -> None:
        from chromadb.api.shared_system_client import SharedSystemClient

        client, self._client, self._collection = self._client, None, None
        if client is not None:
            client.close()
        # Else a folder made anew at the same place would be met by the old one's open files, or its failure.
        SharedSystemClient.clear_system_cache()

    def _discard(self) -> None:
        self._close()
        for folder in (self._folder, self._folder.with_suffix(_SET_ASIDE)):
            if folder.exists():
                shutil.rmtree(folder)

    def _set_aside(self) -> None:
        self._close()
        aside = self._folder.with_suffix(_SET_ASIDE)
        if aside.exists():
            shutil.rmtree(aside)
        if self._folder.exists():
            os.replace(self._folder, aside)  # noqa: PTH105 - also over a link


def _bring_in() -> None:
    link_early("chromadb_rust_bindings")
    import chromadb  # noqa: F401

    breath()


def _cleared(work: Callable[[], T]) -> T:
    with freed_memory.cleared():
        return work()


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except IndexFault:
        raise
    except BaseException as error:
        # Chroma raises its own, sqlite3's, ValueError, and pyo3's PanicException, which is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise IndexFault(f"The vector index can't be used: {error or type(error).__name__}") from error
