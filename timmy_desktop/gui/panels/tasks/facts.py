"""What a task cost and took, as ready words for the detail pane."""

from __future__ import annotations

from timmy_desktop.gui.widgets.facts_strip import Fact
from timmy_desktop.gui.wording import duration, sats
from timmy_desktop.swarm.task import TaskView


def facts_of(view: TaskView, *, simulated: bool) -> list[Fact]:
    """Only what is known; money that is play money says so."""
    facts = [
        (view.agent_name, "agent", f"attempt {view.attempt}" if view.attempt > 1 else ""),
        _money(view, " · simulated" if simulated else ""),
        (duration(view.duration_ms) if view.duration_ms else "", "took", ""),
        _tokens(view),
        (view.model or view.provider, view.provider if view.model else "provider", view.model),
    ]
    if view.local_only:
        facts.append(("Local only", "never leaves here", "No remote provider may see this task"))
    return [fact for fact in facts if fact[0]]


def _money(view: TaskView, label: str) -> Fact:
    if view.paid_msat:
        fee = f"Fee {sats(view.fee_msat)}" if view.fee_msat else "No fee"
        return sats(view.paid_msat), f"paid{label}", fee
    if view.price_msat and not view.status.is_terminal:
        return sats(view.price_msat), f"reserved{label}", "Held in escrow until there is a result"
    if view.max_price_msat and not view.status.is_terminal:
        return sats(view.max_price_msat), "at most", "The limit set when the task was posted"
    return "", "", ""


def _tokens(view: TaskView) -> Fact:
    total = view.tokens_in + view.tokens_out
    tip = f"{view.tokens_in:,} read, {view.tokens_out:,} written"
    return (f"{total:,}", "tokens", tip) if total else ("", "", "")
