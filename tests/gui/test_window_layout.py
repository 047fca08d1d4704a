"""A window that gets another size: its docks fit, and what the person made of them comes back."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.windows import THREE, open_window, spec
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import Area

DOCKS = (*THREE, spec("router", Area.RIGHT), spec("ledger", Area.RIGHT), spec("memory", Area.BELOW))


def side_by_side(window: MainWindow) -> bool:
    """Whether no dock that is seen lies over another, or outside of the window."""
    seen = [dock.geometry() for dock in window.docks.values() if not dock.visibleRegion().isEmpty()]
    inside = all(window.rect().contains(place) for place in seen)
    return inside and not any(one.intersects(other) for one, other in combinations(seen, 2))


def beside(window: MainWindow, name: str) -> set[str]:
    """With what a dock shares its place."""
    tabs = window.tabifiedDockWidgets(window.docks[name])
    return {found for found, dock in window.docks.items() if dock in tabs}


async def test_docks_that_nobody_moved_are_arranged_for_each_shape(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, DOCKS) as (window, _):
        window.resize(1600, 1000)
        await eventually(lambda: beside(window, "ledger") == set())
        for size in ((1000, 700), (800, 520)):
            window.resize(*size)
            await eventually(lambda: beside(window, "chat") == {"router", "ledger", "memory"})
            assert side_by_side(window)
        window.resize(1600, 1000)
        await eventually(lambda: beside(window, "chat") == set())
        assert window.docks["memory"].height() < window.docks["chat"].height()


async def test_the_keyboard_stays_where_it_was(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, DOCKS) as (window, _):
        window.docks["ledger"].bring_forward()
        ledger = window.docks["ledger"]
        await eventually(lambda: ledger.isAncestorOf(window.focusWidget()))
        window.resize(900, 700)
        await eventually(lambda: "chat" in beside(window, "ledger"))
        assert ledger.isAncestorOf(window.focusWidget())
        assert not ledger.visibleRegion().isEmpty()


def moved(window: MainWindow) -> None:
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, window.docks["tasks"])
    window.splitDockWidget(window.docks["tasks"], window.docks["router"], Qt.Orientation.Horizontal)
    window.splitDockWidget(window.docks["router"], window.docks["ledger"], Qt.Orientation.Horizontal)


async def test_docks_that_somebody_moved_give_way_and_come_back(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, DOCKS) as (window, _):
        window.resize(1600, 1000)
        await eventually(lambda: beside(window, "ledger") == set())
        moved(window)
        await eventually(lambda: window.docks["tasks"].y() > window.docks["chat"].y())
        layout = window.layout()
        assert layout is not None
        await eventually(lambda: layout.minimumSize().width() > 900)
        await eventually(lambda: window.layouts.settled)
        window.resize(800, 520)
        await eventually(lambda: side_by_side(window) and "router" in beside(window, "chat"))
        window.resize(1600, 1000)
        await eventually(lambda: beside(window, "chat") == set())
        assert window.docks["tasks"].y() > window.docks["chat"].y()
        assert side_by_side(window)


async def test_what_gave_way_is_kept_for_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "window.ini"
    async with open_window(tmp_path, DOCKS, store=LayoutStore(file)) as (window, _):
        window.resize(1600, 1000)
        await eventually(lambda: beside(window, "ledger") == set())
        moved(window)
        await eventually(lambda: window.layouts.settled)
        window.resize(800, 520)
        await eventually(lambda: "router" in beside(window, "chat"))
    assert not LayoutStore(file).is_first()
    async with open_window(tmp_path / "b", DOCKS, store=LayoutStore(file)) as (again, _):
        again.resize(1600, 1000)
        await eventually(lambda: again.docks["tasks"].y() > again.docks["chat"].y() > 0)
        assert beside(again, "chat") == set()
