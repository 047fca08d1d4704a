"""Invoices of ours: settled by the node's word and the preimage alone; too much, too little and too late are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conditions import eventually
from tests.fakes.ledger_world import TREASURY, LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import receiving
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.errors import LedgerError, MoneyError


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def node(clock: SetClock) -> FakeLightning:
    return FakeLightning(clock=clock)


async def test_what_is_expected_is_pending_in_and_no_money_yet(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        made = await world.ledger.create_invoice(5000, "For a friend")
        sums = await world.ledger.balances()
        assert (sums.receivable_msat, sums.net_msat, sums.incoming_msat) == (5000, TREASURY, TREASURY)
        node.receive(made.payment_hash, 5000)
        await eventually(lambda: "invoice.settled" in world.types())
        sums = await world.ledger.balances()
        assert (sums.receivable_msat, sums.available_msat) == (0, TREASURY + 5000)
        assert sums.incoming_msat == TREASURY + 5000
        rows = await world.rows(
            "SELECT state, flags, received_msat, length(preimage) FROM ledger WHERE type = 'invoice'"
        )
        assert rows == [("settled", "", 5000, 64)]
        await world.audited()


@pytest.mark.parametrize(
    ("received", "flags", "to_treasury", "to_suspense"),
    [(7000, "overpaid", 5000, 2000), (4000, "underpaid", 0, 4000)],
)
async def test_too_much_and_too_little_wait_in_suspense(
    tmp_path: Path, clock: SetClock, node: FakeLightning, received: int, flags: str, to_treasury: int,
    to_suspense: int,
) -> None:  # fmt: skip
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x")
        node.receive(made.payment_hash, received)
        await asyncio.gather(*(world.ledger.ask(made.ledger_id) for _ in range(3)))
        sums = await world.ledger.balances()
        assert (sums.available_msat - TREASURY, sums.suspense_msat) == (to_treasury, to_suspense)
        (held,) = (await world.ledger.attention()).held
        assert (held.flags, held.amount_msat) == ((flags,), to_suspense)
        await world.ledger.release(held.ledger_id, "A tip")
        with pytest.raises(LedgerError, match="in suspense"):
            await world.ledger.release(held.ledger_id, "again")
        assert (await world.ledger.balances()).suspense_msat == 0
        assert world.types().count("invoice.settled") == 1
        await world.audited()


async def test_an_invoice_that_nobody_pays_runs_out(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x", expiry_s=600)
        clock.advance(601)
        assert (await world.ledger.ask(made.ledger_id)).status == "unknown", "it may be on its way at the end"
        clock.advance(60)
        assert (await world.ledger.ask(made.ledger_id)).status == "failed"
        assert (await world.ledger.balances()).receivable_msat == 0
        assert world.types()[-1] == "payment.expired"
        await world.audited()


@pytest.mark.parametrize("end", ["expired", "failed"])
async def test_what_comes_late_is_booked_and_flagged_and_the_past_stays(
    tmp_path: Path, clock: SetClock, node: FakeLightning, end: str
) -> None:
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x", expiry_s=600)
        if end == "failed":
            await world.ledger.cancel_invoice(made.ledger_id, "Changed my mind")
        else:
            clock.advance(1000)
            await world.ledger.ask(made.ledger_id)
        node.receive(made.payment_hash, 5000)
        await asyncio.gather(*(world.ledger.ask(made.ledger_id) for _ in range(3)))
        rows = await world.rows(
            "SELECT state, flags, refers_to <> '' FROM ledger WHERE type = 'invoice' ORDER BY id"
        )
        assert rows == [(end, "", 0), ("settled", "late", 1)]
        assert (await world.ledger.balances()).available_msat == TREASURY + 5000
        await world.audited()


async def test_what_ran_out_while_the_node_was_asked_is_told_as_late(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x", expiry_s=600)
        read_before = await world.db.read(lambda session: receiving.by_id(session, made.ledger_id))
        await world.ledger.cancel_invoice(made.ledger_id, "Changed my mind")
        node.receive(made.payment_hash, 5700)

        await world.ledger._receiving.look_up(read_before)

        (told,) = [event for event in world.events if event.type == "invoice.settled"]
        assert told.flags == "late overpaid"  # type: ignore[attr-defined]
        rows = await world.rows("SELECT state, flags FROM ledger WHERE type = 'invoice' ORDER BY id")
        assert rows == [("failed", ""), ("settled", "late overpaid")]
        await world.audited()


async def test_a_preimage_that_proves_nothing_brings_nothing_in(
    tmp_path: Path, clock: SetClock, expected_log: Callable[[str], None]
) -> None:
    expected_log("proof doesn't fit")
    node = FakeLightning(clock=clock, mood="lies")
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x")
        node.receive(made.payment_hash, 5000)
        assert (await world.ledger.ask(made.ledger_id)).status == "unknown"
        await world.ledger.ask(made.ledger_id)
        assert world.types().count("system.warning") == 1
        assert (await world.ledger.balances()).available_msat == TREASURY


async def test_an_agent_earns_from_outside_by_its_own_invoice(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "Work", agent_id="forge")
        node.receive(made.payment_hash, 5000)
        await world.ledger.ask(made.ledger_id)
        assert await world.balance("agent:forge") == 5000
        assert (await world.ledger.balances()).available_msat == TREASURY
        await world.audited()


@pytest.mark.parametrize("amount", [0, -5, 2 * 10**18])
async def test_impossible_amounts_are_refused(
    tmp_path: Path, clock: SetClock, node: FakeLightning, amount: int
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        with pytest.raises((MoneyError, LedgerError)):
            await world.ledger.create_invoice(amount, "x")
        assert world.types() == ["payment.deposited"]


async def test_a_simulated_payer_survives_a_crash(tmp_path: Path, clock: SetClock) -> None:
    """The simulated node has it in its journal before the ledger hears of it."""

    def node() -> EmbeddedBackend:
        return EmbeddedBackend(node_key=lambda: b"\x07" * 32, clock=clock, journal=tmp_path / "node.jsonl")

    async with LedgerWorld(tmp_path, node(), clock, ask_again_seconds=1000) as world:
        made = await world.ledger.create_invoice(5000, "x")
        await world.backend.receive(made.bolt11, 5000)  # type: ignore[attr-defined]
    with (tmp_path / "node.jsonl").open("a") as torn:
        torn.write('\n["abc", "de')
    async with LedgerWorld(tmp_path, node(), clock, ask_again_seconds=1000) as world:
        assert (await world.ledger.balances()).available_msat == TREASURY + 5000
        again = await world.ledger.create_invoice(1000, "y")
        await world.ledger.simulate_receipt(again.ledger_id)
    async with LedgerWorld(tmp_path, node(), clock) as world:
        assert (await world.ledger.balances()).available_msat == TREASURY + 6000
        await world.audited()
