"""Writes events into files: for spreadsheets, programs, tracing tools, and to be verified elsewhere."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal, get_args

from timmy_desktop.inert import inert
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_archive import head_for, write_between
from timmy_desktop.storage.event_file import EventFileWriter
from timmy_desktop.storage.event_filter import EventFilter, severity_of
from timmy_desktop.storage.event_positions import Order, Positions, count_part, make_query, parts, seqs_at
from timmy_desktop.storage.event_rows import LogRow, rows_of
from timmy_desktop.storage.event_spans import as_spans

Format = Literal["csv", "jsonl", "otel", "verifiable"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS = {"csv": ".csv", "jsonl": ".jsonl", "otel": ".otlp.json", "verifiable": ".jsonl.gz"}
_AT_ONCE = 1_000
_COLUMNS = ("seq", "time_utc", "type", "severity", "source", "task_id", "agent_id", "data")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Progress = Callable[[int, int], None]
"""How many are written, of how many; may raise to stop."""
Clean = Callable[[LogRow], LogRow]
"""Takes out of an event what may not leave."""


def as_it_is(row: LogRow) -> LogRow:
    """Nothing is taken out."""
    return row


def export(
    session: Session,
    path: Path,
    form: Format,
    wanted: EventFilter,
    *,
    key: bytes,
    made_us: int,
    progress: Progress = lambda *_: None,
    clean: Clean = as_it_is,
) -> int:
    """Writes the events that pass the filter, oldest first, whole or not at all; how many there were.

    A verifiable file holds every event of the log, whatever the filter, as it was hashed: `clean` can't touch
    it. Raises OSError.
    """
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    partial.unlink(missing_ok=True)
    try:
        if form == "verifiable":
            written = _verifiable(session, partial, key, made_us)
        else:
            written = _plain(partial, form, map(clean, rows_for(session, wanted, progress)))
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return written


def rows_for(session: Session, wanted: EventFilter, progress: Progress = lambda *_: None) -> Iterator[LogRow]:
    """Every event that passes a filter, whole, oldest first; a thousand are held at once."""
    query = make_query(session, wanted, Order("time", descending=False))
    positions = Positions([one for part in parts(query) for one in count_part(session, query, *part)])
    for start in range(0, len(positions), _AT_ONCE):
        yield from rows_of(session, seqs_at(session, query, positions, start, _AT_ONCE), shown=0)
        progress(min(start + _AT_ONCE, len(positions)), len(positions))


def csv_lines(rows: Sequence[LogRow]) -> str:
    """Events for the clipboard."""
    import io

    out = io.StringIO()
    _write_csv(out, iter(rows))
    return out.getvalue()


def json_line(row: LogRow) -> str:
    """One event as an object on one line, in ASCII: inert on any terminal."""
    values = {
        "seq": row.seq, "time_us": row.time_us, "type": row.type, "version": row.version,
        "source": row.source, "task_id": row.task_id, "agent_id": row.agent_id,
        "data": _without_preimage(row), "hash": row.hash.hex(),
    }  # fmt: skip
    return json.dumps(values, ensure_ascii=True)


def safe_cell(text: str) -> str:
    """Text that a spreadsheet takes for text and a terminal for nothing."""
    shown = inert(text).replace("\n", "\\n").replace("\t", "\\t")
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def utc(time_us: int) -> str:
    """ISO 8601 to the microsecond."""
    moment = datetime.fromtimestamp(time_us / 1_000_000, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(path: Path, form: Format, rows: Iterator[LogRow]) -> int:
    counted = _Counted(rows)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
        if form == "csv":
            _write_csv(out, iter(counted))
        elif form == "jsonl":
            out.writelines(f"{json_line(row)}\n" for row in counted)
        else:
            out.writelines(f"{line}\n" for line in as_spans(iter(counted)))
        out.flush()
        os.fsync(out.fileno())
    return counted.count


def _verifiable(session: Session, path: Path, key: bytes, made_us: int) -> int:
    ends = [session.sql(f"SELECT {end}(seq) FROM event_log")[0][0] for end in ("min", "max")]  # noqa: S608
    writer = EventFileWriter(path, key, head_for(session, key, 1, made_us, kind="export"))
    try:
        if ends[0] is not None:
            write_between(session, writer, 1, ends[1])
        return writer.close().rows
    except BaseException:
        writer.abandon()
        raise


def _write_csv(out: IO[str], rows: Iterator[LogRow]) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        data = json.dumps(_without_preimage(row), ensure_ascii=False)
        texts = (row.type, severity_of(row.type), row.source, row.task_id, row.agent_id, data)
        writer.writerow((row.seq, utc(row.time_us), *map(safe_cell, texts)))


def _without_preimage(row: LogRow) -> dict[str, object]:
    """A preimage proves a payment: it stays at home."""
    return {name: value for name, value in row.values().items() if name != "preimage"}


class _Counted:
    """Counts what goes by."""

    def __init__(self, rows: Iterator[LogRow]) -> None:
        self._rows, self.count = rows, 0

    def __iter__(self) -> Iterator[LogRow]:
        for row in self._rows:
            self.count += 1
            yield row
