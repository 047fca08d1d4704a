"""Ledger against node: every difference is explained or an alarm, and nothing is corrected in silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ledger_world import TREASURY, LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.types import Reconciliation


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def node(clock: SetClock) -> FakeLightning:
    made = FakeLightning(clock=clock, is_simulated=False, can_pay_itself=False)
    made.local = TREASURY
    return made


@pytest.fixture
async def world(tmp_path: Path, clock: SetClock, node: FakeLightning) -> AsyncIterator[LedgerWorld]:
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as made:
        await made.ledger.reconcile("start")
        yield made
        await made.audited()


async def paid(world: LedgerWorld, node: FakeLightning, amount: int = 1000) -> Any:
    checked = await world.ledger.check_invoice(node.shop_invoice(amount))
    return await world.ledger.pay_invoice(checked.bolt11, checked.digest)


def kinds(run: Reconciliation) -> list[tuple[str, str]]:
    return [(found.kind, found.state) for found in run.differences]


async def test_they_agree_when_nothing_is_wrong(world: LedgerWorld, node: FakeLightning) -> None:
    await paid(world, node)
    made = await world.ledger.create_invoice(5000, "x")
    node.receive(made.payment_hash, 5000)
    run = await world.ledger.reconcile()
    assert (run.state, run.open, kinds(run)) == ("agrees", 0, [])
    assert run.node_msat == run.book_msat == TREASURY - 1000 + 5000
    assert (run.network, run.checked) == ("regtest", 2)
    assert world.types()[-1] == "ledger.reconciled"


async def test_a_payment_that_failed_here_and_settled_there_is_an_alarm_until_it_is_booked(
    world: LedgerWorld, node: FakeLightning
) -> None:
    node.mood = "fails"
    await paid(world, node)
    node.settle_failed()
    run = await world.ledger.reconcile()
    assert kinds(run) == [("settled_only_at_node", "open"), ("balance", "explained")]
    assert (await world.ledger.balances()).available_msat == TREASURY, "nothing is corrected in silence"
    assert world.types().count("ledger.difference_found") == 1
    again = await world.ledger.reconcile()
    assert again.open == 1
    assert world.types().count("ledger.difference_found") == 1, "the same alarm is no news"
    (found,) = (await world.ledger.attention()).differences
    with pytest.raises(LedgerError, match="few words"):
        await world.ledger.resolve_difference(found.id, " ", book=True)
    await world.ledger.resolve_difference(found.id, "The node was restarted", book=True)
    rows = await world.rows(
        "SELECT state, flags, refers_to <> '' FROM ledger WHERE type = 'payment' ORDER BY id"
    )
    assert rows == [("failed", "", 0), ("settled", "late", 1)]
    assert (await world.ledger.reconcile()).state == "agrees"
    with pytest.raises(LedgerError, match="already resolved"):
        await world.ledger.resolve_difference(found.id, "again")


async def test_what_the_node_did_without_us_is_found(world: LedgerWorld, node: FakeLightning) -> None:
    await node.pay_invoice(node.shop_invoice(700), 0)  # type: ignore[arg-type]
    run = await world.ledger.reconcile()
    assert kinds(run) == [("unknown_to_ledger", "open"), ("balance", "explained")]
    (found,) = (await world.ledger.attention()).differences
    assert (found.amount_msat, found.node_says) == (-700, "sent 0.7 sat")
    await world.ledger.resolve_difference(found.id, "Paid by hand", book=True)
    assert (await world.ledger.balances()).available_msat == TREASURY - 700
    assert (await world.ledger.reconcile()).state == "agrees"


async def test_sats_that_nothing_explains_are_an_alarm(world: LedgerWorld, node: FakeLightning) -> None:
    node.local -= 300
    run = await world.ledger.reconcile()
    assert kinds(run) == [("balance", "open")]
    node.local += 300
    assert (await world.ledger.reconcile()).state == "agrees"
    rows = await world.rows("SELECT state, explanation <> '' FROM ledger_differences")
    assert rows == [("explained", 1)], "it is kept, with the reason why it ended"


async def test_a_settled_payment_that_the_node_calls_failed_is_an_alarm(
    world: LedgerWorld, node: FakeLightning
) -> None:
    await paid(world, node)
    next(iter(node.known.values())).state = "failed"
    run = await world.ledger.reconcile()
    assert ("failed_at_node", "open") in kinds(run)
    (found,) = (await world.ledger.attention()).differences
    assert not found.can_be_booked
    with pytest.raises(LedgerError, match="nothing that could be booked"):
        await world.ledger.resolve_difference(found.id, "x", book=True)


async def test_another_fee_than_was_booked_is_an_alarm(world: LedgerWorld, node: FakeLightning) -> None:
    await paid(world, node)
    node.fee = 5  # type: ignore[assignment]
    assert ("fee", "open") in kinds(await world.ledger.reconcile())


async def test_a_node_that_is_not_there_changes_no_alarm(world: LedgerWorld, node: FakeLightning) -> None:
    node.local -= 300
    await world.ledger.reconcile()
    node.reachable = False
    run = await world.ledger.reconcile()
    assert (run.state, run.detail) == ("unreachable", "The node is not reachable.")
    assert len((await world.ledger.attention()).differences) == 1


async def test_once_a_day_it_is_done_unasked(
    world: LedgerWorld, node: FakeLightning, clock: SetClock
) -> None:
    runs = world.types().count("ledger.reconciled")
    await world.ledger.tidy()
    assert world.types().count("ledger.reconciled") == runs
    clock.advance(86_400)
    await world.ledger.tidy()
    assert world.types().count("ledger.reconciled") == runs + 1


async def test_a_real_node_opens_a_book_of_its_own(tmp_path: Path, clock: SetClock) -> None:
    """Simulated sats never become real ones, nor the sats of one node those of another."""
    async with LedgerWorld(tmp_path, FakeLightning(clock=clock), clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.pay("task")
    real = FakeLightning(clock=clock, is_simulated=False, can_pay_itself=False, seed=b"a real one")
    real.local = 7000
    clock.advance(1)
    async with LedgerWorld(tmp_path, real, clock) as world:
        await world.ledger.reconcile()
        sums = await world.ledger.balances()
        assert (sums.available_msat, sums.incoming_msat, sums.outgoing_msat) == (7000, 7000, 0)
        assert await world.balance("agent:forge") == 0
        assert "ledger.opened" in world.types()
        assert (await world.ledger.reconcile()).state == "agrees"
        await world.audited()


async def test_a_book_with_open_ends_is_not_left(tmp_path: Path, clock: SetClock) -> None:
    async with LedgerWorld(tmp_path, FakeLightning(clock=clock), clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
    real = FakeLightning(clock=clock, is_simulated=False, seed=b"a real one")
    async with LedgerWorld(tmp_path, real, clock) as world:
        with pytest.raises(LedgerError, match="still reserved"):
            await world.ledger.create_invoice(1000, "x")
        assert (await world.ledger.balances()).escrow_msat == 1000
        await world.ledger.refund("task", "called off")
        await world.ledger.create_invoice(1000, "x")


async def test_a_node_on_another_network_is_not_used(tmp_path: Path, clock: SetClock) -> None:
    node = FakeLightning(clock=clock, is_simulated=False)
    node.network = "mainnet"
    async with LedgerWorld(tmp_path, node, clock) as world:
        health = await world.ledger.health()
        assert (health.ok, health.network) == (False, "mainnet")
        with pytest.raises(LedgerError, match="settings say regtest"):
            await world.ledger.create_invoice(1000, "x")
        with pytest.raises(LedgerError, match="settings say regtest"):
            await world.ledger.reserve("task", "forge", 1)
        assert not node.known


async def test_what_came_after_the_first_start_is_not_booked_as_its_beginning(
    tmp_path: Path, clock: SetClock
) -> None:
    real = FakeLightning(clock=clock, is_simulated=False, can_pay_itself=False)
    async with LedgerWorld(tmp_path, real, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x")
        real.receive(made.payment_hash, 5000)
        await world.ledger.ask(made.ledger_id)
    async with LedgerWorld(tmp_path, real, clock, ask_again_seconds=1000) as world:
        run = await world.ledger.reconcile()
        assert (run.state, run.book_msat) == ("agrees", 5000)


async def test_a_simulated_node_with_a_new_key_keeps_its_book(tmp_path: Path, clock: SetClock) -> None:
    async with LedgerWorld(tmp_path, FakeLightning(clock=clock), clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.pay("task")
    async with LedgerWorld(tmp_path, FakeLightning(clock=clock, seed=b"a new key"), clock) as world:
        assert await world.balance("agent:forge") == 1000
        assert (await world.ledger.balances()).available_msat == TREASURY - 1000
