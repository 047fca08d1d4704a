"""The statements on the memory's tables. Each function runs inside its caller's transaction or read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import orjson

from timmy_desktop.memory.types import Asker, Entry, Filters, NewEntry, Version
from timmy_desktop.memory.visibility import Clause, both, marks, matching, visible
from timmy_desktop.storage.database import Session

# SQLite takes 32,766 parameters in a statement.
AT_ONCE = 5000
_PLAIN = tuple(field.name for field in fields(Entry) if field.name not in ("metadata", "is_embedded"))
_COLUMNS = ", ".join((*_PLAIN, "metadata", "vector_model"))
_INSERTED = (
    "id", "type", "content", "source", "owner", "visibility", "state", "task_id", "conversation_id",
    "message_id", "document_id", "chunk", "digest", "subject", "local_only", "pinned", "metadata",
    "created_us", "updated_us",
)  # fmt: skip
_GIVEN = tuple(name for name in _INSERTED if name in NewEntry.__slots__ and name != "metadata")
_INSERT = f"INSERT INTO memory_entries({', '.join(_INSERTED)}) VALUES ({marks(_INSERTED)})"  # noqa: S608


def digest(content: str) -> bytes:
    """What two entries share that say the same, white space and case aside."""
    return hashlib.blake2b(" ".join(content.casefold().split()).encode(), digest_size=16).digest()


def insert(
    session: Session, identifier: str, entry: NewEntry, subject: str, now_us: int, model: str
) -> Entry:
    """Writes a new row and returns it as an entry; the drain adds the vector."""
    values = {
        "id": identifier,
        "digest": digest(entry.content),
        "subject": subject,
        "metadata": orjson.dumps(dict(entry.metadata)).decode(),
        "created_us": now_us,
        "updated_us": now_us,
        **{
            name: getattr(entry, name)
            for name in _INSERTED
            if name in NewEntry.__slots__ and name not in ("digest", "metadata")
        },
    }
    session.sql(_INSERT, [values[name] for name in _INSERTED])
    found = one(session, identifier, model)
    assert found is not None  # noqa: S101 - written in this transaction
    return found


def one(session: Session, identifier: str, model: str) -> Entry | None:
    """The row of that identifier, whoever may see it."""
    rows = select(session, ("id = ?", [identifier]), model=model, limit=1)
    return rows[0] if rows else None


def find(session: Session, identifier: str, asker: Asker, model: str) -> Entry | None:
    """The entry of that identifier, or of its last eight characters, if the asker sees it."""
    which: Clause = ("id = ?", [identifier])
    if len(identifier) < 36:
        which = ("substr(id, -8) = ?", [identifier.removeprefix("m:")])
    rows = select(session, both(which, visible(asker)), model=model, limit=1)
    return rows[0] if rows else None


def by_marks(session: Session, ends: Sequence[str], asker: Asker, model: str) -> tuple[Entry, ...]:
    """The entries whose identifiers end so, if the asker sees them."""
    # Looked for in the index of identifiers: the rows themselves, with their vectors, are many times as long.
    ended = f"SELECT id FROM memory_entries WHERE substr(id, -8) IN ({marks(ends)})"  # noqa: S608 - marks
    named: Clause = (f"id IN ({ended})", list(ends))
    return tuple(select(session, both(named, visible(asker)), model=model, order="number"))


def select(
    session: Session, where: Clause, *, model: str, order: str = "number DESC", limit: int = -1
) -> list[Entry]:
    """The entries of a condition."""
    condition, parameters = where
    statement = f"SELECT {_COLUMNS} FROM memory_entries WHERE {condition} ORDER BY {order} LIMIT ?"  # noqa: S608
    return [_entry(row, model) for row in session.sql(statement, [*parameters, limit])]


def by_number(session: Session, numbers: Sequence[int], where: Clause, model: str) -> dict[int, Entry]:
    """The entries of these numbers that meet the condition."""
    found: dict[int, Entry] = {}
    for chunk in chunks(numbers):
        clause = both((f"number IN ({marks(chunk)})", list(chunk)), where)
        found |= {entry.number: entry for entry in select(session, clause, model=model, order="number")}
    return found


def seen(asker: Asker, filters: Filters) -> Clause:
    """The condition of what the asker sees and the filters let through."""
    return both(visible(asker), matching(filters))


def by_id(session: Session, identifiers: Sequence[str], model: str) -> list[Entry]:
    """The entries of these identifiers, whoever may see them."""
    return [
        entry
        for chunk in chunks(list(dict.fromkeys(identifiers)))
        for entry in select(session, (f"id IN ({marks(chunk)})", list(chunk)), model=model, order="number")
    ]


def same(session: Session, entry: NewEntry, model: str) -> Entry | None:
    """The entry that says the very same for the same owner and still holds; a refused proposal too."""
    where: Clause = (
        "digest = ? AND type = ? AND owner = ? AND visibility = ? AND local_only = ? AND superseded_by = '' "
        "AND document_id = ?",
        [
            digest(entry.content),
            entry.type,
            entry.owner,
            entry.visibility,
            int(entry.local_only),
            entry.document_id,
        ],
    )
    rows = select(session, where, model=model, order="state = 'accepted' DESC, number", limit=1)
    return rows[0] if rows else None


def keep_version(session: Session, entry: Entry, now_us: int, what: str) -> None:
    """Writes down what an entry said until now."""
    session.sql(
        "INSERT INTO memory_history(entry_id, rev, content, until_us, what) VALUES (?, ?, ?, ?, ?)",
        (entry.id, entry.rev, entry.content, now_us, what),
    )


def versions(session: Session, identifier: str, asker: Asker) -> list[Version]:
    """What an entry said before, and what it superseded, as far as the asker sees that, newest first."""
    condition, parameters = visible(asker)
    rows = session.sql(
        "SELECT rev, content, until_us, what FROM memory_history WHERE entry_id = ? "  # noqa: S608 - constants
        "UNION ALL SELECT rev, content, updated_us, 'superseded' FROM memory_entries "
        f"WHERE superseded_by = ? AND {condition} ORDER BY until_us DESC, rev DESC",
        (identifier, identifier, *parameters),
    )
    return [Version(*row) for row in rows]


def update(session: Session, identifier: str, values: Mapping[str, Any], now_us: int) -> None:
    """Changes columns of a row. A new content drops the vector; the index follows where it must."""
    changed = {**values, "updated_us": now_us}
    assignments = [f"{name} = ?" for name in changed]
    if "content" in changed:
        assignments += ["vector = NULL", "vector_model = ''", "rev = rev + 1"]
    statement = f"UPDATE memory_entries SET {', '.join(assignments)} WHERE id = ?"  # noqa: S608 - names
    session.sql(statement, [*changed.values(), identifier])


def predecessors(session: Session, identifiers: Sequence[str]) -> list[str]:
    """The entries, and all that they superseded, and what those had superseded."""
    found = dict.fromkeys(identifiers)
    layer = list(found)
    while layer:
        rows = []
        for chunk in chunks(layer):
            statement = f"SELECT id FROM memory_entries WHERE superseded_by IN ({marks(chunk)})"  # noqa: S608
            rows += [row[0] for row in session.sql(statement, chunk)]
        layer = [row for row in rows if row not in found]
        found |= dict.fromkeys(layer)
    return list(found)


def get_state(session: Session, name: str) -> str:
    """A value that the memory keeps of itself; empty where it has none."""
    rows = session.sql("SELECT value FROM memory_state WHERE name = ?", (name,))
    return str(rows[0][0]) if rows else ""


def set_state(session: Session, name: str, value: str) -> None:
    """Keeps such a value."""
    session.sql("INSERT OR REPLACE INTO memory_state(name, value) VALUES (?, ?)", (name, value))


def chunks(values: Sequence[Any], size: int = AT_ONCE) -> Iterator[list[Any]]:
    """The values in pieces that fit into one statement."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


def _entry(row: Sequence[Any], model: str) -> Entry:
    *plain, metadata, vector_model = row
    values = dict(zip(_PLAIN, plain, strict=True))
    values |= {name: bool(values[name]) for name in ("local_only", "pinned")}
    return Entry(**values, metadata=orjson.loads(metadata), is_embedded=bool(model) and vector_model == model)
