"""Reads the event log back, by key and never by offset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.codec import decode
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_log import COLUMNS

_SELECT = f"SELECT {COLUMNS} FROM event_log "  # noqa: S608 - constants
_FAR = 2**62


def latest_events(session: Session, limit: int, before_seq: int = _FAR) -> list[EventRecord]:
    """The newest `limit` events with a number below `before_seq`, newest first."""
    return _records(session.sql(_SELECT + "WHERE seq < ? ORDER BY seq DESC LIMIT ?", (before_seq, limit)))


def task_events(session: Session, task_id: str, limit: int = 10_000) -> list[EventRecord]:
    """The first `limit` events of one task, in order."""
    return _records(
        session.sql(_SELECT + "WHERE task_id = ? AND task_id <> '' ORDER BY seq LIMIT ?", (task_id, limit))
    )


def _records(rows: Sequence[tuple[Any, ...]]) -> list[EventRecord]:
    return [_record(*row) for row in rows]


def _record(
    seq: int,
    time_us: int,
    type_name: str,
    version: int,
    source: str,
    task_id: str,
    agent_id: str,
    data: str,
    digest: bytes,
) -> EventRecord:
    envelope = {"source": source, "task_id": task_id, "agent_id": agent_id}
    return EventRecord(seq, time_us, decode(type_name, version, envelope, data), digest)
