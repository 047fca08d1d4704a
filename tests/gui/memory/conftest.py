"""The Memory dock over the real memory, with a model and an index that are acted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from tests.fakes.memory_world import FakeEmbedder, MemoryWorld
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.panels.memory.panel import MemoryPanel
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import Entry, NewEntry


@dataclass
class Place:
    """The panel, its memory, and what it wished."""

    world: MemoryWorld
    panel: MemoryPanel
    wishes: list[Any] = field(default_factory=list)
    is_closed: bool = False

    @property
    def memory(self) -> Memory:
        return self.world.memory

    @property
    def said(self) -> list[str]:
        return [wish.text for wish in self.wishes if isinstance(wish, Say)]

    @property
    def texts(self) -> list[str]:
        """What the list shows."""
        return [row.text for row in self.panel.model.rows]

    async def told(self, *texts: str, **facts: Any) -> list[Entry]:
        """Entries that are remembered, indexed and on screen."""
        made = [await self.memory.remember(NewEntry(content=text, **facts)) for text in texts]
        await self.memory.settled()
        await self.calm()
        return made

    async def calm(self) -> None:
        await eventually(lambda: self.panel.settle())

    async def search(self, words: str) -> None:
        self.panel.page.search.setText(words)
        self.panel.page.ask_now()
        await self.calm()

    async def close(self) -> None:
        """As the window does it; the second time nothing happens."""
        if not self.is_closed:
            self.is_closed = True
            self.panel.stop()
            self.panel.close()
            self.panel.deleteLater()
            await self.world.__aexit__()


Begin = Callable[..., Awaitable[Place]]


@pytest_asyncio.fixture
async def begin(qapp: QApplication, tmp_path: Path) -> AsyncIterator[Begin]:
    """`await begin()` opens the dock; a second one over the same folder is the next start."""
    places: list[Place] = []

    async def beginning(
        *, missing: bool = False, width: int = 1200, height: int = 720, **world: Any
    ) -> Place:
        embedder = world.pop("embedder", None) or FakeEmbedder(missing=missing)
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        opened = MemoryWorld(folder, embedder=embedder, **world)
        await opened.__aenter__()
        panel = MemoryPanel(
            memory=opened.memory,
            bus=opened.bus,
            supervisor=opened.supervisor,
            keepsakes=Keepsakes(tmp_path / "panel.json"),
            now_us=opened.clock.now_us,
        )
        place = Place(opened, panel)
        places.append(place)
        panel.wished.connect(place.wishes.append)
        panel.resize(width, height)
        panel.show()
        panel.start()
        await opened.memory.settled()
        await place.calm()
        return place

    yield beginning
    for place in places:
        await place.close()


@pytest_asyncio.fixture
async def place(begin: Begin) -> Place:
    return await begin()


@pytest.fixture
def clipboard(qapp: QApplication) -> Any:
    clipboard = qapp.clipboard()
    clipboard.clear()
    return clipboard
