"""What the chart draws in each column of pixels: no peak may be lost, and no gap filled."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from tests.fakes.router_history import FIVE, NOW_US, SECOND, made_series
from timmy_desktop.gui.panels.router.snapshot import picture_of
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.column_reach import Columns, edges_of, reach_above
from timmy_desktop.gui.widgets.plot_columns import ColumnCanvas
from timmy_desktop.gui.widgets.time_series_plot import TimeSeriesPlot

heights = st.floats(0, 1000) | st.just(float("nan"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 105), heights), max_size=60), st.integers(1, 40))
def test_each_column_holds_the_lowest_and_the_highest_of_its_points(
    points: list[tuple[float, float]], many: int
) -> None:
    points = sorted(points, key=lambda point: point[0])
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    edges = edges_of(0.0, 100.0, many)
    low, high = Columns(x, edges).both(y)
    assert len(low) == len(high) == many
    if len(x) < 2:
        return
    for number in range(many):
        inside = y[(x >= edges[number]) & (x < edges[number + 1])]
        inside = inside[np.isfinite(inside)]
        if len(inside):
            assert low[number] <= inside.min()
            assert high[number] >= inside.max()


def test_points_nearer_to_each_other_than_a_share_can_say_are_no_fault() -> None:
    x, y = np.array([0.0, 2.2250738585e-313]), np.array([np.nan, np.nan])
    low, high = Columns(x, np.arange(2.0)).both(y)
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_nothing_is_drawn_in_a_gap_and_beyond_the_ends() -> None:
    x, y = np.array([1.2, 2.2, 2.2, 6.2, 8.2]), np.array([5.0, 7.0, np.nan, 3.0, 3.0])
    low, high = Columns(x, np.arange(11.0)).both(y)
    assert np.isnan(low).tolist() == [True, False, False, True, True, True, False, False, False, True]
    assert low[1] == 5.0
    assert high[2] == 7.0


def test_a_peak_of_one_step_in_ten_thousand_reaches_the_picture() -> None:
    series = made_series("healthy", FIVE, NOW_US - 86_400 * SECOND, NOW_US, 10_000)
    picture = picture_of(series, {}, log=False, columns=300)
    for curve, provider in zip(picture.curves, series.providers, strict=True):
        rows = curve.reach[0] if curve.reach is not None else reach_above(curve, np.arange(2))
        for row, key in ((2, "p99_ms"), (4, "p50_ms"), (6, "ttft_p50_ms")):
            highest = max(getattr(bucket, key) or 0.0 for bucket in provider.buckets)
            assert np.nanmax(rows[row]) == highest


def test_the_canvas_paints_upright_what_is_within_it(qapp: object) -> None:
    canvas = ColumnCanvas(4, 6)
    canvas.begin()
    tops, bottoms = np.array([[-3.0, 2.0, np.nan, 5.0]]), np.array([[2.0, 3.0, 4.0, 99.0]])
    canvas.strokes(tops, bottoms, [Theme.current().color("bad")])
    image = canvas.finish()
    painted = {(x, y) for x in range(4) for y in range(6) if image.pixelColor(x, y).alpha()}
    assert painted == {(0, 0), (0, 1), (1, 2), (3, 5)}


def test_a_ready_reach_looks_as_one_made_for_the_view(qtbot: QtBot) -> None:
    series = made_series("failing", FIVE, NOW_US - 86_400 * SECOND, NOW_US, 3_000)
    plot = TimeSeriesPlot()
    qtbot.addWidget(plot)
    plot.resize(500, 400)
    plot.show()
    roles = {name: f"series{place + 1}" for place, name in enumerate(FIVE)}
    plot.show_picture(picture_of(series, roles, log=True))
    plot.frame()
    made = plot.grab().toImage()
    plot.show_picture(picture_of(series, roles, log=True, columns=plot.plot_width))
    assert plot.grab().toImage() == made


def test_in_a_low_plot_the_latency_keeps_its_row_and_nothing_is_cut(qtbot: QtBot) -> None:
    series = made_series("failing", FIVE, NOW_US - 86_400 * SECOND, NOW_US, 300)
    plot = TimeSeriesPlot()
    qtbot.addWidget(plot)
    plot.resize(500, 400)
    plot.show()
    plot.show_picture(picture_of(series, {}, log=True))
    for height, rows in ((400, 4), (200, 3), (170, 2), (90, 1)):
        plot.resize(500, height)
        plot.frame()
        shown = [track for track in plot.tracks.all if track.isVisible()]
        assert len(shown) == rows, height
        assert shown[0].height() >= 50, height
        assert plot.tracks.time.sceneBoundingRect().bottom() <= height + 1, height
