"""How agents come to their bids, and the room in which the bids of one auction are collected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from timmy_desktop.clock import Clock
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.auction import AgentStatus, Bid, Bidder, ScoredBid, check_bid, rank
from timmy_desktop.swarm.errors import BidRejectedError
from timmy_desktop.swarm.personas import CHANGE_PREFIX, Persona, Topic

logger = logging.getLogger(__name__)

EVERYONE_ANSWERED = "every agent that was asked has answered"
TIME_PASSED = "the time limit passed"
CALLED_OFF = "the task was called off"

_SAT = 1000
_BUSIEST = 10


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an agent is told when it is asked to bid; `waiting` counts the tasks in the queue."""

    task_id: str
    round: int
    text: str
    topic: Topic
    max_price_msat: int
    waiting: int


class Bids(Protocol):
    """How an agent that was asked answers: with an amount in millisatoshi, or None to pass."""

    def __call__(self, persona: Persona, invitation: Invitation) -> Coroutine[Any, Any, int | None]: ...


async def persona_bid(persona: Persona, invitation: Invitation) -> int | None:
    """A persona's own bid: cheaper in its field, dearer when much is waiting; passes above the limit, and
    where a change is to be proposed that it has no tools for."""
    if invitation.text.startswith(CHANGE_PREFIX) and not persona.can_propose:
        return None
    amount = asking_price(persona.base_bid_msat, persona.match_milli(invitation.topic), invitation.waiting)
    limit = invitation.max_price_msat
    return amount if not limit or amount <= limit else None


def asking_price(base_msat: int, match_milli: int, waiting: int) -> int:
    """Whole sats, in millisatoshi: 125 % of the base outside the field, 75 % in its midst, +3 % a task."""
    price = base_msat * (1250 - match_milli // 2) * (100 + 3 * min(waiting, _BUSIEST)) // 100_000
    return max(-(-price // _SAT) * _SAT, _SAT) if base_msat else 0


@dataclass(frozen=True, slots=True)
class AuctionResult:
    """The bids that counted, best first, and why the auction closed when it did."""

    bids: Sequence[ScoredBid]
    reason: str
    duration_ms: int


class AuctionRoom:
    """One auction: asks every eligible agent at once and closes when all answered or the time is up.

    It waits for answers, never for a fixed time; a bidder that is silent costs at most the limit.
    """

    def __init__(
        self,
        *,
        invitation: Invitation,
        bidders: Mapping[str, Bidder],
        status: Callable[[str], AgentStatus],
        supervisor: TaskSupervisor,
        clock: Clock,
    ) -> None:
        self._invitation = invitation
        self._bidders = bidders
        self._status = status
        self._supervisor = supervisor
        self._clock = clock
        self._bids: dict[str, Bid] = {}
        self._asked: dict[str, asyncio.Task[int | None]] = {}
        self._closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def hold(self, askable: Mapping[str, Persona], bids: Bids, limit: float) -> AuctionResult:
        """Asks `askable` (by agent id) through `bids`; closes after `limit` seconds at the latest."""
        started = self._clock.monotonic()
        timer = asyncio.get_running_loop().call_later(limit, self.close, TIME_PASSED)
        try:
            for agent_id, persona in askable.items():
                self._ask(agent_id, persona, bids)
            reason = await self._closed
        finally:
            timer.cancel()
            for asked in self._asked.values():
                asked.cancel()
        ranked = rank(self._bids.values(), self._bidders)
        return AuctionResult(ranked, reason, round((self._clock.monotonic() - started) * 1000))

    def close(self, reason: str) -> None:
        """Takes no more bids; what came in until now counts."""
        if not self._closed.done():
            self._closed.set_result(reason)

    def submit(self, bid: Bid) -> None:
        """Counts the bid, or raises BidRejectedError."""
        check_bid(
            bid,
            eligible=self._bidders,
            already=self._bids,
            status=self._status(bid.agent_id),
            is_open=not self._closed.done(),
            max_price_msat=self._invitation.max_price_msat,
        )
        self._bids[bid.agent_id] = bid

    def _ask(self, agent_id: str, persona: Persona, bids: Bids) -> None:
        task = self._supervisor.start(
            f"bid of {persona.name} for {self._invitation.task_id}", bids(persona, self._invitation)
        )
        self._asked[agent_id] = task
        task.add_done_callback(lambda done: self._answered(agent_id, done))

    def _answered(self, agent_id: str, task: asyncio.Task[int | None]) -> None:
        del self._asked[agent_id]
        # What a bidder raised, the supervisor has logged; here it has passed.
        if not task.cancelled() and task.exception() is None and (amount := task.result()) is not None:
            try:
                self.submit(Bid(agent_id, amount))
            except BidRejectedError as error:
                logger.info("A bid of %s was not counted: %s", agent_id, error)
        if not self._asked:
            self.close(EVERYONE_ANSWERED)
