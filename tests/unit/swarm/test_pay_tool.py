"""An agent pays for its task: within the limits at once, above them by the person's word, and never twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.providers import Script, ScriptedProvider
from tests.fakes.swarm_world import SwarmWorld
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.agents import ToolCompleted, ToolFailed
from timmy_desktop.events.payments import PaymentSent, PaymentSettled
from timmy_desktop.ledger import Limits
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.history import LedgerHistory
from timmy_desktop.routing.types import ToolCall
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.personas import ALL_TOOLS, PAY, personas
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.caller import Caller
from timmy_desktop.swarm.tools.workspace import Workspace

LIMITS = Limits(task_msat=50_000, agent_day_msat=100_000, day_msat=200_000)
HELM = Caller("Helm", "task-1", agent_id="helm-1")
MINE = "SELECT state, amount_msat, memo, purpose, task_id, agent_id FROM ledger WHERE purpose = 'expense'"


def on_the_embedded_node(folder: Path, **options: Any) -> SwarmWorld:
    node = EmbeddedBackend(node_key=lambda: b"\x07" * 32, clock=SystemClock(), journal=folder / "node.jsonl")
    return SwarmWorld(folder, backend=node, limits=LIMITS, **options)


async def pay(world: SwarmWorld, invoice: str, caller: Caller = HELM) -> str:
    arguments = {"invoice": invoice, "reason": "A week of weather data"}
    return await world.tools.run(PAY, arguments, [PAY], caller)


async def rows(world: SwarmWorld) -> list[tuple[Any, ...]]:
    return await world.db.read(lambda session: session.sql(MINE))


async def test_an_agent_pays_for_its_task_and_the_ledger_says_who_for_what(tmp_path: Path) -> None:
    invoices: list[str] = []
    provider = ScriptedProvider()
    async with on_the_embedded_node(tmp_path, provider=provider) as world:
        invoices.append(await world.ledger.simulated_bill(20_000, "Weather"))
        call = ToolCall("c1", PAY, {"invoice": invoices[0], "reason": "A week of weather data"})
        provider.scripts = [Script(words=(), calls=(call,)), Script(words=("Paid for it.",))]
        before = (await world.ledger.balances()).available_msat
        task = await world.coordinator.post("Helm, buy a week of weather data")
        done = await world.coordinator.wait(task)
        assert done.result == "Paid for it."
        (answer,) = world.of(ToolCompleted, task)
        assert answer.summary.startswith("Paid: 20 sat.")
        assert await rows(world) == [
            ("settled", 20_000, "A week of weather data", "expense", task, done.agent_id)
        ]
        bought = [event for event in world.of(PaymentSettled, task) if event.amount_msat == 20_000]
        assert [event.agent_id for event in bought] == [done.agent_id]
        history = LedgerHistory(world.db)
        (thought,) = await history.thoughts(0)
        assert (thought.paid_msat, thought.spent_msat) == (done.paid_msat, 20_000)
        assert (await history.thought_sums(0)).spent_msat == 20_000
        sums = await world.ledger.balances()
        assert before - sums.available_msat == 20_000 + done.paid_msat
        await world.audited()


async def test_above_a_limit_it_waits_for_the_person_who_sees_whose_wish_it_is(tmp_path: Path) -> None:
    async with on_the_embedded_node(tmp_path) as world:
        bill = await world.ledger.simulated_bill(60_000, "Much weather")
        before = (await world.ledger.balances()).available_msat
        said = await pay(world, bill)
        assert "Waits for your approval" in said
        assert "limit of 50 sat for one task" in said
        assert await pay(world, bill) == said, "asked again it is the same wish"
        assert await rows(world) == []
        assert (await world.ledger.balances()).available_msat == before
        (approval,) = await world.ledger.approvals()
        assert (approval.agent_id, approval.task_id) == ("helm-1", "task-1")
        assert approval.memo == "A week of weather data"
        outcome = await world.ledger.approve(approval.id, approval.digest)
        assert outcome.status == "settled"
        assert await rows(world) == [
            ("settled", 60_000, "A week of weather data", "expense", "task-1", "helm-1")
        ]
        await world.audited()


async def test_each_limit_holds_agents(tmp_path: Path) -> None:
    """Of the task, of the agent and day, and of the day, payments that settled before included."""
    async with on_the_embedded_node(tmp_path) as world:
        for number in (1, 2):
            caller = Caller("Helm", f"task-{number}", agent_id="helm-1")
            assert "Paid" in await pay(world, await world.ledger.simulated_bill(40_000, "x"), caller)
            assert "one task" in await pay(world, await world.ledger.simulated_bill(11_000, "x"), caller)
        third = Caller("Helm", "task-3", agent_id="helm-1")
        assert "one agent and day" in await pay(world, await world.ledger.simulated_bill(21_000, "x"), third)
        for number in (4, 5, 6):
            other = Caller("Kit", f"task-{number}", agent_id=f"kit-{number}")
            said = await pay(world, await world.ledger.simulated_bill(45_000, "x"), other)
        assert "one day" in said


async def test_an_invoice_is_paid_once(tmp_path: Path) -> None:
    async with on_the_embedded_node(tmp_path) as world:
        bill = await world.ledger.simulated_bill(1_000, "Once")
        await pay(world, bill)
        with pytest.raises(ToolError, match=r"Nothing was paid: .*already paid"):
            await pay(world, bill, Caller("Helm", "task-2", agent_id="helm-1"))
        with pytest.raises(ToolError, match="Nothing was paid"):
            await pay(world, "lnbcrt1nonsense")
        assert len(world.of(PaymentSent)) == 1


async def test_what_the_node_does_not_tell_is_no_failure(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, mood="silent") as world:
        said = await pay(world, world.backend.shop_invoice(1_000))
        assert "not known yet" in said
        assert [row[0] for row in await rows(world)] == ["pending"]
        world.backend.mood = "fails"
        with pytest.raises(ToolError, match="Nothing was paid"):
            await pay(world, world.backend.shop_invoice(1_000))


async def test_only_who_was_given_the_tool_pays_and_never_without_a_task(tmp_path: Path) -> None:
    assert PAY not in ALL_TOOLS
    assert [persona.name for persona in personas() if PAY in persona.tools] == ["Helm"]
    async with on_the_embedded_node(tmp_path) as world:
        bill = await world.ledger.simulated_bill(1_000, "x")
        with pytest.raises(ToolError, match="no tool 'pay_invoice'"):
            await world.tools.run(PAY, {"invoice": bill, "reason": "x"}, ALL_TOOLS, HELM)
        for nobody in (Caller(), Caller("Helm"), Caller("Helm", "task-1")):
            with pytest.raises(ToolError, match="Nothing can be paid here"):
                await pay(world, bill, nobody)
        assert world.of(ToolFailed) == []
    box = Toolbox(workspace=Workspace(tmp_path))
    assert box.specs([PAY]) == ()
    await box.stop()
