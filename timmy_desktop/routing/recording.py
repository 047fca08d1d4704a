"""Recorded traffic as a rehearsal reads it: requests with their looks, and signals from beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from timmy_desktop.routing.journal import Look, Passage, Signal, Tick
from timmy_desktop.storage.database import Session

MOST_REQUESTS = 200_000


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request: the looks it took, and the attempts that the admitting ones of them led to."""

    request_id: str
    run: str
    time_us: int
    purpose: str
    local_only: bool
    order: tuple[str, ...]
    looks: tuple[Look, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class RecordedSignal:
    """One signal of a run."""

    run: str
    signal: Signal


@dataclass(frozen=True, slots=True)
class Recording:
    """Traffic of one or more runs of the application, in any order."""

    requests: tuple[RecordedRequest, ...]
    signals: tuple[RecordedSignal, ...] = ()


def read_recording(session: Session, since_us: int, until_us: int) -> Recording:
    """What was recorded in the window, from the beginning of a run or a checkpoint within."""
    since_us = _checkpoint_before(session, since_us)
    requests = session.sql(
        "SELECT request_id, run, time_us, purpose, local_only, journal FROM provider_requests "
        "WHERE time_us >= ? AND time_us < ? ORDER BY id LIMIT ?",
        (since_us, until_us, MOST_REQUESTS),
    )
    signals = session.sql(
        "SELECT run, seq, monotonic, provider, kind, detail FROM provider_signals "
        "WHERE time_us >= ? AND time_us < ? ORDER BY id",
        (since_us, until_us),
    )
    return Recording(
        tuple(_request(row) for row in requests),
        tuple(
            RecordedSignal(run, Signal(Tick(seq, at), provider, kind, detail))
            for run, seq, at, provider, kind, detail in signals
        ),
    )


def _checkpoint_before(session: Session, since_us: int) -> int:
    rows = session.sql(
        "SELECT max(time_us) FROM provider_signals WHERE kind = 'checkpoint' AND time_us <= ?", (since_us,)
    )
    if rows[0][0] is None:
        return since_us
    # A checkpoint is one signal for each provider: from the first of them.
    first = session.sql(
        "SELECT min(time_us) FROM provider_signals WHERE kind = 'checkpoint' AND time_us > ?",
        (rows[0][0] - 1_000_000,),
    )
    return int(first[0][0])


def _request(row: Sequence[Any]) -> RecordedRequest:
    request_id, run, time_us, purpose, local_only, journal = row
    order, looks, passages = orjson.loads(journal)
    return RecordedRequest(
        request_id=request_id,
        run=run,
        time_us=time_us,
        purpose=purpose,
        local_only=bool(local_only),
        order=tuple(order),
        looks=tuple(Look(*look) for look in looks),
        passages=tuple(_passage(passage) for passage in passages),
    )


def _passage(values: Sequence[Any]) -> Passage:
    provider, outcome, blame, wait, answered, ended, first_token, total, again = values
    return Passage(
        provider,
        outcome,
        blame,
        wait,
        Tick(*answered) if answered is not None else None,
        Tick(*ended),
        first_token,
        total,
        again,
    )
