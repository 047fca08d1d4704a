"""A task's whole life, on a real database, ledger and router."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld, holding
from timmy_desktop.events.payments import PaymentSettled
from timmy_desktop.events.tasks import TaskRetried, TaskStarted
from timmy_desktop.routing.errors import Unreachable
from timmy_desktop.routing.types import CompletionRequest
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.swarm.errors import TaskRejectedError, TaskStateError, UnknownTaskError
from timmy_desktop.swarm.personas import personas
from timmy_desktop.swarm.task import TaskView

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


async def test_many_at_once_are_all_done_and_paid(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        ids = await asyncio.gather(*(world.coordinator.post(f"Task number {n}") for n in range(50)))
        views = await asyncio.gather(*(world.coordinator.wait(task_id) for task_id in ids))
        assert {view.status for view in views} == {"completed"}
        assert all(view.paid_msat == view.price_msat > 0 for view in views)
        assert sum(agent.completed for agent in world.coordinator.agents()) == 50
        assert {agent.status for agent in world.coordinator.agents()} == {"idle"}
        await world.audited()


async def test_an_agent_does_one_task_at_a_time_and_the_rest_wait_in_order(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=holding(), people=personas()[:2]) as world:
        ids = [await world.coordinator.post(f"Task {n}") for n in range(4)]
        await eventually(lambda: world.provider.open_streams == 2)
        views = [await world.coordinator.task(task_id) for task_id in ids]
        assert [view.status for view in views] == ["running", "running", "created", "created"]
        assert {agent.current_task for agent in world.coordinator.agents()} == set(ids[:2])
        world.provider.release.set()
        for task_id in ids:
            assert (await world.coordinator.wait(task_id)).status == "completed"
        started = [event.task_id for event in world.of(TaskStarted)]
        assert started == ids


async def test_a_failed_payment_leaves_the_result_and_says_so(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, mood="fails") as world:
        view = await world.coordinator.wait(await world.coordinator.post("Write a poem"))
        assert (view.status, view.result, view.paid_msat) == ("completed", "Hello world", 0)
        assert "not paid" in view.reason
        await world.audited()


async def test_a_payment_in_doubt_is_written_when_it_arrives(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, mood="silent") as world:
        task_id = await world.coordinator.post("Write a poem")
        view = await world.coordinator.wait(task_id)
        assert (view.status, view.paid_msat) == ("completed", 0)
        assert "not confirmed" in view.reason
        world.backend.settle_held()
        await eventually(lambda: "payment.settled" in world.types(task_id))
        await world.db.write(lambda _session: None)
        await world.log.flush()
        view = await world.coordinator.task(task_id)
        assert (view.paid_msat, view.reason) == (view.price_msat, "")


async def test_too_few_sats_fail_the_task_with_the_ledgers_words(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, treasury_msat=1000) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Write a poem"))
        assert view.status == "failed"
        assert "sat" in view.reason
        assert {agent.status for agent in world.coordinator.agents()} == {"idle"}
        assert "task.assigned" not in world.types()
        await world.audited()


async def test_no_model_fails_the_task_at_once_and_counts_against_no_agent(tmp_path: Path) -> None:
    provider = AnsweringProvider(script=Script.refuses())
    async with SwarmWorld(tmp_path, provider=provider) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Write a poem"))
        assert (view.status, view.attempt, view.paid_msat, view.result) == ("failed", 1, 0, "")
        assert "No model answered" in view.reason
        assert sum(agent.failed for agent in world.coordinator.agents()) == 0
        assert world.types(view.id)[-2:] in (
            ["payment.refunded", "task.failed"],
            ["task.failed", "payment.refunded"],
        )
        await world.audited()


async def test_another_agent_tries_where_one_gave_no_text(tmp_path: Path) -> None:
    provider = AnsweringProvider()
    tried: list[str] = []

    def answer(request: CompletionRequest) -> Script:
        tried.append(request.agent_id)
        return Script(words=()) if len(tried) == 1 else Script(words=("Done",))

    provider.answer = answer
    async with SwarmWorld(tmp_path, provider=provider) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Write a poem"))
        assert (view.status, view.result, view.attempt) == ("completed", "Done", 2)
        assert len(set(tried)) == 2
        assert view.agent_id == tried[1]
        [retried] = world.of(TaskRetried, view.id)
        assert "no text" in retried.reason
        assert {bid.round for bid in view.bids} == {1, 2}
        assert tried[0] not in {bid.agent_id for bid in view.bids if bid.round == 2}
        failed = {agent.id: agent.failed for agent in world.coordinator.agents()}
        assert failed[tried[0]] == 1
        await world.audited()


async def test_attempts_have_an_end(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, provider=AnsweringProvider(script=Script(words=()))) as world:
        view = await world.coordinator.wait(await world.coordinator.post("Write a poem"))
        assert (view.status, view.attempt) == ("failed", 2)
        assert "no text" in view.reason


async def test_a_person_can_have_a_failed_task_tried_again(tmp_path: Path) -> None:
    provider = AnsweringProvider(script=Script.refuses())
    async with SwarmWorld(tmp_path, provider=provider) as world:
        task_id = await world.coordinator.post("Write a poem")
        assert (await world.coordinator.wait(task_id)).status == "failed"
        provider.script = Script()
        await world.router.check_now()
        assert await world.coordinator.retry(task_id) == 2
        view = await world.coordinator.wait(task_id)
        assert (view.status, view.attempt, view.reason) == ("completed", 2, "")
        with pytest.raises(TaskStateError):
            await world.coordinator.retry(task_id)
        await world.audited()


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1_000_000])
async def test_a_task_that_is_none_is_refused_with_words(tmp_path: Path, text: str) -> None:
    async with SwarmWorld(tmp_path) as world:
        with pytest.raises(TaskRejectedError, match="task"):
            await world.coordinator.post(text)
        assert await world.coordinator.tasks() == []


async def test_hostile_text_is_kept_as_it_is(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        task_id = await world.coordinator.post("a\x00b \x1b[31m \ud800 ‮ it's")
        view = await world.coordinator.wait(task_id)
        assert view.text == "a\x00b \x1b[31m ? ‮ it's"
        assert view.status == "completed"


async def test_tasks_are_listed_by_key_status_and_text(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path) as world:
        ids = [await world.coordinator.post(f"Write {word}") for word in ("100%", "a_b", "aXb")]
        for task_id in ids:
            await world.coordinator.wait(task_id)
        everything = await world.coordinator.tasks()
        assert [view.id for view in everything] == ids[::-1]
        assert [view.id for view in await world.coordinator.tasks(limit=1, before=ids[1])] == ids[:1]
        assert [view.id for view in await world.coordinator.tasks(text="a_b")] == [ids[1]]
        assert [view.id for view in await world.coordinator.tasks(text="0%")] == [ids[0]]
        assert await world.coordinator.tasks(status="failed") == []
        assert len(await world.coordinator.bids(ids[0])) == 6
        with pytest.raises(UnknownTaskError):
            await world.coordinator.task("none")


@pytest.mark.parametrize("ends", ["completed", "failed", "cancelled"])
async def test_an_end_that_the_disk_refuses_is_written_when_it_can_be(
    tmp_path: Path, expected_log: Any, ends: str
) -> None:
    expected_log("can't be written yet")
    provider = holding()
    if ends == "failed":
        provider.script = Script(words=(), hangs=True, error=Unreachable("Nothing listens there."))
    async with SwarmWorld(tmp_path, provider=provider) as world:
        task_id = await world.coordinator.post("Write a poem")
        await eventually(lambda: world.provider.open_streams == 1)
        await world.db.write(lambda session: session.sql("DROP INDEX tasks_open"))
        await world.db.write(lambda session: session.sql("ALTER TABLE tasks RENAME TO elsewhere"))
        if ends == "cancelled":
            with pytest.raises(StorageError):
                await world.coordinator.cancel(task_id)
        else:
            waiting = world.supervisor.start("wait", _raised(world.coordinator.wait(task_id)))
            await asyncio.sleep(0)
            world.provider.release.set()
            assert isinstance(await waiting, StorageError)
        # Memory says what the table says: the agent is not free, the task is not at its end.
        assert sorted({agent.status for agent in world.coordinator.agents()}) == ["busy", "idle"]
        assert (await world.ledger.balances()).escrow_msat > 0
        await world.db.write(lambda session: session.sql("ALTER TABLE elsewhere RENAME TO tasks"))
        view = await ended(world, task_id)
        assert view.status == ends
        assert {agent.status for agent in world.coordinator.agents()} == {"idle"}
        assert (await world.ledger.balances()).pending_msat == 0
        assert sum(agent.completed for agent in world.coordinator.agents()) == (ends == "completed")
        await world.audited()


async def test_a_payment_that_the_disk_refuses_is_made_when_there_is_room(
    tmp_path: Path, expected_log: Any
) -> None:
    expected_log("can't be written yet")
    async with SwarmWorld(tmp_path, provider=holding()) as world:
        task_id = await world.coordinator.post("Write a poem")
        await eventually(lambda: world.provider.open_streams == 1)
        await world.db.write(
            lambda session: session.sql(
                "CREATE TRIGGER full BEFORE INSERT ON ledger WHEN NEW.type = 'payment' "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
        waiting = world.supervisor.start("wait", _raised(world.coordinator.wait(task_id)))
        await asyncio.sleep(0)
        world.provider.release.set()
        assert isinstance(await waiting, StorageError)
        view = await world.coordinator.task(task_id)
        assert (view.status, view.paid_msat) == ("completed", 0)
        await world.db.write(lambda session: session.sql("DROP TRIGGER full"))
        view = await ended(world, task_id)
        assert view.paid_msat == view.price_msat > 0
        assert len(world.of(PaymentSettled, task_id)) == 1
        await world.audited()


async def ended(world: SwarmWorld, task_id: str) -> TaskView:
    """The task after its end, however often the disk refuses before."""
    while True:
        try:
            return await asyncio.wait_for(world.coordinator.wait(task_id), 5)
        except StorageError:
            continue


async def _raised(work: Coroutine[Any, Any, object]) -> object:
    try:
        return await work
    except StorageError as error:
        return error
