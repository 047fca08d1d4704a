"""The Events dock over a million rows: every frame while it opens, scrolls, jumps and filters."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench.event_queries import MANY, sample
from tests.bench.harness import Row
from tests.bench.ledger_view import processor_wait_ms

FRAME_MS, GOAL_MS, LONGEST_MS = 16.0, 33.0, 50.0


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
    *numbers, when = done.stdout.split()[-9:]
    p95, longest, frames, shown, own, waited, collected, calm = (float(word) for word in numbers)
    note = f"{frames:,.0f} frames; first rows after {shown:.0f} ms"
    why = (
        f"at: {when}; the window's own work {own:.0f} ms, the collector {collected:.0f} of them, "
        f"waiting for a processor {waited:.0f}; the longest without such waiting {calm:.0f} ms"
    )
    return [
        Row("events_view_1m", p95, "ms p95", None, None, "< 33 ms", p95 < GOAL_MS, note),
        Row("events_view_1m_longest", longest, "ms", None, None, "< 50 ms", longest < LONGEST_MS, why),
    ]


class Frame(NamedTuple):
    """How late the loop came to it, and why: all in milliseconds."""

    late: float
    own: float
    """What the window's thread itself worked."""
    waited: float
    """For a processor, which other programs may have had."""
    collected: float
    """Of its own work, the collector of garbage."""
    when: str


class Frames:
    """Measures each frame of a loop."""

    def __init__(self) -> None:
        self.seen: list[Frame] = []
        self._collected = self._began = 0.0

    async def next(self, when: str, step: Callable[[], object]) -> None:
        due, before, worked = time.perf_counter(), processor_wait_ms(), time.thread_time()
        collected = self._collected
        await asyncio.sleep(FRAME_MS / 1000)
        step()
        late = (time.perf_counter() - due) * 1000 - FRAME_MS
        own, waited = (time.thread_time() - worked) * 1000, processor_wait_ms() - before
        self.seen.append(Frame(late, own, waited, self._collected - collected, when))

    def note_collector(self, phase: str, _: object) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._collected += (time.perf_counter() - self._began) * 1000


async def look(folder: Path) -> tuple[float, float, int, float, float, float, float, float, str]:
    """Opens the dock, scrolls, jumps, sorts and filters, painting a frame whenever one is due.

    p95 and longest, how many frames, when the first rows stood there; what the longest consists of; the longest
    less what it waited for a processor; and at what the longest came.
    """
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
    frames = Frames()
    gc.callbacks.append(frames.note_collector)
    begun = time.perf_counter()
    panel = events.SPEC.build(services)
    assert isinstance(panel, EventsPanel)
    panel.resize(1280, 700)
    calm = CalmInterpreter(lambda: False)  # as in a window that is never left alone
    calm.start()
    panel.show()

    async def until(when: str, done: Callable[[], bool], step: Callable[[], object] = lambda: None) -> None:
        """Frame by frame, the whole list painted in each: how long after its turn the loop came to it."""

        def drawn() -> None:
            step()
            panel.page.table.viewport().update()

        for _ in range(600):
            await frames.next(when, drawn)
            if done():
                return

    await until("open", lambda: panel.model.row(0) is not None)
    shown = (time.perf_counter() - begun) * 1000
    await until("open", panel.settle)
    bar = panel.page.table.verticalScrollBar()
    acts: list[tuple[str, Callable[[], object]]] = [
        *(("jump", lambda place=place: bar.setValue(bar.maximum() * place // 10)) for place in range(10)),
        ("filter", lambda: panel.filter_by(EventFilter((Condition("type", "tool.*"),)))),
        ("filter", lambda: panel.add_filter(Condition("value", "read_file", path="tool"))),
        ("search", lambda: panel.filter_by(EventFilter((Condition("text", "lantern"),)))),
        ("sort", lambda: panel.sort_by(Order("agent", descending=False))),
        ("clear", panel.clear_filters),
        ("resume", panel.resume),
    ]
    steps = iter(range(200))
    await until("scroll", lambda: next(steps, None) is None, lambda: bar.setValue(bar.value() + 7))
    for when, act in acts:
        await until(when, panel.settle, _once(act))
    gc.callbacks.remove(frames.note_collector)
    calm.stop()
    await _stopped(panel.stop, services.stop)
    late, longest = [frame.late for frame in frames.seen], max(frames.seen)
    p95 = statistics.quantiles(late, n=20)[18]
    unhindered = max(frame.late - frame.waited for frame in frames.seen)
    parts = longest.own, longest.waited, longest.collected, unhindered
    return p95, longest.late, len(late), shown, *parts, longest.when


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
