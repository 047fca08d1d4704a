"""Where else an entry's words stand in the database: chats, tasks, the log; and forgetting them there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from timmy_desktop.events.memory import FORGOTTEN
from timmy_desktop.events.tasks import TaskCompleted, TaskCreated, TaskStepped
from timmy_desktop.memory.rows import chunks, predecessors
from timmy_desktop.memory.types import Entry
from timmy_desktop.memory.visibility import marks
from timmy_desktop.storage.database import Session

_LABELS = re.compile(r"^(?:Task|Result): ", re.MULTILINE)
_TASK_WORDS = (TaskCreated.type, TaskStepped.type, TaskCompleted.type)
"""Events that are nothing but a task's words."""

# Of tables that another room may not have made yet, nothing is assumed: only what is there is looked at.
_WORDS = {
    "memory_entries": "other memories, which say the same",
    "memory_history": "what other memories said before",
    "messages": "the chat",
    "conversations": "a conversation's title",
    "tasks": "a task, its text or its result",
    "provider_requests": "a kept prompt, as it was sent to a model",
    "event_log": "the event log, in a task's text or result: prune it in the Events dock, without an archive",
    "event_base_words": "what is kept of the pruned past: a task's text or result",
}


def made_from_the_same(session: Session, identifiers: Sequence[str]) -> list[str]:
    """The entries, and those made from the same messages and the same tasks' results."""
    found = dict.fromkeys(identifiers)
    for column in ("message_id", "task_id"):
        for some in chunks(list(identifiers)):
            statement = (
                f"SELECT id FROM memory_entries WHERE {column} <> '' AND {column} IN "  # noqa: S608 - names
                f"(SELECT {column} FROM memory_entries WHERE id IN ({marks(some)}))"
            )
            found |= dict.fromkeys(row[0] for row in session.sql(statement, some))
    return list(found)


def forget_sources(session: Session, entries: Sequence[Entry]) -> tuple[int, list[str]]:
    """Empties the chat messages and task results that the entries were made from: how many, which tasks."""
    count, tasks = 0, list[str]()
    for some in chunks(sorted({entry.message_id for entry in entries if entry.message_id})):
        # The title was made from the first message.
        titled = f"SELECT conversation_id FROM messages WHERE id IN ({marks(some)})"  # noqa: S608 - marks
        statement = f"UPDATE conversations SET title = 'New conversation' WHERE id IN ({titled})"  # noqa: S608
        session.sql(statement, some)
        count += session.connection.execute(
            f"UPDATE messages SET text = '{FORGOTTEN}' WHERE id IN ({marks(some)})",  # noqa: S608
            some,
        ).rowcount
    for some in chunks(_tasks_of(entries)):
        emptied = session.sql(
            f"UPDATE tasks SET text = '{FORGOTTEN}', result = '{FORGOTTEN}' WHERE id IN ({marks(some)}) "  # noqa: S608
            "AND status IN ('completed', 'failed', 'cancelled') RETURNING id",
            some,
        )
        tasks += [row[0] for row in emptied]
        # What is kept of the pruned past has no other copy of them.
        session.sql(
            "DELETE FROM event_base_words WHERE kind = 'tasks' AND field IN ('text', 'result')"
            " AND id IN (SELECT id FROM tasks WHERE text = ?)",
            (FORGOTTEN,),
        )
        session.sql(
            f"UPDATE messages SET text = '{FORGOTTEN}' WHERE role = 'notice' AND task_id IN ({marks(some)})",  # noqa: S608
            some,
        )
    return count + len(tasks), tasks


def without_labels(content: str) -> str:
    """What an entry says of a task, as the task itself says it; see Keeping."""
    return _LABELS.sub("", content)


def words_of_tasks(session: Session, entries: Sequence[Entry]) -> list[bytes]:
    """What the tasks say that the entries were made from: an entry has it shortened, and in its own words."""
    found: list[bytes] = []
    for some in chunks(_tasks_of(entries)):
        statement = f"SELECT text, result FROM tasks WHERE id IN ({marks(some)}) AND text <> ?"  # noqa: S608
        found += [said.encode() for row in session.sql(statement, [*some, FORGOTTEN]) for said in row if said]
    return found


def are_of_tasks(session: Session, identifiers: Sequence[str]) -> bool:
    """Whether any of them, or of what they superseded, was made from a task."""
    return any(
        session.sql(
            f"SELECT 1 FROM memory_entries WHERE task_id <> '' AND id IN ({marks(some)}) LIMIT 1",  # noqa: S608
            some,
        )
        for some in chunks(predecessors(session, identifiers))
    )


def events_of_tasks(session: Session, entries: Sequence[Entry], needles: Sequence[bytes]) -> list[int]:
    """The events that hold the words of the tasks that would be emptied; other tasks' may, and stay."""
    found: list[int] = []
    said = _json([text for needle in needles if (text := _text(needle))])
    for some in chunks(_tasks_of(entries)):
        ended = (
            f"SELECT id FROM tasks WHERE id IN ({marks(some)}) "  # noqa: S608 - marks
            "AND status IN ('completed', 'failed', 'cancelled')"
        )
        statement = (
            f"SELECT seq FROM event_log WHERE task_id IN ({ended}) AND task_id <> '' "  # noqa: S608 - marks
            f"AND (type IN ({marks(_TASK_WORDS)}) OR EXISTS "
            "(SELECT 1 FROM json_each(?) AS needle WHERE instr(data, needle.value))) ORDER BY seq"
        )
        found += [row[0] for row in session.sql(statement, [*some, *_TASK_WORDS, said])]
    return found


def _tasks_of(entries: Sequence[Entry]) -> list[str]:
    return sorted({entry.task_id for entry in entries if entry.task_id and not entry.message_id})


def places_of(session: Session, needles: Sequence[bytes]) -> list[tuple[str, int]]:
    """In which tables' rows the needles stand, in words, and in how many rows."""
    texts = [text for needle in needles if (text := _text(needle))]
    if not texts:
        return []
    places = []
    tables = session.sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
        "AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'memory_words%'"
    )
    for (table,) in tables:
        columns = [row[1] for row in session.sql(f"PRAGMA table_info({table})") if row[2].upper() == "TEXT"]
        if not columns:
            continue
        conditions = " OR ".join(f"instr({table}.{column}, needle.value)" for column in columns)
        statement = (
            f"SELECT count(*) FROM {table} WHERE EXISTS "  # noqa: S608 - names of the schema
            f"(SELECT 1 FROM json_each(?) AS needle WHERE {conditions})"
        )
        count = int(session.sql(statement, [_json(texts)])[0][0])
        if count:
            places.append((_WORDS.get(table, f"the table {table}"), count))
    return places


def _text(needle: bytes) -> str:
    try:
        text = needle.decode()
    except UnicodeDecodeError:
        return ""  # cut within a character, or a vector's bytes
    return text if text.isprintable() else ""


def _json(texts: Sequence[str]) -> str:
    import orjson

    return orjson.dumps(list(texts)).decode()
