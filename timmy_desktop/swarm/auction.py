"""The rules of an auction, pure: which bids count, what they score, who wins. Integers only, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from timmy_desktop.swarm.errors import BidRejectedError
from timmy_desktop.swarm.reputation import success_milli
from timmy_desktop.swarm.task import MOST_MSAT

AgentStatus = Literal["idle", "busy", "stopped"]

# What a score is made of, in thousandths that sum to 1,000.
WEIGHT_PRICE = 350
WEIGHT_RECORD = 300
WEIGHT_MATCH = 350


@dataclass(frozen=True, slots=True)
class Bid:
    """An agent's offer to do the task for `amount_msat`."""

    agent_id: str
    amount_msat: int


@dataclass(frozen=True, slots=True)
class Bidder:
    """What the auction knows of an agent when its bids are judged."""

    agent_id: str
    name: str
    match_milli: int
    completed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class ScoredBid:
    """A bid and what it is worth, in thousandths."""

    bid: Bid
    score_milli: int


def check_bid(
    bid: Bid,
    *,
    eligible: Iterable[str],
    already: Iterable[str],
    status: AgentStatus,
    is_open: bool,
    max_price_msat: int = 0,
) -> None:
    """Raises BidRejectedError unless the bid counts.

    `eligible` holds who was asked, `already` who has bid, `status` is the bidder's at this moment.
    """
    if not is_open:
        raise BidRejectedError("The auction is closed.")
    if bid.agent_id not in eligible:
        raise BidRejectedError("The agent was not asked to bid.")
    if bid.agent_id in already:
        raise BidRejectedError("The agent has already bid in this auction.")
    if status != "idle":
        raise BidRejectedError(f"The agent is {status}.")
    _check_amount(bid.amount_msat, max_price_msat)


def _check_amount(amount_msat: int, max_price_msat: int) -> None:
    if type(amount_msat) is not int:
        raise BidRejectedError("A bid is a whole number of millisatoshi.")
    if not 0 <= amount_msat <= MOST_MSAT:
        raise BidRejectedError("A bid can't be negative, or more than all the sats there are.")
    if max_price_msat and amount_msat > max_price_msat:
        raise BidRejectedError(f"The bid of {amount_msat} msat is above the task's {max_price_msat} msat.")


def rank(bids: Iterable[Bid], bidders: Mapping[str, Bidder]) -> list[ScoredBid]:
    """The bids with their scores, best first. Ties go to the lower bid, then to the name's order."""
    bids = list(bids)
    lowest = min((bid.amount_msat for bid in bids), default=0)
    scored = [ScoredBid(bid, score(bid, lowest, bidders[bid.agent_id])) for bid in bids]
    return sorted(scored, key=lambda entry: _order(entry, bidders))


def score(bid: Bid, lowest_msat: int, bidder: Bidder) -> int:
    """What a bid is worth, 0 to 1,000: cheapness against the lowest, the agent's record, its match."""
    price = 1000 if bid.amount_msat == 0 else lowest_msat * 1000 // bid.amount_msat
    record = success_milli(bidder.completed, bidder.failed)
    return (price * WEIGHT_PRICE + record * WEIGHT_RECORD + bidder.match_milli * WEIGHT_MATCH) // 1000


def _order(entry: ScoredBid, bidders: Mapping[str, Bidder]) -> tuple[int, int, str, str]:
    bidder = bidders[entry.bid.agent_id]
    return -entry.score_milli, entry.bid.amount_msat, bidder.name, bidder.agent_id
