"""Keeps the interpreter itself from holding up the window.

A full collection of garbage can take 150 ms: it is done when little happens, not in the middle of a flood,
and seldom; in between only what is new is looked through, in a time that goes by how much that is. Nearly
everything here is freed by reference counts anyhow; cycles (tasks, tracebacks, widgets) can wait.

Qt's calls give up the interpreter's lock, and a busy thread keeps it for a whole switch interval: with
Python's 5 ms, one paint beside the log's writer could wait ten times that. Half a millisecond ends it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_SWITCH_S = 0.0005
# Often and little: what is new is looked through in a time that goes by how much it is, 1 to 2 ms here.
_LOOK_MS = 250
_WORTH = 2_000
_YOUNG, _ALL = 1, 2
_YOUNG_BEFORE_ALL = 150
_TOO_MANY = 500_000


class CalmInterpreter(QObject):
    """Between `start` and `stop`: threads switch promptly, and garbage waits until the window is calm."""

    def __init__(self, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy()` says that now would be a bad moment; past half a million objects it is not asked."""
        super().__init__(parent)
        self._busy = busy
        self._was_enabled, self._switched = gc.isenabled(), sys.getswitchinterval()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """What was made by starting is there to stay: it is not looked through any more."""
        self._was_enabled, self._switched = gc.isenabled(), sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        gc.collect()
        gc.freeze()
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Gives the work back to Python."""
        self._timer.stop()
        sys.setswitchinterval(self._switched)
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def look(self) -> bool:
        """Collects when it is worth it and nobody is kept waiting; whether it did."""
        # Grows by containers made and shrinks by those freed, also while the collector is off.
        new, _, young = gc.get_count()
        if new < _WORTH or (new < _TOO_MANY and self._busy()):
            return False
        gc.collect(_ALL if young >= _YOUNG_BEFORE_ALL else _YOUNG)
        return True
