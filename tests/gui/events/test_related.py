"""One click from an event to the thing itself: over the window as it ships, with a task that was really paid."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from tests.fakes.providers import ScriptedProvider
from tests.gui.windows import delete
from timmy_desktop.bootstrap import build
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.payments import PaymentSettled
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.events.tasks import TaskCompleted
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import OpenMemory, OpenPayment, OpenRequest, OpenTask, OpenUpgrade
from timmy_desktop.gui.panels import PANELS
from timmy_desktop.gui.panels.events.panel import EventsPanel
from timmy_desktop.gui.panels.events.relations import Relation, relations_of
from timmy_desktop.gui.panels.ledger.lines_model import LINE_ROLE
from timmy_desktop.gui.panels.ledger.panel import LedgerPanel
from timmy_desktop.gui.panels.router.panel import RouterPanel
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings
from timmy_desktop.storage.event_rows import LogRow


def a_row(kind: str, task_id: str = "", seq: int = 1, **data: Any) -> LogRow:
    text = json.dumps(data)
    return LogRow(seq, 0, kind, 1, "test", task_id, "", text, b"", len(text))


def wishes(relations: list[Relation]) -> list[Any]:
    return [one.wish for one in relations if one.wish is not None]


def test_what_an_event_names_is_opened_itself() -> None:
    named = {"request_id": "r", "payment_hash": "h", "upgrade_id": "u", "part_id": "p", "entries": ["m"]}
    found = wishes(relations_of(a_row("x.y", **named), {}))
    assert found == [OpenRequest("r"), OpenPayment("h"), OpenUpgrade("u"), OpenUpgrade("p"), OpenMemory("m")]


def test_sats_that_have_no_hash_yet_lead_to_the_lines_of_the_task() -> None:
    found = wishes(relations_of(a_row("payment.reserved", "t", amount_msat=1), {}))
    assert found == [OpenTask("t"), OpenPayment(task_id="t")]


def test_the_rest_of_the_task_is_one_click_away_too_the_newest_first_and_once() -> None:
    kin = [a_row("provider.called", "t", seq, request_id=f"r{seq // 2}") for seq in range(10)]
    kin.append(a_row("payment.sent", "t", 11, payment_hash="h"))
    found = wishes(relations_of(a_row("task.completed", "t", 12), {}, kin))
    assert found == [OpenTask("t"), OpenPayment("h"), OpenRequest("r4"), OpenRequest("r3"), OpenRequest("r2")]
    assert wishes(relations_of(kin[-1], {}, kin)).count(OpenPayment("h")) == 1


def test_what_names_no_text_leads_nowhere() -> None:
    row = a_row("x.y", request_id=7, payment_hash=None, entries=[1, {"a": 2}], upgrade_id="")
    assert relations_of(row, {}) == []


@pytest.fixture
async def opened(qapp: QApplication, tmp_path: Path) -> AsyncIterator[tuple[MainWindow, Services]]:
    del qapp
    paths = Paths.default(tmp_path / "data")
    services = build(Settings(), paths, [ScriptedProvider()])
    window = MainWindow(paths=paths, specs=PANELS, store=LayoutStore(tmp_path / "window.ini"))
    window.show()
    await services.start("test")
    window.attach(services)
    await eventually(lambda: window.settled, 30)
    yield window, services
    await eventually(lambda: window.settled, 30)
    window.detach()
    await services.stop()
    window.close_now()
    delete(window)


async def test_payment_and_request_of_a_finished_task_open_on_their_rows(
    opened: tuple[MainWindow, Services],
) -> None:
    window, services = opened
    events, ledger, router = (window.docks[name].panel for name in ("events", "ledger", "router"))
    assert isinstance(events, EventsPanel)
    assert isinstance(ledger, LedgerPanel)
    assert isinstance(router, RouterPanel)
    task_id, seq = await _finished(services)
    # What stands in the way of the row is no obstacle.
    ledger.lines_page.filters.search.setText("nothing like it")
    window.docks["events"].bring_forward()
    events.show_event(seq)
    await eventually(lambda: events.page.detail.row is not None and events.settle(), 20)
    found = {type(one.wish): one for one in events.page.detail.relations}
    events.follow_relation(found[OpenPayment])
    await eventually(lambda: ledger.lines_page.view.line is not None, 20)
    line = ledger.lines_page.view.line
    assert line is not None
    assert (line.type, line.task_id) == ("payment", task_id)
    assert ledger.lines_page.pages.currentWidget() is ledger.lines_page.view
    events.follow_relation(found[OpenRequest])
    page = router.requests_page
    await eventually(lambda: page.receipt.receipt is not None, 20)
    assert page.receipt.receipt is not None
    assert page.receipt.receipt.task_id == task_id
    assert router.tabs.currentWidget() is page


async def test_the_lines_of_a_task_stand_alone_whatever_was_filtered(
    opened: tuple[MainWindow, Services],
) -> None:
    window, services = opened
    ledger = window.docks["ledger"].panel
    assert isinstance(ledger, LedgerPanel)
    task_id, _ = await _finished(services)
    ledger.lines_page.filters.search.setText("nothing like it")
    window.grant(OpenPayment(task_id=task_id))
    await eventually(lambda: ledger.settle() and ledger.lines.rowCount() > 0, 30)
    question = ledger.controller.question
    assert (question.task_id, question.text) == (task_id, "")
    places = range(ledger.lines.rowCount())
    await eventually(lambda: all(ledger.lines.index(place, 0).data(LINE_ROLE) for place in places), 20)
    assert {ledger.lines.index(place, 0).data(LINE_ROLE).task_id for place in places} == {task_id}


async def test_an_export_of_the_dock_holds_no_secret(
    opened: tuple[MainWindow, Services], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, services = opened
    events = window.docks["events"].panel
    assert isinstance(events, EventsPanel)
    monkeypatch.setenv("TIMMY_SECRET_LAB", "a-key-that-somebody-pasted")
    await services.bus.publish(SystemInfo(source="x", message="It is a-key-that-somebody-pasted."))
    events.deeds.export_to(tmp_path / "out.jsonl", "jsonl")
    await eventually((tmp_path / "out.jsonl").exists, 20)
    text = (tmp_path / "out.jsonl").read_text()
    assert "It is [redacted]." in text
    assert "somebody-pasted" not in text


async def _finished(services: Services) -> tuple[str, int]:
    """Posts a task and waits until it is paid; its identifier, and the number of the event that ends it."""
    ended: dict[str, EventRecord] = {}
    for kind in (TaskCompleted, PaymentSettled):
        services.bus.subscribe(kind, lambda record: ended.update({record.type: record}))
    task_id = await services.coordinator.post("Say hello")
    await eventually(lambda: len(ended) == 2, 20)
    return task_id, ended["task.completed"].seq
