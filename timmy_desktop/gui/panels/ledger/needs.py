"""What needs a person, each in words and with its next step. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.gui.panels.ledger.words import Names, agent_words
from timmy_desktop.gui.wording import exact_time, sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.types import Approval, Attention, Difference, Doubt, Held, NodeHealth

_KINDS = {
    "balance": "The node's balance differs from the book's",
    "settled_only_at_node": "A payment settled at the node and not in the book",
    "failed_at_node": "A payment failed at the node and not in the book",
    "unknown_to_node": "The node does not know a payment of the book",
    "unknown_to_ledger": "The book does not know a payment of the node",
    "amount": "An amount differs between book and node",
    "fee": "A fee differs between book and node",
    "network": "The node is on another network",
}
_FLAGS = {"late": "came late", "overpaid": "too much was paid", "underpaid": "too little was paid"}
# Whoever was just asked is given a moment before a person is bothered.
_GRACE_US = 15_000_000


@dataclass(frozen=True, slots=True)
class Need:
    """`acts` are the words of buttons and what they ask for, the likely one first."""

    key: str
    tone: str
    words: str
    acts: tuple[tuple[str, str], ...]


def needs_of(attention: Attention, name_of: Names, now_us: int) -> tuple[Need, ...]:
    """Alarms first, then what waits for a word, then doubts."""
    needs = [_difference(one) for one in attention.differences]
    if attention.health is not None and not attention.health.ok:
        needs.append(_health(attention.health))
    needs += [_approval(one, name_of) for one in attention.approvals]
    needs += [_held(one) for one in attention.held]
    needs += [
        _doubt(one, name_of)
        for one in attention.doubts
        if not one.under_way or now_us - one.since_us > _GRACE_US
    ]
    return tuple(needs)


def difference_words(one: Difference) -> str:
    """What differs, and what each side says."""
    amount = f", {sats(abs(one.amount_msat))}" if one.amount_msat else ""
    return (
        f"{_KINDS.get(one.kind, inert_line(one.kind, 40))}{amount}. "
        f"Book: {inert_line(one.book_says, 120)}. Node: {inert_line(one.node_says, 120)}."
    )


def _difference(one: Difference) -> Need:
    return Need(one.id, "bad", difference_words(one), (("Look into it…", "difference"),))


def _health(one: NodeHealth) -> Need:
    words = inert_line(one.problem, 300) or "The Lightning node can't be used."
    return Need("health", "bad", words, (("Check again", "health"), ("Preferences", "preferences")))


def _approval(one: Approval, name_of: Names) -> Need:
    who = agent_words(one.agent_id, name_of) or inert_line(one.requested_by, 40)
    memo = f": {inert_line(one.memo, 80)}" if one.memo else ""
    words = f"{who} wants to pay {sats(one.amount_msat)}{memo}. {inert_line(one.why, 160)}"
    return Need(one.id, "accent", words, (("Decide…", "approval"),))


def _held(one: Held) -> Need:
    why = " and ".join(_FLAGS.get(flag, flag) for flag in one.flags) or "it is not clear where they belong"
    words = f"{sats(one.amount_msat)} are set aside, because {why}. Say where they belong."
    return Need(one.ledger_id, "warn", words, (("Release…", "release"), ("Show", "open")))


def _doubt(one: Doubt, name_of: Names) -> Need:
    name = agent_words(one.agent_id, name_of) or (short_id(one.payee) if one.payee else "")
    who = f"to {name}" if name else "of a payment"
    words = (
        f"{sats(one.amount_msat)} {who} are in flight since {exact_time(one.since_us)[:16]}: the node has "
        "not said whether they arrived. They count as neither paid nor back."
    )
    return Need(one.ledger_id, "warn", words, (("Ask again", "ask"), ("Show", "open")))
