"""A task's whole life, on a real database, ledger and router."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.swarm_world import SwarmWorld

LIFE = [
    "task.created",
    "task.bidding",
    *["bid.submitted"] * 6,
    "auction.closed",
    "payment.reserved",
    "task.assigned",
    "task.started",
    "provider.called",
    "task.stepped",
    "task.completed",
    "invoice.created",
    "payment.sent",
    "payment.settled",
]


async def test_a_task_goes_from_posted_to_paid(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        task_id = await world.coordinator.post("Write a poem about a hash chain")
        view = await world.coordinator.wait(task_id)
        assert (view.status, view.result, view.reason) == ("completed", "Hello world", "")
        assert view.paid_msat == view.price_msat > 0
        assert (view.agent_name, view.provider, view.attempt) == ("Quill", "scripted", 1)
        assert [bid.won for bid in view.bids] == [True, False, False, False, False, False]
        types = [record.type for record in await world.coordinator.steps(task_id)]
        assert [name for name in types if name != "provider.called"] == [
            name for name in LIFE if name != "provider.called"
        ]
        await world.audited()
        assert {agent.status for agent in world.coordinator.agents()} == {"idle"}
