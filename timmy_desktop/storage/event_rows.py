"""Rows of the log as they are kept, not decoded: what shows or exports them must not break on any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from timmy_desktop.storage.database import Session

SHOWN = 2_000
"""Characters of the data that a list needs."""
_AT_ONCE = 500
_ENVELOPE = "seq, time_us, type, version, source, task_id, agent_id"


class LogRow(NamedTuple):
    """One event. `data` is canonical JSON; in a list it may be cut, and `size` says how long it is."""

    seq: int
    time_us: int
    type: str
    version: int
    source: str
    task_id: str
    agent_id: str
    data: str
    hash: bytes
    size: int

    @property
    def is_whole(self) -> bool:
        return len(self.data) == self.size

    def values(self) -> dict[str, Any]:
        """The data as an object; what is not one stands under a name of its own. Never raises."""
        try:
            found = orjson.loads(self.data)
        except orjson.JSONDecodeError:
            return {"unreadable": self.data}
        return found if isinstance(found, dict) else {"value": found}


def rows_of(session: Session, seqs: Sequence[int], *, shown: int = SHOWN) -> list[LogRow]:
    """The rows with these numbers, in this order; those that are gone are left out. `shown` 0: whole."""
    found: dict[int, LogRow] = {}
    for start in range(0, len(seqs), _AT_ONCE):
        some = seqs[start : start + _AT_ONCE]
        condition = f"seq IN ({','.join('?' * len(some))})"
        found |= {row.seq: row for row in _select(session, condition, some, shown)}
    return [found[seq] for seq in seqs if seq in found]


def row_of(session: Session, seq: int) -> LogRow | None:
    """One event, whole."""
    return next(iter(rows_of(session, [seq], shown=0)), None)


def neighbours_of(session: Session, seq: int, around: int = 4) -> list[LogRow]:
    """The events that stand before, at and after a number, whether or not it is there itself."""
    before = session.sql("SELECT seq FROM event_log WHERE seq < ? ORDER BY seq DESC LIMIT ?", (seq, around))
    after = session.sql("SELECT seq FROM event_log WHERE seq >= ? ORDER BY seq LIMIT ?", (seq, around + 1))
    return rows_of(session, [row[0] for row in (*reversed(before), *after)])


def rows_of_task(session: Session, task_id: str, limit: int = 5_000) -> list[LogRow]:
    """The first events of one task, in order."""
    condition = "task_id = ? AND task_id <> '' ORDER BY seq LIMIT ?"
    return list(_select(session, condition, (task_id, limit), 20_000))


def kin_of(session: Session, task_id: str, types: Sequence[str], limit: int = 60) -> list[LogRow]:
    """The newest events of these types of one task, in order."""
    kinds = ",".join("?" * len(types))
    condition = f"task_id = ? AND task_id <> '' AND type IN ({kinds}) ORDER BY seq DESC LIMIT ?"
    return list(_select(session, condition, (task_id, *types, limit), 20_000))[::-1]


def rows_between(session: Session, first: int, last: int) -> Iterator[LogRow]:
    """Every event of a stretch, whole and in order, read as they are asked for."""
    return _select(session, "seq BETWEEN ? AND ? ORDER BY seq", (first, last), 0)


def _select(session: Session, condition: str, values: Sequence[Any], shown: int) -> Iterator[LogRow]:
    data = f"substr(data, 1, {shown})" if shown else "data"
    sql = f"SELECT {_ENVELOPE}, {data}, hash, length(data) FROM event_log WHERE {condition}"  # noqa: S608
    return (LogRow(*row) for row in session.connection.execute(sql, tuple(values)))
