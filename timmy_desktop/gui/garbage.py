"""Garbage is collected between events, not in the middle of them: a full collection can take 150 ms.

Nearly everything here is freed by reference counts. What is left are cycles (tasks, tracebacks, widgets),
which are few: they can wait until the window is calm.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_LOOK_MS = 2000
_WORTH = 20_000
_TOO_MANY = 500_000


class CalmCollector(QObject):
    """Between `start` and `stop`, Python's own collector rests and this one looks every two seconds."""

    def __init__(self, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy()` says that now would be a bad moment; past half a million objects it is not asked."""
        super().__init__(parent)
        self._busy = busy
        self._was_enabled = gc.isenabled()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """What was made by starting is there to stay: it is not looked through any more."""
        self._was_enabled = gc.isenabled()
        gc.collect()
        gc.freeze()
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Gives the work back to Python."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def look(self) -> bool:
        """Collects when it is worth it and nobody is kept waiting; whether it did."""
        # Grows by containers made and shrinks by those freed, also while the collector is off.
        new = gc.get_count()[0]
        if new < _WORTH or (new < _TOO_MANY and self._busy()):
            return False
        gc.collect()
        return True
