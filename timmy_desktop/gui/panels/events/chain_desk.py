"""What is done about the chain: verify it, show where it is broken, prune it, and look after its archives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from timmy_desktop.storage.chain import ChainReport
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_archive import Archive, archives
from timmy_desktop.storage.event_export import Clean, as_it_is
from timmy_desktop.storage.event_rows import LogRow, neighbours_of

if TYPE_CHECKING:
    from timmy_desktop.storage.event_plan import PrunePlan

Progress = Callable[[str, int, int], None]


class Log(Protocol):
    """The part of the event log that proves it."""

    @property
    def head(self) -> tuple[int, bytes]: ...

    @property
    def key(self) -> bytes: ...


class Pruning(Protocol):
    """The part of the services that removes old events."""

    async def plan(self, before_us: int, types: tuple[str, ...] = ()) -> PrunePlan: ...

    async def prune(
        self, before_us: int, types: tuple[str, ...] = (), *, archive: bool = True, progress: Progress = ...
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class ChainParts:
    """What the desk works with."""

    log: Log
    database: Database
    pruning: Pruning
    anchor: Path
    archives: Path
    now_us: Callable[[], int]
    clean: Callable[[Session], Clean] = lambda _: as_it_is
    """What takes secrets out of an export; asked for on a reader."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found, and the events around the place where it is broken."""

    report: ChainReport
    neighbours: tuple[LogRow, ...] = ()
    when_us: int = 0


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What verifying a file found; no problems where it is whole."""

    path: Path
    rows: int
    problems: tuple[str, ...]


class ChainDesk:
    """Every question is answered off the window's thread."""

    def __init__(self, parts: ChainParts) -> None:
        self._parts = parts

    @property
    def head(self) -> tuple[int, str]:
        seq, digest = self._parts.log.head
        return seq, digest.hex()

    @property
    def folder(self) -> Path:
        return self._parts.archives

    async def verify(self, progress: Callable[[int, int], None]) -> Verdict:
        """Checks the whole log; `progress(rows, of)` comes on the loop."""
        from timmy_desktop.storage.verification import verify_log

        parts, loop = self._parts, asyncio.get_running_loop()
        total = parts.log.head[0]

        def told(rows: int) -> None:
            loop.call_soon_threadsafe(progress, rows, total)

        def work(session: Session) -> Verdict:
            report = verify_log(session, parts.database.path, parts.log.key, parts.anchor, told)
            around = neighbours_of(session, report.broken_seq) if report.broken_seq is not None else []
            return Verdict(report, tuple(around), parts.now_us())

        return await parts.database.read(work)

    async def plan(self, days: int, types: tuple[str, ...]) -> PrunePlan:
        return await self._parts.pruning.plan(self._before(days), types)

    async def prune(self, days: int, types: tuple[str, ...], archive: bool, progress: Progress) -> object:
        return await self._parts.pruning.prune(self._before(days), types, archive=archive, progress=progress)

    async def archives(self) -> list[Archive]:
        return await self._parts.database.read(lambda session: archives(session, self._parts.archives))

    async def verify_file(self, path: Path) -> FileVerdict:
        """Checks an archive or an export with this log's key, by the verifier that stands alone."""
        from timmy_desktop.storage.verify_timmy_log import UnusableError, verify_file

        try:
            report = await asyncio.to_thread(verify_file, path, self._parts.log.key)
        except (UnusableError, OSError) as error:
            return FileVerdict(path, 0, (str(error),))
        return FileVerdict(path, report.rows, tuple(finding.problem for finding in report.findings))

    def _before(self, days: int) -> int:
        return self._parts.now_us() - days * 86_400_000_000
