"""What a task cost and took, as ready words for the detail pane."""

from __future__ import annotations

from collections.abc import Sequence

from timmy_desktop.gui.widgets.facts_strip import Fact
from timmy_desktop.gui.wording import duration, provider_words, sats
from timmy_desktop.swarm.task import TaskView


def facts_of(view: TaskView, *, simulated: bool, now_us: int = 0) -> list[Fact]:
    """Only what is known; money that is play money says so."""
    facts = [
        (view.agent_name, "agent", f"attempt {view.attempt}" if view.attempt > 1 else ""),
        _money(view, " · simulated" if simulated else ""),
        _time(view, now_us),
        _tokens(view),
        _provider(view),
    ]
    if view.local_only:
        facts.append(("Local only", "never leaves here", "No remote provider may see this task"))
    return [fact for fact in facts if fact[0]]


def brief_words(facts: Sequence[Fact]) -> str:
    """The same in one line: `Quill · 13 sat paid, simulated · took 1.9 s`."""
    return " · ".join(_brief(value, name) for value, name, _ in facts)


def _brief(value: str, name: str) -> str:
    if name == "took":
        return f"took {value}"
    if name.endswith(("tokens", "so far")) or any(word in name for word in ("paid", "reserved", "at most")):
        return f"{value} {name.replace(' · ', ', ')}"
    return value


def _money(view: TaskView, label: str) -> Fact:
    if view.paid_msat:
        fee = f"Fee {sats(view.fee_msat)}" if view.fee_msat else "No fee"
        return sats(view.paid_msat), f"paid{label}", fee
    if view.price_msat and not view.status.is_terminal:
        return sats(view.price_msat), f"reserved{label}", "Held in escrow until there is a result"
    if view.max_price_msat and not view.status.is_terminal:
        return sats(view.max_price_msat), "at most", "The limit set when the task was posted"
    return "", "", ""


def _provider(view: TaskView) -> Fact:
    provider = provider_words(view.provider)
    return (view.model, provider, view.model) if view.model else (provider, "provider", "")


def _time(view: TaskView, now_us: int) -> Fact:
    if view.status.is_terminal:
        return duration(view.duration_ms) if view.duration_ms else "", "took", ""
    seconds = max(0, now_us - view.created_us) // 1_000_000
    return duration(seconds * 1000) if seconds else "", "so far", "Since it was posted"


def _tokens(view: TaskView) -> Fact:
    total = view.tokens_in + view.tokens_out
    tip = f"{view.tokens_in:,} read, {view.tokens_out:,} written"
    return (f"{total:,}", "tokens", tip) if total else ("", "", "")
