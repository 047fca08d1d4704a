"""Times that stay true while one looks: a label, and the one ticking clock that all of them share."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from timmy_desktop.gui.wording import exact_time, relative_time

_SECOND_MS = 1000


class SharedTick(QObject):
    """Calls the visible ones once a second; stands still while nothing that ticks is on screen."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("timmy-tick")
        self._listeners: dict[QObject, Callable[[], None]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_SECOND_MS)
        self._timer.timeout.connect(self._tick)

    @staticmethod
    def current() -> SharedTick:
        """The application's tick."""
        application = QApplication.instance()
        if application is None:
            raise RuntimeError("Time on screen needs the application to exist first.")
        return application.findChild(SharedTick, "timmy-tick") or SharedTick(application)

    @property
    def running(self) -> bool:
        """Whether anything listens."""
        return self._timer.isActive()

    def add(self, owner: QObject, listener: Callable[[], None]) -> None:
        """Calls `listener` each second until `remove(owner)`."""
        self._listeners[owner] = listener
        if not self._timer.isActive():
            self._timer.start()

    def remove(self, owner: QObject) -> None:
        """Stops calling; nothing happens where `owner` was not listening."""
        self._listeners.pop(owner, None)
        if not self._listeners:
            self._timer.stop()

    def _tick(self) -> None:
        for listener in tuple(self._listeners.values()):
            listener()


class TickWhileVisible(QObject):
    """Ticks `listener` while `widget` is on screen; for views whose delegates paint relative times."""

    def __init__(self, widget: QWidget, listener: Callable[[], None]) -> None:
        super().__init__(widget)
        self._listener = listener
        widget.installEventFilter(self)
        if widget.isVisible():
            SharedTick.current().add(self, listener)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002
        if event.type() == QEvent.Type.Show:
            SharedTick.current().add(self, self._listener)
        elif event.type() in (QEvent.Type.Hide, QEvent.Type.DeferredDelete):
            SharedTick.current().remove(self)
        return False


class RelativeTime(QLabel):
    """`12 s ago`, kept true; the exact moment on hover."""

    def __init__(self, time_us: int = 0, *, prefix: str = "") -> None:
        super().__init__()
        self._time_us, self._prefix = time_us, prefix
        self.setProperty("tone", "muted")
        self.setProperty("type", "small")
        self._refresh()

    def show_time(self, time_us: int) -> None:
        """Shows another moment (microseconds UTC); 0 shows nothing."""
        self._time_us = time_us
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()
        SharedTick.current().add(self, self._refresh)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        SharedTick.current().remove(self)

    def _refresh(self) -> None:
        if not self._time_us:
            self.setText("")
            return
        text = self._prefix + relative_time(self._time_us)
        if text != self.text():
            self.setText(text)
            self.setToolTip(exact_time(self._time_us))
