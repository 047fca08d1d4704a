"""Panels over fakes, as a person finds them in the window."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.fakes.bus import FakeBus
from tests.fakes.coordinator import FakeCoordinator, name_of
from tests.fakes.timmy import NOW, FakeTimmy
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import Panel
from timmy_desktop.gui.panels.chat.panel import ChatPanel
from timmy_desktop.gui.panels.tasks.panel import TasksPanel
from timmy_desktop.supervisor import TaskSupervisor


@dataclass
class Place:
    """One panel, what it wished, what the router says, and the opened folder."""

    panel: Any
    wishes: list[Any] = field(default_factory=list)
    statuses: list[Any] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def go_offline(self) -> None:
        detail = "Ollama refuses the connection. Start it: ollama serve"
        self.statuses.append(SimpleNamespace(health=SimpleNamespace(state="unavailable", detail=detail)))


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def swarm(bus: FakeBus) -> FakeCoordinator:
    return FakeCoordinator(bus)


@pytest.fixture
def timmy() -> FakeTimmy:
    return FakeTimmy()


@pytest.fixture
def keepsakes(tmp_path: Path) -> Keepsakes:
    return Keepsakes(tmp_path / "panel.json")


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], Keepsakes]:
    """The keepsakes as the next start of the application finds them."""
    return lambda: Keepsakes(tmp_path / "panel.json")


@pytest_asyncio.fixture
async def supervisor() -> AsyncIterator[TaskSupervisor]:
    supervisor = TaskSupervisor()
    yield supervisor
    await supervisor.close()


@pytest.fixture
def stand(qtbot: QtBot) -> Iterator[Callable[[Panel, list[Any]], Place]]:
    """`stand(panel, statuses)` shows it; it is stopped and closed afterwards, as the window does."""
    places: list[Place] = []

    def standing(panel: Panel, statuses: list[Any]) -> Place:
        place = Place(panel, statuses=statuses)
        panel.wished.connect(place.wishes.append)
        places.append(place)
        panel.resize(1000, 700)
        panel.show()
        return place

    yield standing
    for place in places:
        place.panel.stop()
        place.panel.close()
        place.panel.deleteLater()


@pytest.fixture
def tasks_place(
    bus: FakeBus,
    swarm: FakeCoordinator,
    supervisor: TaskSupervisor,
    keepsakes: Keepsakes,
    stand: Callable[[Panel, list[Any]], Place],
) -> Place:
    statuses: list[Any] = []
    panel = TasksPanel(
        swarm=swarm,
        bus=bus,
        supervisor=supervisor,
        keepsakes=keepsakes,
        name_of=name_of,
        statuses=lambda: statuses,
        now_us=bus.now_us,
        simulated=True,
    )
    return stand(panel, statuses)


@pytest.fixture
def chat_place(
    timmy: FakeTimmy,
    supervisor: TaskSupervisor,
    keepsakes: Keepsakes,
    stand: Callable[[Panel, list[Any]], Place],
) -> Place:
    statuses: list[Any] = []
    folders: list[str] = []
    panel = ChatPanel(
        chat=timmy,
        supervisor=supervisor,
        keepsakes=keepsakes,
        statuses=lambda: statuses,
        now_us=lambda: NOW,
        folder_is_open=lambda: bool(folders),
    )
    place = stand(panel, statuses)
    place.folders = folders
    return place


@pytest.fixture
def clipboard(qapp: QApplication) -> Any:
    clipboard = qapp.clipboard()
    clipboard.clear()
    return clipboard
