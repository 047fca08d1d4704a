"""How the memory of a data folder is, seen from outside while nothing of it runs. Blocks."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from timmy_desktop.memory.embedding import MODEL_NAME, check_installed
from timmy_desktop.memory.errors import EmbedderError

_COUNTS = "SELECT count(*), coalesce(sum(indexed_rev <> rev), 0) FROM memory_entries"


@dataclass(frozen=True, slots=True)
class Condition:
    """`embedder_fault` and `index_fault` say what is the matter, empty where nothing is; None: not known."""

    model: str
    embedder_fault: str
    index_fault: str
    entries: int | None = None
    pending: int | None = None


def condition(database: Path, index_folder: Path) -> Condition:
    """Looks at the model's files, the index's folder and the table. Nothing is loaded, nothing changed."""
    fault = ""
    try:
        check_installed()
    except EmbedderError as error:
        fault = str(error)
    entries, pending = _counts(database)
    return Condition(MODEL_NAME, fault, _index_fault(index_folder), entries, pending)


def _index_fault(folder: Path) -> str:
    if not folder.exists():
        return ""  # made when it is needed
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"{folder} is no folder that can be written"
    if any(folder.iterdir()) and not (folder / "chroma.sqlite3").is_file():
        return f"{folder} holds no index"
    return ""


def _counts(database: Path) -> tuple[int | None, int | None]:
    if not database.exists():
        return 0, 0
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            entries, pending = connection.execute(_COUNTS).fetchone()
            return int(entries), int(pending)
    except sqlite3.Error:
        return None, None  # older than the memory, or damaged: another finding tells
