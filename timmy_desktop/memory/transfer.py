"""The memory as JSON lines: one entry or document a line, for a copy, another machine or another program."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.memory import MemoryStored, MemoryUpdated
from timmy_desktop.memory import document_lines, facts, rows
from timmy_desktop.memory.document_lines import DocumentLine, DocumentRow
from timmy_desktop.memory.drain import Drain
from timmy_desktop.memory.errors import EntryRejectedError, TransferError
from timmy_desktop.memory.store import SOURCE, checked
from timmy_desktop.memory.types import (
    Asker,
    Entry,
    EntryState,
    EntryType,
    Filters,
    NewEntry,
    Visibility,
)
from timmy_desktop.memory.visibility import both
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.private_file import write_private_file

VERSION = 1
_PAGE = 1000
_LONGEST_LINE = 1_000_000
_MOST_BYTES = 2_000_000_000


class Line(BaseModel):
    """A line of an export. What is left out takes its default; nothing unknown is accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: int = Field(default=VERSION, ge=1, le=VERSION)
    id: str = Field(min_length=36, max_length=36)
    type: EntryType
    content: str
    source: str = ""
    owner: str
    visibility: Visibility = "shared"
    state: EntryState = "accepted"
    task_id: str = ""
    conversation_id: str = ""
    message_id: str = ""
    document_id: str = ""
    chunk: int = 0
    local_only: bool = False
    pinned: bool = False
    superseded_by: str = ""
    metadata: dict[str, Any] = {}
    created_us: int = Field(ge=0)
    updated_us: int = Field(ge=0)


_COPIED = tuple(name for name in Line.model_fields if name != "v")


@dataclass(frozen=True, slots=True)
class _Taken:
    line: Line
    entry: NewEntry


@dataclass(frozen=True, slots=True)
class _Export:
    """What a file holds, checked."""

    entries: list[_Taken]
    documents: dict[str, DocumentRow]


class Transfer:
    """Export and import. What is imported keeps its identifiers, its times and what superseded what."""

    def __init__(self, *, bus: EventBus, db: Database, drain: Drain) -> None:
        self._bus = bus
        self._db = db
        self._drain = drain

    async def export(self, path: Path, asker: Asker, filters: Filters) -> int:
        """See Memory.export_lines."""
        lines: list[bytes] = []
        documents: set[str] = set()
        before = 0
        while True:
            page = await self._db.read(partial(_page, asker=asker, filters=filters, before=before))
            if not page:
                break
            before = page[-1].number
            lines += [_line(entry) for entry in page]
            documents.update(entry.document_id for entry in page if entry.document_id)
        lines.reverse()
        heads = await self._db.read(lambda session: document_lines.lines(session, list(documents)))
        try:
            await asyncio.to_thread(write_private_file, path, b"".join([*heads, *lines]))
        except OSError as error:
            raise TransferError(f"{path} can't be written: {error.strerror}.") from error
        return len(lines)

    async def take_in(self, path: Path) -> int:
        """See Memory.import_lines."""
        export = await asyncio.to_thread(_read, path)
        documents = list(export.documents.values())
        # Its pieces are here, under the identifier that the file was given here.
        same = await self._db.write(lambda session: document_lines.take_in(session, documents))
        taken = [one for one in export.entries if one.entry.document_id not in same]
        count = 0
        for start in range(0, len(taken), _PAGE):
            count += await self._write(taken[start : start + _PAGE])
        return count

    async def _write(self, taken: Sequence[_Taken]) -> int:
        known = await self._db.read(
            lambda session: {entry.id for entry in rows.by_id(session, [one.line.id for one in taken], "")}
        )
        new = [one for one in taken if one.line.id not in known]

        def work(session: Session) -> list[int]:
            return [_insert(session, one) for one in new]

        if new:
            self._drain.wake(await self._bus.publish(*_told(new), work=work))
        return len(new)


def _told(new: Sequence[_Taken]) -> list[Event]:
    """One event for all that have the same to tell."""
    stored: dict[tuple[str, str, str, str, bool], list[str]] = {}
    replaced: dict[str, list[str]] = {}
    for one in new:
        entry = one.entry
        key = (entry.type, entry.owner, entry.visibility, entry.state, entry.pinned)
        stored.setdefault(key, []).append(one.line.id)
        if one.line.superseded_by:
            replaced.setdefault(one.line.superseded_by, []).append(one.line.id)
    return [
        *(
            MemoryStored(
                source=SOURCE, entries=ids, entry_type=kind, owner=owner, visibility=visibility, state=state,
                pinned=pinned,
            )
            for (kind, owner, visibility, state, pinned), ids in stored.items()
        ),
        *(
            MemoryUpdated(source=SOURCE, entries=ids, what="superseded", superseded_by=by)
            for by, ids in replaced.items()
        ),
    ]  # fmt: skip


def _page(session: Session, asker: Asker, filters: Filters, before: int) -> list[Entry]:
    where = rows.seen(asker, filters)
    if before:
        where = both(where, ("number < ?", [before]))
    return rows.select(session, where, model="", limit=_PAGE)


def _line(entry: Entry) -> bytes:
    values = {name: getattr(entry, name) for name in _COPIED}
    values["metadata"] = dict(entry.metadata)
    return orjson.dumps({"v": VERSION, **values}, option=orjson.OPT_APPEND_NEWLINE)


def _insert(session: Session, one: _Taken) -> int:
    line, entry = one.line, one.entry
    subject = facts.subject(entry.content) if entry.type == "fact" else ""
    number = rows.insert(session, line.id, entry, subject, line.created_us, "").number
    session.sql(
        "UPDATE memory_entries SET superseded_by = ?, updated_us = ? WHERE number = ?",
        (line.superseded_by, line.updated_us, number),
    )
    return number


def _read(path: Path) -> _Export:
    """The whole file, checked before anything of it is written."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TransferError(f"{path.name} is larger than an import may be ({_MOST_BYTES:,} bytes).")
        with path.open("rb") as stream:
            every = list(_checked(stream, path.name))
    except OSError as error:
        raise TransferError(f"{path} can't be read: {error.strerror}.") from error
    entries = [one for one in every if isinstance(one, _Taken)]
    documents = {one.id: one for one in every if isinstance(one, DocumentRow)}
    for one in entries:
        if one.entry.document_id and one.entry.document_id not in documents:
            document = document_lines.told_of(one.entry, one.line.created_us)
            documents[document.id] = document
    return _Export(entries, documents)


def _checked(stream: Any, name: str) -> Iterator[_Taken | DocumentRow]:
    seen: set[str] = set()
    for number, text in enumerate(iter(lambda: stream.readline(_LONGEST_LINE), b""), 1):
        if not text.strip():
            continue
        try:
            values = orjson.loads(text)
            if isinstance(values, dict) and "document" in values:
                yield DocumentLine.model_validate(values).document
                continue
            line = Line.model_validate(values)
            entry = checked(NewEntry(**{field: getattr(line, field) for field in _GIVEN}))
        except (orjson.JSONDecodeError, ValidationError, EntryRejectedError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise TransferError(
                f"Line {number} of {name} is no memory: {reason}. Nothing was imported."
            ) from error
        if line.id not in seen:
            seen.add(line.id)
            yield _Taken(line, entry)


_GIVEN = tuple(name for name in _COPIED if name in NewEntry.__slots__)
