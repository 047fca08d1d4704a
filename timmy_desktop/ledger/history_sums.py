"""Money over time: sums by day, agent and purpose from the running ones, and the balance step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.database import Session

DAY_US = 86_400_000_000
By = Literal["day", "agent", "purpose"]


@dataclass(frozen=True, slots=True)
class Flow:
    """What moved on a day (UTC), for an agent or a purpose; `key` says which.

    `received`: from outside. `earned`: by agents. `sent`: to outside. `spent`: by agents of their own.
    `fee`: to the network.
    """

    key: str
    received_msat: Msat
    earned_msat: Msat
    sent_msat: Msat
    spent_msat: Msat
    fee_msat: Msat
    entries: int

    @property
    def out_msat(self) -> Msat:
        """What left the treasury for good: to agents, to outside, and fees."""
        return Msat(self.earned_msat + self.sent_msat + self.fee_msat)


@dataclass(frozen=True, slots=True)
class Step:
    """The treasury over a stretch of time: when it first and last moved, where it ended, least and most."""

    time_us: int
    last_msat: Msat
    least_msat: Msat
    most_msat: Msat
    first_us: int


@dataclass(frozen=True, slots=True)
class BalanceSeries:
    """`before_msat` is what the treasury held when the span began."""

    since_us: int
    until_us: int
    before_msat: Msat
    steps: tuple[Step, ...]


_KEYS: dict[By, str] = {"day": "day", "agent": "agent_id", "purpose": "purpose"}


def read_flows(session: Session, by: By, since_us: int, until_us: int, *, simulated: bool) -> list[Flow]:
    """Days in their order, else what moved most first. The days of both moments are in it.

    What closes a book for another node's is bookkeeping, and left out; so is money that is not of this kind.
    """
    key = _KEYS[by]
    order = "1" if by == "day" else "sum(received_msat + earned_msat + sent_msat + spent_msat) DESC, 1"
    query = f"""
        SELECT {key}, sum(received_msat), sum(earned_msat), sum(sent_msat), sum(spent_msat), sum(fee_msat),
            sum(entries)
        FROM flow_days WHERE day BETWEEN ? AND ? AND purpose <> 'closing' AND simulated = ?
        GROUP BY 1 ORDER BY {order}
    """  # noqa: S608 - constants
    rows = session.sql(query, (since_us // DAY_US, until_us // DAY_US, int(simulated)))
    return [Flow(str(row[0]), *row[1:]) for row in rows]


def first_day_us(session: Session) -> int:
    """When the first day (UTC) of the book began; 0 for an empty one."""
    return int(session.sql("SELECT coalesce(min(day), 0) FROM account_days")[0][0]) * DAY_US


def read_balance(session: Session, since_us: int, until_us: int, steps: int) -> BalanceSeries:
    """The treasury in so many equal steps of time; steps in which nothing moved are left out."""
    first, last = _first_since(session, since_us), _first_since(session, until_us) - 1
    before = session.sql("SELECT treasury_msat FROM entry_balances WHERE entry_id = ?", (first - 1,))
    rows = session.sql(_STEPS, (since_us, steps, until_us - since_us, first, last))
    return BalanceSeries(
        since_us, until_us, Msat(before[0][0] if before else 0), tuple(Step(*row) for row in rows)
    )


# Entries are numbered in the order in which they were written: so is their time, unless a clock was set back.
_STEPS = """
WITH steps AS (
    SELECT max(entries.id) AS id, min(treasury_msat) AS least, max(treasury_msat) AS most,
        min(entries.time_us) AS first
    FROM entries JOIN entry_balances ON entry_id = entries.id,
        (SELECT ? AS since, ? AS many, ? AS span)
    WHERE entries.id BETWEEN ? AND ?
    GROUP BY (entries.time_us - since) * many / span
)
SELECT entries.time_us, treasury_msat, least, most, first FROM steps
JOIN entries ON entries.id = steps.id JOIN entry_balances ON entry_id = steps.id ORDER BY steps.id
"""


def _first_since(session: Session, moment_us: int) -> int:
    """The number of the first entry at or after that moment, found by halving."""
    low, high = 1, int(session.sql("SELECT coalesce(max(id), 0) FROM entries")[0][0]) + 1
    while low < high:
        middle = (low + high) // 2
        time_us = session.sql("SELECT time_us FROM entries WHERE id >= ? ORDER BY id LIMIT 1", (middle,))[0][
            0
        ]
        if time_us < moment_us:
            low = middle + 1
        else:
            high = middle
    return low
