"""Where the docks stand: the first layout, and the one that the person left, kept in `window.ini`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QSettings, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QWidget

from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.panel import Area

LAYOUT_VERSION = 1
"""Goes up when the first layout changes so that old states would look wrong; those are then ignored."""

_RECENT = 8
_FIRST_SIZE = QSize(1280, 800)
_GRIP = 120
_SIDE_SHARE, _LEAST_SIDE, _MOST_SIDE = 0.32, 388, 600
_BELOW_SHARE = 0.3
_UPPER_RIGHT = 1.1
_LEAST_FOR_BELOW = 960
_LEAST_FOR_RIGHT = 1180
_LEAST_FOR_STACK = 640
_LEAST_FOR_TABS = 900
_MOST_TABS = 4


class LayoutStore:
    """What the window remembers between starts. A file that can't be written is no reason to complain."""

    def __init__(self, file: Path) -> None:
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def save(
        self,
        window: QMainWindow,
        name: str = "last",
        *,
        state: QByteArray | None = None,
        is_first: bool = False,
    ) -> None:
        """Keeps place, size and docks of the window under `name`; `state` of the docks where it is another.

        `is_first`: they stand as on a first start, nobody has moved them.
        """
        state = window.saveState(LAYOUT_VERSION) if state is None else state
        self._settings.setValue(f"{name}/version", LAYOUT_VERSION)
        self._settings.setValue(f"{name}/geometry", window.saveGeometry())
        self._settings.setValue(f"{name}/state", state)
        self._settings.setValue(f"{name}/first", "yes" if is_first else "no")
        self._settings.sync()

    def is_first(self, name: str = "last") -> bool:
        """Whether what is kept under `name` is a first layout."""
        return str(self._settings.value(f"{name}/first", "")) == "yes"

    def has(self, name: str) -> bool:
        """Whether something usable is kept under `name`."""
        return str(self._settings.value(f"{name}/version", "")) == str(LAYOUT_VERSION)

    def restore_geometry(self, window: QMainWindow, name: str = "last") -> bool:
        """Puts the window where it was, or where it can be seen; False when nothing was kept."""
        geometry = self._settings.value(f"{name}/geometry")
        if not self.has(name) or not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            window.resize(fitting(_FIRST_SIZE))
            return False
        bring_on_screen(window)
        return True

    def restore_docks(self, window: QMainWindow, name: str = "last") -> bool:
        """Puts the docks back as they were; False when nothing usable was kept."""
        state = self._settings.value(f"{name}/state")
        if not self.has(name) or not isinstance(state, QByteArray):
            return False
        return window.restoreState(state, LAYOUT_VERSION)

    @property
    def recent_workspaces(self) -> list[str]:
        """Folders opened before, newest first."""
        value = self._settings.value("workspaces/recent", [])
        if isinstance(value, list):
            return [str(item) for item in value]
        return [value] if isinstance(value, str) else []

    def remember_workspace(self, folder: str) -> None:
        """Puts `folder` first among the recent ones."""
        others = [item for item in self.recent_workspaces if item != folder]
        self._settings.setValue("workspaces/recent", [folder, *others][:_RECENT])
        self._settings.sync()

    @property
    def workspace(self) -> str:
        """The folder that was open when the window was last used; empty for none."""
        return str(self._settings.value("workspaces/open", ""))

    @workspace.setter
    def workspace(self, folder: str) -> None:
        self._settings.setValue("workspaces/open", folder)
        self._settings.sync()

    @property
    def theme(self) -> str:
        """The theme of last time, for the first paint; the settings are read after it."""
        return "light" if self._settings.value("theme", "dark") == "light" else "dark"

    @theme.setter
    def theme(self, name: str) -> None:
        self._settings.setValue("theme", name)
        self._settings.sync()

    def flag(self, name: str) -> bool:
        """A yes that was kept, as for a hint that the person closed."""
        return str(self._settings.value(f"flags/{name}", "")) == "yes"

    def set_flag(self, name: str) -> None:
        """Keeps a yes."""
        self._settings.setValue(f"flags/{name}", "yes")
        self._settings.sync()


def shape_of(size: QSize) -> tuple[bool, ...]:
    """What `arrange` makes of a size: two of the same shape differ in measures alone."""
    return (
        size.width() < _LEAST_FOR_RIGHT,
        size.width() < _LEAST_FOR_TABS,
        size.height() < _LEAST_FOR_BELOW,
        size.height() < _LEAST_FOR_STACK,
    )


