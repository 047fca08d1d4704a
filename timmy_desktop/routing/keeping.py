"""What of the router outlives a restart: circuits, the person's order and switches, and what was spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from timmy_desktop.routing.breaker import Snapshot
from timmy_desktop.routing.budget import Spent, local_day
from timmy_desktop.routing.errors import Blame
from timmy_desktop.routing.rows import Row
from timmy_desktop.storage import tables
from timmy_desktop.storage.database import Session

CHOICES = "router.choices"
LONGEST_LEFT_OUT = 3600.0
_LOOK_BACK_US = 2 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person chose in the window; holds while the settings name the same providers in one order."""

    configured: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    switched_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the last run left."""

    circuits: Mapping[str, tuple[Snapshot, int]]
    choices: Choices
    spent: tuple[Spent, ...]


def circuit_row(provider: str, snapshot: Snapshot, now: float, now_us: int) -> Row:
    """A circuit as a row of `provider_breakers`; monotonic time becomes wall time."""
    left = max(0.0, snapshot.opened_until - now)
    return {
        "provider": provider,
        "state": snapshot.state,
        "cause": snapshot.cause,
        "reason": snapshot.reason,
        "failures": snapshot.failures,
        "openings": snapshot.openings,
        "until_us": now_us + round(left * 1_000_000),
        "disabled": snapshot.disabled,
        "updated_us": now_us,
    }


def read(session: Session, now_us: int) -> Kept:
    """What is kept, on the writer before anything else is written."""
    circuits = {
        values["provider"]: (_snapshot(values), values["until_us"])
        for values in session.dicts(tables.BreakerRow.select())
    }
    return Kept(circuits, _choices(session), _spent(session, now_us))


def resumed(kept: Snapshot, until_us: int, now: float, now_us: int, recovery: float) -> Snapshot:
    """The circuit for this run: as long left out as was still to come, but never longer than is sane.

    One that was gone stays out for a recovery time more: a free probe tells sooner, and nobody waits for it.
    """
    left = min(max(0.0, (until_us - now_us) / 1_000_000), LONGEST_LEFT_OUT)
    if kept.cause == Blame.GONE.value:
        left = max(left, recovery)
    return replace(kept, opened_until=now + left)


def write_choices(session: Session, choices: Choices) -> None:
    """Keeps what the person chose."""
    value = {
        "configured": list(choices.configured),
        "order": list(choices.order),
        "switched_off": sorted(choices.switched_off),
    }
    session.sql(
        "INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", (CHOICES, orjson.dumps(value).decode())
    )


def chosen_order(choices: Choices, configured: Sequence[str]) -> tuple[str, ...]:
    """The order to ask in: the person's, unless the settings were changed since."""
    if choices.configured == tuple(configured) and sorted(choices.order) == sorted(configured):
        return choices.order
    return tuple(configured)


def _snapshot(values: dict[str, Any]) -> Snapshot:
    return Snapshot(
        values["state"],
        values["cause"],
        values["reason"],
        values["failures"],
        values["openings"],
        0.0,
        values["disabled"],
    )


def _choices(session: Session) -> Choices:
    rows = session.sql("SELECT value FROM meta WHERE name = ?", (CHOICES,))
    if not rows:
        return Choices()
    value = orjson.loads(rows[0][0])
    return Choices(tuple(value["configured"]), tuple(value["order"]), frozenset(value["switched_off"]))


def _spent(session: Session, now_us: int) -> tuple[Spent, ...]:
    today = local_day(now_us)
    rows = session.sql(
        "SELECT provider, task_id, cost_microcents, time_us FROM provider_attempts "
        "WHERE time_us > ? AND cost_microcents > 0",
        (now_us - _LOOK_BACK_US,),
    )
    return tuple(
        Spent(provider, task_id, cost, local_day(time_us) == today)
        for provider, task_id, cost, time_us in rows
    )
