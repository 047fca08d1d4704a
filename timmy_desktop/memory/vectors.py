"""The current model's vectors in memory, shelved by who may see them, for exact comparison.

A filter on the owner picks whole shelves, so that the comparison runs over contiguous rows and over no row
that the asker must not see. Not for several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from timmy_desktop.memory.types import ENTRY_TYPES, Asker, Filters
from timmy_desktop.memory.visibility import sees

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_FIRST = 64


class VectorRow(NamedTuple):
    """What the shelves need of an entry. `holds`: it is accepted and not superseded."""

    number: int
    owner: str
    visibility: str
    local_only: bool
    type: str
    created_us: int
    pinned: bool
    holds: bool
    vector: bytes


class Near(NamedTuple):
    """An entry's number and its cosine to what was asked."""

    number: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose entries are looked at, and which. `allowed` narrows it to these numbers (None: all)."""

    asker: Asker
    filters: Filters
    allowed: frozenset[int] | None = None


class _Shelf:
    def __init__(self, dimensions: int) -> None:
        import numpy as np

        self.count = 0
        self.matrix = np.empty((_FIRST, dimensions), np.float32)
        self.numbers = np.empty(_FIRST, np.int64)
        self.kinds = np.empty(_FIRST, np.int8)
        self.created = np.empty(_FIRST, np.int64)
        self.pinned = np.empty(_FIRST, np.bool_)
        self.holds = np.empty(_FIRST, np.bool_)

    @property
    def columns(self) -> tuple[str, ...]:
        return ("matrix", "numbers", "kinds", "created", "pinned", "holds")

    def add(self, row: VectorRow) -> int:
        import numpy as np

        if self.count == len(self.numbers):
            self._grow(2 * self.count)
        place = self.count
        self.matrix[place] = np.frombuffer(row.vector, np.float32)
        self.numbers[place] = row.number
        self.kinds[place] = ENTRY_TYPES.index(row.type)
        self.created[place] = row.created_us
        self.pinned[place] = row.pinned
        self.holds[place] = row.holds
        self.count += 1
        return place

    def remove(self, place: int) -> int:
        """Fills the gap with the last row and returns that one's number. What was there is overwritten."""
        self.count -= 1
        for name in self.columns:
            column = getattr(self, name)
            column[place] = column[self.count]
            column[self.count] = 0
        return int(self.numbers[place]) if place < self.count else 0

    def mask(self, wanted: Wanted) -> Any:
        """Which rows the filters let through; None for all."""
        import numpy as np

        filters, end = wanted.filters, self.count
        masks = []
        if wanted.allowed is not None:
            masks.append(np.isin(self.numbers[:end], np.fromiter(wanted.allowed, np.int64)))
        elif not self.holds[:end].all():
            masks.append(self.holds[:end])
        if filters.types:
            masks.append(np.isin(self.kinds[:end], [ENTRY_TYPES.index(kind) for kind in filters.types]))
        if filters.since_us:
            masks.append(self.created[:end] >= filters.since_us)
        if filters.until_us:
            masks.append(self.created[:end] < filters.until_us)
        if filters.pinned is not None:
            masks.append(self.pinned[:end] == filters.pinned)
        return np.logical_and.reduce(masks) if masks else None

    def lets(self, place: int, filters: Filters) -> bool:
        """Whether the filters let one row through that holds."""
        return bool(
            self.holds[place]
            and (not filters.types or ENTRY_TYPES[self.kinds[place]] in filters.types)
            and self.created[place] >= filters.since_us
            and (not filters.until_us or self.created[place] < filters.until_us)
            and (filters.pinned is None or self.pinned[place] == filters.pinned)
        )

    def _grow(self, size: int) -> None:
        import numpy as np

        for name in self.columns:
            old = getattr(self, name)
            grown = np.empty((size, *old.shape[1:]), old.dtype)
            grown[: self.count] = old[: self.count]
            setattr(self, name, grown)


