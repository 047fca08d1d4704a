"""Qt and asyncio on one loop: the services behind a window that stands already, until it is closed."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import qasync
from PySide6.QtCore import QObject, QSize, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from timmy_desktop.gui.instance import InstanceServer
from timmy_desktop.gui.last_resort import LastResort
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.theme import Theme
from timmy_desktop.paths import Paths
from timmy_desktop.supervisor import TaskSupervisor

# Neither is imported before the first paint: reading settings takes a library as long to load as Qt.
if TYPE_CHECKING:
    from timmy_desktop.services import Services
    from timmy_desktop.settings import Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")

Load = Callable[[], "Settings"]
Build = Callable[["Settings", Paths], "Services"]

_PICTURE_SIZE = QSize(1280, 800)
_STOP_WITHIN_S = 15.0


class WindowSession:
    """One window and the services behind it, from the first paint to the orderly stop."""

    def __init__(
        self, window: MainWindow, paths: Paths, load: Load, build: Build, store: LayoutStore
    ) -> None:
        """`load` reads the settings and `build` makes the services; what they raise is told in the window."""
        self._paths, self._load, self._build, self._store = paths, load, build, store
        self._supervisor = TaskSupervisor()
        self.window = window
        window.supervisor = self._supervisor
        self._services: Services | None = None
        self._stop = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self.window.closed.connect(self._stop.set)
        self.window.retry_requested.connect(self._start)

    async def run(self) -> int:
        """Shows the window, starts the services, and stops them after the window was closed."""
        loop = asyncio.get_running_loop()
        last_resort = LastResort(self.window.grant)
        last_resort.install(loop)
        server = InstanceServer(self._paths.data_dir)
        server.raise_requested.connect(self.window.come_forward)
        signals = SignalWatch(self.window.close_now)
        try:
            self.window.show()
            # Where no window manager gives it the focus, the keys would do nothing.
            self.window.activateWindow()
            self._start()
            await self._stop.wait()
        finally:
            server.close()
            await self._end()
            signals.close()
            last_resort.remove(loop)
        return 0

    async def pictures(
        self, out: Path, panel: str | None, part: str, themes: Sequence[str], size: QSize | None
    ) -> list[Path]:
        """Starts, takes a picture for each theme, and stops."""
        from timmy_desktop.gui.capture import capture

        # A panel is pictured as it stands in a window of the usual size, unless it has a size of its own.
        self.window.resize(size if size is not None and panel is None else _PICTURE_SIZE)
        self.window.show()
        if size is None and panel is None:
            size = _PICTURE_SIZE
        try:
            await self._open_services()
            return [
                await capture(self.window, out, panel=panel, part=part, theme=theme, size=size)
                for theme in themes
            ]
        finally:
            await self._end()

    def _start(self) -> None:
        if self._starting is None or self._starting.done():
            self._starting = self._supervisor.start("start services", self._start_or_say())

    async def _start_or_say(self) -> None:
        try:
            await self._open_services(warm=True)
        except Exception as error:
            logger.warning("The application could not start: %s", error, exc_info=error)
            self.window.show_failure(error)

    async def _open_services(self, *, warm: bool = False) -> None:
        self.window.show_progress("Getting ready")
        services = self._build(self._load(), self._paths)
        if services.settings.theme != Theme.current().name:
            Theme.current().switch(services.settings.theme)
        self._store.theme = services.settings.theme
        await services.start("window", self.window.show_progress)
        self._services = services
        self.window.attach(services)
        if warm:
            services.supervisor.start("warm up", services.router.warm_up())

    async def _end(self) -> None:
        self.window.detach()
        await self._supervisor.close()
        services, self._services = self._services, None
        if services is not None:
            try:
                await asyncio.wait_for(services.stop(), _STOP_WITHIN_S)
            except Exception:
                logger.exception("The services did not stop in good order")
        self.window.hide()
        self.window.deleteLater()


class SignalWatch(QObject):
    """Calls `stop` on the loop after SIGINT or SIGTERM, which Python alone would notice only after Qt."""

    def __init__(self, stop: Callable[[], object]) -> None:
        super().__init__()
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._stop = stop
        self._previous_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._previous = {number: signal.signal(number, _noted) for number in (signal.SIGINT, signal.SIGTERM)}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._arrived)

    def close(self) -> None:
        """Puts back what was there."""
        self._notifier.setEnabled(False)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        self._reader.close()
        self._writer.close()

    def _arrived(self) -> None:
        if any(number in self._previous for number in self._reader.recv(64)):
            self._stop()


def run_on_qt(application: QApplication, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, on a loop that is Qt's and asyncio's."""
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with _garbage_on_this_thread(), loop:
        try:
            result: T = loop.run_until_complete(work)
            return result
        finally:
            loop.run_until_complete(_nothing_left())


@contextmanager
def _garbage_on_this_thread() -> Iterator[None]:
    """Python collects garbage on whatever thread makes some; a widget freed off Qt's thread ends the process.

    So it collects by itself no more: gui/responsiveness does it here, and this does at the end.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        if was_enabled:
            gc.enable()


async def _nothing_left() -> None:
    """Cancels what services left behind, so that no task is destroyed while pending."""
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    # Widgets deleted later are deleted while the loop still runs.
    done = asyncio.Event()
    QTimer.singleShot(0, done.set)
    await done.wait()


def _noted(number: int, frame: object) -> None:
    """Python needs a handler; the wake-up descriptor carries the signal to the loop."""
