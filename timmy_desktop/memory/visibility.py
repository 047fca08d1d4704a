"""Who may see what: the one place that says so, for searches, contexts, tools and exports alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timmy_desktop.memory.types import Asker, Entry, Filters

Clause = tuple[str, list[Any]]


def visible(asker: Asker) -> Clause:
    """The SQL condition on `memory_entries` of what `asker` sees, with its parameters."""
    conditions, parameters = [], []
    if not asker.is_person:
        conditions.append("(visibility = 'shared' OR owner = ?)")
        parameters.append(asker.owner)
    if not asker.stays_here:
        conditions.append("local_only = 0")
    return " AND ".join(conditions) or "1", parameters


def sees(asker: Asker, owner: str, visibility: str, local_only: bool) -> bool:
    """The same for one entry's owner, visibility and locality."""
    if local_only and not asker.stays_here:
        return False
    return asker.is_person or visibility == "shared" or owner == asker.owner


def may_change(asker: Asker, entry: Entry) -> bool:
    """Whether the asker may change or forget it: the person anything, an agent its own."""
    return asker.is_person or entry.owner == asker.owner


def matching(filters: Filters) -> Clause:
    """The SQL condition of the filters, with its parameters."""
    conditions: list[str] = []
    parameters: list[Any] = []
    for column, values in (("type", filters.types), ("owner", filters.owners), ("state", filters.states)):
        if values:
            conditions.append(f"{column} IN ({marks(values)})")
            parameters += values
    for condition, value in (
        ("created_us >= ?", filters.since_us),
        ("created_us < ?", filters.until_us),
        ("task_id = ?", filters.task_id),
        ("conversation_id = ?", filters.conversation_id),
        ("document_id = ?", filters.document_id),
    ):
        if value:
            conditions.append(condition)
            parameters.append(value)
    if filters.pinned is not None:
        conditions.append("pinned = ?")
        parameters.append(int(filters.pinned))
    if not filters.superseded:
        conditions.append("superseded_by = ''")
    return " AND ".join(conditions) or "1", parameters


def both(*clauses: Clause) -> Clause:
    """All of the conditions together."""
    return (
        " AND ".join(f"({condition})" for condition, _ in clauses),
        [parameter for _, parameters in clauses for parameter in parameters],
    )


def marks(values: Sequence[object]) -> str:
    """As many question marks."""
    return ", ".join("?" * len(values))
