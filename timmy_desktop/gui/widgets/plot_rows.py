"""How the height of a chart is shared out among its tracks; pure arithmetic."""

from __future__ import annotations

_LANE_HEIGHT, _LANES_EDGE = 15, 6
_RATE_SHARE, _BARS_SHARE = (0.15, 38, 76), (0.10, 26, 48)
"""Share of the height, and between how many pixels."""
_LEAST_TOP = 56
"""Below this the latency can't be read: what stands beneath it then gives up its row, the failures first."""


def rows_beneath(height: int, lanes: int, edge: int) -> tuple[int, int, int]:
    """Pixels for rate, failures and lanes of a chart `height` high, `edge` of which are the time axis."""
    rate, bars = (
        min(max(round(height * share), least), most) for share, least, most in (_RATE_SHARE, _BARS_SHARE)
    )
    circuits = max(lanes, 1) * _LANE_HEIGHT + _LANES_EDGE
    spare = height - edge - _LEAST_TOP - circuits - rate - bars
    bars, spare = (bars, spare) if spare >= 0 else (0, spare + bars)
    rate, spare = (rate, spare) if spare >= 0 else (0, spare + rate)
    return rate, bars, circuits if spare >= 0 else 0
