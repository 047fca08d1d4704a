"""The cost of thought: what each task took in sats, money, tokens, tools and time, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.ledger.history_sums import DAY_US
from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.database import Session


@dataclass(frozen=True, slots=True)
class Thought:
    """One task. `spent_msat` is what its agents paid to others for it.

    `cost_microcents` is what remote providers took for it, as long as its requests are kept.
    """

    task_id: str
    text: str
    status: str
    agent_id: str
    created_us: int
    paid_msat: Msat
    fee_msat: Msat
    spent_msat: Msat
    cost_microcents: int
    tokens_in: int
    tokens_out: int
    tool_calls: int
    requests: int
    duration_ms: int
    model: str


@dataclass(frozen=True, slots=True)
class ThoughtSums:
    """All tasks of a span together, and what was asked for outside of tasks."""

    tasks: int
    paid_msat: Msat
    fee_msat: Msat
    spent_msat: Msat
    tokens_in: int
    tokens_out: int
    cost_microcents: int
    other_requests: int
    other_tokens: int
    other_cost_microcents: int


_TASKS = """
SELECT id, substr(text, 1, 400), status, agent_id, created_us, paid_msat, fee_msat,
    (SELECT coalesce(sum(amount_msat + ledger.fee_msat), 0) FROM ledger
     WHERE ledger.task_id = tasks.id AND ledger.task_id <> ''
     AND type = 'payment' AND purpose <> 'task' AND state = 'settled'),
    (SELECT coalesce(sum(cost_microcents), 0) FROM provider_requests
     WHERE provider_requests.task_id = tasks.id AND provider_requests.task_id <> ''),
    tokens_in, tokens_out,
    (SELECT count(*) FROM event_log
     WHERE event_log.task_id = tasks.id AND event_log.task_id <> '' AND type = 'tool.called'),
    (SELECT count(*) FROM provider_requests
     WHERE provider_requests.task_id = tasks.id AND provider_requests.task_id <> ''),
    duration_ms, model
FROM tasks WHERE id < ? AND created_us >= ? ORDER BY id DESC LIMIT ?
"""
_LAST = "\U0010ffff"


def read_thoughts(session: Session, since_us: int, limit: int, before: str = "") -> list[Thought]:
    """The newest tasks first; `before` is the last one's identifier of the page before."""
    return [Thought(*row) for row in session.sql(_TASKS, (before or _LAST, since_us, limit))]


def read_thought_sums(session: Session, since_us: int) -> ThoughtSums:
    """What all of them took together."""
    tasks = session.sql(
        "SELECT count(*), coalesce(sum(paid_msat), 0), coalesce(sum(fee_msat), 0),"
        " (SELECT coalesce(sum(sent_msat + flow_days.fee_msat), 0) FROM flow_days"
        "  WHERE day >= ? AND agent_id <> '' AND purpose NOT IN ('task', 'closing')),"
        " coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0) FROM tasks WHERE created_us >= ?",
        (since_us // DAY_US, since_us),
    )[0]
    requests = session.sql(
        "SELECT coalesce(sum(cost_microcents) FILTER (WHERE task_id <> ''), 0),"
        " count(*) FILTER (WHERE task_id = ''),"
        " coalesce(sum(tokens_in + tokens_out) FILTER (WHERE task_id = ''), 0),"
        " coalesce(sum(cost_microcents) FILTER (WHERE task_id = ''), 0)"
        " FROM provider_requests WHERE time_us >= ?",
        (since_us,),
    )[0]
    return ThoughtSums(*tasks, *requests)
