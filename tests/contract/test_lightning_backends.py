"""What the ledger may rely on in every Lightning backend, whatever mood it is in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fakes.electrum_server import SECRET, ElectrumServer
from tests.fakes.ledger_world import SetClock
from tests.fakes.lightning import FakeLightning
from tests.fakes.lnd_server import (
    ANOTHER_CERTIFICATE,
    CALLS,
    CERTIFICATE,
    LEAST,
    LndServer,
    macaroon,
)
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends import BACKENDS, BackendParts, LightningBackend, make_backend
from timmy_desktop.ledger.backends.base import PaymentResult
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.errors import BackendError
from timmy_desktop.ledger.money import Msat
from timmy_desktop.ledger.node import Node

AMOUNT, NO_FEE = Msat(21_000), Msat(0)
KEPT_WAITING_S = 0.3
MakeRig = Callable[[SetClock], AbstractAsyncContextManager["Rig"]]


@dataclass
class Rig:
    """A backend, and the node behind it where that is acted."""

    backend: LightningBackend
    node: FakeLightning | None = None


def embedded_node(clock: SetClock) -> LightningBackend:
    return make_backend("embedded", BackendParts(node_key=lambda: b"\x01" * 32, clock=clock))


@asynccontextmanager
async def embedded(clock: SetClock) -> AsyncIterator[Rig]:
    yield Rig(embedded_node(clock))


def acted(mood: Any) -> MakeRig:
    @asynccontextmanager
    async def rig(clock: SetClock) -> AsyncIterator[Rig]:
        node = FakeLightning(clock=clock, mood=mood)
        yield Rig(node, node)

    return rig


def lnd(mood: Any) -> MakeRig:
    @asynccontextmanager
    async def rig(clock: SetClock) -> AsyncIterator[Rig]:
        node = FakeLightning(clock=clock, mood=mood, is_simulated=False)
        async with LndServer(node=node) as server:
            yield Rig(lnd_backend(server, clock), node)

    return rig


def lnd_backend(server: LndServer, clock: SetClock, **changes: Any) -> LightningBackend:
    values = {"url": server.url, "certificate": CERTIFICATE, "secret": lambda: server.macaroon, **changes}
    return make_backend("lnd", BackendParts(clock=clock, node_key=bytes, **values))


def electrum(mood: Any) -> MakeRig:
    @asynccontextmanager
    async def rig(clock: SetClock) -> AsyncIterator[Rig]:
        node = FakeLightning(clock=clock, mood=mood, is_simulated=False)
        async with ElectrumServer(node=node) as server:
            parts = BackendParts(clock=clock, node_key=bytes, url=server.url, secret=lambda: SECRET)
            yield Rig(make_backend("electrum", parts), node)

    return rig


MOODS = ("settles", "fails", "silent")
RIGS: dict[str, MakeRig] = {
    "embedded": embedded,
    **{f"acted, {mood}": acted(mood) for mood in MOODS},
    **{f"lnd, {mood}": lnd(mood) for mood in MOODS},
    **{f"electrum, {mood}": electrum(mood) for mood in MOODS},
}


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, clock: SetClock) -> AsyncIterator[Rig]:
    async with RIGS[request.param](clock) as made:
        await made.backend.start()
        yield made
        await made.backend.stop()


@pytest.fixture
def backend(rig: Rig) -> LightningBackend:
    return rig.backend


async def paid(backend: LightningBackend, text: str) -> PaymentResult:
    try:
        async with asyncio.timeout(KEPT_WAITING_S):
            return await backend.pay_invoice(text, NO_FEE)
    except (BackendError, TimeoutError) as error:
        return PaymentResult("unknown", reason=str(error) or "no answer in time")


async def test_its_invoices_are_signed_by_the_node_that_it_names(
    backend: LightningBackend, clock: SetClock
) -> None:
    info = await backend.info()
    text = await backend.create_invoice(AMOUNT, "Task 1", 600)
    read = invoice.verified(
        text, payee=info.node_id, amount_msat=AMOUNT, now_s=clock.now_us() // 1_000_000, network=info.prefix
    )
    assert (read.memo, read.expires_s - read.created_s) == ("Task 1", 600)
    assert info.simulated == backend.simulated


async def test_every_invoice_has_a_hash_of_its_own(backend: LightningBackend) -> None:
    texts = [await backend.create_invoice(AMOUNT, "same", 600) for _ in range(5)]
    assert len({invoice.decode(text).payment_hash for text in texts}) == 5


async def test_settled_comes_with_proof_and_failed_with_a_reason(backend: LightningBackend) -> None:
    text = await backend.create_invoice(AMOUNT, "Task 1", 600)
    result = await paid(backend, text)
    assert result.state in ("settled", "failed", "unknown")
    assert invoice.proves(result.preimage, invoice.decode(text).payment_hash) == (result.state == "settled")
    assert result.reason or result.state == "settled"


async def test_asking_twice_pays_once_and_tells_the_same(backend: LightningBackend) -> None:
    text = await backend.create_invoice(AMOUNT, "Task 1", 600)
    both = await asyncio.gather(paid(backend, text), paid(backend, text))
    third = await paid(backend, text)
    told = {(result.state, result.preimage) for result in (*both, third)}
    certain = {state for state, _ in told} - {"unknown"}
    assert len(certain) <= 1
    assert (third.state, third.preimage) in told


async def test_a_lookup_never_contradicts_what_was_told(backend: LightningBackend, clock: SetClock) -> None:
    text = await backend.create_invoice(AMOUNT, "Task 1", 600)
    payment_hash = invoice.decode(text).payment_hash
    told = await paid(backend, text)
    for later in (0, 10, 10_000):
        clock.advance(later)
        found = await backend.lookup(payment_hash, text)
        assert (found.state, found.preimage) == (told.state, told.preimage)


async def test_an_invoice_that_it_knows_nothing_of_fails(backend: LightningBackend, clock: SetClock) -> None:
    stranger = invoice.sign(
        b"\x09" * 32, amount_msat=AMOUNT, payment_hash="ab" * 32, payment_secret="cd" * 32, memo="x",
        now_s=1_790_000_000, expiry_s=600,
    )  # fmt: skip
    assert (await paid(backend, stranger)).state == "failed"
    assert (await backend.lookup("ab" * 32, stranger)).state in ("unknown", "failed")
    clock.advance(60)
    assert (await backend.lookup("ab" * 32, stranger)).state == "failed"


async def test_an_invoice_is_open_until_it_is_paid_and_tells_what_came(rig: Rig) -> None:
    text = await rig.backend.create_invoice(AMOUNT, "For us", 600)
    payment_hash = invoice.decode(text).payment_hash
    assert (await rig.backend.lookup_invoice(payment_hash)).state == "open"
    if rig.node is not None:
        rig.node.receive(payment_hash, AMOUNT + 2000)
    else:
        assert isinstance(rig.backend, EmbeddedBackend)
        await rig.backend.receive(text, Msat(AMOUNT + 2000))
    found = await rig.backend.lookup_invoice(payment_hash)
    assert (found.state, found.received_msat) == ("settled", AMOUNT + 2000)
    assert invoice.proves(found.preimage, payment_hash)
    assert [listed.payment_hash for listed in await rig.backend.receipts(0) or ()] == [payment_hash]


async def test_what_it_holds_and_lists_agrees(rig: Rig) -> None:
    if rig.node is None or rig.node.is_simulated:
        assert await rig.backend.balance() is None
        assert await rig.backend.payments(0) is None
        return
    rig.node.local = 5_000_000_000
    text = rig.node.shop_invoice(AMOUNT)
    result = await paid(rig.backend, text)
    held = await rig.backend.balance()
    assert held is not None
    gone = AMOUNT if result.state == "settled" else 0
    assert held.local_msat == 5_000_000_000 - gone
    listed = {payment.payment_hash: payment for payment in await rig.backend.payments(0) or ()}
    if result.state == "settled":
        payment = listed[invoice.decode(text).payment_hash]
        assert (payment.amount_msat, payment.result.preimage) == (AMOUNT, result.preimage)


async def test_it_names_a_network_that_invoices_are_for(rig: Rig) -> None:
    info = await rig.backend.info()
    text = await rig.backend.create_invoice(AMOUNT, "x", 600)
    assert (info.network, info.prefix) == ("regtest", invoice.decode(text).network)


def test_every_backend_is_in_the_suite() -> None:
    assert set(BACKENDS) <= {name.partition(",")[0] for name in RIGS}


async def test_the_embedded_node_remembers_across_a_crash(clock: SetClock) -> None:
    before, after = embedded_node(clock), embedded_node(clock)
    await before.start()
    text = await before.create_invoice(AMOUNT, "Task 1", 600)
    told = await before.pay_invoice(text, NO_FEE)
    await before.stop()
    await after.start()
    assert await after.lookup(invoice.decode(text).payment_hash, text) == told
    await after.stop()


async def test_the_embedded_node_refuses_expired_and_foreign_invoices(clock: SetClock) -> None:
    backend = embedded_node(clock)
    await backend.start()
    text = await backend.create_invoice(AMOUNT, "Task 1", 600)
    clock.advance(600)
    refused = await backend.pay_invoice(text, NO_FEE)
    assert (refused.state, refused.reason) == ("failed", "The invoice has expired.")
    assert (await backend.lookup(invoice.decode(text).payment_hash, text)).state == "failed"
    assert (await backend.lookup("ab" * 32, await backend.create_invoice(AMOUNT, "x", 600))).state == "failed"
    assert (await backend.pay_invoice("noise", NO_FEE)).state == "failed"
    await backend.stop()


async def test_a_node_that_is_not_running_says_so(clock: SetClock) -> None:
    backend = EmbeddedBackend(node_key=lambda: b"\x01" * 32, clock=clock)
    with pytest.raises(BackendError):
        await backend.create_invoice(AMOUNT, "x", 600)


async def test_the_embedded_node_pays_what_it_made_and_nothing_else(clock: SetClock) -> None:
    backend = embedded_node(clock)
    await backend.start()
    for node_key, words in ((b"\x01" * 32, "not made by this node"), (b"\x02" * 32, "its own invoices only")):
        text = invoice.sign(
            node_key, amount_msat=AMOUNT, payment_hash="ab" * 32, payment_secret="cd" * 32, memo="x",
            now_s=clock.now_us() // 1_000_000, expiry_s=600,
        )  # fmt: skip
        assert words in (await backend.pay_invoice(text, NO_FEE)).reason
    await backend.stop()


async def test_lnd_is_asked_in_every_way_that_its_description_has(clock: SetClock) -> None:
    node = FakeLightning(clock=clock, is_simulated=False)
    node.local = 1_000_000
    async with LndServer(node=node) as server:
        backend = lnd_backend(server, clock)
        await backend.info()
        text = await backend.create_invoice(AMOUNT, "For us", 600)
        payment_hash = invoice.decode(text).payment_hash
        await backend.lookup_invoice(payment_hash)
        await backend.cancel_invoice(payment_hash)
        await backend.pay_invoice(node.shop_invoice(AMOUNT), NO_FEE)
        await backend.lookup("ab" * 32, "")
        await backend.balance()
        await backend.payments(0)
        await backend.receipts(0)
        await backend.stop()
        asked = {f"{request.method} {request.path.partition('?')[0]}" for request in server.requests}
        assert len(asked) == len(CALLS), "the server refuses, by the description, whatever else is asked"


async def test_lnd_shows_the_pinned_certificate_or_is_not_spoken_to(clock: SetClock) -> None:
    async with LndServer() as server:
        backend = lnd_backend(server, clock, certificate=ANOTHER_CERTIFICATE)
        with pytest.raises(BackendError, match="certificate that is pinned"):
            await backend.info()
        assert server.requests == [], "the macaroon was shown to a stranger"
        await backend.stop()


async def test_a_wrong_macaroon_is_told_without_showing_it(clock: SetClock) -> None:
    wrong = macaroon("info:read")
    async with LndServer() as server:
        backend = lnd_backend(server, clock, secret=lambda: wrong)
        with pytest.raises(BackendError, match="verification failed") as caught:
            await backend.info()
        assert wrong not in str(caught.value)
        await backend.stop()


async def test_a_macaroon_that_was_broken_into_lines_is_used_and_never_shown(clock: SetClock) -> None:
    async with LndServer() as server:
        lines = f"{server.macaroon[:60]}\n{server.macaroon[60:]}\n"
        backend = lnd_backend(server, clock, secret=lambda: lines)
        assert (await backend.info()).network == "regtest"
        await backend.stop()
        spoilt = f"{server.macaroon}\x01"
        backend = lnd_backend(server, clock, secret=lambda: spoilt)
        with pytest.raises(BackendError, match="can't be read") as caught:
            await backend.info()
        assert server.macaroon not in str(caught.value)
        await backend.stop()


async def test_a_password_in_electrum_s_address_is_not_shown(clock: SetClock) -> None:
    parts = BackendParts(
        clock=clock, node_key=bytes, secret=lambda: SECRET, url="http://me:hunter2-pass@127.0.0.1:9"
    )
    backend = make_backend("electrum", parts)
    with pytest.raises(BackendError, match=r"127\.0\.0\.1:9 was not reached") as caught:
        await backend.info()
    assert "hunter2" not in str(caught.value)
    await backend.stop()


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        (LEAST, ()),
        ((*LEAST, "onchain:write", "macaroon:generate"), ("macaroon:generate, onchain:write",)),
        (("info:read", "invoices:read", "invoices:write"), ("lacks offchain:read, offchain:write",)),
    ],
)
async def test_a_macaroon_with_more_or_less_than_it_needs_is_pointed_out(
    clock: SetClock, permissions: tuple[str, ...], words: tuple[str, ...]
) -> None:
    async with LndServer(macaroon=macaroon(*permissions)) as server:
        backend = lnd_backend(server, clock)
        found = (await backend.info()).cautions
        assert len(found) == len(words)
        assert all(part in caution for part, caution in zip(words, found, strict=True))
        await backend.stop()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": ""}, "address is not set"),
        ({"url": "http://127.0.0.1:1"}, "address is not set"),
        ({"certificate": None}, "certificate is not set"),
        ({"secret": str}, "macaroon is not set"),
    ],
)
async def test_lnd_says_what_is_not_set(clock: SetClock, changes: dict[str, Any], words: str) -> None:
    async with LndServer() as server:
        backend = lnd_backend(server, clock, **changes)
        with pytest.raises(BackendError, match=words):
            await backend.info()
        await backend.stop()


class OddLnd(LndServer):
    """JSON, and the shape of nothing that LND says."""

    async def answer(self, request: Any, exchange: Any) -> None:
        await exchange.send(
            200, {"chains": ["bitcoin"], "local_balance": "all", "invoices": 3, "result": {"status": []}}
        )


async def test_an_answer_of_another_shape_is_a_node_that_is_not_well(clock: SetClock) -> None:
    async with OddLnd() as server:
        backend = lnd_backend(server, clock)
        node = Node(backend, clock=clock, answer_seconds=5, network="regtest")
        await node.start()
        assert "can't be read" in (await node.health()).problem
        assert (await node.pay("x", Msat(0))).state == "unknown"
        assert (await node.lookup("ab" * 32, "")).state == "unknown"
        assert (await node.lookup_invoice("ab" * 32)).state == "unknown"
        await node.stop()


async def test_what_answers_and_is_no_lnd_settles_nothing(clock: SetClock) -> None:
    node = FakeLightning(clock=clock, is_simulated=False)
    async with LndServer(node=node, garbage=True) as server:
        backend = lnd_backend(server, clock)
        for question in (backend.info(), backend.lookup("ab" * 32, ""), backend.lookup_invoice("ab" * 32)):
            with pytest.raises(BackendError, match="not LND"):
                await question
        await backend.stop()


async def test_lnd_s_lists_are_read_page_by_page(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_desktop.ledger.backends.lnd.PAGE", 2)
    node = FakeLightning(clock=clock, is_simulated=False)
    async with LndServer(node=node) as server:
        backend = lnd_backend(server, clock)
        for _ in range(5):
            await backend.pay_invoice(node.shop_invoice(AMOUNT), NO_FEE)
        assert len(await backend.payments(0) or ()) == 5
        await backend.stop()


@pytest.mark.parametrize("url", ["http://192.0.2.7:7777", "https://127.0.0.1:7777", ""])
async def test_electrum_s_password_stays_on_this_machine(clock: SetClock, url: str) -> None:
    parts = BackendParts(clock=clock, node_key=bytes, url=url, secret=lambda: SECRET)
    with pytest.raises(BackendError, match="on this machine"):
        await make_backend("electrum", parts).info()


async def test_electrum_s_time_out_is_no_failure(clock: SetClock) -> None:
    """It says `success: false` of a payment that its receiver holds, and that settles later."""
    async with electrum("silent")(clock) as rig:
        assert rig.node is not None
        text = rig.node.shop_invoice(AMOUNT)
        payment_hash = invoice.decode(text).payment_hash
        assert (await rig.backend.pay_invoice(text, NO_FEE)).state == "unknown"
        clock.advance(10_000)
        assert (await rig.backend.lookup(payment_hash, text)).state == "unknown"
        rig.node.settle_held()
        assert (await rig.backend.lookup(payment_hash, text)).state == "settled"
        await rig.backend.stop()


@pytest.mark.parametrize("make", [lnd, electrum])
async def test_who_asks_first_at_once_shares_a_connection(
    clock: SetClock, make: Callable[[Any], MakeRig]
) -> None:
    """Two clients were made, and one never closed."""
    async with make("settles")(clock) as rig:
        made: list[object] = []
        wire = rig.backend._wire  # type: ignore[attr-defined]
        make_client = wire._make_client
        wire._make_client = lambda: made.append(None) or make_client()
        await asyncio.gather(*(rig.backend.info() for _ in range(5)))
        await rig.backend.stop()
    assert len(made) == 1