def arrange(window: QMainWindow, docks: Sequence[PanelDock]) -> None:
    """The first layout: look.md's places, in sizes that follow from the window's."""
    for dock in docks:
        dock.setFloating(False)
        window.removeDockWidget(dock)
    by_area = {area: [dock for dock in docks if dock.spec.area is area] for area in Area}
    left, centre, right = by_area[Area.LEFT], by_area[Area.CENTRE], by_area[Area.RIGHT]
    below = by_area[Area.BELOW]
    # What has no room of its own is a tab: a third column in a narrow window, a third storey in a low one.
    is_narrow = bool(centre) and window.width() < _LEAST_FOR_RIGHT
    tabs = [*centre[-1:], *right] if is_narrow else right[-1:]
    is_low = bool(tabs) and window.height() < _LEAST_FOR_BELOW
    tabs, below = ([*tabs, *below], []) if is_low else (tabs, below)
    is_flat = window.height() < _LEAST_FOR_STACK
    tabs, beside = _shared_out(window, tabs, left) if is_flat else (tabs, [])
    _stack(window, Qt.DockWidgetArea.LeftDockWidgetArea, left[:1] if is_flat else left)
    _stack(window, Qt.DockWidgetArea.RightDockWidgetArea, centre)
    if right and not is_narrow:
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, right[0])
        if centre:
            window.splitDockWidget(centre[0], right[0], Qt.Orientation.Horizontal)
        for upper, lower in pairwise(right):
            window.splitDockWidget(upper, lower, Qt.Orientation.Vertical)
    if below:
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, below[0])
    for dock in docks:
        dock.show()
    for group in (beside, tabs, below):
        for first, other in pairwise(group):
            window.tabifyDockWidget(first, other)
        for dock in group[:1]:
            dock.raise_()
    _share_out(window, left, centre, [] if is_narrow else right, below)


def _shared_out(
    window: QMainWindow, tabs: list[PanelDock], left: list[PanelDock]
) -> tuple[list[PanelDock], list[PanelDock]]:
    """The tabs of both sides: in half of a small window more than a few have no room for their names."""
    if not left or window.width() >= _LEAST_FOR_TABS:
        return tabs, left
    return tabs[:_MOST_TABS], [*left, *tabs[_MOST_TABS:]]


def _stack(window: QMainWindow, area: Qt.DockWidgetArea, docks: Sequence[PanelDock]) -> None:
    for dock in docks:
        window.addDockWidget(area, dock)
    for upper, lower in pairwise(docks):
        window.splitDockWidget(upper, lower, Qt.Orientation.Vertical)


def _share_out(
    window: QMainWindow,
    left: Sequence[PanelDock],
    centre: Sequence[PanelDock],
    right: Sequence[PanelDock],
    below: Sequence[PanelDock],
) -> None:
    width, height = window.width(), window.height()
    side = max(_LEAST_SIDE, min(_MOST_SIDE, round(width * _SIDE_SHARE)))
    middle = width - side * (1 + bool(right))
    across = [*left[:1], *centre[:1], *right[:1]]
    sizes = [side] * bool(left) + [middle] * bool(centre) + [side] * bool(right)
    window.resizeDocks(across, sizes, Qt.Orientation.Horizontal)
    room = height - (round(height * _BELOW_SHARE) if below else 0)
    if below:
        window.resizeDocks(below[:1], [height - room], Qt.Orientation.Vertical)
    for column in (left, right):
        if len(column) > 1 and height >= _LEAST_FOR_STACK:
            heights = [room // len(column)] * len(column)
            if column is right:
                # A chart above a list needs a little more than half, where a card takes room from both.
                heights[0] = round(heights[0] * _UPPER_RIGHT)
            window.resizeDocks(list(column), heights, Qt.Orientation.Vertical)


def fitting(wanted: QSize) -> QSize:
    """`wanted`, no larger than the screen has room for."""
    return wanted.boundedTo(QGuiApplication.primaryScreen().availableGeometry().size())


def bring_on_screen(widget: QWidget) -> None:
    """Moves and shrinks a window whose title bar lies outside every screen, as after unplugging one."""
    frame = widget.frameGeometry()
    if any(_graspable(frame, screen.availableGeometry()) for screen in QGuiApplication.screens()):
        return
    room = QGuiApplication.primaryScreen().availableGeometry()
    widget.resize(widget.size().boundedTo(room.size()))
    place = QRect(room.topLeft(), widget.size())
    place.moveCenter(room.center())
    widget.move(place.topLeft())


def _graspable(frame: QRect, room: QRect) -> bool:
    head = QRect(frame.left(), frame.top(), frame.width(), 32)
    seen = head.intersected(room)
    return seen.width() >= min(_GRIP, head.width()) and seen.height() >= 16
