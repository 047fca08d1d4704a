"""Reads the log for the scrubber: by number, only what counts, and where the past begins."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.codec import decode
from timmy_desktop.scrubber.base import Rooted, UnusableBaseError, unpacked
from timmy_desktop.scrubber.fold import COUNTED_TYPES
from timmy_desktop.scrubber.world import World
from timmy_desktop.storage import event_bases
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_bases import KeptBase
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
    """The last event that went and would have counted, without a base: what is told since is not whole."""
    base_seq: int = 0
    """The event whose state was kept when events were pruned; what was before it is gone. Zero for none."""
    refused: str = ""
    """Why the state that was kept is not used; empty where it is, or where there is none."""

    @property
    def is_empty(self) -> bool:
        return not self.last_seq


def reach(session: Session, rooted: Rooted) -> Reach:
    """How far the past goes back, and its last event."""
    ends = [
        rows[0] if (rows := session.sql(f"SELECT seq, time_us FROM event_log {where}")) else (0, 0)  # noqa: S608
        for where in ("ORDER BY seq LIMIT 1", "ORDER BY seq DESC LIMIT 1")
    ]
    (first, first_us), (last, last_us) = ends
    base = rooted.world
    if base.seq:
        first, first_us = base.seq, base.time_us
    pruned = max(_pruned(session, base.seq), rooted.lacks)
    if pruned >= first:
        rows = session.sql("SELECT seq, time_us FROM event_log WHERE seq > ? ORDER BY seq LIMIT 1", (pruned,))
        first, first_us = rows[0] if rows else (last, last_us)
    return Reach(first, last, first_us, last_us, pruned, base.seq, rooted.refused)


def _pruned(session: Session, base_seq: int) -> int:
    """The last event that was removed, is in no base, and would have been needed; zero for none."""
    if not session.sql("SELECT 1 FROM event_gaps LIMIT 1"):
        return 0
    told = event_bases.told_prunes_soon(session)
    return max(
        (one.last_seq for one in told if one.last_seq > base_seq and COUNTED_TYPES & one.types), default=0
    )


def root(session: Session, key: bytes) -> Rooted:
    """Where folding begins: at the base, if it is the one that the log tells of; else at nothing."""
    kept = event_bases.newest_base(session)
    problem = event_bases.problem_of(session, key)
    if problem is not None or kept is None:
        return Rooted(World(), refused=problem[1] if problem is not None else "")
    try:
        world, lacks = unpacked(event_bases.read_base(session, kept), key)
    except UnusableBaseError as error:
        return Rooted(World(), refused=f"the state that is kept of event {kept.seq} can't be used: {error}")
    return Rooted(world, lacks)


def kept(session: Session) -> KeptBase | None:
    """Which base there is now."""
    return event_bases.newest_base(session)


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


def time_of(session: Session, seq: int, base: World) -> tuple[int, int]:
    """The last event up to `seq` and when it was written: the base's where it went, else zeros."""
    rows = session.sql("SELECT seq, time_us FROM event_log WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (seq,))
    return max((base.seq, base.time_us), rows[0] if rows else (0, 0))


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
