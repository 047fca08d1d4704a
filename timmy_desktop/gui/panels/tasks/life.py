"""The life of a task, read from its events: a timeline in words, and the bids by rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from timmy_desktop.events import tasks
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.events.tasks import AuctionClosed, BidSubmitted
from timmy_desktop.gui.panels.tasks.tellers import Names, words_of
from timmy_desktop.inert import inert, inert_line

_MOST_DETAIL = 4_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. `detail` may have many lines; `role` is a colour role of the theme."""

    seq: int
    time_us: int
    glyph: str
    role: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bid:
    """One agent's offer. `rank` counts from 1, the winner first, then by score."""

    rank: int
    agent: str
    amount_msat: int
    score_milli: int
    won: bool
    round: int


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that the detail pane shows beside the task itself."""

    moments: tuple[Moment, ...] = ()
    bids: tuple[Bid, ...] = ()
    simulated: bool = False
    """Whether any of the money in it is play money."""


def life_of(records: Iterable[EventRecord], name_of: Names, *, simulated: bool = False) -> Life:
    """The life that `records` (of one task, in order) tell; `simulated`: the ledger's money is play money."""
    known = list(records)
    closed = max((r.seq for r in known if isinstance(r.event, tasks.AuctionClosed)), default=0)
    # A closed auction is one line: the bids have a table of their own.
    told = (r for r in known if not (isinstance(r.event, tasks.BidSubmitted) and r.seq < closed))
    simulated = simulated or any(getattr(record.event, "simulated", False) for record in known)
    moments = (_moment(record, name_of, simulated) for record in told)
    return Life(tuple(moment for moment in moments if moment), _ranked(known, name_of), simulated)


def _ranked(records: Sequence[EventRecord], name_of: Names) -> tuple[Bid, ...]:
    """The bids of the last auction that had any; a retried task has had several."""
    auction = 1
    offers: dict[int, dict[str, tasks.BidSubmitted]] = {}
    winners: dict[int, str] = {}
    for record in records:
        event = record.event
        if isinstance(event, tasks.TaskBidding):
            auction = event.round
        elif isinstance(event, tasks.BidSubmitted):
            offers.setdefault(auction, {})[event.agent_id] = event
        elif isinstance(event, tasks.AuctionClosed):
            winners[auction] = event.winner
    if not offers:
        return ()
    last = max(offers)
    winner = winners.get(last, "")
    order = sorted(
        offers[last].values(), key=lambda bid: (bid.agent_id != winner, -bid.score_milli, bid.amount_msat)
    )
    return tuple(
        Bid(
            rank,
            inert_line(name_of(bid.agent_id), 60),
            bid.amount_msat,
            bid.score_milli,
            bid.agent_id == winner,
            last,
        )
        for rank, bid in enumerate(order, start=1)
    )


def _moment(record: EventRecord, name_of: Names, simulated: bool) -> Moment | None:
    words = words_of(record.event, name_of)
    if words is None:
        return None
    glyph, role, title, detail = words
    if simulated and _is_offer(record.event):
        title += " (simulated)"
    return Moment(record.seq, record.time_us, glyph, role, inert_line(title, 300), _cut(inert(detail)))


def _is_offer(event: Event) -> bool:
    """Whether it names an amount without a label of its own: whether money is real shows when it moves."""
    return isinstance(event, BidSubmitted) or (isinstance(event, AuctionClosed) and bool(event.winner))


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MOST_DETAIL else text[: _MOST_DETAIL - 1] + "…"
