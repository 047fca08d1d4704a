"""A receipt proves by itself, anywhere, that a payment arrived; a changed one proves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ledger_world import LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.cli import main
from timmy_desktop.ledger import invoice, receipt
from timmy_desktop.ledger.errors import ReceiptError

KEY, ANOTHER = b"\x05" * 32, b"\x06" * 32


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


async def issued(folder: Path, clock: SetClock) -> str:
    node = FakeLightning(clock=clock, fee_msat=3)
    async with LedgerWorld(folder, node, clock, receipt_key=lambda: KEY) as world:
        checked = await world.ledger.check_invoice(node.shop_invoice(50_000, "A book"))
        outcome = await world.ledger.pay_invoice(checked.bolt11, checked.digest)
        return await world.ledger.receipt(outcome.ledger_id)


async def test_a_receipt_is_checked_by_itself(tmp_path: Path, clock: SetClock) -> None:
    text = await issued(tmp_path, clock)
    report = receipt.verify(text, issuer=invoice.public_key(KEY))
    assert report.is_valid
    assert (report.facts["amount_msat"], report.facts["fee_msat"], report.facts["memo"]) == (
        50_000,
        3,
        "A book",
    )
    assert not receipt.verify(text, issuer=invoice.public_key(ANOTHER)).is_valid


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_msat", 60_000),
        ("fee_msat", 0),
        ("memo", "Another book"),
        ("settled_us", 1),
        ("preimage", "ab" * 32),
        ("payment_hash", "ab" * 32),
        ("payee", "02" + "ab" * 32),
        ("bolt11", "lnbcrt1nonsense"),
    ],
)
async def test_a_changed_receipt_proves_nothing(
    tmp_path: Path, clock: SetClock, name: str, value: Any
) -> None:
    body = json.loads(await issued(tmp_path, clock))
    body["payment"][name] = value
    assert not receipt.verify(json.dumps(body)).is_valid
    facts = body["payment"]
    resigned = receipt.verify(receipt.issue(facts, ANOTHER))
    of_the_ledger_alone = name in ("fee_msat", "memo", "settled_us")
    assert resigned.is_valid == of_the_ledger_alone, "what the payee signed can't be signed anew by anybody"
    assert not receipt.verify(receipt.issue(facts, ANOTHER), issuer=invoice.public_key(KEY)).is_valid


@pytest.mark.parametrize("text", ["", "nothing", "[]", "{}", '{"kind": "another"}', "x" * 30_000])
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ReceiptError):
        receipt.verify(text)


async def test_there_is_no_receipt_without_proof(tmp_path: Path, clock: SetClock) -> None:
    node = FakeLightning(clock=clock, mood="fails")
    async with LedgerWorld(tmp_path, node, clock, receipt_key=lambda: KEY) as world:
        checked = await world.ledger.check_invoice(node.shop_invoice(1000))
        outcome = await world.ledger.pay_invoice(checked.bolt11, checked.digest)
        for ledger_id in (outcome.ledger_id, "nothing"):
            with pytest.raises(ReceiptError):
                await world.ledger.receipt(ledger_id)


async def test_the_command_checks_it_on_another_machine(
    tmp_path: Path, clock: SetClock, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(text := await issued(tmp_path, clock), encoding="utf-8")
    assert main(["verify-receipt", str(file), "--issuer", invoice.public_key(KEY)]) == 0
    said = capsys.readouterr().out
    assert "50 sat" in said
    assert "Proven" in said
    assert main(["verify-receipt", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"] is True
    file.write_text(text.replace("A book", "A boot"), encoding="utf-8")
    assert main(["verify-receipt", str(file)]) == 1
    assert "NOT PROVEN" in capsys.readouterr().out
    assert main(["verify-receipt", str(tmp_path / "missing.json")]) == 2
