"""Documents into the memory: read with suspicion, cut on sense, taken again without duplicates."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from timmy_desktop.clock import Clock
from timmy_desktop.events.memory import MemoryForgotten
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import inert_line, storable
from timmy_desktop.memory import rows
from timmy_desktop.memory.chunking import Piece, TextKind, pieces
from timmy_desktop.memory.errors import DocumentError
from timmy_desktop.memory.pdf import PdfReading
from timmy_desktop.memory.store import Store
from timmy_desktop.memory.types import (
    Asker,
    DocumentView,
    FileOutcome,
    ImportReport,
    NewEntry,
    Progress,
    Visibility,
)
from timmy_desktop.memory.visibility import visible
from timmy_desktop.private_keys import without_private_keys
from timmy_desktop.secret_files import is_secret
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.erasing import erasing
from timmy_desktop.storage.errors import StorageError

Tell = Callable[[Progress], None]

MOST_FILES = 2000
MOST_TEXT_BYTES = 5_000_000
MOST_PDF_BYTES = 50_000_000
_SNIFFED = 8192
_MOST_REPLACED = 0.02
_SKIPPED_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "target", "dist", "build"}
)
_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".rst", ".adoc"})
_CODE = frozenset(
    {
        ".py", ".pyi", ".js", ".jsx", ".ts", ".tsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".rs", ".go", ".java",
        ".kt", ".swift", ".rb", ".php", ".cs", ".scala", ".sh", ".bash", ".zsh", ".lua", ".pl", ".r", ".sql",
        ".css", ".scss", ".html", ".xml", ".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".tf", ".vue",
        ".dart", ".ex",
    }
)  # fmt: skip
_LISTED = "SELECT d.id, d.path, d.title, d.owner, d.visibility, d.digest, count(e.id), d.bytes, d.imported_us"


class _Read(NamedTuple):
    """A file as it was read."""

    path: str
    title: str
    digest: str
    size: int
    parts: list[Piece]


@dataclass(frozen=True, slots=True)
class _Target:
    owner: str
    visibility: Visibility


class Documents:
    """Imports, one at a time, on a thread of its own."""

    def __init__(self, *, store: Store, db: Database, clock: Clock, pdf: PdfReading | None = None) -> None:
        """`pdf`: None reads PDFs as the application does."""
        self._pdf = pdf or PdfReading()
        self._store = store
        self._db = db
        self._clock = clock
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="timmy-documents")

    async def stop(self) -> None:
        """Ends a PDF that is being read, and the thread."""
        self._pdf.stop()
        await asyncio.to_thread(self._thread.shutdown)

    async def take_in(
        self, paths: Sequence[Path], *, owner: str, visibility: Visibility, tell: Tell
    ) -> ImportReport:
        """See Memory.import_documents."""
        async with self._turn:
            run = asyncio.get_running_loop().run_in_executor
            files, notes = await run(self._thread, _collected, list(paths))
            outcomes: list[FileOutcome] = []
            for number, file in enumerate(files):
                tell(Progress(inert_line(file.name, 80), number, len(files)))
                try:
                    read = await run(self._thread, _read, file, self._pdf)
                    outcomes.append(await self._keep(read, _Target(owner, visibility)))
                except (DocumentError, StorageError) as error:
                    outcomes.append(FileOutcome(str(file), "refused", reason=str(error)))
            tell(Progress("Done", len(files), len(files)))
            return ImportReport(tuple(outcomes), notes)

    async def listed(self, asker: Asker) -> list[DocumentView]:
        """See Memory.documents."""
        condition, parameters = visible(asker)
        condition = condition.replace("visibility", "e.visibility").replace("owner", "e.owner")
        statement = (
            f"{_LISTED} FROM memory_documents d JOIN memory_entries e ON e.document_id = d.id "
            f"WHERE {condition} GROUP BY d.id ORDER BY d.imported_us DESC, d.id DESC"
        )
        found = await self._db.read(lambda session: session.sql(statement, parameters))
        return [DocumentView(*row) for row in found]

    async def _keep(self, read: _Read, target: _Target) -> FileOutcome:
        known = await self._db.read(lambda session: _known(session, read, target))
        document_id, digest, visibility, path = known or ("", "", "", "")
        if digest == read.digest and (path != read.path or visibility == target.visibility):
            reason = "" if path == read.path else f"The same as {path}."
            return FileOutcome(read.path, "unchanged", len(read.parts), reason)
        identifier = document_id or new_id()
        old = await self._db.read(lambda session: _pieces_of(session, identifier, target.visibility))
        entries, kept = _entries(read, identifier, target, old)
        now = self._clock.now_us()

        def before(session: Session) -> list[int]:
            gone = _replace(session, identifier, kept, now)
            _write_document(session, identifier, read, target, now)
            return gone

        replaced = await self._db.read(lambda session: _replaced(session, identifier, kept))
        await self._store.add_all(entries, *replaced, before=before)
        return FileOutcome(read.path, "changed" if document_id else "new", len(read.parts))


def _known(session: Session, read: _Read, target: _Target) -> tuple[str, str, str, str] | None:
    """The document of that path, else one with the same bytes."""
    rows = session.sql(
        "SELECT id, digest, visibility, path FROM memory_documents WHERE owner = ? AND "
        "(path = ? OR (digest = ? AND visibility = ?)) ORDER BY path = ? DESC LIMIT 1",
        (target.owner, read.path, read.digest, target.visibility, read.path),
    )
    return rows[0] if rows else None


def _pieces_of(session: Session, identifier: str, visibility: str) -> dict[bytes, int]:
    """The pieces that may stay: those that are seen by the same people."""
    found = session.sql(
        "SELECT digest, number FROM memory_entries WHERE document_id = ? AND visibility = ?",
        (identifier, visibility),
    )
    return dict(found)


def _entries(
    read: _Read, identifier: str, target: _Target, old: dict[bytes, int]
) -> tuple[list[NewEntry], dict[int, int]]:
    """What is new, and the numbers of the pieces that stay with their new places."""
    new: list[NewEntry] = []
    kept: dict[int, int] = {}
    for place, piece in enumerate(read.parts, 1):
        digest = rows.digest(piece.text)
        if digest in old and old[digest] not in kept:
            kept[old[digest]] = place
            continue
        new.append(
            NewEntry(
                content=piece.text,
                type="document",
                owner=target.owner,
                visibility=target.visibility,
                source=read.path,
                document_id=identifier,
                chunk=place,
                metadata={"title": read.title, "heading": piece.heading, "of": len(read.parts)},
            )
        )
    return new, kept


def _replaced(session: Session, identifier: str, kept: dict[int, int]) -> list[MemoryForgotten]:
    """The events of the pieces that the document has no more."""
    gone = [
        row[0]
        for row in session.sql("SELECT id, number FROM memory_entries WHERE document_id = ?", (identifier,))
        if row[1] not in kept
    ]
    return [
        MemoryForgotten(source="memory", entries=some, reason="The document was imported anew.")
        for some in rows.chunks(gone)
    ]


def _replace(session: Session, identifier: str, kept: dict[int, int], now_us: int) -> list[int]:
    """Deletes the pieces that the document has no more; their numbers, and those of pieces that moved."""
    gone = [
        row[0]
        for row in session.sql("SELECT number FROM memory_entries WHERE document_id = ?", (identifier,))
        if row[0] not in kept
    ]
    with erasing(session):
        session.connection.executemany(
            "DELETE FROM memory_entries WHERE number = ?", [(row,) for row in gone]
        )
    session.connection.executemany(
        "UPDATE memory_entries SET chunk = ?, updated_us = ? WHERE number = ? AND chunk <> ?",
        [(place, now_us, number, place) for number, place in kept.items()],
    )
    return gone


def _write_document(session: Session, identifier: str, read: _Read, target: _Target, now_us: int) -> None:
    session.sql(
        "INSERT OR REPLACE INTO memory_documents"
        "(id, path, title, owner, visibility, digest, bytes, imported_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (identifier, read.path, read.title, target.owner, target.visibility, read.digest, read.size, now_us),
    )


def _collected(paths: Sequence[Path]) -> tuple[list[Path], str]:
    """The files to import, and what was left out."""
    found: dict[Path, None] = {}
    for path in paths:
        place = path.expanduser().absolute()
        if place.is_dir() and not place.is_symlink():
            for file in _walked(place):
                found[file] = None
                if len(found) > MOST_FILES:
                    break
        else:
            found[place] = None
    files = list(found)
    note = ""
    if len(files) > MOST_FILES:
        note = f"Only the first {MOST_FILES:,} files were looked at; import the folders within one by one."
    return files[:MOST_FILES], note


def _walked(folder: Path) -> Iterator[Path]:
    """The files that may hold text, without hidden ones, links and what programs made."""
    for root, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        )
        for name in sorted(names):
            file = Path(root) / name
            if not name.startswith(".") and not file.is_symlink() and _kind_of(file) is not None:
                yield file


def _kind_of(file: Path) -> TextKind | None:
    suffix = file.suffix.casefold()
    if suffix in _MARKDOWN:
        return "markdown"
    if suffix in _CODE:
        return "code"
    return "text" if suffix in ("", ".txt", ".text", ".log", ".csv", ".tsv", ".tex", ".org", ".pdf") else None


def _read(file: Path, pdf: PdfReading) -> _Read:
    if is_secret(file):
        raise DocumentError("It looks like it holds keys or passwords, which are not remembered.")
    is_pdf = file.suffix.casefold() == ".pdf"
    content = _content(file, MOST_PDF_BYTES if is_pdf else MOST_TEXT_BYTES)
    text = "\n\n".join(pdf.pages(content)) if is_pdf else _text(content)
    text = without_private_keys(storable(text).replace("\0", ""))
    parts = pieces(text, _kind_of(file) or "text")
    if not parts:
        why = (
            "its pages are pictures; a program that reads them (OCR) is needed first"
            if is_pdf
            else "it is empty"
        )
        raise DocumentError(f"There is no text in it: {why}.")
    return _Read(
        storable(str(file)), storable(file.name), hashlib.sha256(content).hexdigest(), len(content), parts
    )


def _content(file: Path, limit: int) -> bytes:
    try:
        # Looked at before it is opened: opening a device can have effects, a pipe waits for its writer.
        _refuse_special(os.lstat(file), limit)
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            _refuse_special(os.fstat(stream.fileno()), limit)
            return stream.read(limit)
    except OSError as error:
        raise DocumentError(f"It can't be read: {error.strerror or error}.") from error


def _refuse_special(status: os.stat_result, limit: int) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise DocumentError("It is a link. Import the file that it leads to.")
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("It is not an ordinary file.")
    if status.st_size > limit:
        raise DocumentError(
            f"It has {status.st_size:,} bytes; at most {limit:,} are taken. Cut it into parts."
        )


def _text(content: bytes) -> str:
    if b"\0" in content[:_SNIFFED]:
        raise DocumentError("It is a binary file, not text.")
    text = content.decode("utf-8-sig", "replace")
    if text.count("\ufffd") > _MOST_REPLACED * len(text) + 1:
        raise DocumentError("It is no UTF-8 text. Save it as UTF-8 first.")
    return text
