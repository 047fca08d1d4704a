"""Money: reserved before, settled after, refused at the cap with the reason; local is free."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conditions import eventually
from tests.fakes.providers import FakeClock, Script, ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.routing.budget import Budget, Price, dollars
from timmy_desktop.routing.context import estimate
from timmy_desktop.routing.errors import NoProviderError
from timmy_desktop.routing.types import Usage

PRICE = Price(300_000_000, 1_500_000_000)  # $3 and $15 for a million tokens
DAY = 86_400


def budget(clock: FakeClock, daily: int = 10**9, task: int = 10**9) -> Budget:
    return Budget(clock=clock, daily_microcents=daily, task_microcents=task, prices={"api": PRICE})


async def test_a_call_is_paid_for_and_said(routing: Any) -> None:
    clock, remote = FakeClock(), ScriptedProvider("api", is_remote=True)
    async with routing(remote, clock=clock, budget=budget(clock)) as bench:
        reply = await bench.router.complete(ask(task_id="t1"))
        assert reply.cost_microcents == 7 * 300 + 2 * 1500
        assert bench.router.status()[0].spent_today_microcents == reply.cost_microcents
        await bench.router.flush()
        receipt = await bench.history.receipt(reply.request_id)
        assert receipt.cost_microcents == reply.cost_microcents
        assert "$0.000051 of up to" in receipt.budget


async def test_local_is_free(routing: Any) -> None:
    clock, local = FakeClock(), ScriptedProvider("api")
    async with routing(local, clock=clock, budget=budget(clock, daily=0)) as bench:
        assert (await bench.router.complete(ask())).cost_microcents == 0


async def test_at_the_daily_cap_it_is_refused_with_the_reason_until_tomorrow(routing: Any) -> None:
    clock, remote = FakeClock(), ScriptedProvider("api", is_remote=True)
    async with routing(remote, clock=clock, budget=budget(clock, daily=40_000)) as bench:
        for _ in range(3):
            await bench.router.complete(ask())
        with pytest.raises(NoProviderError, match=r"daily budget of \$0\.0004 does not allow it"):
            await bench.router.complete(ask())
        assert "daily budget" in bench.router.status()[0].over_budget
        clock.seconds += DAY
        assert bench.router.status()[0].over_budget == ""
        assert (await bench.router.complete(ask())).provider == "api"


async def test_a_task_has_a_cap_of_its_own(routing: Any) -> None:
    clock, remote = FakeClock(), ScriptedProvider("api", is_remote=True)
    async with routing(remote, clock=clock, budget=budget(clock, task=30_000)) as bench:
        await bench.router.complete(ask(task_id="t1"))
        with pytest.raises(NoProviderError, match="for one task does not allow it"):
            await bench.router.complete(ask(task_id="t1"))
        assert (await bench.router.complete(ask(task_id="t2"))).provider == "api"


async def test_calls_at_once_cannot_spend_the_same_money(routing: Any) -> None:
    clock, remote = FakeClock(), ScriptedProvider("api", is_remote=True, script=Script(hangs=True))
    async with routing(remote, clock=clock, budget=budget(clock, daily=50_000)) as bench:
        first = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: remote.open_streams == 1)
        with pytest.raises(NoProviderError, match="may cost up to"):
            await bench.router.complete(ask())
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        remote.script = Script()
        assert (await bench.router.complete(ask())).provider == "api"


async def test_what_was_spent_counts_after_a_restart(routing: Any) -> None:
    clock, remote = FakeClock(), ScriptedProvider("api", is_remote=True)
    async with routing(remote, clock=clock, started=True, budget=budget(clock, task=30_000)) as bench:
        spent = (await bench.router.complete(ask(task_id="t1"))).cost_microcents
    async with routing(remote, clock=clock, started=True, budget=budget(clock, task=30_000)) as bench:
        assert bench.router.status()[0].spent_today_microcents == spent
        with pytest.raises(NoProviderError, match="for one task"):
            await bench.router.complete(ask(task_id="t1"))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.booleans()), max_size=40))
def test_what_is_reserved_and_spent_never_passes_the_budget(calls: list[tuple[int, int, bool]]) -> None:
    clock = FakeClock()
    purse = budget(clock, daily=200_000, task=90_000)
    open_charges = []
    for number, used, settles in calls:
        request = ask(task_id=f"t{number}", max_tokens=40)
        if not purse.refusal("api", request):
            open_charges.append((purse.reserve("api", request), used))
        if settles and open_charges:
            charge, tokens = open_charges.pop(0)
            charge.settle("ok", Usage(5, min(tokens, 40)), "")
        assert purse.spent_today() + sum(charge.reserved for charge, _ in open_charges) <= 200_000
    for charge, _ in open_charges:
        charge.settle("refused", Usage(), "")
        assert charge.cost == 0
    assert purse._reserved == 0
    assert not purse._reserved_by_task


def test_dollars() -> None:
    assert [dollars(value) for value in (0, 5, 100_000_000, 123_450_000_000)] == [
        "$0.00", "$0.00000005", "$1.00", "$1,234.50",
    ]  # fmt: skip


def test_what_the_server_did_not_count_is_estimated() -> None:
    charge = budget(FakeClock()).reserve("api", ask())
    assert charge.settle("ok", Usage(0, 2), "Hello") == PRICE.of(estimate(ask()), 2)


async def test_what_a_crash_left_unsettled_counts_in_full_and_once(routing: Any) -> None:
    """As after `kill -9`: the reservation is on the disk before a byte goes out, and nothing after it."""
    clock = FakeClock()
    remote = ScriptedProvider("api", is_remote=True, script=Script(hangs=True))
    task_cap = 40_000
    async with routing(remote, clock=clock, budget=budget(clock, task=task_cap)) as bench:
        asking = asyncio.ensure_future(bench.router.complete(ask(task_id="t1")))
        await eventually(lambda: remote.open_streams == 1)
        bench.router._recorder._queue = lambda make: None  # what comes now is not written any more
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    remote.script = Script()
    reserved = PRICE.of(estimate(ask()), 16)
    for _ in range(2):
        async with routing(remote, clock=clock, started=True, budget=budget(clock, task=task_cap)) as bench:
            assert bench.router.status()[0].spent_today_microcents == reserved
            with pytest.raises(NoProviderError, match="for one task"):
                await bench.router.complete(ask(task_id="t1"))
            (left,) = await bench.rows()
            assert (left["outcome"], left["cost_microcents"]) == ("cancelled", reserved)


async def test_what_is_settled_is_reserved_no_more_after_a_restart(routing: Any) -> None:
    clock, remote = FakeClock(), ScriptedProvider("api", is_remote=True)
    async with routing(remote, clock=clock, budget=budget(clock)) as bench:
        cost = (await bench.router.complete(ask())).cost_microcents
    async with routing(remote, clock=clock, started=True, budget=budget(clock)) as bench:
        assert bench.router.status()[0].spent_today_microcents == cost