class Shelves:
    """All vectors of one model. Filters on task, conversation, document or state come as `Wanted.allowed`."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._shelves: dict[tuple[str, str, bool], _Shelf] = {}
        self._places: dict[int, tuple[_Shelf, int]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def put(self, rows: Iterable[VectorRow]) -> None:
        """Adds rows; one whose number is there already takes that one's place."""
        for row in rows:
            self._drop(row.number)
            key = (row.owner, row.visibility, row.local_only)
            shelf = self._shelves.setdefault(key, _Shelf(self._dimensions))
            self._places[row.number] = (shelf, shelf.add(row))

    def drop(self, numbers: Iterable[int]) -> None:
        """Lets go of rows, those that are not there aside."""
        for number in numbers:
            self._drop(number)

    def scope(self, wanted: Wanted) -> int:
        """How many rows an exact comparison would look at."""
        return sum(shelf.count for shelf in self._seen(wanted))

    def nearest(self, vector: Vectors, wanted: Wanted, limit: int) -> list[Near]:
        """The `limit` nearest, exactly, the nearest first."""
        import numpy as np

        numbers, cosines = [], []
        for shelf in self._seen(wanted):
            scores = _products(shelf.matrix[: shelf.count], vector)
            mask = shelf.mask(wanted)
            if mask is not None:
                scores = np.where(mask, scores, -2.0)
            best = (
                np.argpartition(-scores, limit - 1)[:limit] if limit < len(scores) else np.arange(len(scores))
            )
            best = best[scores[best] > -2.0]
            numbers.append(shelf.numbers[best])
            cosines.append(scores[best])
        if not numbers:
            return []
        every, score = np.concatenate(numbers), np.concatenate(cosines)
        order = np.argsort(-score, kind="stable")[:limit]
        return [Near(int(every[place]), float(score[place])) for place in order]

    def nearest_of(self, most: int, vector: Vectors, wanted: Wanted, limit: int) -> list[Near] | None:
        """The nearest; None where more than `most` rows would be looked at for them."""
        return self.nearest(vector, wanted, limit) if self.scope(wanted) <= most else None

    def among(self, vector: Vectors, wanted: Wanted, numbers: Sequence[int]) -> list[Near]:
        """Those of `numbers` that are for the asker, exactly compared, the nearest first."""
        seen = set(map(id, self._seen(wanted)))
        found = []
        for number in numbers:
            shelf, place = self._places.get(number, (None, 0))
            if shelf is not None and id(shelf) in seen and shelf.lets(place, wanted.filters):
                found.append(Near(number, float(shelf.matrix[place] @ vector)))
        return sorted(found, key=lambda near: -near.cosine)

    def cosines(self, vector: Vectors, numbers: Sequence[int]) -> dict[int, float]:
        """The cosines of those that are here."""
        return {
            number: float(shelf.matrix[place] @ vector)
            for number in numbers
            if (found := self._places.get(number)) is not None
            for shelf, place in [found]
        }

    def vectors(self, numbers: Sequence[int]) -> Any:
        """The vectors of numbers that are all here, as rows."""
        import numpy as np

        rows = [self._places[number] for number in numbers]
        return np.array([shelf.matrix[place] for shelf, place in rows], np.float32)

    def __contains__(self, number: int) -> bool:
        return number in self._places

    def _seen(self, wanted: Wanted) -> Iterator[_Shelf]:
        owners = wanted.filters.owners
        for (owner, visibility, local_only), shelf in self._shelves.items():
            is_seen = sees(wanted.asker, owner, visibility, local_only)
            if shelf.count and is_seen and (not owners or owner in owners):
                yield shelf

    def _drop(self, number: int) -> None:
        found = self._places.pop(number, None)
        if found is not None:
            shelf, place = found
            if moved := shelf.remove(place):
                self._places[moved] = (shelf, place)


def _products(matrix: Vectors, vector: Vectors) -> Vectors:
    """The product of both, row by row and so by one thread: for the whole BLAS takes two, and waits."""
    import numpy as np

    product: Vectors = np.vecdot(matrix, vector)
    return product
