"""Where numbers, marks and text stand across a row: once for a unified view, twice side by side."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.upgrades.diff import Side

_PAD = 8
_MARK_CELLS = 2


@dataclass(frozen=True)
class Lane:
    """One side: `left` to `text` is its gutter, `text` to `right` holds the code."""

    side: Side
    left: int
    numbers: tuple[tuple[Side, int], ...]
    """Which numbers stand in the gutter, and where each ends."""
    mark: int
    text: int
    right: int

    @property
    def width(self) -> int:
        """Of the code."""
        return max(self.right - self.text, 1)


def lanes(width: int, advance: float, digits: int, *, split: bool) -> tuple[Lane, ...]:
    """`digits`: of the largest line number."""
    number, mark = round(advance * digits) + _PAD, round(advance * _MARK_CELLS)
    if not split:
        ends = (("old", number), ("new", 2 * number))
        text = 2 * number + _PAD + mark
        return (Lane("new", 0, ends, 2 * number + _PAD, text, width),)  # type: ignore[arg-type]
    middle = width // 2
    return (
        Lane("old", 0, (("old", number),), number + _PAD, number + _PAD + mark, middle - 1),
        Lane(
            "new",
            middle,
            (("new", middle + number),),
            middle + number + _PAD,
            middle + number + _PAD + mark,
            width,
        ),
    )
