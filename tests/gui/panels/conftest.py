"""Panels over fakes, as a person finds them in the window."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
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
from timmy_desktop.identifiers import new_id
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.errors import UnknownEntryError
from timmy_desktop.memory.types import Entry, Use, UseCounts
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
    recalled: FakeRecalled,
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
        memory=recalled,
    )
    return stand(panel, statuses)


class FakeRecalled:
    """A memory that says which entries each reply used."""

    def __init__(self) -> None:
        self.uses: dict[str, list[Use]] = {}
        self.entries: dict[str, Entry] = {}

    def used(self, reply_id: str, content: str, *kinds: Any) -> Entry:
        entry = Entry(
            id=new_id(), number=len(self.entries) + 1, content=content, type="fact", source="", owner="person",
            visibility="shared", state="accepted", task_id="", conversation_id="", message_id="",
            document_id="", chunk=0, local_only=False, pinned=False, superseded_by="", rev=1,
            created_us=NOW, updated_us=NOW, used_us=0, metadata={}, is_embedded=True,
        )  # fmt: skip
        self.entries[entry.id] = entry
        made = [Use(entry.id, reply_id, "message", kind, "timmy", NOW, 0.5) for kind in kinds]
        self.uses.setdefault(reply_id, []).extend(made)
        return entry

    async def use_counts(self, reply_ids: Sequence[str]) -> dict[str, UseCounts]:
        return {
            reply_id: UseCounts(**Counter(use.kind for use in self.uses[reply_id]))
            for reply_id in reply_ids
            if reply_id in self.uses
        }

    async def uses_of(self, reply_id: str) -> list[Use]:
        return self.uses.get(reply_id, [])

    async def entry(self, entry_id: str, *, asker: Asker) -> Entry:
        assert asker == PERSON
        if entry_id not in self.entries:
            raise UnknownEntryError("There is no such memory.")
        return self.entries[entry_id]


@pytest.fixture
def recalled() -> FakeRecalled:
    return FakeRecalled()


@pytest.fixture
def chat_place(
    timmy: FakeTimmy,
    recalled: FakeRecalled,
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
        memory=recalled,
    )
    place = stand(panel, statuses)
    place.folders = folders
    return place


@pytest.fixture
def clipboard(qapp: QApplication) -> Any:
    clipboard = qapp.clipboard()
    clipboard.clear()
    return clipboard
