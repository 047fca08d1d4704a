"""What was done and how to take it back. Forgetting is never in here. Free of Qt."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.memory.types import Change

_MOST = 30


@dataclass(frozen=True, slots=True)
class Step:
    """`words` say what was done; `back()` takes it back; `ids` are the entries that it touched."""

    words: str
    back: Callable[[], Coroutine[Any, Any, object]]
    ids: frozenset[str]


class UndoStack:
    """The last few steps."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=_MOST)

    def push(self, words: str, back: Callable[[], Coroutine[Any, Any, object]], ids: Iterable[str]) -> None:
        """Something was done."""
        self._steps.append(Step(words, back, frozenset(ids)))

    @property
    def next_words(self) -> str:
        """What `pop` would take back; empty for nothing."""
        return self._steps[-1].words if self._steps else ""

    def pop(self) -> Step | None:
        """The newest step, which is gone from here then."""
        return self._steps.pop() if self._steps else None

    def forget(self, ids: Iterable[str]) -> None:
        """Lets go of every step that touched one of these, with the texts that it held."""
        gone = frozenset(ids)
        self._steps = deque((step for step in self._steps if not step.ids & gone), maxlen=_MOST)


def inverse(rows: Sequence[Row], change: Change) -> list[tuple[list[str], Change]]:
    """The changes that bring back what the rows were before `change` (of type, visibility, pin)."""
    groups: dict[Change, list[str]] = {}
    for row in rows:
        before = Change(
            type=row.type if change.type is not None else None,
            visibility=row.visibility if change.visibility is not None else None,
            pinned=row.pinned if change.pinned is not None else None,
        )
        groups.setdefault(before, []).append(row.id)
    return [(ids, before) for before, ids in groups.items()]
