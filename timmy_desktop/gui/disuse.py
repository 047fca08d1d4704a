"""Knows whether anybody uses a window, for work that would be felt in the middle of theirs."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QApplication, QWidget

_UNTOUCHED_S = 20.0
_TOUCHES = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.Wheel,
    }
)


class Disuse(QObject):
    """Looks at what reaches the window itself, not at each event of each widget, once it is asked."""

    def __init__(self, window: QWidget, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(window)
        self._window, self._now = window, now
        self._handle: QWindow | None = None
        self._touched = now()

    def __call__(self) -> bool:
        """Whether the window is hidden, or not touched for a while. False where another window is in use."""
        handle = self._window.windowHandle()
        if handle is None or not handle.isVisible():
            return True
        if handle is not self._handle:
            handle.installEventFilter(self)
            self._handle, self._touched = handle, self._now()
        if QApplication.activeWindow() not in (None, self._window) or QApplication.activePopupWidget():
            self._touched = self._now()
        return self._now() - self._touched > _UNTOUCHED_S

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002
        if event.type() in _TOUCHES:
            self._touched = self._now()
        return False
