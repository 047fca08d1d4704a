"""The Ledger dock over the real ledger and its simulated node: from an invoice to its receipt, paid both ways."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.ledger_world import LedgerWorld, SetClock
from tests.gui.panels.conftest import Place
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import Panel, Say
from timmy_desktop.gui.panels.ledger.panel import LedgerPanel
from timmy_desktop.gui.panels.ledger.pay_dialog import PayDialog
from timmy_desktop.gui.panels.ledger.words import Worth
from timmy_desktop.ledger import invoice, receipt
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend
from timmy_desktop.ledger.export import LedgerExport
from timmy_desktop.ledger.export.json_lines import read_json_lines
from timmy_desktop.ledger.history import LedgerHistory
from timmy_desktop.ledger.limits import Limits

Stand = Callable[[Panel, list[Any]], Place]
KEY = b"\x07" * 32


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LedgerWorld]:
    clock = SetClock()
    backend = EmbeddedBackend(node_key=lambda: KEY, clock=clock, journal=tmp_path / "node.jsonl")
    async with LedgerWorld(
        tmp_path,
        backend,
        clock,
        treasury_msat=5_000_000,
        receipt_key=lambda: KEY,
        limits=Limits(task_msat=100_000),
    ) as made:
        yield made


@pytest.fixture
async def place(world: LedgerWorld, stand: Stand, keepsakes: Keepsakes) -> Place:
    panel = LedgerPanel(
        book=world.ledger, history=LedgerHistory(world.db), exporter=LedgerExport(world.db), bus=world.bus,
        supervisor=world.supervisor, keepsakes=keepsakes, now_us=world.clock.now_us, names={"a1": "Forge"},
        proves=invoice.proves, worth=Worth(),
    )  # fmt: skip
    made = stand(panel, [])
    panel.start()
    await eventually(panel.settle)
    return made


def said(place: Place) -> str:
    return " ".join(wish.text for wish in place.wishes if isinstance(wish, Say))


def click(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


async def test_an_invoice_is_made_paid_and_proven(
    world: LedgerWorld, place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    panel: LedgerPanel = place.panel
    assert panel.head.available.text() == "5,000 sat"
    dialog = panel.invoices.new()
    qtbot.keyClicks(dialog.amount, "1,500")
    qtbot.keyClicks(dialog.memo, "Two pages")
    click(qtbot, dialog.create_button)
    await eventually(lambda: dialog.invoice is not None)
    assert invoice.decode(dialog.invoice.bolt11).amount_msat == 1_500_000
    assert dialog.qr.rows
    await eventually(lambda: ("1,500 sat", "expected") in panel.head.facts.facts)
    click(qtbot, dialog.pretend_button)
    await eventually(lambda: dialog.state.text == "Received")
    dialog.close()
    await eventually(lambda: panel.head.available.text() == "6,500 sat")
    await eventually(lambda: panel.settle() and panel.lines.row_at(0) is not None)
    line = panel.lines.row_at(0)
    assert (line.type, line.state, line.received_msat) == ("invoice", "settled", 1_500_000)
    panel.desk.open_line(line.id)
    await eventually(lambda: panel.lines_page.view.line is not None)
    assert panel.lines_page.view.proof.words.startswith("Proven")
    panel.node.receipt(line)
    await eventually(lambda: panel.findChild(QFileDialog) is not None)
    files = panel.findChild(QFileDialog)
    files.fileSelected.emit(str(tmp_path / "receipt.json"))
    files.close()
    await eventually(lambda: "verify-receipt" in said(place))
    text = (tmp_path / "receipt.json").read_text()
    assert json.loads(text)
    assert receipt.verify(text).problems == ()
    await at_rest(panel)


async def test_a_payment_is_checked_confirmed_and_booked(
    world: LedgerWorld, place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    panel: LedgerPanel = place.panel
    bill = await world.ledger.simulated_bill(2_000_000, "Weather data")
    dialog = panel.payments.pay(bill)
    await eventually(lambda: dialog.checked is not None)
    assert dialog.memo.text() == "Weather data"
    click(qtbot, dialog.pay_button)
    await eventually(lambda: "2,000 sat arrived" in dialog.notice.words)
    dialog.close()
    await eventually(lambda: panel.head.available.text() == "3,000 sat")
    again = panel.payments.pay(bill)
    await eventually(lambda: again.checked is not None)
    assert not again.pay_button.isEnabled()  # it was paid
    assert again.notice.words
    again.close()
    panel.exports.write(tmp_path / "all.jsonl", "jsonl", panel.controller.question)
    await eventually(lambda: "lines written" in said(place))
    lines = list(read_json_lines((tmp_path / "all.jsonl").read_text().splitlines(keepends=True)))
    assert [line.values["type"] for line in lines] == ["deposit", "payment"]
    assert (await world.ledger.check()).problems == ()
    await at_rest(panel)


async def test_what_is_above_a_limit_waits_on_top_until_a_person_decides(
    world: LedgerWorld, place: Place, qtbot: QtBot
) -> None:
    panel: LedgerPanel = place.panel
    bill = await world.ledger.simulated_bill(400_000, "Map data")
    outcome = await world.ledger.request_payment(bill, agent_id="a1", task_id="t1")
    assert outcome.status == "waiting"
    await eventually(lambda: len(panel.needs.cards) == 1)
    assert "Forge wants to pay 400 sat: Map data" in panel.needs.cards[0].accessibleName()
    dialog = panel.decisions.decide(panel.answers.attention.approvals[0])
    click(qtbot, dialog.approve_button)
    await eventually(lambda: "400 sat arrived" in dialog.why.words)
    dialog.close()
    await eventually(panel.needs.isHidden)
    await eventually(lambda: panel.head.available.text() == "4,600 sat")
    panel.node.compare()
    await eventually(lambda: "Book and node agree" in said(place))
    await at_rest(panel)


async def at_rest(panel: LedgerPanel) -> None:
    """Nothing under way when the test ends: what starts afterwards has no loop to run on."""
    await eventually(panel.settle)
    panel.stop()


async def test_the_pay_dialog_is_on_screen_only_when_its_invoice_was_read(place: Place) -> None:
    """As `screenshot --part pay` waits for it."""
    panel: LedgerPanel = place.panel
    assert panel.show_part("pay")
    await eventually(lambda: panel.findChild(PayDialog) is not None and panel.settle())
    dialog = panel.findChild(PayDialog)
    assert dialog is not None
    assert dialog.checked is not None
    assert dialog.pay_button.text() == "Pay 21 sat"
    dialog.close()
    for part in ("flows", "thought", "lines"):
        assert panel.show_part(part)
    assert not panel.show_part("nowhere")
