"""Payments to others: what was on screen is what is paid; agents spend within limits, else a person decides."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.ledger_world import TREASURY, LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import InsufficientFundsError, Limits
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.errors import ApprovalError, InvoiceError, LedgerError

FEES = Limits(fee_floor_msat=10)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def node(clock: SetClock) -> FakeLightning:
    return FakeLightning(clock=clock, fee_msat=3)


async def paid(world: LedgerWorld, text: str, **options: str) -> object:
    checked = await world.ledger.check_invoice(text)
    return await world.ledger.pay_invoice(text, checked.digest, **options)


async def test_what_was_confirmed_is_paid_with_proof(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=FEES) as world:
        text = node.shop_invoice(50_000, "A book")
        checked = await world.ledger.check_invoice(f"lightning:{text}")
        assert checked.can_be_paid
        assert (checked.amount_msat, checked.fee_cap_msat, checked.memo) == (50_000, 10, "A book")
        outcome = await world.ledger.pay_invoice(checked.bolt11, checked.digest, purpose="books")
        assert (outcome.status, outcome.paid_msat, outcome.fee_msat) == ("settled", 50_000, 3)
        sums = await world.ledger.balances()
        assert (sums.available_msat, sums.outgoing_msat, sums.fees_msat) == (TREASURY - 50_003, 50_000, 3)
        rows = await world.rows("SELECT purpose, payee, proof, agent_id FROM ledger WHERE type = 'payment'")
        assert rows == [("books", checked.payee, f"node:{(await node.info()).node_id}", "")]
        assert world.types()[-2:] == ["payment.sent", "payment.settled"]
        await world.audited()


async def test_what_was_not_on_screen_is_not_paid(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        shown = await world.ledger.check_invoice(node.shop_invoice(1000))
        with pytest.raises(ApprovalError, match="not what was on screen"):
            await world.ledger.pay_invoice(node.shop_invoice(1000), shown.digest)
        assert world.types() == ["payment.deposited"]


async def test_what_speaks_against_paying_is_said_and_holds(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        again = node.shop_invoice(1000)
        await paid(world, again)
        late = node.shop_invoice(1000, expiry_s=60)
        own = await node.create_invoice(1000, "own", 600)  # type: ignore[arg-type]
        clock.advance(61)
        for text, words in (
            (again, "already paid"),
            (late, "expired"),
            (own, "your own node"),
            (node.shop_invoice(TREASURY * 2), "more than the"),
        ):
            checked = await world.ledger.check_invoice(text)
            assert any(words in problem for problem in checked.problems), words
            with pytest.raises(InvoiceError, match=words):
                await world.ledger.pay_invoice(text, checked.digest)
        with pytest.raises(InvoiceError):
            await world.ledger.check_invoice("lnbc1nonsense")
        assert [known.asked for known in node.known.values()].count(1) == 1


async def test_five_at_once_pay_once(tmp_path: Path, clock: SetClock, node: FakeLightning) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        text = node.shop_invoice(1000)
        found = await asyncio.gather(*(paid(world, text) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(each, LedgerError) for each in found) == 4
        assert world.types().count("payment.settled") == 1


async def test_a_certain_failure_gives_everything_back(tmp_path: Path, clock: SetClock) -> None:
    node = FakeLightning(clock=clock, mood="fails")
    async with LedgerWorld(tmp_path, node, clock, limits=FEES) as world:
        outcome = await paid(world, node.shop_invoice(1000))
        assert outcome.status == "failed"  # type: ignore[attr-defined]
        assert (await world.ledger.balances()).available_msat == TREASURY
        assert "payment.refunded" not in world.types(), "no task had reserved anything"


async def test_in_doubt_until_the_node_tells(tmp_path: Path, clock: SetClock) -> None:
    node = FakeLightning(clock=clock, mood="silent")
    async with LedgerWorld(tmp_path, node, clock, limits=FEES, ask_again_seconds=1000) as world:
        await paid(world, node.shop_invoice(1000, "Held"))
        (doubt,) = (await world.ledger.attention()).doubts
        assert (doubt.memo, doubt.amount_msat, doubt.under_way) == ("Held", 1000, False)
        assert (await world.ledger.balances()).in_flight_msat == 1010
        node.settle_held()
        assert (await world.ledger.ask(doubt.ledger_id)).status == "settled"
        assert (await world.ledger.attention()).is_empty


async def asks(world: LedgerWorld, node: FakeLightning, amount: int, **options: str) -> object:
    return await world.ledger.request_payment(node.shop_invoice(amount), agent_id="forge", **options)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(task_msat=5000), "for one task"),
        (Limits(agent_day_msat=5000), "for one agent and day"),
        (Limits(day_msat=5000), "for one day"),
    ],
)
async def test_above_a_limit_a_person_decides(
    tmp_path: Path, clock: SetClock, node: FakeLightning, limits: Limits, words: str
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=limits) as world:
        first = await asks(world, node, 4000, task_id="task")
        assert first.status == "settled"  # type: ignore[attr-defined]
        second = await asks(world, node, 2000, task_id="task")
        assert second.status == "waiting"  # type: ignore[attr-defined]
        (approval,) = await world.ledger.approvals()
        assert words in approval.why
        assert (await world.ledger.balances()).outgoing_msat == 4000
        with pytest.raises(ApprovalError, match="not what was on screen"):
            await world.ledger.approve(approval.id, "0" * 64)
        assert (await world.ledger.approve(approval.id, approval.digest)).status == "settled"
        with pytest.raises(ApprovalError, match="already approved"):
            await world.ledger.approve(approval.id, approval.digest)
        assert world.types()[-3:] == ["payment.approved", "payment.sent", "payment.settled"]
        await world.audited()


@pytest.mark.parametrize(("most", "passes", "words"), [(1000, 990, "only up to 1 sat"), (0, None, "nothing")])
async def test_an_agent_pays_others_at_once_what_the_person_allows_and_no_more(
    tmp_path: Path, clock: SetClock, node: FakeLightning, most: int, passes: int | None, words: str
) -> None:
    limits = Limits(agent_payment_msat=most, fee_floor_msat=10)
    async with LedgerWorld(tmp_path, node, clock, limits=limits) as world:
        if passes is not None:
            assert (await asks(world, node, passes)).status == "settled"  # type: ignore[attr-defined]
        over = await asks(world, node, (passes or 0) + 1)
        assert over.status == "waiting"  # type: ignore[attr-defined]
        (approval,) = await world.ledger.approvals()
        assert f"Agents pay {words} to others without you" in approval.why
        assert (await world.ledger.approve(approval.id, approval.digest)).status == "settled"
        await world.audited()


async def test_payments_at_once_can_not_slip_past_a_limit_together(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(day_msat=5000)) as world:
        found = await asyncio.gather(*(asks(world, node, 2000) for _ in range(4)))
        assert sorted(each.status for each in found) == ["settled", "settled", "waiting", "waiting"]  # type: ignore[attr-defined]


async def test_a_new_day_has_a_limit_of_its_own(tmp_path: Path, clock: SetClock, node: FakeLightning) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(day_msat=5000)) as world:
        assert (await asks(world, node, 4000)).status == "settled"  # type: ignore[attr-defined]
        clock.advance(86_400)
        assert (await asks(world, node, 4000)).status == "settled"  # type: ignore[attr-defined]


async def test_the_same_request_waits_once_and_a_refusal_is_final(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(day_msat=500)) as world:
        text = node.shop_invoice(1000)
        first = await world.ledger.request_payment(text, agent_id="forge")
        second = await world.ledger.request_payment(text, agent_id="forge")
        assert first.approval_id == second.approval_id
        await world.ledger.refuse(first.approval_id, "Too dear")
        with pytest.raises(ApprovalError, match="already refused"):
            await world.ledger.refuse(first.approval_id, "again")
        assert not await world.ledger.approvals()
        assert node.known[first.payment_hash].asked == 0


async def test_what_nobody_decides_runs_out_with_its_invoice(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(day_msat=500)) as world:
        outcome = await asks(world, node, 1000)
        clock.advance(3601)
        (approval,) = await world.ledger.approvals()
        with pytest.raises(InvoiceError, match="expired"):
            await world.ledger.approve(approval.id, approval.digest)
        await world.ledger.tidy()
        assert not await world.ledger.approvals()
        assert outcome.status == "waiting"  # type: ignore[attr-defined]


async def test_an_agent_spends_its_own_and_nobody_else_s(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        await world.ledger.reserve("task", "forge", 9000)
        await world.ledger.pay("task")
        before = await world.ledger.balances()
        await asks(world, node, 5000, account="agent:forge")
        after = await world.ledger.balances()
        assert await world.balance("agent:forge") == 4000 - 3
        assert (after.available_msat, after.net_msat) == (before.available_msat, before.net_msat)
        with pytest.raises(LedgerError, match="its own account"):
            await asks(world, node, 100, account="agent:quill")
        with pytest.raises(InvoiceError, match="more than the"):
            await asks(world, node, 5000, account="agent:forge")
        await world.audited()


async def test_no_expense_passes_for_a_task_s_reward(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        await world.ledger.reserve("task", "forge", 9000)
        await asks(world, node, 500, task_id="task", purpose="task")
        assert await world.balance("agent:forge") == 0
        assert (await world.ledger.pay("task")).paid_msat == 9000


async def test_a_reward_above_the_limit_waits_with_its_sats_in_escrow(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(task_msat=5000)) as world:
        await world.ledger.reserve("task", "forge", 9000)
        outcome = await world.ledger.pay("task")
        assert (outcome.status, (await world.ledger.pay("task")).status) == ("waiting", "waiting")
        assert (await world.ledger.balances()).escrow_msat == 9000
        (approval,) = await world.ledger.approvals()
        assert (await world.ledger.approve(approval.id, approval.digest)).status == "settled"
        await world.ledger.reserve("other", "forge", 9000)
        refused = await world.ledger.pay("other")
        await world.ledger.refuse(refused.approval_id)
        assert (await world.ledger.balances()).escrow_msat == 0
        await world.audited()


async def test_an_approval_does_not_outlive_what_it_was_about(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    """The task's sats go back and it is awarded anew: what waited for the old price is no yes to the new."""
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(task_msat=5000)) as world:
        await world.ledger.reserve("task", "forge", 9000)
        await world.ledger.pay("task")
        (approval,) = await world.ledger.approvals()
        await world.ledger.refund("task", "again")
        assert not await world.ledger.approvals()
        await world.ledger.reserve("task", "quill", 12_000)
        with pytest.raises(ApprovalError):
            await world.ledger.approve(approval.id, approval.digest)
        assert (await world.ledger.pay("task")).status == "waiting"
        await world.audited()


