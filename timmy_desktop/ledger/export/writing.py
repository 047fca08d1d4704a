"""Writes an export: all lines or those that were asked for, from one moment's book, whole or not at all."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, TextIO

from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.export.beancount import Beancount
from timmy_desktop.ledger.export.booked import Booked, read_booked
from timmy_desktop.ledger.export.csv_lines import CsvLines
from timmy_desktop.ledger.export.json_lines import JsonLines
from timmy_desktop.ledger.export.pace import Pace
from timmy_desktop.ledger.history_lines import Scan
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.storage.database import Database, Session

Format = Literal["csv", "beancount", "jsonl"]
_BATCH = 40


class ExportCancelledError(LedgerError):
    """The person gave the export up; no file was written."""


class Writer(Protocol):
    """One format."""

    def write(self, lines: Iterable[Booked]) -> None: ...

    def finish(self) -> None: ...


FORMATS: dict[Format, Callable[[TextIO, Mapping[str, str]], Writer]] = {
    "csv": CsvLines,
    "beancount": Beancount,
    "jsonl": JsonLines,
}


@dataclass
class Progress:
    """How far an export is; `cancelled` set from any thread ends it."""

    done: int = 0
    total: int = 0
    cancelled: bool = False


class LedgerExport:
    """Reads off the loop, in one transaction, so that the file is of one moment."""

    def __init__(self, db: Database, *, pace: Pace | None = None) -> None:
        """`pace` leaves others their turn, where a window shares the interpreter."""
        self._db, self._pace = db, pace or Pace(work_seconds=math.inf, rest_seconds=0)

    async def write(
        self, path: Path, kind: Format, question: Question, progress: Progress | None = None
    ) -> int:
        """How many lines were written, oldest first. The file is its owner's alone.

        OSError where it can't be written; ExportCancelledError; what stood at `path` is then as it was.
        """
        told = progress or Progress()

        def work(session: Session) -> int | Exception:
            try:
                return self._written(session, path, kind, question, told)
            except (OSError, LedgerError) as error:
                return error

        result = await self._db.read(work)
        if isinstance(result, Exception):
            raise result
        return result

    def _written(
        self, session: Session, path: Path, kind: Format, question: Question, progress: Progress
    ) -> int:
        with _snapshot(session), _whole_file(path) as file:
            found = Scan(replace(question, order="time", descending=True)).run(session)
            progress.total = found.total
            names = {row[0]: row[1] for row in session.sql("SELECT id, name FROM agents")}
            writer = FORMATS[kind](file, names)
            self._pace.begin()
            for start in range(0, found.total, _BATCH):
                if progress.cancelled:
                    raise ExportCancelledError("The export was given up; no file was written.")
                writer.write(read_booked(session, found.of_places(start, _BATCH)))
                progress.done = min(start + _BATCH, found.total)
                self._pace.step()
            writer.finish()
        return progress.total


@contextmanager
def _snapshot(session: Session) -> Iterator[None]:
    session.connection.execute("BEGIN")
    try:
        yield
    finally:
        session.connection.execute("ROLLBACK")


@contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    """A file beside, moved to its place at a good end and removed at any other."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
