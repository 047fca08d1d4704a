"""A task called off in each state, and an application that ends in each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.conditions import eventually
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld, busy_writer, holding
from timmy_desktop.events.base import Event
from timmy_desktop.events.codec import EncodingError
from timmy_desktop.events.tasks import (
    TaskAssigned,
    TaskBidding,
    TaskCreated,
    TaskFailed,
    TaskRetried,
    TaskStarted,
)
from timmy_desktop.settings import PersonaSettings
from timmy_desktop.swarm.bidding import Invitation
from timmy_desktop.swarm.errors import TaskStateError
from timmy_desktop.swarm.personas import Persona, personas
from timmy_desktop.swarm.recovery import FORGIVEN


async def silent(_persona: Persona, _invitation: Invitation) -> int | None:
    await asyncio.Event().wait()
    return None


async def assert_called_off(world: SwarmWorld, task_id: str) -> None:
    view = await world.coordinator.task(task_id)
    assert (view.status, view.reason, view.paid_msat) == ("cancelled", "Called off by the person.", 0)
    assert world.types(task_id).count("task.cancelled") == 1
    assert world.provider.open_streams == 0
    assert {agent.status for agent in world.coordinator.agents()} == {"idle"}
    assert (await world.ledger.balances()).pending_msat == 0
    await world.audited()


async def test_called_off_while_it_waits(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding(), people=personas()[:1]) as world:
        first = await world.coordinator.post("Task 1")
        second = await world.coordinator.post("Task 2")
        await eventually(lambda: world.provider.open_streams == 1)
        await world.coordinator.cancel(second)
        assert (await world.coordinator.task(second)).status == "cancelled"
        world.provider.release.set()
        assert (await world.coordinator.wait(first)).status == "completed"
        assert "task.bidding" not in world.types(second)


@pytest.mark.parametrize("retried", [False, True])
async def test_a_task_whose_poster_stopped_waiting_is_posted_all_the_same(
    tmp_path: Path, retried: bool
) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        if retried:
            task_id = await world.coordinator.post("Task")
            await world.coordinator.cancel(task_id)
        with busy_writer(world):
            call = world.coordinator.retry(task_id) if retried else world.coordinator.post("Task")
            posting = world.supervisor.start("post", call)
            await eventually(lambda: world.coordinator._dispatcher._live)
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
        await eventually(lambda: world.provider.open_streams == 1)
        [task] = await world.coordinator.tasks()
        await asyncio.wait_for(world.coordinator.cancel(task.id), 5)
        assert (await world.coordinator.task(task.id)).status == "cancelled"
        await world.audited()


async def test_called_off_while_it_is_being_written(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        task_id = await world.coordinator.post("Task")
        await world.coordinator.cancel(task_id)
        with busy_writer(world):
            retrying = world.supervisor.start("retry", world.coordinator.retry(task_id))
            await eventually(lambda: world.coordinator._dispatcher._live)
            calling_off = world.supervisor.start("cancel", world.coordinator.cancel(task_id))
            await asyncio.sleep(0)
        await retrying
        await asyncio.wait_for(calling_off, 5)
        assert (await world.coordinator.task(task_id)).status == "cancelled"


async def test_what_could_not_be_written_is_not_held(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        with pytest.raises(EncodingError):
            await world.coordinator.post("Task", conversation_id="\ud800")
        assert world.coordinator._dispatcher._live == {}


async def test_a_good_stop_waits_for_what_is_being_written(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        with busy_writer(world):
            posting = world.supervisor.start("post", world.coordinator.post("Task"))
            await eventually(lambda: world.coordinator._dispatcher._live)
            stopping = world.supervisor.start("stop", world.coordinator.stop())
            await asyncio.sleep(0)
        await stopping
        assert (await world.coordinator.task(await posting)).status in ("created", "bidding")


async def test_called_off_during_the_auction(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, bids=silent, auction_seconds=60) as world:
        task_id = await world.coordinator.post("Task")
        await eventually(lambda: "task.bidding" in world.types(task_id))
        await world.coordinator.cancel(task_id)
        await assert_called_off(world, task_id)
        assert world.types(task_id)[-2:] == ["auction.closed", "task.cancelled"]


@pytest.mark.parametrize("kind", [TaskCreated, TaskBidding, TaskAssigned, TaskStarted])
async def test_called_off_the_moment_it_got_there(tmp_path: Path, kind: type[Event]) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        calls: list[asyncio.Task[None]] = []

        def call_off(record: object) -> None:
            task_id = record.event.task_id  # type: ignore[attr-defined]
            calls.append(world.supervisor.start("cancel", world.coordinator.cancel(task_id)))

        world.bus.subscribe(kind, call_off)
        task_id = await world.coordinator.post("Task")
        await eventually(lambda: calls and calls[0].done())
        await calls[0]
        await assert_called_off(world, task_id)


async def test_called_off_at_work_really_stops_the_model(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        task_id = await world.coordinator.post("Task")
        await eventually(lambda: world.provider.open_streams == 1)
        await asyncio.gather(world.coordinator.cancel(task_id), world.coordinator.cancel(task_id))
        await assert_called_off(world, task_id)
        with pytest.raises(TaskStateError, match="cancelled already"):
            await world.coordinator.cancel(task_id)
        assert await world.coordinator.retry(task_id) == 2
        world.provider.release.set()
        assert (await world.coordinator.wait(task_id)).status == "completed"


async def test_what_is_done_can_not_be_called_off(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        task_id = await world.coordinator.post("Task")
        await world.coordinator.wait(task_id)
        with pytest.raises(TaskStateError, match="completed already"):
            await world.coordinator.cancel(task_id)


async def test_a_crash_at_work_is_taken_up_again_and_its_sats_go_back_first(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        task_id = await world.coordinator.post("Write a poem")
        await eventually(lambda: world.provider.open_streams == 1)
        await world.crash()
    async with SwarmWorld(tmp_path) as world:
        view = await world.coordinator.wait(task_id)
        assert (view.status, view.attempt) == ("completed", 2)
        assert view.paid_msat == view.price_msat
        [retried] = world.of(TaskRetried, task_id)
        assert "ended while Quill worked" in retried.reason
        assert {agent.status for agent in world.coordinator.agents()} == {"idle"}
        await world.audited()


async def test_a_crash_while_waiting_or_in_the_auction_costs_no_attempt(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, bids=silent, auction_seconds=60) as world:
        ids = [await world.coordinator.post("One"), await world.coordinator.post("Two")]
        await eventually(lambda: "task.bidding" in world.types(ids[0]))
        await world.crash()
    async with SwarmWorld(tmp_path) as world:
        views = [await world.coordinator.wait(task_id) for task_id in ids]
        assert [(view.status, view.attempt) for view in views] == [("completed", 1)] * 2
        await world.audited()


async def test_a_good_stop_leaves_the_work_for_the_next_start(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        task_id = await world.coordinator.post("Write a poem")
        await eventually(lambda: world.provider.open_streams == 1)
        waiting = world.supervisor.start("waiting", _outcome(world, task_id))
        await asyncio.sleep(0)
    assert isinstance(waiting.result(), TaskStateError)
    async with SwarmWorld(tmp_path) as world:
        assert (await world.coordinator.wait(task_id)).status == "completed"


async def test_a_task_that_ends_the_application_each_time_is_given_up(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        task_id = await world.coordinator.post("Write a poem")
        await eventually(lambda: world.provider.open_streams == 1)
        await world.crash()
        limit = 2 + FORGIVEN
        await world.db.write(lambda session: session.sql("UPDATE tasks SET attempt = ?", (limit,)))
    async with SwarmWorld(tmp_path) as world:
        view = await world.coordinator.wait(task_id)
        assert view.status == "failed"
        assert "tried 5 times" in view.reason
        assert (await world.ledger.balances()).pending_msat == 0
        await world.audited()


async def test_a_restart_pays_nothing_twice(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        task_id = await world.coordinator.post("Write a poem")
        view = await world.coordinator.wait(task_id)
    async with SwarmWorld(tmp_path) as world:
        before = await world.ledger.balances()
    async with SwarmWorld(tmp_path) as world:
        await world.log.flush()
        await eventually(lambda: not any("payment of" in name for name in world.supervisor.names))
        again = await world.coordinator.task(task_id)
        assert (again.paid_msat, again.reason) == (view.price_msat, "")
        assert await world.ledger.balances() == before


async def test_silent_bidders_cost_the_time_limit_once_and_the_others_win(tmp_path: Path) -> None:
    async def some(persona: Persona, _invitation: Invitation) -> int | None:
        return 5000 if persona.name == "Mace" else await silent(persona, _invitation)

    async with SwarmWorld(tmp_path, bids=some, auction_seconds=0.2) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Task"))
        assert (view.status, view.agent_name, len(view.bids)) == ("completed", "Mace", 1)
        [closed] = [event for event in world.events if event.type == "auction.closed"]
        assert "time limit" in closed.reason
        assert 190 <= closed.duration_ms < 2000


async def test_nobody_bids(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Task", max_price_msat=1))
        assert view.status == "failed"
        assert "none bid" in view.reason
        assert len(world.of(TaskFailed)) == 1


async def test_a_bidder_that_breaks_has_passed(tmp_path: Path, expected_log: object) -> None:
    expected_log("The background task 'bid of Echo")  # type: ignore[operator]

    async def breaks(persona: Persona, _invitation: Invitation) -> int | None:
        if persona.name == "Echo":
            raise ValueError("no idea")
        return -5 if persona.name == "Quill" else 7000

    async with SwarmWorld(tmp_path, bids=breaks) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Task"))
        assert {bid.agent_name for bid in view.bids} == {"Mace", "Helm", "Seer", "Forge"}


async def test_paused_agents_are_not_asked(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider()) as world:
        for agent in world.coordinator.agents()[1:]:
            await world.registry.pause(agent.id)
        view = await world.coordinator.wait(await world.coordinator.post("Write a poem"))
        assert [bid.agent_name for bid in view.bids] == ["Echo"]
        await world.registry.pause(view.agent_id)
        task_id = await world.coordinator.post("Write another")
        assert (await world.coordinator.task(task_id)).status == "created"
        await world.registry.resume(view.agent_id)
        assert (await world.coordinator.wait(task_id)).agent_name == "Echo"


async def test_tools_that_the_settings_made_up_are_warned_of(tmp_path: Path) -> None:
    people = personas([PersonaSettings(name="Vera", tools=("list_files", "launch_rocket"))])
    async with SwarmWorld(tmp_path, people=people) as world:
        [warning] = [event for event in world.events if event.type == "system.warning"]
        assert "Vera has no tool called launch_rocket" in warning.message  # type: ignore[attr-defined]


async def _outcome(world: SwarmWorld, task_id: str) -> object:
    try:
        return await world.coordinator.wait(task_id)
    except TaskStateError as error:
        return error
