"""What of a chart gives up its row first where the height is short."""

from __future__ import annotations

import pytest

from timmy_desktop.gui.widgets.plot_rows import rows_beneath


@pytest.mark.parametrize(
    ("height", "has_rate", "has_bars", "has_lanes"),
    [
        (600, True, True, True),
        (220, True, True, True),
        (170, True, False, True),
        (140, False, False, True),
        (90, False, False, False),
    ],
)
def test_failures_go_first_then_throughput_then_circuits(
    height: int, has_rate: bool, has_bars: bool, has_lanes: bool
) -> None:
    rows = rows_beneath(height, lanes=2, edge=22)
    assert [row > 0 for row in rows] == [has_rate, has_bars, has_lanes]
    assert height - 22 - sum(rows) >= min(56, height - 22)
