"""What paid calls under way may cost, on the disk: a crash before they are settled forgets no money."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from timmy_desktop.routing import rollups
from timmy_desktop.routing.rows import Row
from timmy_desktop.routing.types import CompletionRequest
from timmy_desktop.storage import tables
from timmy_desktop.storage.database import Session

_PREFIX = "router.reserved/"
_LEFT = "The application ended in the middle of it. What it cost is not known: the most that it could counts."


def row(provider: str, request: CompletionRequest, attempt: int, microcents: int, now_us: int) -> Row:
    """The attempt's row as it is kept if nothing else is ever heard of it."""
    return {
        "request_id": request.request_id,
        "attempt": attempt,
        "time_us": now_us,
        "task_id": request.task_id,
        "agent_id": request.agent_id,
        "purpose": request.purpose,
        "provider": provider,
        "model": "",
        "outcome": "cancelled",
        "detail": _LEFT,
        "ttft_ms": None,
        "total_ms": 0,
        "tokens_in": 0,
        "tokens_out": 0,
        "breaker": "CLOSED",
        "is_remote": 1,
        "cost_microcents": microcents,
    }


def write(session: Session, made: Row) -> None:
    """Keeps it until the attempt's own row is written."""
    session.sql(
        "INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", (_name(made), orjson.dumps(made).decode())
    )


def release(session: Session, attempts: Sequence[Row]) -> None:
    """Lets go of what these attempts had reserved; in the transaction that writes their rows."""
    for attempt in attempts:
        if attempt["is_remote"]:
            session.sql("DELETE FROM meta WHERE name = ?", (_name(attempt),))


def settle_what_was_left(session: Session) -> None:
    """Makes attempts of what a crash left behind, at their full price."""
    left = session.sql(
        "SELECT value FROM meta WHERE name >= ? AND name < ? ORDER BY name", (_PREFIX, _PREFIX[:-1] + "0")
    )
    made = [orjson.loads(value) for (value,) in left]
    if made:
        session.execute(tables.AttemptRow.insert_many(made))
        rollups.fold(session, made)
        release(session, made)


def _name(attempt: Row) -> str:
    return f"{_PREFIX}{attempt['request_id']}/{attempt['attempt']}"
