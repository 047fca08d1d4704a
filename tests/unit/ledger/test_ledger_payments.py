"""Reserve, pay and refund, and what they do on bad days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conditions import eventually
from tests.fakes.ledger_world import TREASURY, LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.events.payments import PaymentSettled
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.ledger import Limits
from timmy_desktop.ledger.backends.base import PaymentResult
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.errors import (
    AlreadyReservedError,
    InsufficientFundsError,
    LedgerError,
    MoneyError,
    NothingReservedError,
)
from timmy_desktop.ledger.invoice import proves
from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.errors import StorageError


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def fake(clock: SetClock) -> FakeLightning:
    return FakeLightning(clock=clock)


async def test_a_task_is_reserved_for_and_paid_with_proof(tmp_path: Path, clock: SetClock) -> None:
    backend = EmbeddedBackend(node_key=lambda: b"\x07" * 32, clock=clock)
    async with LedgerWorld(tmp_path, backend, clock) as world:
        await world.ledger.reserve("task", "forge", 12_000)
        reserved = await world.ledger.balances()
        outcome = await world.ledger.pay("task", also=[SystemInfo(message="done")])
        assert (outcome.status, outcome.paid_msat, outcome.fee_msat) == ("settled", 12_000, 0)
        assert (reserved.available_msat, reserved.pending_msat) == (TREASURY - 12_000, 12_000)
        paid = await world.ledger.balances()
        assert (paid.incoming_msat, paid.outgoing_msat, paid.pending_msat) == (TREASURY, 12_000, 0)
        assert await world.balance("agent:forge") == 12_000
        assert world.types() == [
            "payment.deposited", "payment.reserved", "system.info", "invoice.created", "payment.sent",
            "payment.settled",
        ]  # fmt: skip
        settled = world.events[-1]
        assert isinstance(settled, PaymentSettled)
        assert settled.simulated
        assert proves(settled.preimage, outcome.payment_hash)
        assert world.ledger.is_simulated
        await world.audited()


async def test_the_treasury_is_funded_once(tmp_path: Path, clock: SetClock, fake: FakeLightning) -> None:
    for _ in range(2):
        async with LedgerWorld(tmp_path, fake, clock) as world:
            assert (await world.ledger.balances()).available_msat == TREASURY
            rows = await world.rows("SELECT memo, simulated FROM ledger")
            assert rows == [("Simulated starting balance", 1)]


async def test_more_than_there_is_can_not_be_reserved(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        with pytest.raises(
            InsufficientFundsError, match=r"holds 1,000 sat, 1,000.5 sat .* 0.5 sat is missing"
        ):
            await world.ledger.reserve("task", "forge", TREASURY + 500, also=[SystemInfo(message="no")])
        assert world.types() == ["payment.deposited"]
        await world.audited()


@pytest.mark.parametrize("amount", [-1, 1.5, True, 10**19])
async def test_what_is_no_price_is_refused(
    tmp_path: Path, clock: SetClock, fake: FakeLightning, amount: int
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        with pytest.raises(MoneyError):
            await world.ledger.reserve("task", "forge", amount)
        with pytest.raises(LedgerError):
            await world.ledger.reserve("", "forge", 1)


async def test_a_failing_caller_leaves_no_trace(tmp_path: Path, clock: SetClock, fake: FakeLightning) -> None:
    def broken(session: object) -> None:
        raise ZeroDivisionError

    async with LedgerWorld(tmp_path, fake, clock) as world:
        with pytest.raises(ZeroDivisionError):
            await world.ledger.reserve("task", "forge", 1000, work=broken)
        await world.ledger.reserve("task", "forge", 1000)
        with pytest.raises(ZeroDivisionError):
            await world.ledger.pay("task", work=broken)
        with pytest.raises(ZeroDivisionError):
            await world.ledger.refund("task", "no", work=broken)
        assert world.types() == ["payment.deposited", "payment.reserved"]
        assert await world.ledger.refund("task", "off") == 1000
        await world.audited()


async def test_a_task_reserves_once_at_a_time(tmp_path: Path, clock: SetClock, fake: FakeLightning) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        with pytest.raises(AlreadyReservedError):
            await world.ledger.reserve("task", "quill", 1000)
        await world.ledger.refund("task", "failed")
        await world.ledger.reserve("task", "quill", 2000)
        assert (await world.ledger.pay("task")).paid_msat == 2000
        with pytest.raises(AlreadyReservedError):
            await world.ledger.reserve("task", "forge", 1000)
        assert (await world.balance("agent:quill"), await world.balance("agent:forge")) == (2000, 0)
        await world.audited()


async def test_refunding_is_done_once_and_tells_how_much(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        both = await asyncio.gather(world.ledger.refund("task", "a"), world.ledger.refund("task", "b"))
        assert sorted(both) == [0, 1000]
        assert await world.ledger.refund("task", "c", also=[SystemInfo(message="cancelled")]) == 0
        assert await world.ledger.refund("never seen", "d") == 0
        assert world.types()[-2:] == ["payment.refunded", "system.info"]
        with pytest.raises(NothingReservedError):
            await world.ledger.pay("task")
        await world.audited()


async def test_payments_at_once_make_one(tmp_path: Path, clock: SetClock, fake: FakeLightning) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        outcomes = await asyncio.gather(*(world.ledger.pay("task") for _ in range(5)))
        again = await world.ledger.pay("task")
        assert {outcome.payment_hash for outcome in (*outcomes, again)} == set(fake.known)
        assert world.types().count("payment.settled") == 1
        assert await world.balance("agent:forge") == 1000


async def test_a_price_of_nothing_is_settled_without_a_payment(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 0, also=[SystemInfo(message="assigned")])
        outcome = await world.ledger.pay("task", also=[SystemInfo(message="completed")])
        assert (outcome.status, outcome.paid_msat) == ("settled", 0)
        assert world.types()[1:] == ["system.info", "system.info"]
        await world.audited()


async def test_a_fee_is_paid_by_the_treasury(tmp_path: Path, clock: SetClock) -> None:
    fake = FakeLightning(clock=clock, fee_msat=3)
    async with LedgerWorld(tmp_path, fake, clock, limits=Limits(fee_floor_msat=10)) as world:
        await world.ledger.reserve("task", "forge", 1000)
        assert (await world.ledger.pay("task")).fee_msat == 3
        sums = await world.ledger.balances()
        assert (sums.fees_msat, sums.available_msat) == (3, TREASURY - 1003)
        assert await world.balance("agent:forge") == 1000
        await world.audited()


async def test_a_certain_failure_is_refunded(tmp_path: Path, clock: SetClock) -> None:
    fake = FakeLightning(clock=clock, mood="fails")
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        outcome = await world.ledger.pay("task")
        assert (outcome.status, outcome.paid_msat, outcome.reason) == ("failed", 0, "no route")
        assert await world.ledger.pay("task") == outcome
        assert world.types()[-2:] == ["payment.failed", "payment.refunded"]
        assert await world.ledger.refund("task", "again") == 0
        assert (await world.ledger.balances()).available_msat == TREASURY
        fake.mood = "settles"
        await world.ledger.reserve("task", "forge", 1000)
        assert (await world.ledger.pay("task")).status == "settled"
        await world.audited()


async def test_no_invoice_is_a_failure_before_anything_is_sent(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        fake.reachable = False
        outcome = await world.ledger.pay("task", also=[SystemInfo(message="done")])
        assert outcome.status == "failed"
        assert "not reachable" in outcome.reason
        assert world.types()[-3:] == ["system.info", "payment.failed", "payment.refunded"]
        assert (await world.ledger.balances()).available_msat == TREASURY
        await world.audited()


@pytest.mark.parametrize("ending", ["settled", "failed"])
async def test_silence_is_unknown_until_the_node_tells(tmp_path: Path, clock: SetClock, ending: str) -> None:
    fake = FakeLightning(clock=clock, mood="silent")
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        outcome = await world.ledger.pay("task", also=[SystemInfo(message="done")])
        assert (outcome.status, outcome.paid_msat) == ("unknown", 0)
        assert await world.ledger.refund("task", "impatience") == 0
        assert (await world.ledger.balances()).in_flight_msat == 1000
        assert (await world.ledger.pay("task")).status == "unknown"
        (fake.settle_held if ending == "settled" else fake.fail_held)()
        await eventually(lambda: f"payment.{ending}" in world.types())
        assert (await world.ledger.pay("task")).status == ending
        assert [known.asked for known in fake.known.values()] == [1]
        assert await world.balance("agent:forge") == (1000 if ending == "settled" else 0)
        await world.audited()


@pytest.mark.parametrize("ending", ["settled", "failed"])
async def test_a_start_asks_about_what_was_in_doubt(tmp_path: Path, clock: SetClock, ending: str) -> None:
    fake = FakeLightning(clock=clock, mood="silent")
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.pay("task")
    (fake.settle_held if ending == "settled" else fake.fail_held)()
    async with LedgerWorld(tmp_path, fake, clock) as world:
        assert (await world.ledger.pay("task")).status == ending
        await world.audited()


async def test_a_preimage_that_proves_nothing_settles_nothing(
    tmp_path: Path, clock: SetClock, expected_log: Callable[[str], None]
) -> None:
    expected_log("proof doesn't fit")
    fake = FakeLightning(clock=clock, mood="lies")
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        outcome = await world.ledger.pay("task")
        assert outcome.status == "unknown"
        assert "proof doesn't fit" in outcome.reason
        await world.ledger.resolve()
        assert world.types().count("system.warning") == 1
        assert await world.balance("agent:forge") == 0
        await world.audited()


async def test_a_slow_node_is_given_up_on_but_not_its_payment(
    tmp_path: Path, clock: SetClock, fake: FakeLightning, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fake.pay_invoice

    async def slow(bolt11: str, max_fee_msat: int) -> object:
        await real(bolt11, max_fee_msat)  # type: ignore[arg-type]
        return await asyncio.Event().wait()

    monkeypatch.setattr(fake, "pay_invoice", slow)
    async with LedgerWorld(tmp_path, fake, clock, answer_seconds=0.05) as world:
        await world.ledger.reserve("task", "forge", 1000)
        assert (await world.ledger.pay("task")).status == "unknown"
        await eventually(lambda: "payment.settled" in world.types())
        await world.audited()


async def test_stopping_in_the_middle_of_a_payment_loses_nothing(
    tmp_path: Path, clock: SetClock, fake: FakeLightning, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def never(bolt11: str, max_fee_msat: int) -> object:
        asked.set()
        return await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(fake, "pay_invoice", never)
        async with LedgerWorld(tmp_path, fake, clock) as world:
            await world.ledger.reserve("task", "forge", 1000)
            paying = asyncio.create_task(world.ledger.pay("task"))
            await asked.wait()
        with pytest.raises(asyncio.CancelledError):
            await paying
    async with LedgerWorld(tmp_path, fake, clock) as world:
        outcome = await world.ledger.pay("task")
        assert outcome.status == "failed", "the node was never asked"
        assert (await world.ledger.balances()).available_msat == TREASURY
        await world.audited()


async def test_an_impatient_caller_does_not_stop_the_payment(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        paying = asyncio.create_task(world.ledger.pay("task"))
        await asyncio.sleep(0)
        paying.cancel()
        await eventually(lambda: "payment.settled" in world.types())


async def test_what_a_task_cost_is_written_with_the_settlement(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.db.write(
            lambda session: session.sql(
                "INSERT INTO tasks(id, text, status, created_us, updated_us) VALUES ('task', '', 'running', 1, 1)"
            )
        )
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.pay("task")
        assert await world.rows("SELECT paid_msat, fee_msat FROM tasks") == [(1000, 0)]


async def test_not_even_replace_gets_past_the_triggers(
    tmp_path: Path, clock: SetClock, fake: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        with pytest.raises(StorageError, match="append-only"):
            await world.db.write(
                lambda session: session.sql("INSERT OR REPLACE INTO ledger SELECT * FROM ledger")
            )


@pytest.mark.parametrize("fee", [-1, TREASURY * 2])
async def test_a_fee_that_can_not_be_booked_leaves_the_payment_in_doubt(
    tmp_path: Path, clock: SetClock, expected_log: Callable[[str], None], fee: int
) -> None:
    expected_log("can't be booked")
    fake = FakeLightning(clock=clock, fee_msat=fee)
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        assert (await world.ledger.pay("task")).status == "unknown"
        assert (await world.ledger.balances()).in_flight_msat == 1000
        fake.fee = Msat(1)
        assert await world.ledger.resolve() == 0
        assert (await world.ledger.pay("task")).fee_msat == 1
        await world.audited()


async def test_a_stopped_ledger_pays_nothing(tmp_path: Path, clock: SetClock, fake: FakeLightning) -> None:
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.stop()
        with pytest.raises(LedgerError, match="not running"):
            await world.ledger.pay("task")
        assert (await world.ledger.balances()).escrow_msat == 1000


async def test_two_who_learn_the_outcome_at_once_record_it_once(tmp_path: Path, clock: SetClock) -> None:
    fake = FakeLightning(clock=clock, mood="silent")
    async with LedgerWorld(tmp_path, fake, clock, ask_again_seconds=1000) as world:
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.pay("task")
        fake.settle_held()
        assert await asyncio.gather(world.ledger.resolve(), world.ledger.resolve()) == [0, 0]
        outcome = await world.ledger.pay("task")
        assert (outcome.status, outcome.paid_msat) == ("settled", 1000)
        assert world.types().count("payment.settled") == 1
        await world.audited()


async def test_a_payment_under_way_is_not_asked_about(
    tmp_path: Path, clock: SetClock, fake: FakeLightning, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on, real = asyncio.Event(), asyncio.Event(), fake.pay_invoice

    async def held_up(bolt11: str, max_fee_msat: Msat) -> PaymentResult:
        asked.set()
        await go_on.wait()
        return await real(bolt11, max_fee_msat)

    monkeypatch.setattr(fake, "pay_invoice", held_up)
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        paying = asyncio.create_task(world.ledger.pay("task"))
        await asked.wait()
        assert await world.ledger.resolve() == 1, "the node would say that it was never asked"
        go_on.set()
        assert (await paying).status == "settled"


async def test_what_is_still_in_doubt_after_a_start_is_asked_about_again(
    tmp_path: Path, clock: SetClock
) -> None:
    fake = FakeLightning(clock=clock, mood="silent")
    async with LedgerWorld(tmp_path, fake, clock) as world:
        await world.ledger.reserve("task", "forge", 1000)
        await world.ledger.pay("task")
    fake.reachable = False
    async with LedgerWorld(tmp_path, fake, clock) as world:
        fake.reachable = True
        fake.settle_held()
        await eventually(lambda: "payment.settled" in world.types())
