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


async def flood(folder: Path) -> tuple[int, int, float]:
    paths = Paths.default(folder)
    services = build(Settings(), paths, [ScriptedProvider()])
    window = MainWindow(paths=paths, specs=PANELS, store=LayoutStore(folder / "window.ini"))
    window.resize(1280, 800)
    window.show()
    await services.start("bench")
    window.attach(services)
    await settled(window)
    await asyncio.sleep(2.0)  # whatever is only at the start is not the flood's
    await services.event_log.flush()
    before = services.event_log.head[0]
    meter = StallMeter()
    meter.start()
    sent = await _send(services)
    await services.event_log.flush()
    longest = meter.stop()
    logged = services.event_log.head[0] - before
    window.detach()
    await services.stop()
    window.close_now()
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
