"""The flood of `feed_flood`, in a process of its own: prints events sent, events logged, longest block (ms)."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import qasync
from PySide6.QtWidgets import QApplication

from tests.bench.window import BURST_SECONDS, EVENTS_A_SECOND, FLOOD_SECONDS
from tests.fakes.providers import ScriptedProvider
from timmy_desktop.app.session import WindowSession
from timmy_desktop.bootstrap import build
from timmy_desktop.events.tasks import TaskStarted
from timmy_desktop.gui.capture import settled
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panels import PANELS
from timmy_desktop.gui.stalls import StallMeter
from timmy_desktop.gui.theme import Theme
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings

# Whatever only happens at the start (models probed, the chain verified) is not the flood's.
SETTLING_SECONDS = 4.0


async def flood(folder: Path) -> tuple[int, int, float]:
    """Floods the application's own window, opened as the application opens it."""
    built: list[Services] = []

    def build_here(settings: Settings, paths: Paths) -> Services:
        built.append(build(settings, paths, [ScriptedProvider()]))
        return built[0]

    store = LayoutStore(folder / "window.ini")
    paths = Paths.default(folder)
    window = MainWindow(paths=paths, specs=PANELS, store=store)
    session = WindowSession(window, paths, Settings, build_here, store)
    running = asyncio.create_task(session.run())
    await settled(session.window)
    await asyncio.sleep(SETTLING_SECONDS)
    log = built[0].event_log
    await log.flush()
    before = log.head[0]
    meter = StallMeter()
    meter.start()
    sent = await _send(built[0])
    await log.flush()
    longest = meter.stop()
    logged = log.head[0] - before
    session.window.close_now()
    await running
    return sent, logged, longest


async def _send(services: Services) -> int:
    start, sent = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < FLOOD_SECONDS:
        due = int(elapsed * EVENTS_A_SECOND)
        # In bursts of at most two intervals, as a producer that was held up would send them.
        for number in range(sent, min(due, sent + int(EVENTS_A_SECOND * BURST_SECONDS) * 2)):
            services.bus.emit(TaskStarted(source="bench", task_id=f"task-{number % 50}", attempt=number))
            sent += 1
        await asyncio.sleep(BURST_SECONDS)
    return sent


def main() -> None:
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    Theme(application, "dark").apply()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        loop = qasync.QEventLoop(application)
        asyncio.set_event_loop(loop)
        with loop:
            print(*loop.run_until_complete(flood(Path(name))))


if __name__ == "__main__":
    main()
