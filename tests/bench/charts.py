"""The latency charts, live: how long a frame takes with five providers of ten thousand points each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
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
    p95, median, bare, bare_median = (float(word) for word in done.stdout.split()[-4:])
    note = f"median {median:.1f} ms against {bare_median:.1f}; the reference draws the five lines alone"
    return [Row("chart_frame", p95, "ms", bare, median / bare_median, "< 16 ms p95", p95 < GOAL_MS, note)]


def _frames() -> tuple[float, float, float, float]:
    """p95 and median of the chart's frames, and of pyqtgraph's own five lines, a frame of each in turn."""
    import numpy as np
    import pyqtgraph as pg
    from PySide6.QtWidgets import QApplication

    from tests.fakes.router_history import FIVE, NOW_US, SECOND, made_series
    from timmy_desktop.gui.panels.router.snapshot import picture_of
    from timmy_desktop.gui.theme import Theme
    from timmy_desktop.gui.widgets.time_series_plot import TimeSeriesPlot

    application = QApplication([])
    theme = Theme(application, "dark")
    theme.apply()
    roles = {name: f"series{place + 1}" for place, name in enumerate(FIVE[:PROVIDERS])}
    span = int(_SPAN_S * SECOND)
    plot = TimeSeriesPlot()
    plot.resize(900, 600)
    plot.show()
    application.processEvents()
    # Two pictures in turn, so that nothing drawn before can be drawn again. As in the panel they are made for
    # the width of the plot, which a thread does and which is not measured; every pixel is painted in the frame.
    pictures = [
        picture_of(
            made_series("failing", FIVE, NOW_US - span + shift, NOW_US + shift, POINTS, NOW_US + shift),
            roles,
            log=True,
            columns=plot.plot_width,
        )
        for shift in (0, SECOND * 9)
    ]
    bare = pg.PlotWidget()
    bare.resize(900, 600)
    bare.show()
    x = np.linspace(0, _SPAN_S, POINTS)
    noise = np.random.default_rng(7).random((2, PROVIDERS, POINTS)) * 0.2
    heights = (
        noise + np.sin(x / _SPAN_S * 11) * 0.5 + np.arange(PROVIDERS)[None, :, None]
    )  # as the chart's own
    lines = [bare.plot(pen=pg.mkPen(theme.color(role), width=1)) for role in roles.values()]
    for line in lines:
        line.setClipToView(True)
        line.setDownsampling(auto=True, method="peak")
    application.processEvents()

    def draw_bare(number: int) -> None:
        for line, height in zip(lines, heights[number % 2], strict=True):
            line.setData(x, height)

    live, reference = [], []
    for number in range(FRAMES):
        live.append(_timed(lambda n: plot.show_picture(pictures[n % 2]), plot.frame, number))
        reference.append(_timed(draw_bare, bare.viewport().repaint, number))
    live, reference = live[WARM_UP:], reference[WARM_UP:]
    return (
        statistics.quantiles(live, n=20)[-1],
        statistics.median(live),
        statistics.quantiles(reference, n=20)[-1],
        statistics.median(reference),
    )


def _timed(change: Callable[[int], object], paint: Callable[[], object], number: int) -> float:
    start = time.perf_counter()
    change(number)
    paint()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    print(*_frames())
    sys.stdout.flush()
    os._exit(0)
