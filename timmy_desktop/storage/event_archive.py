"""Archives: what was pruned from the log, as a file that verifies by itself and opens like the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from timmy_desktop.storage.chain_key import chain_start
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_file import EventFileWriter, FileHead, read_rows
from timmy_desktop.storage.event_gaps import Stretch, gaps_between, hash_before
from timmy_desktop.storage.event_index import index_step
from timmy_desktop.storage.event_rows import LogRow, rows_between
from timmy_desktop.storage.migrations import migrate

ENDING = ".jsonl.gz"
_ROWS_AT_ONCE = 5_000
_COLUMNS = "file, made_us, rows, first_seq, last_seq, bytes, digest"


@dataclass(frozen=True, slots=True)
class Archive:
    """One file; `digest` is what the `log.pruned` of its events says."""

    path: Path
    made_us: int
    rows: int
    first_seq: int
    last_seq: int
    size: int
    digest: str


def archive_name(made_us: int, stretches: Sequence[Stretch]) -> str:
    """Says when it was made and which numbers it reaches over."""
    made = datetime.fromtimestamp(made_us / 1e6, UTC)
    return f"events-{made:%Y%m%dT%H%M%S}-{stretches[0].first}-{stretches[-1].last}{ENDING}"


def write_archive(
    session: Session, key: bytes, path: Path, stretches: Sequence[Stretch], digest: str, made_us: int
) -> Archive:
    """Writes what is about to go, sealed and on the disk; OSError where that fails, and no file then."""
    partial = path.with_name(f"partial-{path.name}")
    partial.unlink(missing_ok=True)
    head = head_for(session, key, stretches[0].first, made_us, kind="archive")
    writer = EventFileWriter(partial, key, head)
    try:
        before = stretches[0].first
        for stretch in stretches:
            write_between(session, writer, before, stretch.first - 1, omit=True)
            write_between(session, writer, stretch.first, stretch.last)
            before = stretch.last + 1
        end = writer.close()
    except BaseException:
        writer.abandon()
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)
    return Archive(path, made_us, end.rows, stretches[0].first, end.last_seq, path.stat().st_size, digest)


def head_for(session: Session, key: bytes, first: int, made_us: int, *, kind: str) -> FileHead:
    """The head of a file that begins at an event."""
    log_id = session.sql("SELECT value FROM meta WHERE name = 'log_id'")
    return FileHead(
        "archive" if kind == "archive" else "export",
        str(log_id[0][0]) if log_id else "",
        made_us,
        first,
        hash_before(session, first),
        chain_start(session, key),
    )


def write_between(
    session: Session, writer: EventFileWriter, first: int, last: int, *, omit: bool = False
) -> None:
    """Writes every number of a stretch: events (or that they are left out), and gaps where those are gone."""
    gaps = gaps_between(session, first, last)
    for gap in gaps:
        _write_rows(session, writer, first, gap.first - 1, omit)
        if session.sql("SELECT 1 FROM event_log WHERE seq = ?", (gap.first,)):
            _write_rows(session, writer, gap.first, gap.last, omit)
        else:
            writer.gap(gap)
        first = gap.last + 1
    _write_rows(session, writer, first, last, omit)


def keep_archive(session: Session, archive: Archive) -> None:
    """Notes that there is an archive."""
    values = (
        archive.path.name, archive.made_us, archive.rows, archive.first_seq, archive.last_seq, archive.size,
        archive.digest,
    )  # fmt: skip
    session.sql(f"INSERT OR REPLACE INTO event_archives({_COLUMNS}) VALUES (?,?,?,?,?,?,?)", values)  # noqa: S608


def archives(session: Session, folder: Path) -> list[Archive]:
    """The archives that were made, the newest first; a file may have been moved away since."""
    rows = session.sql(f"SELECT {_COLUMNS} FROM event_archives ORDER BY made_us DESC")  # noqa: S608
    return [Archive(folder / str(name), *rest) for name, *rest in rows]


async def open_file(path: Path, into: Path, progress: Callable[[int], None] = lambda _: None) -> Database:
    """A database in the folder `into` with the events of an archive or export, to be looked at like the log.

    Raises StorageError for what is not such a file; whether it is genuine the verifier says.
    """
    database = Database(into / "events.db")
    try:
        await database.open(lambda session: _migrate(session, into))
        await _fill(database, path, progress)
        while await database.write(lambda session: index_step(session, _ROWS_AT_ONCE)):
            pass
    except (ValueError, OSError) as error:
        await database.close()
        raise StorageError(str(error)) from error
    except BaseException:
        await database.close()
        raise
    return database


async def _fill(database: Database, path: Path, progress: Callable[[int], None]) -> None:
    rows, done = read_rows(path), 0
    while some := await asyncio.to_thread(lambda: list(islice(rows, _ROWS_AT_ONCE))):
        await database.write(partial(_insert, found=some))
        done += len(some)
        progress(done)


def _migrate(session: Session, into: Path) -> None:
    migrate(session, into)


def _insert(session: Session, found: Sequence[object]) -> None:
    rows = [tuple(row[:9]) for row in found if isinstance(row, LogRow)]
    session.connection.executemany("INSERT OR IGNORE INTO event_log VALUES (?,?,?,?,?,?,?,?,?)", rows)


def _write_rows(session: Session, writer: EventFileWriter, first: int, last: int, omit: bool) -> None:
    if last < first:
        return
    if omit:
        found = session.sql("SELECT hash FROM event_log WHERE seq = ?", (last,))
        writer.omitted(Stretch(first, last, bytes(found[0][0]) if found else b""))
        return
    for row in rows_between(session, first, last):
        writer.row(row)
