"""Windows over fake services, opened and closed as the application does it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QLabel

from tests.fakes.services import FakeServices, fake_services
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import Area, Panel, PanelSpec, Wish
from timmy_desktop.gui.widgets.parts import button, column


class NotePanel(Panel):
    """A panel with one label and one button, that notes what it was wished and that it was stopped."""

    def __init__(self, grants: Callable[[Wish], bool] = lambda _: False) -> None:
        super().__init__()
        self.grants = grants
        self.wishes: list[Wish] = []
        self.stopped = 0
        self.first = button("First")
        self.setLayout(column(QLabel("note"), self.first))

    def fulfil(self, wish: Wish) -> bool:
        if self.grants(wish):
            self.wishes.append(wish)
            return True
        return False

    def focus_first(self) -> None:
        self.first.setFocus()

    def stop(self) -> None:
        self.stopped += 1


def spec(name: str, area: Area = Area.LEFT, build: Callable[[object], Panel] | None = None) -> PanelSpec:
    return PanelSpec(
        name=name,
        title=name.capitalize(),
        area=area,
        build=build or (lambda _: NotePanel()),
        glyph="tasks",
        summary=f"The {name}.",
    )


THREE = (spec("activity"), spec("tasks"), spec("chat", Area.CENTRE))


@asynccontextmanager
async def open_window(
    folder: Path,
    specs: Sequence[PanelSpec] = THREE,
    services: FakeServices | None = None,
    store: LayoutStore | None = None,
) -> AsyncIterator[tuple[MainWindow, FakeServices]]:
    """A shown window with started services; everything is stopped and deleted at the end."""
    services = services or fake_services(folder / "data")
    window = MainWindow(
        paths=services.paths,
        specs=specs,
        store=store or LayoutStore(folder / "window.ini"),
    )
    window.supervisor = services.supervisor
    window.resize(1280, 800)
    window.show()
    await services.start()
    window.attach(services)  # type: ignore[arg-type]
    try:
        yield window, services
    finally:
        window.detach()
        await services.stop()
        window.close_now()
        delete(window)


def delete(window: MainWindow) -> None:
    """Deletes now what would be deleted when the loop comes round."""
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
