"""What may be spent without a person: by task, by agent and day, and by day. Days are UTC, as in the sums."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.ledger.errors import OverLimitError
from timmy_desktop.ledger.money import Msat, format_msat
from timmy_desktop.storage.database import Session

DAY_US = 86_400_000_000
_SPENT = "earned_msat + sent_msat + spent_msat + fee_msat"


@dataclass(frozen=True, slots=True)
class Limits:
    """In millisatoshi; zero is no limit. A cap on fees is of each payment.

    `agent_payment_msat` is the most that an agent pays to others at once; with None there is no such limit.
    """

    agent_payment_msat: int | None = None
    task_msat: int = 0
    agent_day_msat: int = 0
    day_msat: int = 0
    fee_ppm: int = 0
    fee_floor_msat: int = 0

    def fee_cap(self, amount: int) -> Msat:
        """The most that a route may cost on top of `amount`."""
        return Msat(max(self.fee_floor_msat, amount * self.fee_ppm // 1_000_000) if amount else 0)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent so far, payments under way included with the cap of their fee."""

    task_msat: int
    agent_msat: int
    day_msat: int


def spent(session: Session, task_id: str, agent_id: str, now_us: int) -> Spent:
    """Reads sums, and the few rows that are still pending; never the whole table."""
    day = now_us // DAY_US
    agent_day, whole_day = (
        _spent_on(session, day, "AND agent_id = ?", (agent_id,)) if agent_id else 0,
        _spent_on(session, day, "AND purpose <> 'closing'", ()),
    )
    of_task = session.sql(
        "SELECT coalesce(sum(amount_msat + CASE state WHEN 'pending' THEN fee_cap_msat ELSE fee_msat END), 0)"
        " FROM ledger WHERE task_id = ? AND task_id <> '' AND type IN ('payment', 'reward')"
        " AND state IN ('pending', 'settled')",
        (task_id,),
    )
    return Spent(int(of_task[0][0]), agent_day, whole_day)


def refuse_unasked(limits: Limits, amount: int, fee_cap: int) -> None:
    """OverLimitError for what an agent may not pay to others without the person's word."""
    most, more = limits.agent_payment_msat, amount + fee_cap
    if most is not None and more > most:
        at_once = f"only up to {format_msat(Msat(most))}" if most else "nothing"
        raise OverLimitError(
            f"Agents pay {at_once} to others without you, and this is {format_msat(Msat(more))}."
        )


def refuse_over(limits: Limits, before: Spent, amount: int, fee_cap: int, *, of_agent: bool) -> None:
    """OverLimitError names the first limit that this payment would go over."""
    more = amount + fee_cap
    checks = (
        (limits.task_msat, before.task_msat, "for one task"),
        (limits.agent_day_msat if of_agent else 0, before.agent_msat, "for one agent and day (UTC)"),
        (limits.day_msat, before.day_msat, "for one day (UTC)"),
    )
    for limit, already, words in checks:
        if limit and already + more > limit:
            raise OverLimitError(
                f"{format_msat(more)} on top of {format_msat(already)} is more than the limit of "
                f"{format_msat(limit)} {words}."
            )


def _spent_on(session: Session, day: int, condition: str, values: tuple[object, ...]) -> int:
    done = session.sql(
        f"SELECT coalesce(sum({_SPENT}), 0) FROM flow_days WHERE day = ? {condition}",  # noqa: S608
        (day, *values),
    )
    pending = session.sql(
        "SELECT coalesce(sum(amount_msat + fee_cap_msat), 0) FROM ledger INDEXED BY ledger_pending"  # noqa: S608
        f" WHERE state = 'pending' AND type = 'payment' AND created_us >= ? {condition}",
        (day * DAY_US, *values),
    )
    return int(done[0][0]) + int(pending[0][0])
