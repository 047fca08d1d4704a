"""The window's arrangement of docks: the first one, the one that was kept, and what fits another size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QObject, QSize, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.layout import LAYOUT_VERSION, LayoutStore, arrange, shape_of
from timmy_desktop.gui.panel import Say

_REMEMBER_MS, _FIT_MS = 1500, 80
_SAVED = "saved"


@dataclass(frozen=True, slots=True)
class _Roomy:
    """How the person has the docks where there is room: their state, and the size that it needs."""

    state: QByteArray
    least: QSize


class WindowLayout(QObject):
    """What moves is kept a moment later, not only at a good end.

    Docks that nobody has moved are arranged anew for another shape of the window. Those that somebody moved
    stay as they are, but where they don't fit: they come back as soon as they do.
    """

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
        self._is_first, self._is_busy = True, False
        self._shape = shape_of(window.size())
        self._fitting: QByteArray | None = None
        self._roomy: _Roomy | None = None
        self._remembering = self._timer(_REMEMBER_MS, self.remember)
        self._measuring = self._timer(_FIT_MS, self._fit)
        for dock in docks:
            for moved in (dock.topLevelChanged, dock.dockLocationChanged, dock.closed_by_person):
                moved.connect(lambda *_: self._moved())

    def restore(self) -> None:
        """As the docks stood last time, or as on a first start."""
        self.reset()
        self._bring_back("last")
        self._measuring.start()

    def reset(self) -> None:
        """Puts the docks where they stand on a first start."""
        self._arrange()
        self._is_first, self._roomy = True, None

    def note_size(self) -> None:
        """The window has another size: when it has come to rest, the docks are made to fit."""
        if self._window.isVisible():
            self._measuring.start()

    @property
    def settled(self) -> bool:
        """Whether the docks fit the size that the window has now."""
        return not self._measuring.isActive()

    def raise_floating(self) -> None:
        """Docks that float were put back before the window came, which then lay over them."""
        for dock in self._docks:
            if dock.isFloating() and dock.isVisible():
                dock.raise_()

    def remember(self) -> None:
        """Keeps the arrangement for the next start."""
        self._remembering.stop()
        if self._may_keep():
            state = self._roomy.state if self._roomy is not None else None
            self._store.save(self._window, state=state, is_first=self._is_first)

    def save(self) -> None:
        """Keeps the arrangement until the person wants it back."""
        self._store.save(self._window, _SAVED, is_first=self._is_first)
        self._say(Say("Layout saved. View, Return to the saved layout brings it back.", "good"))

    def load(self) -> None:
        """Brings back what `save` kept."""
        if self._bring_back(_SAVED):
            self._measuring.start()
        else:
            self._say(Say("No layout was saved yet. View, Save layout keeps this one.", "info"))

    def _bring_back(self, name: str) -> bool:
        with self._by_itself():
            found = self._store.restore_docks(self._window, name)
        if found:
            self._is_first, self._roomy = self._store.is_first(name), None
        return found

    def _fit(self) -> None:
        if not self._may_keep():
            return
        if self._is_first:
            if shape_of(self._window.size()) != self._shape:
                self._arrange()
        elif self._roomy is None and not self._has_room(self._least()):
            self._roomy = _Roomy(self._fitting or self._window.saveState(LAYOUT_VERSION), self._least())
            self._arrange()
        elif self._roomy is None:
            self._fitting = self._window.saveState(LAYOUT_VERSION)
        elif self._has_room(self._roomy.least):
            self._restore_roomy(self._roomy)
        elif shape_of(self._window.size()) != self._shape:
            self._arrange()

    def _restore_roomy(self, roomy: _Roomy) -> None:
        self._roomy = None
        with self._by_itself():
            self._window.restoreState(roomy.state, LAYOUT_VERSION)

    def _arrange(self) -> None:
        """The keyboard stays where it was."""
        focused = QApplication.focusWidget()
        with self._by_itself():
            arrange(self._window, self._docks)
        self._shape = shape_of(self._window.size())
        holder = next((dock for dock in self._docks if focused and dock.isAncestorOf(focused)), None)
        if holder is not None and focused is not None:
            holder.raise_()
            focused.setFocus()

    def _least(self) -> QSize:
        layout = self._window.layout()
        return layout.minimumSize() if layout is not None else QSize()

    def _has_room(self, least: QSize) -> bool:
        return least.width() <= self._window.width() and least.height() <= self._window.height()

    @contextmanager
    def _by_itself(self) -> Iterator[None]:
        """What moves meanwhile nobody has moved."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False

    def _moved(self) -> None:
        self._remembering.start()
        if not self._is_busy:
            self._is_first, self._roomy = False, None
            self._measuring.start()

    def _timer(self, interval_ms: int, then: Callable[[], None]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(interval_ms)
        made.timeout.connect(then)
        return made
