from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.services import FakeServices, fake_services
from timmy_desktop.events.agents import AgentJoined
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.events.system import SystemInfo, SystemWarning
from timmy_desktop.events.tasks import TaskCreated, TaskFailed
from timmy_desktop.gui.panel import OpenTask
from timmy_desktop.gui.panels.activity.model import ActivityModel, Filter
from timmy_desktop.gui.panels.activity.panel import ActivityPanel


def record(seq: int, event: Event | None = None) -> EventRecord:
    return EventRecord(seq, seq * 1_000_000, event or SystemInfo(message=f"number {seq}"), b"")


def shown(model: ActivityModel) -> list[int]:
    return [model.row(model.index(row)).record.seq for row in range(model.rowCount())]


@pytest.fixture
def model(qapp: QApplication) -> ActivityModel:
    made = ActivityModel({}, capacity=10)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def test_newest_first_and_capped(model: ActivityModel) -> None:
    model.add_newer([record(seq) for seq in range(1, 7)])
    model.add_newer([record(seq) for seq in range(7, 14)])
    assert shown(model) == list(range(13, 3, -1))
    model.add_newer([record(seq) for seq in range(14, 100)])
    assert shown(model) == list(range(99, 89, -1))


def test_what_is_there_already_is_not_shown_twice(model: ActivityModel) -> None:
    model.add_older([record(3), record(2)])
    model.add_newer([record(2), record(3), record(4)])
    model.add_older([record(2), record(1)])
    assert shown(model) == [4, 3, 2, 1]


def test_agents_that_join_one_after_the_other_are_one_row(model: ActivityModel) -> None:
    joins = [record(seq, AgentJoined(name=f"N{seq}", role="r")) for seq in range(5, 9)]
    model.add_newer([record(4), *joins, record(9), record(10, AgentJoined(name="Late", role="x"))])
    texts = [model.data(model.index(row)) for row in range(model.rowCount())]
    assert texts == ["Late joined, x", "number 9", "4 agents joined: N5, N6, N7, N8", "number 4"]
    assert [model.row(model.index(row)).is_of_several for row in range(4)] == [False, False, True, False]
    model.show_only(Filter(text="n6"))
    assert shown(model) == [8]


def test_what_lies_before_joined_agents_is_read_back_once(model: ActivityModel) -> None:
    joins = [record(seq, AgentJoined(name=f"N{seq}", role="r")) for seq in range(5, 9)]
    model.add_newer(joins)
    assert (model.newest_seq, model.oldest_seq) == (8, 5)
    model.add_older([record(6), record(4)])
    assert shown(model) == [8, 4]


def test_older_rows_stop_at_the_capacity(model: ActivityModel) -> None:
    model.add_older([record(seq) for seq in range(30, 10, -1)])
    assert model.rowCount() == 10
    assert model.is_full


def test_filters(model: ActivityModel) -> None:
    model.add_newer(
        [record(1), record(2, TaskFailed(reason="no model")), record(3, SystemWarning(message="w"))]
    )
    model.show_only(Filter(topics=frozenset({"tasks"})))
    assert shown(model) == [2]
    model.show_only(Filter(only_urgent=True))
    assert shown(model) == [3, 2]
    model.add_newer([record(4), record(5, TaskFailed(reason="again"))])
    assert shown(model) == [5, 3, 2]
    model.show_only(Filter(text="AGAIN fail"))
    assert shown(model) == [5]
    model.show_only(Filter())
    assert shown(model) == [5, 4, 3, 2, 1]


def test_filtered_rows_fall_out_with_the_capacity(model: ActivityModel) -> None:
    model.show_only(Filter(topics=frozenset({"tasks"})))
    model.add_newer([record(1, TaskFailed(reason="x")), record(2, TaskFailed(reason="y"))])
    model.add_newer([record(seq) for seq in range(3, 12)])
    assert shown(model) == [2]
    assert model.held == 10


def test_roles(model: ActivityModel) -> None:
    model.add_newer([record(1, TaskCreated(text="do\x1b[2J it", task_id="t" * 36))])
    index = model.index(0)
    assert "\x1b" not in str(index.data(Qt.ItemDataRole.DisplayRole))
    assert "event 1" in str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert str(index.data(Qt.ItemDataRole.AccessibleTextRole)).startswith("Task posted")
    assert model.data(QModelIndex()) is None
    assert model.text_of([0]).split("\t")[1] == "task.created"


