"""The window as it ships: every panel over the real services, with a provider that plays a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.providers import ScriptedProvider
from tests.gui.windows import delete
from timmy_desktop.bootstrap import build
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panels import PANELS
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings


class WindowWatch(QObject):
    """Notes every window but the one that is meant to be there."""

    def __init__(self, meant: QWidget) -> None:
        super().__init__()
        self._meant = meant
        self.shown: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        shown = event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow()
        if shown and watched is not self._meant:
            self.shown.append(repr(watched))
        return False


@pytest.fixture
async def opened(qapp: QApplication, tmp_path: Path) -> AsyncIterator[tuple[MainWindow, WindowWatch]]:
    paths = Paths.default(tmp_path / "data")
    services = build(Settings(), paths, [ScriptedProvider()])
    window = MainWindow(paths=paths, specs=PANELS, store=LayoutStore(tmp_path / "window.ini"))
    watch = WindowWatch(window)
    qapp.installEventFilter(watch)
    window.show()
    await services.start("test")
    window.attach(services)
    await eventually(lambda: window.settled)
    yield window, watch
    qapp.removeEventFilter(watch)
    window.detach()
    await services.stop()
    window.close_now()
    delete(window)


async def test_every_panel_is_there_and_no_window_flashes_up(opened: tuple[MainWindow, WindowWatch]) -> None:
    window, watch = opened
    assert all(dock.panel is not None for dock in window.docks.values())
    assert watch.shown == []
    assert window.messages.texts == []


async def test_the_tab_key_goes_all_the_way_round(
    opened: tuple[MainWindow, WindowWatch], qtbot: QtBot
) -> None:
    window, _ = opened
    window.activateWindow()
    await eventually(lambda: QApplication.activeWindow() is window)
    await eventually(lambda: window.docks["chat"].isAncestorOf(QApplication.focusWidget() or window))
    first = QApplication.focusWidget()
    assert first is not None
    names: list[str] = []
    for _step in range(120):
        focused = QApplication.focusWidget()
        assert focused is not None
        names.append(_spoken(focused))
        assert names[-1], f"{focused!r} takes the focus and has no name"
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is first:
            break
    assert QApplication.focusWidget() is first, "the way round does not close"
    for needed in ("Filter the activity by words", "Pause the feed", "Models and their health: "):
        assert any(name.startswith(needed.rstrip()) for name in names), (needed, names)
    # What a table looks at is read a moment later: it must not begin when the loop stands still.
    await eventually(lambda: window.settled)
    # What the keyboard brought on screen reads its rows; not after the test.
    await eventually(lambda: window.settled)


def _spoken(widget: QWidget) -> str:
    """What a screen reader says of it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else widget.accessibleName()
