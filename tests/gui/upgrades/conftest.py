"""The Upgrades dock over a fake queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.fakes.bus import FakeBus
from tests.fakes.upgrades import FakeUpgrades
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.panels.upgrades.dialogs import DecisionDialog
from timmy_desktop.gui.panels.upgrades.panel import UpgradesPanel
from timmy_desktop.supervisor import TaskSupervisor

LINES = [f"step_{n} = boil({n})" for n in range(60)]
OLD = {"kettle.py": "\n".join(LINES) + "\n", "tea.md": "# Tea\n"}
NEW = {
    "kettle.py": "\n".join([*LINES[:5], "step_5 = boil(500)", *LINES[6:40], "step_40 = 0", *LINES[41:]])
    + "\n",
    "tea.md": "# Tea\n\nHot.\n",
}


class Dock:
    """The panel, its queue, and what it wished."""

    def __init__(self, panel: UpgradesPanel, queue: FakeUpgrades) -> None:
        self.panel, self.queue = panel, queue
        self.wishes: list[Any] = []
        panel.wished.connect(self.wishes.append)

    @property
    def page(self) -> Any:
        return self.panel.page

    @property
    def view(self) -> Any:
        return self.panel.view

    def said(self) -> list[str]:
        return [wish.text for wish in self.wishes if isinstance(wish, Say)]

    def dialog(self) -> DecisionDialog:
        """The question on screen."""
        shown = [one for one in self.panel.findChildren(DecisionDialog) if one.isVisible()]
        assert len(shown) == 1, shown
        return shown[0]


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def queue(bus: FakeBus) -> FakeUpgrades:
    return FakeUpgrades(bus)


@pytest_asyncio.fixture
async def supervisor() -> AsyncIterator[TaskSupervisor]:
    supervisor = TaskSupervisor()
    yield supervisor
    await supervisor.close()


@pytest.fixture
def make_dock(
    qtbot: QtBot,
    qapp: QApplication,
    bus: FakeBus,
    queue: FakeUpgrades,
    supervisor: TaskSupervisor,
    tmp_path: Path,
) -> Iterator[Callable[[], Dock]]:
    made: list[Dock] = []

    def make(width: int = 1200, height: int = 700) -> Dock:
        panel = UpgradesPanel(
            queue=queue, bus=bus, supervisor=supervisor,  # type: ignore[arg-type]
            keepsakes=Keepsakes(tmp_path / "panel.json"), now_us=bus.now_us,
        )  # fmt: skip
        made.append(Dock(panel, queue))
        panel.resize(width, height)
        panel.show()
        panel.activateWindow()
        panel.start()
        return made[-1]

    yield make
    for dock in made:
        dock.panel.stop()
        dock.panel.close()
        dock.panel.deleteLater()