async def test_a_node_that_can_not_pay_itself_has_agents_paid_within_the_book(
    tmp_path: Path, clock: SetClock
) -> None:
    node = FakeLightning(clock=clock, is_simulated=False, can_pay_itself=False)
    node.local = TREASURY
    async with LedgerWorld(tmp_path, node, clock, limits=FEES) as world:
        await world.ledger.reserve("task", "forge", 9000)
        outcome = await world.ledger.pay("task")
        assert (outcome.status, outcome.paid_msat, outcome.fee_msat) == ("settled", 9000, 0)
        assert await world.balance("agent:forge") == 9000
        assert world.types()[-1] == "payment.rewarded"
        assert (await world.ledger.pay("task")).status == "settled"
        assert world.types().count("payment.rewarded") == 1
        await world.audited()


async def test_more_than_there_is_is_refused_on_the_writer_too(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock) as world:
        text = node.shop_invoice(TREASURY - 10)
        checked = await world.ledger.check_invoice(text)
        await world.ledger.reserve("task", "forge", 1000)
        with pytest.raises((InsufficientFundsError, InvoiceError)):
            await world.ledger.pay_invoice(text, checked.digest)
        await world.audited()


async def test_the_simulated_shop_can_be_paid(tmp_path: Path, clock: SetClock) -> None:
    node = EmbeddedBackend(node_key=lambda: b"\x07" * 32, clock=clock)
    async with LedgerWorld(tmp_path, node, clock) as world:
        text = await world.ledger.simulated_bill(1000, "A coffee")
        outcome = await paid(world, text)
        assert outcome.status == "settled"  # type: ignore[attr-defined]
        await world.audited()


async def test_rewards_at_once_can_not_slip_past_a_limit_together(
    tmp_path: Path, clock: SetClock, node: FakeLightning
) -> None:
    async with LedgerWorld(tmp_path, node, clock, limits=Limits(day_msat=5000)) as world:
        for number in range(4):
            await world.ledger.reserve(f"task-{number}", "forge", 2000)
        found = await asyncio.gather(*(world.ledger.pay(f"task-{number}") for number in range(4)))
        assert sorted(each.status for each in found) == ["settled", "settled", "waiting", "waiting"]
        await world.audited()
