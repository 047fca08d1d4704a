"""What a controller needs of SlotTasks, so that it can be tested without a window."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol


class Starter(Protocol):
    """Starts work under a name; the newest of a name wins."""

    def start(
        self,
        name: str,
        work: Coroutine[Any, Any, Any],
        then: Callable[[Any], object] | None = None,
        *,
        failed: Callable[[Exception], object] | None = None,
    ) -> None: ...
