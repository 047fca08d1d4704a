"""A map that can be kept as it was: snapshots share all that did not change between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar

_IN_A_BOX = 64
"""Small enough that a change copies little, large enough that a snapshot of many things is short."""


class Counted(Protocol):
    """What can stand on a shelf: it says by which word it is counted."""

    @property
    def counted(self) -> str: ...


T = TypeVar("T", bound=Counted)


class Shelf(Generic[T]):
    """Never changes. In the order in which things first appeared; `counts` has how many there are by word.

    `places` says where each key stands. It only grows and is shared by all shelves made from one another, so
    that they are to be changed by one thread at a time.
    """

    __slots__ = ("_boxes", "_places", "counts")

    def __init__(
        self,
        places: dict[str, int] | None = None,
        boxes: tuple[tuple[T | None, ...], ...] = (),
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self._places = {} if places is None else places
        self._boxes = boxes
        self.counts: Mapping[str, int] = counts or {}

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[T]:
        return (value for box in self._boxes for value in box if value is not None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shelf) and self.items() == other.items()

    __hash__ = None  # type: ignore[assignment]

    def get(self, key: str) -> T | None:
        """What stands under `key`."""
        place = self._places.get(key)
        if place is None or place // _IN_A_BOX >= len(self._boxes):
            return None
        return self._boxes[place // _IN_A_BOX][place % _IN_A_BOX]

    def newest(self) -> Iterator[T]:
        """Everything, what appeared last first."""
        return (value for box in reversed(self._boxes) for value in reversed(box) if value is not None)

    def items(self) -> dict[str, T]:
        """Everything by its key."""
        found = ((key, self.get(key)) for key in list(self._places))
        return {key: value for key, value in found if value is not None}

    def draft(self) -> ShelfDraft[T]:
        """A copy that can be changed; it copies what it changes and nothing else."""
        return ShelfDraft(self._places, self._boxes, self.counts)


class ShelfDraft(Generic[T]):
    """A shelf while it is being changed."""

    __slots__ = ("_boxes", "_counts", "_own", "_places")

    def __init__(
        self, places: dict[str, int], boxes: tuple[tuple[T | None, ...], ...], counts: Mapping[str, int]
    ) -> None:
        self._places = places
        self._boxes = list(boxes)
        self._own: dict[int, list[T | None]] = {}
        self._counts = Counter(counts)

    def get(self, key: str) -> T | None:
        """What stands under `key` now."""
        place = self._places.get(key)
        if place is None:
            return None
        number, at = divmod(place, _IN_A_BOX)
        own = self._own.get(number)
        if own is not None:
            return own[at]
        return self._boxes[number][at] if number < len(self._boxes) else None

    def put(self, key: str, value: T) -> None:
        """Puts a value where another stood, or adds it."""
        self._set(key, value)

    def drop(self, key: str) -> None:
        """Takes a value away; nothing happens where there is none."""
        if self.get(key) is not None:
            self._set(key, None)

    def frozen(self) -> Shelf[T]:
        """The shelf as it is now."""
        if not self._own:
            return Shelf(self._places, tuple(self._boxes), self._counts)
        for number, box in self._own.items():
            self._boxes[number] = tuple(box)
        self._own = {}
        return Shelf(self._places, tuple(self._boxes), +self._counts)

    def _set(self, key: str, value: T | None) -> None:
        box, at = self._box(self._places.setdefault(key, len(self._places)))
        old, box[at] = box[at], value
        if old is not None:
            self._counts[old.counted] -= 1
        if value is not None:
            self._counts[value.counted] += 1

    def _box(self, place: int) -> tuple[list[T | None], int]:
        number, at = divmod(place, _IN_A_BOX)
        own = self._own.get(number)
        if own is None:
            while len(self._boxes) <= number:
                self._boxes.append((None,) * _IN_A_BOX)
            own = self._own[number] = list(self._boxes[number])
        return own, at
