"""The documents in an export: a line for each file that its pieces came from, so that their list is whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from pydantic import BaseModel, ConfigDict, Field

from timmy_desktop.memory.rows import chunks
from timmy_desktop.memory.types import NewEntry, Visibility
from timmy_desktop.memory.visibility import marks
from timmy_desktop.storage.database import Session

VERSION = 2
_COLUMNS = ("id", "path", "title", "owner", "visibility", "digest", "bytes", "imported_us")
_NAMES = ", ".join(_COLUMNS)
_SAME_PLACE = "SELECT digest FROM memory_documents WHERE owner = ? AND path = ?"


class DocumentRow(BaseModel):
    """A document as its line has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=36)
    path: str = Field(max_length=5000)
    title: str = Field(max_length=1000)
    owner: str
    visibility: Visibility = "shared"
    digest: str = Field(default="", max_length=64)
    bytes: int = Field(default=0, ge=0)
    imported_us: int = Field(ge=0)


class DocumentLine(BaseModel):
    """Its line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: int = Field(ge=VERSION, le=VERSION)
    document: DocumentRow


def lines(session: Session, identifiers: Sequence[str]) -> list[bytes]:
    """The lines of these documents."""
    found = []
    for some in chunks(sorted(identifiers)):
        statement = f"SELECT {_NAMES} FROM memory_documents WHERE id IN ({marks(some)}) ORDER BY id"  # noqa: S608
        found += session.sql(statement, some)
    return [
        orjson.dumps(
            {"v": VERSION, "document": dict(zip(_COLUMNS, row, strict=True))},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for row in found
    ]


def told_of(entry: NewEntry, created_us: int) -> DocumentRow:
    """A document of which an export tells only by a piece of it, as earlier ones did."""
    return DocumentRow(
        id=entry.document_id,
        path=entry.source[:5000] or entry.document_id,
        title=str(entry.metadata.get("title") or entry.source.rpartition("/")[2])[:1000],
        owner=entry.owner,
        visibility=entry.visibility,
        imported_us=created_us,
    )


def take_in(session: Session, documents: Iterable[DocumentRow]) -> set[str]:
    """Writes those that are not there; those whose very same file is there already are returned instead."""
    same: set[str] = set()
    for document in documents:
        if session.sql("SELECT 1 FROM memory_documents WHERE id = ?", (document.id,)):
            continue
        place = session.sql(_SAME_PLACE, (document.owner, document.path))
        if place and document.digest and place[0][0] == document.digest:
            same.add(document.id)
            continue
        values = document.model_dump() | {"path": _free(session, document)}
        session.sql(
            f"INSERT INTO memory_documents({_NAMES}) VALUES ({marks(_COLUMNS)})",  # noqa: S608 - names
            [values[name] for name in _COLUMNS],
        )
    return same


def _free(session: Session, document: DocumentRow) -> str:
    """Its path, or one beside it where another state of the file is at that place."""
    path, number = document.path, 1
    while session.sql(_SAME_PLACE, (document.owner, path)):
        number += 1
        path = f"{document.path} ({number})"
    return path
