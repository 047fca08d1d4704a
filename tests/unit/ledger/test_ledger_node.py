"""The node as the ledger trusts it: on one network, with one key, within a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.ledger_world import SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.doctor import examine
from timmy_desktop.ledger.errors import BackendError, WrongNodeError
from timmy_desktop.ledger.money import Msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Secrets


@pytest.fixture
def fake() -> FakeLightning:
    return FakeLightning(clock=SetClock(), is_simulated=False)


@pytest.fixture
async def node(fake: FakeLightning) -> AsyncIterator[Node]:
    made = Node(fake, clock=SetClock(), answer_seconds=0.05, network="regtest")
    await made.start()
    yield made
    await made.stop()


async def test_health_names_the_network_the_node_and_its_height(node: Node, fake: FakeLightning) -> None:
    fake.local = 5000
    health = await node.health()
    assert (health.ok, health.network, health.height, health.spendable_msat) == (True, "regtest", 0, 5000)
    assert health.node_id == (await fake.info()).node_id


async def test_another_network_is_refused_everywhere(node: Node, fake: FakeLightning) -> None:
    fake.network = "mainnet"
    assert not (await node.health()).ok
    with pytest.raises(WrongNodeError, match="settings say regtest"):
        await node.bill(Msat(1000), "x")
    text = fake.shop_invoice(1000)
    assert (await node.pay(text, Msat(0))).state == "unknown"
    assert (await node.lookup("ab" * 32, text)).state == "unknown"
    assert (await node.lookup_invoice("ab" * 32)).state == "unknown"
    assert all(not known.asked for known in fake.known.values())


async def test_another_key_than_the_pinned_one_is_refused(node: Node, fake: FakeLightning) -> None:
    node.pin("02" + "ab" * 32)
    with pytest.raises(WrongNodeError, match="another Lightning node"):
        await node.identity()


async def test_a_node_that_is_silent_or_gone_is_told(node: Node, fake: FakeLightning) -> None:
    fake.reachable = False
    assert "not reachable" in (await node.health()).problem

    async def silent() -> None:
        await asyncio.Event().wait()

    with pytest.raises(BackendError, match="in time"):
        await node.ask(silent())


async def test_doctor_looks_at_a_node_of_one_s_own(node: Node, fake: FakeLightning, tmp_path: Path) -> None:
    async def found() -> tuple[str, str]:
        findings = await examine(Paths.default(tmp_path), Secrets({}), (), None, node)
        return next((each.state, each.detail) for each in findings if each.name == "Lightning node")

    assert (await found())[0] == "ok"
    fake.network = "mainnet"
    state, detail = await found()
    assert state == "missing"
    assert "mainnet" in detail
