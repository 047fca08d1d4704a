"""Brings a task from the queue to its agent: holds the auction, records it, reserves the price."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import AuctionClosed, BidSubmitted, TaskAssigned, TaskBidding
from timmy_desktop.ledger import Ledger
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.bidding import CALLED_OFF, AuctionResult, AuctionRoom, Bids, Invitation
from timmy_desktop.swarm.live import LiveTask
from timmy_desktop.swarm.registry import Registry
from timmy_desktop.swarm.task import TaskStatus
from timmy_desktop.swarm.task_store import bids_written, both, moved_to

SOURCE = "coordinator"


class Auctioneer:
    """Holds one auction at a time, so that no agent can win two."""

    def __init__(
        self,
        *,
        bus: EventBus,
        ledger: Ledger,
        registry: Registry,
        clock: Clock,
        supervisor: TaskSupervisor,
        bids: Bids,
        seconds: float,
    ) -> None:
        self._bus = bus
        self._ledger = ledger
        self._registry = registry
        self._clock = clock
        self._supervisor = supervisor
        self._bids = bids
        self._seconds = seconds

    async def award(self, live: LiveTask, eligible: Sequence[str], waiting: int) -> bool:
        """Auctions the task among `eligible`; true when it is assigned and its price reserved.

        False leaves it `bidding`, called off or without a bid; LedgerError when the price can't be reserved,
        the agent then free again. The record of the auction stands in every case.
        """
        await self._open(live, eligible)
        if live.is_called_off():
            await self._record(live, AuctionResult((), CALLED_OFF, 0), "")
            return False
        result = await self._collect(live, eligible, waiting)
        if live.is_called_off() or not result.bids:
            live.asked.update(eligible)
            await self._record(live, result, "")
            return False
        await self._assign(live, result)
        return True

    async def _open(self, live: LiveTask, eligible: Sequence[str]) -> None:
        await self._bus.publish(
            TaskBidding(source=SOURCE, task_id=live.id, eligible=list(eligible), round=live.round + 1),
            work=moved_to(live.id, TaskStatus.BIDDING, self._clock.now_us()),
        )
        live.move(TaskStatus.BIDDING)
        live.round += 1

    async def _collect(self, live: LiveTask, eligible: Sequence[str], waiting: int) -> AuctionResult:
        invitation = Invitation(live.id, live.round, live.text, live.topic, live.max_price_msat, waiting)
        live.room = AuctionRoom(
            invitation=invitation,
            bidders={agent_id: self._registry.bidder(agent_id, live.topic) for agent_id in eligible},
            status=self._registry.status,
            supervisor=self._supervisor,
            clock=self._clock,
        )
        personas = {agent_id: self._registry.persona(agent_id) for agent_id in eligible}
        try:
            return await live.room.hold(personas, self._bids, self._seconds)
        finally:
            live.room = None

    async def _record(self, live: LiveTask, result: AuctionResult, winner: str) -> None:
        submitted = [
            BidSubmitted(
                source=SOURCE,
                task_id=live.id,
                agent_id=entry.bid.agent_id,
                amount_msat=entry.bid.amount_msat,
                score_milli=entry.score_milli,
            )
            for entry in result.bids
        ]
        closed = AuctionClosed(
            source=SOURCE,
            task_id=live.id,
            winner=winner,
            amount_msat=result.bids[0].bid.amount_msat if winner else 0,
            bids=len(result.bids),
            reason=result.reason,
            duration_ms=result.duration_ms,
        )
        written = bids_written(live.id, live.round, result.bids, winner, self._clock.now_us())
        await self._bus.publish(*submitted, closed, work=written)

    async def _assign(self, live: LiveTask, result: AuctionResult) -> None:
        best = result.bids[0].bid
        change = self._registry.claim(best.agent_id, live.id)
        live.agent_id, live.price_msat = best.agent_id, best.amount_msat
        assigned = TaskAssigned(
            source=SOURCE,
            task_id=live.id,
            agent_id=best.agent_id,
            price_msat=best.amount_msat,
            attempt=live.attempt + 1,
        )
        write = moved_to(
            live.id,
            TaskStatus.ASSIGNED,
            self._clock.now_us(),
            agent_id=best.agent_id,
            price_msat=best.amount_msat,
            attempt=live.attempt + 1,
        )
        # Begun in this order within one turn of the loop, they share one commit.
        recorded, reserved = await asyncio.gather(
            self._record(live, result, best.agent_id),
            self._ledger.reserve(
                live.id,
                best.agent_id,
                best.amount_msat,
                also=(assigned, *change.events),
                work=both(write, change.write),
            ),
            return_exceptions=True,
        )
        for problem in (recorded, reserved):
            if isinstance(problem, BaseException):
                self._registry.release(best.agent_id)
                live.agent_id, live.price_msat = "", 0
                raise problem
        live.move(TaskStatus.ASSIGNED)
        live.attempt += 1
