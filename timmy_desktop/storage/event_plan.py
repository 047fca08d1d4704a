"""What a removal would take out of the log: events of an age and kind, or those that somebody wants gone.

Those are written down in the transaction of what wants it, so that no crash forgets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_gaps import Stretch
from timmy_desktop.storage.event_index import indexed_up_to, kinds_of

KEPT_TOPIC = "log."
ROWS_IN_A_STRETCH = 5_000
_WANTED = "events_to_remove"


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What would go: events from before `before_us`, of `types` where any are named.

    Where `before_us` is 0, each was named by itself.
    """

    before_us: int
    types: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    by_type: tuple[tuple[str, int], ...]

    @property
    def events(self) -> int:
        return sum(count for _, count in self.by_type)


def plan(session: Session, before_us: int, types: Sequence[str] = ()) -> PrunePlan:
    """The stretches of events from before `before_us`, of these types where any are named; never `log.*`."""
    kinds = kinds_of(session, types or ("*",)) - kinds_of(session, (f"{KEPT_TOPIC}*",))
    condition = f"time_us < ? AND seq <= ? AND kind IN ({','.join(map(str, sorted(kinds)))})"
    values = (before_us, indexed_up_to(session))
    islands = (
        "SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island "  # noqa: S608
        f"FROM event_facets WHERE {condition}) GROUP BY island ORDER BY 1"
    )
    ends = [piece for first, last in session.sql(islands, values) for piece in _pieces(first, last)]
    by_type = session.sql(
        "SELECT n.name, count(*) FROM event_facets f JOIN event_names n ON n.id = f.kind "  # noqa: S608
        f"WHERE {condition} GROUP BY 1 ORDER BY 2 DESC",
        values,
    )
    stretches = tuple(Stretch(first, last, _hash(session, last)) for first, last in ends)
    return PrunePlan(before_us, tuple(types), stretches, tuple(by_type))


def want_removed(session: Session, events: Iterable[int]) -> None:
    """Writes down that these events are to go, in the transaction it is called in."""
    _keep_wanted(session, sorted({*wanted(session), *events}))


def plan_of_wanted(session: Session) -> PrunePlan:
    """The events that are to go and are still there, each a stretch of its own; never `log.*`."""
    rows = session.sql(
        "SELECT seq, type, hash FROM event_log WHERE seq IN (SELECT value FROM json_each(?)) "
        "AND type NOT LIKE ? ORDER BY seq",
        (orjson.dumps(wanted(session)).decode(), f"{KEPT_TOPIC}%"),
    )
    by_type: dict[str, int] = {}
    for _, kind, _ in rows:
        by_type[kind] = by_type.get(kind, 0) + 1
    stretches = tuple(Stretch(seq, seq, bytes(stored)) for seq, _, stored in rows)
    return PrunePlan(0, (), stretches, tuple(by_type.items()))


def want_no_more(session: Session, events: Iterable[int]) -> None:
    """They are told of, or never were there."""
    _keep_wanted(session, sorted(set(wanted(session)) - set(events)))


def wanted(session: Session) -> list[int]:
    """The numbers of the events that are to go."""
    rows = session.sql("SELECT value FROM meta WHERE name = ?", (_WANTED,))
    return list(orjson.loads(rows[0][0])) if rows else []


def _keep_wanted(session: Session, events: Sequence[int]) -> None:
    session.sql("DELETE FROM meta WHERE name = ?", (_WANTED,))
    if events:
        session.sql("INSERT INTO meta(name, value) VALUES (?, ?)", (_WANTED, orjson.dumps(events).decode()))


def _pieces(first: int, last: int) -> list[tuple[int, int]]:
    return [
        (start, min(start + ROWS_IN_A_STRETCH - 1, last))
        for start in range(first, last + 1, ROWS_IN_A_STRETCH)
    ]


def _hash(session: Session, seq: int) -> bytes:
    return bytes(session.sql("SELECT hash FROM event_log WHERE seq = ?", (seq,))[0][0])
