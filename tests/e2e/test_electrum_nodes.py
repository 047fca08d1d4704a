"""Real Lightning: two Electrum nodes on a chain of their own, the application over one of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.electrum_app import application
from tests.e2e.electrum_pair import Pair, electrum_pair
from timmy_desktop.ledger import Ledger, PaymentOutcome
from timmy_desktop.ledger.errors import InvoiceError, LedgerError

pytestmark = [pytest.mark.parts, pytest.mark.timeout(600)]

PAYMENTS = 20


@asynccontextmanager
async def running(folder: Path, pair: Pair, **changes: object) -> AsyncIterator[Ledger]:
    services = application(folder, pair.payer.url, **changes)
    await services.start("test")
    try:
        if not changes:
            await until(lambda: _opened(services.ledger))
        yield services.ledger
        assert (await services.ledger.check()).problems == ()
    finally:
        await services.stop()


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 90.0) -> None:
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.2)


async def _opened(ledger: Ledger) -> bool:
    return (await ledger.balances()).incoming_msat > 0


async def paid(ledger: Ledger, bolt11: str) -> PaymentOutcome:
    checked = await ledger.check_invoice(bolt11)
    return await ledger.pay_invoice(bolt11, checked.digest)


async def agrees(ledger: Ledger, pair: Pair) -> None:
    """Book and node hold the same, to the millisatoshi, and the node says so of every payment."""
    await until(lambda: _is_quiet(pair))
    run = await ledger.reconcile()
    assert [(found.kind, found.book_says, found.node_says) for found in run.differences] == []
    assert (run.state, run.node_msat) == ("agrees", run.book_msat)


async def _is_quiet(pair: Pair) -> bool:
    channels = await pair.payer.rpc("list_channels")
    return not any(c["local_unsettled_sent"] or c["remote_unsettled_sent"] for c in channels)


async def _has_left(pair: Pair) -> bool:
    return any(channel["local_unsettled_sent"] for channel in await pair.payer.rpc("list_channels"))


async def _has_left_or_ended(pair: Pair, process: asyncio.subprocess.Process) -> bool:
    return process.returncode is not None or await _has_left(pair)


async def test_ledger_and_real_nodes_agree_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, data = tmp_path / "nodes", tmp_path / "data"
    nodes.mkdir()
    async with electrum_pair(nodes) as pair:
        monkeypatch.setenv("TIMMY_SECRET_LIGHTNING", pair.payer.secret)
        async with running(data, pair) as ledger:
            await health_names_the_node(ledger, pair)
            await twenty_payments(ledger, pair)
            await expired(ledger, pair)
            await twice(ledger, pair)
            await too_large(ledger, pair)
            await received(ledger, pair)
            await agrees(ledger, pair)
        async with running(data, pair, lightning_timeout_seconds=5.0) as ledger:
            await held_through_a_timeout(ledger, pair)
            await agrees(ledger, pair)
        await killed_in_mid_payment(data, pair)
        async with running(data, pair, lightning_network="mainnet") as ledger:
            await refused_on_another_network(ledger, pair)


async def health_names_the_node(ledger: Ledger, pair: Pair) -> None:
    health = await ledger.health()
    node = str(await pair.payer.rpc("nodeid")).partition("@")[0]
    assert (health.ok, health.network, health.node_id, health.simulated) == (True, "regtest", node, False)
    assert health.height > 400
    held = await pair.payer.local_sats() * 1000
    assert (await ledger.balances()).available_msat == held == health.spendable_msat


async def twenty_payments(ledger: Ledger, pair: Pair) -> None:
    before = await pair.payer.local_sats()
    for number in range(PAYMENTS):
        outcome = await paid(ledger, await pair.payee.invoice(1000 + number, f"Payment {number}"))
        assert (outcome.status, outcome.paid_msat) == ("settled", (1000 + number) * 1000)
    total = sum(1000 + number for number in range(PAYMENTS))
    await until(lambda: _is_quiet(pair))
    assert before - await pair.payer.local_sats() == total


async def expired(ledger: Ledger, pair: Pair) -> None:
    bolt11 = await pair.payee.invoice(1000, "Too late", expiry_s=1)
    checked = await ledger.check_invoice(bolt11)
    await until(lambda: _has_expired(ledger, bolt11))
    with pytest.raises(InvoiceError, match="expired"):
        await ledger.pay_invoice(bolt11, checked.digest)


async def _has_expired(ledger: Ledger, bolt11: str) -> bool:
    return not (await ledger.check_invoice(bolt11)).can_be_paid


async def twice(ledger: Ledger, pair: Pair) -> None:
    bolt11 = await pair.payee.invoice(2000, "Twice")
    checked = await ledger.check_invoice(bolt11)
    both = await asyncio.gather(
        *(ledger.pay_invoice(bolt11, checked.digest) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(found).__name__ for found in both) == ["InvoiceError", "PaymentOutcome"]
    with pytest.raises(InvoiceError, match="already paid"):
        await ledger.pay_invoice(bolt11, checked.digest)


async def too_large(ledger: Ledger, pair: Pair) -> None:
    """More than there is is not even asked for; more than the channel's reserve allows, the node refuses."""
    held = await pair.payer.local_sats()
    with pytest.raises(LedgerError, match="more than"):
        await paid(ledger, await pair.payee.invoice(held + 1000, "More than there is"))
    before = await ledger.balances()
    outcome = await paid(ledger, await pair.payee.invoice(held - 50_000, "More than can leave"))
    assert outcome.status in ("failed", "unknown"), outcome
    await until(lambda: _is_certain(ledger))
    assert (await ledger.balances()).available_msat == before.available_msat


