"""A map of the memory: its vectors in the two directions in which they differ most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Entry, Point, Projection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LABEL = 80


def projected(entries: Sequence[Entry], vectors: NDArray[np.float32], left_out: int) -> Projection:
    """Principal components, by the eigenvectors of the small matrix of how the dimensions vary together.

    The same vectors always give the same map: each axis points to where its largest part is positive.
    """
    import numpy as np

    if len(entries) < 2:
        points = tuple(_point(entry, 0.0, 0.0) for entry in entries)
        return Projection(points, 1.0 if entries else 0.0, left_out)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    spread, directions = np.linalg.eigh(centred.T @ centred)
    axes = directions[:, [-1, -2]]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    places = centred @ axes
    places /= np.abs(places).max(axis=0).clip(min=1e-12)
    total = float(spread.sum())
    explained = float(spread[-2:].sum()) / total if total > 0 else 1.0
    points = tuple(_point(entry, float(x), float(y)) for entry, (x, y) in zip(entries, places, strict=True))
    return Projection(points, explained, left_out)


def _point(entry: Entry, x: float, y: float) -> Point:
    return Point(entry.id, entry.type, x, y, inert_line(entry.content, _LABEL))