async def opened(services: FakeServices) -> ActivityPanel:
    await services.start()
    panel = ActivityPanel(services.bus, services.database, services.supervisor, {})
    panel.resize(420, 400)
    panel.show()
    await eventually(panel.settle)
    return panel


async def closed(panel: ActivityPanel, services: FakeServices) -> None:
    panel.stop()
    panel.hide()
    await services.stop()


async def test_reads_the_log_and_follows(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    panel = await opened(services)
    qtbot.addWidget(panel)
    assert panel.model.rowCount() == 0
    await services.record(*(SystemInfo(message=f"number {n}") for n in range(100)))
    await eventually(lambda: panel.model.rowCount() == 100)
    assert panel.following
    await closed(panel, services)


async def test_older_rows_come_when_one_scrolls_down(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    await services.start()
    await services.record(*(SystemInfo(message=f"number {n}") for n in range(700)))
    panel = ActivityPanel(services.bus, services.database, services.supervisor, {})
    qtbot.addWidget(panel)
    panel.resize(420, 400)
    panel.show()
    await eventually(panel.settle)
    assert panel.model.rowCount() == 300
    bar = panel.list.verticalScrollBar()
    await eventually(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    await eventually(lambda: panel.model.rowCount() == 600)
    # The bar learns of the new rows a moment after the model.
    await eventually(lambda: bar.value() < bar.maximum())
    bar.setValue(bar.maximum())
    await eventually(lambda: panel.model.rowCount() == 700)
    assert shown(panel.model) == list(range(700, 0, -1))
    await closed(panel, services)


async def test_reading_further_down_stops_following_until_home(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    panel = await opened(services)
    qtbot.addWidget(panel)
    await services.record(*(SystemInfo(message=f"number {n}") for n in range(100)))
    await eventually(lambda: panel.list.verticalScrollBar().maximum() > 0)
    panel.list.verticalScrollBar().setValue(60)
    await services.record(*(SystemInfo(message="more") for _ in range(7)))
    await eventually(lambda: panel.new_count == 7)
    assert panel.model.rowCount() == 100
    assert panel.new_button.isVisible()
    assert panel.new_button.text().strip() == "7 new"
    qtbot.keyClick(panel.list, Qt.Key.Key_Home)
    assert panel.model.rowCount() == 107
    assert panel.following
    assert not panel.new_button.isVisible()
    await closed(panel, services)


async def test_pause_holds_the_feed(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    panel = await opened(services)
    qtbot.addWidget(panel)
    panel.pause_button.click()
    await services.record(SystemInfo(message="unseen"))
    await eventually(lambda: panel.new_count == 1)
    assert panel.model.rowCount() == 0
    panel.pause_button.click()
    assert panel.model.rowCount() == 1
    await closed(panel, services)


async def test_a_task_is_opened_by_return_and_rows_are_copied(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    panel = await opened(services)
    qtbot.addWidget(panel)
    wishes: list[object] = []
    panel.wished.connect(wishes.append)
    await services.record(
        SystemInfo(message="first"),
        AgentJoined(agent_id="a1", name="Forge", role="code"),
        TaskFailed(reason="no model", task_id="t1", agent_id="a1"),
    )
    await eventually(lambda: panel.model.rowCount() == 3)
    panel.list.setCurrentIndex(panel.model.index(0))
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert wishes == [OpenTask("t1")]
    panel.list.selectAll()
    qtbot.keyClick(panel.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[1] for line in lines] == ["system.info", "agent.joined", "task.failed"]
    assert panel.model.names["a1"] == "Forge"
    await closed(panel, services)


async def test_nothing_matching_offers_the_way_back(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    panel = await opened(services)
    qtbot.addWidget(panel)
    await services.record(SystemInfo(message="first"))
    await eventually(lambda: panel.model.rowCount() == 1)
    panel.chips["money"].click()
    assert panel.model.rowCount() == 0
    panel.clear_filters()
    assert panel.model.rowCount() == 1
    await closed(panel, services)
