"""The latency charts, live: how long a frame takes with five providers of ten thousand points each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.harness import Row

PROVIDERS, POINTS, FRAMES, WARM_UP = 5, 10_000, 200, 20
GOAL_MS = 16.0
_SPAN_S = 86_400.0


def chart_frame() -> list[Row]:
    """Each frame takes a new picture, as it does live, and paints it; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.charts"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    p95, median, scroll = (float(word) for word in done.stdout.split()[-3:])
    note = f"median {median:.1f} ms; scrolling the same picture, p95 {scroll:.1f} ms"
    return [Row("chart_frame", p95, "ms", None, None, "< 16 ms p95", p95 < GOAL_MS, note)]


def _frames() -> tuple[float, float, float]:
    from PySide6.QtWidgets import QApplication

    from tests.fakes.router_history import FIVE, NOW_US, SECOND, made_series
    from timmy_desktop.gui.panels.router.snapshot import picture_of
    from timmy_desktop.gui.theme import Theme
    from timmy_desktop.gui.widgets.time_series_plot import TimeSeriesPlot

    application = QApplication([])
    Theme(application, "dark").apply()
    roles = {name: f"series{place + 1}" for place, name in enumerate(FIVE[:PROVIDERS])}
    span = int(_SPAN_S * SECOND)
    # Two pictures in turn, so that nothing drawn before can be drawn again.
    pictures = [
        picture_of(
            made_series("failing", FIVE, NOW_US - span + shift, NOW_US + shift, POINTS, NOW_US + shift),
            roles,
            log=True,
        )
        for shift in (0, SECOND * 9)
    ]
    plot = TimeSeriesPlot()
    plot.resize(900, 600)
    plot.show()
    application.processEvents()
    live = [
        _timed(lambda number=number: plot.show_picture(pictures[number % 2]), plot)
        for number in range(FRAMES)
    ]
    since, until = plot.span
    scroll = [
        _timed(lambda number=number: plot.look_at(since + number, until + number), plot)
        for number in range(FRAMES)
    ]
    live, scroll = live[WARM_UP:], scroll[WARM_UP:]
    return (
        statistics.quantiles(live, n=20)[-1],
        statistics.median(live),
        statistics.quantiles(scroll, n=20)[-1],
    )


def _timed(change: object, plot: object) -> float:
    start = time.perf_counter()
    change()  # type: ignore[operator]
    plot.frame()  # type: ignore[attr-defined]
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    print(*_frames())
    sys.stdout.flush()
    os._exit(0)
