"""Reads the log for the scrubber: by number, only what counts, and where the past begins."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.codec import decode
from timmy_desktop.scrubber.fold import COUNTED_TYPES
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_counts import Histogram, histogram, time_range
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.storage.event_positions import make_query, numbers_between

_TYPES = ",".join(f"'{name}'" for name in sorted(COUNTED_TYPES))
_COUNTED = (
    "SELECT seq, time_us, type, version, source, task_id, agent_id, data FROM event_log "  # noqa: S608 - constants
    f"WHERE seq > ? AND seq <= ? AND type IN ({_TYPES}) ORDER BY seq"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """The events between which a moment can be picked."""

    first_seq: int = 0
    last_seq: int = 0
    first_us: int = 0
    last_us: int = 0
    pruned: int = 0
    """The last event that was pruned and would have counted: what is told from then on is not the whole."""

    @property
    def is_empty(self) -> bool:
        return not self.last_seq


def reach(session: Session) -> Reach:
    """How far the past goes back, and its last event."""
    ends = [
        rows[0] if (rows := session.sql(f"SELECT seq, time_us FROM event_log {where}")) else (0, 0)  # noqa: S608
        for where in ("ORDER BY seq LIMIT 1", "ORDER BY seq DESC LIMIT 1")
    ]
    (first, first_us), (last, last_us) = ends
    pruned = _pruned(session)
    if pruned >= first:
        rows = session.sql("SELECT seq, time_us FROM event_log WHERE seq > ? ORDER BY seq LIMIT 1", (pruned,))
        first, first_us = rows[0] if rows else (last, last_us)
    return Reach(first, last, first_us, last_us, pruned)


def _pruned(session: Session) -> int:
    """The last event that was removed and that the fold would have needed; zero for none."""
    if not session.sql("SELECT 1 FROM event_gaps LIMIT 1"):
        return 0
    told = [
        orjson.loads(row[0]) for row in session.sql("SELECT data FROM event_log WHERE type = 'log.pruned'")
    ]
    return max(
        (int(one["last_seq"]) for one in told if COUNTED_TYPES & one.get("by_type", {}).keys()), default=0
    )


def counted(session: Session, after: int, upto: int) -> list[EventRecord]:
    """The events above `after`, up to `upto`, that change a world; in order."""
    return [
        EventRecord(
            seq,
            time_us,
            decode(kind, version, {"source": source, "task_id": task, "agent_id": agent}, data),
            b"",
        )
        for seq, time_us, kind, version, source, task, agent, data in session.connection.execute(
            _COUNTED, (after, upto)
        )
    ]


def time_of(session: Session, seq: int) -> tuple[int, int]:
    """The last event up to `seq` and when it was written; zeros where there is none."""
    rows = session.sql("SELECT seq, time_us FROM event_log WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (seq,))
    return rows[0] if rows else (0, 0)


def seq_at(session: Session, time_us: int, within: Reach) -> int:
    """The last event that was written by `time_us`, of those that can be picked."""
    _, found = numbers_between(session, within.first_seq, within.last_seq, None, time_us + 1)
    return max(within.first_seq, min(found, within.last_seq))


def neighbour(session: Session, seq: int, step: int) -> int:
    """The event after (`step` 1) or before (-1) this one; the same where there is none."""
    sign, order = (">", "ASC") if step > 0 else ("<", "DESC")
    rows = session.sql(
        f"SELECT seq FROM event_log WHERE seq {sign} ? ORDER BY seq {order} LIMIT 1",  # noqa: S608 - constants
        (seq,),
    )
    return int(rows[0][0]) if rows else seq


def bars_of(session: Session, within: Reach, bars: int) -> Histogram:
    """Events over the time that can be picked."""
    since, until = time_range(session)
    since = max(since, within.first_us)
    return histogram(session, make_query(session, EventFilter()), since, max(until, since + 1), bars)
