"""The Events dock over a million rows: every frame while it opens, scrolls, jumps and filters."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.bench.event_queries import MANY, sample
from tests.bench.harness import Row

FRAME_MS = 16.0
GOAL_MS = 33.0


def events_view_1m() -> list[Row]:
    """In a process of its own: the frames of a real window without a screen."""
    with sample(MANY), tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name) / "data"
        shutil.copytree(Path("build") / f"bench-events-{MANY}", folder)
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.events_view", str(folder)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    p95, longest, frames, shown = (float(word) for word in done.stdout.split()[-4:])
    note = f"longest {longest:.0f} ms of {frames:,.0f} frames; first rows after {shown:.0f} ms"
    return [Row("events_view_1m", p95, "ms p95", None, None, "< 33 ms", p95 < GOAL_MS, note)]


async def look(folder: Path) -> tuple[float, float, int, float]:
    """Opens the dock, scrolls, jumps, sorts and filters, painting a frame whenever one is due."""
    from tests.fakes.providers import ScriptedProvider
    from timmy_desktop.bootstrap import build
    from timmy_desktop.gui.panels import events
    from timmy_desktop.gui.panels.events.panel import EventsPanel
    from timmy_desktop.gui.responsiveness import CalmInterpreter
    from timmy_desktop.paths import Paths
    from timmy_desktop.settings import Settings
    from timmy_desktop.storage.event_filter import Condition, EventFilter
    from timmy_desktop.storage.event_positions import Order

    services = build(Settings(), Paths.default(folder), [ScriptedProvider()])
    await services.start("bench")
    frames: list[float] = []
    begun = time.perf_counter()
    panel = events.SPEC.build(services)
    assert isinstance(panel, EventsPanel)
    panel.resize(1280, 700)
    # As in the application's window.
    calm = CalmInterpreter(lambda: False)
    calm.start()
    panel.show()

    async def until(done: Callable[[], bool], step: Callable[[], object] = lambda: None) -> None:
        """Frame by frame, the whole list painted in each: how long after its turn the loop came to it."""
        for _ in range(600):
            due = time.perf_counter()
            await asyncio.sleep(FRAME_MS / 1000)
            step()
            panel.page.table.viewport().update()
            frames.append((time.perf_counter() - due) * 1000 - FRAME_MS)
            if done():
                return

    await until(lambda: panel.model.row(0) is not None)
    shown = (time.perf_counter() - begun) * 1000
    await until(panel.settle)
    bar = panel.page.table.verticalScrollBar()
    acts: list[Callable[[], object]] = [
        *(lambda place=place: bar.setValue(bar.maximum() * place // 10) for place in range(10)),
        lambda: panel.filter_by(EventFilter((Condition("type", "tool.*"),))),
        lambda: panel.add_filter(Condition("value", "read_file", path="tool")),
        lambda: panel.filter_by(EventFilter((Condition("text", "lantern"),))),
        lambda: panel.sort_by(Order("agent", descending=False)),
        panel.clear_filters,
        panel.resume,
    ]
    steps = iter(range(200))
    await until(lambda: next(steps, None) is None, lambda: bar.setValue(bar.value() + 7))
    for act in acts:
        await until(panel.settle, _once(act))
    calm.stop()
    await _stopped(panel.stop, services.stop)
    ordered = sorted(frames)
    return statistics.quantiles(ordered, n=20)[18], ordered[-1], len(frames), shown


def _once(act: Callable[[], object]) -> Callable[[], object]:
    waiting = [act]
    return lambda: waiting.pop()() if waiting else None


async def _stopped(panel: Callable[[], object], services: Callable[[], Awaitable[None]]) -> None:
    panel()
    await services()


def main() -> None:
    from PySide6.QtWidgets import QApplication

    from timmy_desktop.app.session import run_on_qt
    from timmy_desktop.gui.theme import Theme

    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    Theme(application, "dark").apply()
    print(*run_on_qt(application, look(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
