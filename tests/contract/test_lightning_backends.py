"""What the ledger may rely on in every Lightning backend, whatever mood it is in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.fakes.ledger_world import SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends import BACKENDS, BackendParts, LightningBackend, make_backend
from timmy_desktop.ledger.backends.base import PaymentResult
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.errors import BackendError
from timmy_desktop.ledger.money import Msat

AMOUNT, NO_FEE = Msat(21_500), Msat(0)
MAKERS: dict[str, Callable[[SetClock], LightningBackend]] = {
    "embedded": lambda clock: make_backend(
        "embedded", BackendParts(node_key=lambda: b"\x01" * 32, clock=clock)
    ),
    "settles": lambda clock: FakeLightning(clock=clock),
    "fails": lambda clock: FakeLightning(clock=clock, mood="fails"),
    "silent": lambda clock: FakeLightning(clock=clock, mood="silent"),
}


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=sorted(MAKERS))
async def backend(request: pytest.FixtureRequest, clock: SetClock) -> AsyncIterator[LightningBackend]:
    made = MAKERS[request.param](clock)
    await made.start()
    yield made
    await made.stop()


async def paid(backend: LightningBackend, text: str) -> PaymentResult:
    try:
        return await backend.pay_invoice(text, NO_FEE)
    except BackendError as error:
        return PaymentResult("unknown", reason=str(error))


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
    first, second = await asyncio.gather(paid(backend, text), paid(backend, text))
    assert first == second == await paid(backend, text)


async def test_a_lookup_never_contradicts_what_was_told(backend: LightningBackend, clock: SetClock) -> None:
    text = await backend.create_invoice(AMOUNT, "Task 1", 600)
    payment_hash = invoice.decode(text).payment_hash
    told = await paid(backend, text)
    for later in (0, 10, 10_000):
        clock.advance(later)
        found = await backend.lookup(payment_hash, text)
        assert (found.state, found.preimage) == (told.state, told.preimage)


async def test_an_invoice_that_it_knows_nothing_of_fails(backend: LightningBackend) -> None:
    stranger = invoice.sign(
        b"\x09" * 32, amount_msat=AMOUNT, payment_hash="ab" * 32, payment_secret="cd" * 32, memo="x",
        now_s=1_790_000_000, expiry_s=600,
    )  # fmt: skip
    assert (await paid(backend, stranger)).state == "failed"
    assert (await backend.lookup("ab" * 32, stranger)).state == "failed"


def test_every_backend_is_in_the_suite() -> None:
    assert set(BACKENDS) <= set(MAKERS)


async def test_the_embedded_node_remembers_across_a_crash(clock: SetClock) -> None:
    before, after = MAKERS["embedded"](clock), MAKERS["embedded"](clock)
    await before.start()
    text = await before.create_invoice(AMOUNT, "Task 1", 600)
    told = await before.pay_invoice(text, NO_FEE)
    await before.stop()
    await after.start()
    assert await after.lookup(invoice.decode(text).payment_hash, text) == told
    await after.stop()


async def test_the_embedded_node_refuses_expired_and_foreign_invoices(clock: SetClock) -> None:
    backend = MAKERS["embedded"](clock)
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
    backend = MAKERS["embedded"](clock)
    await backend.start()
    for node_key, words in ((b"\x01" * 32, "not made by this node"), (b"\x02" * 32, "its own invoices only")):
        text = invoice.sign(
            node_key, amount_msat=AMOUNT, payment_hash="ab" * 32, payment_secret="cd" * 32, memo="x",
            now_s=clock.now_us() // 1_000_000, expiry_s=600,
        )  # fmt: skip
        assert words in (await backend.pay_invoice(text, NO_FEE)).reason
    await backend.stop()
