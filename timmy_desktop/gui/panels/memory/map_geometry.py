"""Where points of the map stand on screen, which is nearest, and which lies in a direction. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_ZOOM, _LEAST_ZOOM = 60.0, 0.8
_EDGE = 26.0

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Lens:
    """What of the map is seen: the centre in the map's own units (-1 to 1), and how much larger."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0


def to_screen(lens: Lens, width: float, height: float, place: Place) -> Place:
    """Where a point of the map stands in the widget; up is up. Both axes fill the room there is."""
    across, down = _units(lens, width, height)
    return width / 2 + (place[0] - lens.x) * across, height / 2 - (place[1] - lens.y) * down


def to_map(lens: Lens, width: float, height: float, at: Place) -> Place:
    """The other way round."""
    across, down = _units(lens, width, height)
    return lens.x + (at[0] - width / 2) / across, lens.y - (at[1] - height / 2) / down


def zoomed(lens: Lens, width: float, height: float, at: Place, factor: float) -> Lens:
    """Nearer or further, with the point under `at` staying there."""
    before = to_map(lens, width, height, at)
    zoom = min(max(lens.zoom * factor, _LEAST_ZOOM), _MOST_ZOOM)
    after = to_map(Lens(lens.x, lens.y, zoom), width, height, at)
    return _kept(Lens(lens.x + before[0] - after[0], lens.y + before[1] - after[1], zoom))


def moved(lens: Lens, width: float, height: float, right: float, down: float) -> Lens:
    """Dragged by so many pixels."""
    across, deep = _units(lens, width, height)
    return _kept(Lens(lens.x - right / across, lens.y + down / deep, lens.zoom))


def showing(lens: Lens, width: float, height: float, place: Place, margin: float = 40.0) -> Lens:
    """The lens, moved as little as needed so that the place is in sight."""
    x, y = to_screen(lens, width, height, place)
    right = min(max(x, margin), width - margin) - x
    down = min(max(y, margin), height - margin) - y
    return moved(lens, width, height, right, down) if right or down else lens


def nearest(places: Sequence[Place], at: Place, within: float) -> int:
    """Which of the screen places is nearest to `at`, no further than `within`; -1 for none."""
    best, found = within * within, -1
    x, y = at
    for index, (there_x, there_y) in enumerate(places):
        distance = (there_x - x) ** 2 + (there_y - y) ** 2
        if distance <= best:
            best, found = distance, index
    return found


def neighbour(places: Sequence[Place], current: int, towards: Place, of: Iterable[int]) -> int:
    """Which of the indexes `of` is the next one in a direction (right and down are 1); -1 for none.

    What lies straight ahead comes before what is only near: being off to the side counts double.
    """
    x, y = places[current]
    best, found = math.inf, -1
    for index in of:
        across, down = places[index][0] - x, places[index][1] - y
        ahead = across * towards[0] + down * towards[1]
        aside = abs(across * towards[1]) + abs(down * towards[0])
        if index == current or ahead <= 0.5 or aside > ahead * 1.5:
            continue
        if ahead + 2 * aside < best:
            best, found = ahead + 2 * aside, index
    return found


def _units(lens: Lens, width: float, height: float) -> Place:
    """How many pixels one unit of the map takes, across and down."""
    across = max(width / 2 - _EDGE, 10.0) * lens.zoom
    down = max(height / 2 - _EDGE, 10.0) * lens.zoom
    return across, down


def _kept(lens: Lens) -> Lens:
    """Never so far away that nothing is in sight."""
    return Lens(min(max(lens.x, -1.2), 1.2), min(max(lens.y, -1.2), 1.2), lens.zoom)
