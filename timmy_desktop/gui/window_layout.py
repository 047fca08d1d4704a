"""The window's arrangement of docks: the first one, the one that was kept, and when to keep it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMainWindow

from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.layout import LayoutStore, arrange
from timmy_desktop.gui.panel import Say

_REMEMBER_MS = 1500
_SAVED = "saved"


class WindowLayout(QObject):
    """What moves is kept a moment later, not only at a good end."""

    def __init__(
        self,
        window: QMainWindow,
        *,
        docks: Sequence[PanelDock],
        store: LayoutStore,
        may_keep: Callable[[], bool],
        say: Callable[[Say], object],
    ) -> None:
        """`may_keep()`: whether the docks stand as the person has them, not as a failed start leaves them."""
        super().__init__(window)
        self._window, self._docks, self._store = window, docks, store
        self._may_keep, self._say = may_keep, say
        self._remembering = QTimer(self)
        self._remembering.setSingleShot(True)
        self._remembering.setInterval(_REMEMBER_MS)
        self._remembering.timeout.connect(self.remember)
        for dock in docks:
            for moved in (dock.topLevelChanged, dock.dockLocationChanged, dock.closed_by_person):
                moved.connect(lambda *_: self._remembering.start())

    def restore(self) -> None:
        """As the docks stood last time, or as on a first start."""
        self.reset()
        self._store.restore_docks(self._window)

    def reset(self) -> None:
        """Puts the docks where they stand on a first start."""
        arrange(self._window, self._docks)

    def raise_floating(self) -> None:
        """Docks that float were put back before the window came, which then lay over them."""
        for dock in self._docks:
            if dock.isFloating() and dock.isVisible():
                dock.raise_()

    def remember(self) -> None:
        """Keeps the arrangement for the next start."""
        self._remembering.stop()
        if self._may_keep():
            self._store.save(self._window)

    def save(self) -> None:
        """Keeps the arrangement until the person wants it back."""
        self._store.save(self._window, _SAVED)
        self._say(Say("Layout saved. View, Return to the saved layout brings it back.", "good"))

    def load(self) -> None:
        """Brings back what `save` kept."""
        if not self._store.restore_docks(self._window, _SAVED):
            self._say(Say("No layout was saved yet. View, Save layout keeps this one.", "info"))
