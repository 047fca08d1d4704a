"""One SQLite file with one writer: every change goes through a single thread, readers beside it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from peewee import BaseQuery, DatabaseError, InterfaceError, SqliteDatabase

from timmy_desktop.storage.errors import StorageError, translated
from timmy_desktop.storage.event_words import says
from timmy_desktop.storage.private_file import make_private_file
from timmy_desktop.storage.writer import Writer, WriterThread

T = TypeVar("T")

READERS = 2
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "cache_size": -16_000,
    "secure_delete": "fast",
    "recursive_triggers": 1,  # else INSERT OR REPLACE deletes rows past the triggers that keep them
}
_TRANSACTION = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_SAVEPOINT = ("SAVEPOINT work", "RELEASE work", ("ROLLBACK TO work", "RELEASE work"))


class Session:
    """What a unit of work sees: peewee queries and plain SQL on the connection of its thread."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def execute(self, query: BaseQuery) -> Any:
        """Runs a peewee query and returns what its `execute` returns."""
        return query.execute(self._database)

    def dicts(self, query: BaseQuery) -> list[dict[str, Any]]:
        """Runs a peewee select and returns its rows as dictionaries."""
        return list(query.dicts().execute(self._database))

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs one SQL statement with bound parameters and returns all its rows."""
        return self.connection.execute(statement, parameters).fetchall()

    @property
    def connection(self) -> sqlite3.Connection:
        """The sqlite3 connection, for statements that peewee has no words for."""
        connection: sqlite3.Connection = self._database.connection()
        return connection

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; SQLite ends one by itself when the disk is full."""
        return self.connection.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: an immediate transaction, or a savepoint within one.

        Not peewee's own, which hides the cause when SQLite has already rolled back by itself.
        """
        begin, commit, undo = _SAVEPOINT if self.in_transaction else _TRANSACTION
        connection = self.connection
        connection.execute(begin)
        try:
            yield
            connection.execute(commit)
        except BaseException:
            if connection.in_transaction:
                for statement in undo:
                    connection.execute(statement)
            raise


class Database:
    """Opens the file, owns the writer thread and the readers, and closes them again."""

    def __init__(self, path: Path, writer: Writer | None = None) -> None:
        """`writer` is where changes are made: a thread of its own unless told otherwise."""
        self.path = path
        # Connections are closed from another thread than the one that used them, after it has ended.
        self._writer_database = SqliteDatabase(str(path), pragmas=_PRAGMAS, check_same_thread=False)
        self._reader_database = SqliteDatabase(
            str(path), pragmas={**_PRAGMAS, "query_only": 1}, check_same_thread=False
        )
        for database in (self._writer_database, self._reader_database):
            database.register_function(says, "event_says", 3)
        self._writer = writer or WriterThread("timmy-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="timmy-reader")
        self._reader_connections: list[sqlite3.Connection] = []
        self._held: dict[Path, int] = {}

    async def open(self, prepare: Callable[[Session], None]) -> None:
        """Opens the file on the writer and runs `prepare(session)` there: checks and migrations."""
        await self.on_writer(lambda: self._open(prepare))

    async def close(self) -> None:
        """Waits for work under way, folds the WAL into the file and closes every connection."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._readers.shutdown)
        for connection in self._reader_connections:
            connection.close()
        await self.on_writer(self._close_writer)
        while self._held:
            os.close(self._held.popitem()[1])
        await loop.run_in_executor(None, self._writer.shutdown)

    def close_now(self) -> None:
        """The same where no loop waits any more; blocks until work under way has ended."""
        self._readers.shutdown(cancel_futures=True)
        for connection in self._reader_connections:
            connection.close()
        self._writer.shutdown()
        self._writer_database.close()

    async def write(self, work: Callable[[Session], T]) -> T:
        """Runs `work(session)` in one transaction on the writer; StorageError when SQLite refuses."""
        return await self.on_writer(lambda: self._in_transaction(work))

    async def read(self, work: Callable[[Session], T]) -> T:
        """Runs `work(session)` on a reader, which sees everything committed before."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, work)

    async def on_writer(self, work: Callable[[], T]) -> T:
        """Runs `work()` where the writer is, where it may use `session()`; its result, or its error.

        A caller who is cancelled before its turn comes leaves `work` undone.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def job() -> Callable[[], None]:
            if done.cancelled():
                return _nothing
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised in the caller
                return partial(done.set_exception, error)
            return partial(done.set_result, result)

        self._writer.put(job, lambda settle: None if done.done() else settle())
        return await done

    def submit(self, work: Callable[[], T], then: Callable[[T], object]) -> None:
        """Queues `work()` for the writer, and `then(its result)` on the loop; `work` must not raise.

        RuntimeError when the database is closed.
        """
        self._writer.put(work, then)

    def held(self) -> Mapping[Path, int]:
        """Descriptors to read the bytes of the database's files by, for whoever must; they stay open.

        To close any descriptor of these files would let go of every lock that this process has on them:
        another process that then comes and goes would take itself for the last one, and remove the
        write-ahead log while it is in use.
        """
        for path in (self.path, self.path.with_name(f"{self.path.name}-shm")):
            if path not in self._held and path.exists():
                self._held[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return self._held

    def session(self) -> Session:
        """The writer's session; only on the writer thread."""
        return Session(self._writer_database)

    def _open(self, prepare: Callable[[Session], None]) -> None:
        try:
            make_private_file(self.path)
            self._writer_database.connect(reuse_if_open=True)
            prepare(self.session())
        except OSError as error:
            raise translated(error) from error
        except (DatabaseError, InterfaceError, sqlite3.Error) as error:
            raise translated(_cause(error)) from error

    def _close_writer(self) -> None:
        self._writer_database.close()

    def _in_transaction(self, work: Callable[[Session], T]) -> T:
        session = self.session()
        try:
            with session.transaction():
                return work(session)
        except (DatabaseError, InterfaceError, sqlite3.Error) as error:
            raise translated(_cause(error)) from error

    def _read(self, work: Callable[[Session], T]) -> T:
        try:
            if self._reader_database.connect(reuse_if_open=True):
                self._reader_connections.append(self._reader_database.connection())
            return work(Session(self._reader_database))
        except (DatabaseError, InterfaceError, sqlite3.Error) as error:
            raise translated(_cause(error)) from error


def _nothing() -> None:
    """What is left to do for a caller who has gone."""


def _cause(error: Exception) -> sqlite3.Error:
    cause = error.__cause__ or error
    return cause if isinstance(cause, sqlite3.Error) else sqlite3.DatabaseError(str(error))


__all__ = ["Database", "Session", "StorageError"]