async def _is_certain(ledger: Ledger) -> bool:
    doubts = (await ledger.attention()).doubts
    for doubt in doubts:
        await ledger.ask(doubt.ledger_id)
    return not doubts


async def received(ledger: Ledger, pair: Pair) -> None:
    before = (await ledger.balances()).incoming_msat
    made = await ledger.create_invoice(5_000_000, "For the payer")
    assert (await pair.payee.rpc("lnpay", invoice=made.bolt11))["success"] is True

    async def settled() -> bool:
        return (await ledger.ask(made.ledger_id)).status == "settled"

    await until(settled)
    assert (await ledger.balances()).incoming_msat == before + 5_000_000


async def held_through_a_timeout(ledger: Ledger, pair: Pair) -> None:
    """The node gives no answer in time; the payment is in doubt, not failed, and settles later."""
    await pair.hold(True)
    outcome = await paid(ledger, await pair.payee.invoice(3000, "Held"))
    assert outcome.status == "unknown"
    assert (await ledger.balances()).in_flight_msat >= 3_000_000
    assert (await ledger.ask(outcome.ledger_id)).status == "unknown"
    await pair.hold(False)
    await until(lambda: _is_certain(ledger))
    assert (await ledger.ask(outcome.ledger_id)).status == "settled"


async def killed_in_mid_payment(data: Path, pair: Pair) -> None:
    await pair.hold(True)
    bolt11 = await pair.payee.invoice(4000, "Killed")
    command = [sys.executable, "-m", "tests.e2e.electrum_app", str(data), pair.payer.url, bolt11]
    environment = {**os.environ, "TIMMY_SECRET_LIGHTNING": pair.payer.secret}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        await until(lambda: _has_left_or_ended(pair, process))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        said, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode(errors="replace")
    assert said.decode().splitlines()[-1:] == ["paying"]
    async with running(data, pair) as ledger:
        doubts = (await ledger.attention()).doubts
        assert [doubt.amount_msat for doubt in doubts] == [4_000_000]
        with pytest.raises(InvoiceError, match="under way"):
            await paid(ledger, bolt11)
        await pair.hold(False)
        await until(lambda: _is_certain(ledger))
        assert (await ledger.ask(doubts[0].ledger_id)).status == "settled"
        await agrees(ledger, pair)


async def refused_on_another_network(ledger: Ledger, pair: Pair) -> None:
    health = await ledger.health()
    assert (health.ok, health.network) == (False, "regtest")
    assert "settings say mainnet" in health.problem
    checked = await ledger.check_invoice(await pair.payee.invoice(1000))
    assert not checked.can_be_paid
    with pytest.raises(LedgerError, match="mainnet"):
        await ledger.pay_invoice(checked.bolt11, checked.digest)
