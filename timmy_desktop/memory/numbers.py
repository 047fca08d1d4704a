"""The memory in numbers."""

from __future__ import annotations

from pathlib import Path

from timmy_desktop.memory.types import Asker, Statistics
from timmy_desktop.memory.visibility import visible
from timmy_desktop.storage.database import Session

_MONTH = "strftime('%Y-%m', created_us / 1000000, 'unixepoch')"
_GROUPED = "SELECT {column}, count(*) FROM memory_entries WHERE {where} GROUP BY 1 ORDER BY {order}"
_USED = (
    "SELECT entry_id, count(DISTINCT reply_id) FROM memory_uses WHERE kind <> 'retrieved' AND entry_id IN "
    "(SELECT id FROM memory_entries WHERE {where}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
)
_TOTALS = """
    SELECT count(*), coalesce(sum(pinned), 0), coalesce(sum(superseded_by <> ''), 0),
        coalesce(sum(visibility = 'private'), 0),
        count(DISTINCT nullif(document_id, '')), coalesce(sum(vector_model = ?), 0),
        coalesce(sum(indexed_rev = rev), 0), coalesce(sum(length(CAST(content AS BLOB))), 0),
        coalesce(sum(length(vector)), 0), coalesce(sum(used_us = 0), 0),
        coalesce(min(created_us), 0), coalesce(max(created_us), 0)
    FROM memory_entries WHERE {where}
"""


def statistics(session: Session, asker: Asker, model: str, index_bytes: int) -> Statistics:
    """Of what the asker sees."""
    where, parameters = visible(asker)

    def pairs(column: str, order: str) -> tuple[tuple[str, int], ...]:
        found = session.sql(_GROUPED.format(column=column, where=where, order=order), parameters)
        return tuple((str(name), int(count)) for name, count in found)

    totals = session.sql(_TOTALS.format(where=where), [model, *parameters])[0]
    entries, pinned, superseded, private, documents, embedded, indexed, content, vectors, unused, *ages = (
        totals
    )
    used = session.sql(_USED.format(where=where), parameters)
    return Statistics(
        entries=entries,
        by_type=pairs("type", "2 DESC, 1"),
        by_owner=pairs("owner", "2 DESC, 1"),
        by_state=pairs("state", "2 DESC, 1"),
        by_month=pairs(_MONTH, "1"),
        pinned=pinned,
        superseded=superseded,
        private=private,
        documents=documents,
        embedded=embedded,
        indexed=indexed,
        content_bytes=content,
        vector_bytes=vectors,
        index_bytes=index_bytes,
        never_used=unused,
        most_used=tuple((str(name), int(count)) for name, count in used),
        oldest_us=ages[0],
        newest_us=ages[1],
    )


def folder_bytes(folder: Path) -> int:
    """How much the files below a folder take. Blocks."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # went away meanwhile
    return total
