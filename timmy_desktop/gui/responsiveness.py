"""Keeps the interpreter itself from holding up the window.

A collection of garbage takes about a millisecond for each 2,000 objects that it looks through: Python's own
walks all of them now and then, 100 ms and more, on whatever thread happens to make one. Here it walks what is
new in small portions, and the rest while that is little. What came in too large a heap to be walked within a
frame is set aside unwalked; a collection of everything, what was set aside too, waits until nobody uses the
window. Nearly everything here is freed by reference counts anyhow, what is set aside as well; only cycles
(tasks, tracebacks, widgets) need the collector.

Qt's calls give up the interpreter's lock, and a busy thread keeps it for a whole switch interval: with
Python's 5 ms, one paint beside the log's writer could wait ten times that. A tenth of a millisecond ends it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_SWITCH_S = 0.0001
_LOOK_MS = 100
_WORTH = 2_000
PORTION = 10_000
"""The most objects that are walked while somebody uses the window: some 5 ms."""
_YOUNG_BEFORE_REST = 10
_BEFORE_EVERYTHING = 5 * 60_000 // _LOOK_MS
_TOO_MANY = 500_000
_YOUNG, _ALL = 0, 2


class CalmInterpreter(QObject):
    """Between `start` and `stop`: threads switch promptly, and no collection is felt."""

    def __init__(
        self,
        unused: Callable[[], bool],
        parent: QObject | None = None,
        *,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`unused()`: nobody uses the window. Not asked once half a million objects are set aside.

        `busy()`: so much comes and goes that counting does not tell what is new; none of it is walked.
        """
        super().__init__(parent)
        self._unused, self._busy = unused, busy
        self._was_enabled, self._switched = gc.isenabled(), sys.getswitchinterval()
        self._looks = self._young_looks = self._rest = self._aside = self._kept = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """What was made by starting is there to stay: it is looked through when nobody uses the window."""
        self._was_enabled, self._switched = gc.isenabled(), sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        gc.disable()
        self._set_aside(1)
        self._kept = gc.get_freeze_count()
        self._timer.start()

    def stop(self) -> None:
        """Gives the work back to Python."""
        self._timer.stop()
        sys.setswitchinterval(self._switched)
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def look(self) -> bool:
        """Collects what may be collected now; whether it did."""
        self._looks += 1
        if self._aside and (self._too_many() or (self._looks > _BEFORE_EVERYTHING and self._unused())):
            self._collect_everything()
            return True
        # Grows by objects made, shrinks by those freed, however old: it says when to look, not at how much.
        if gc.get_count()[0] < _WORTH:
            return False
        young = _young()
        if young > PORTION or self._busy():
            self._set_aside(young)
            return False
        self._collect_portion(young)
        return True

    def _collect_portion(self, young: int) -> None:
        """What is new; now and then the rest too, or sets it aside where it has become too much."""
        self._young_looks += 1
        self._rest += young
        if self._young_looks < _YOUNG_BEFORE_REST:
            self._rest -= gc.collect(_YOUNG)
        elif self._rest <= PORTION:
            self._young_looks, self._rest = 0, self._rest - gc.collect(_ALL)
        else:
            gc.collect(_YOUNG)
            self._set_aside(self._rest)

    def _set_aside(self, objects: int) -> None:
        gc.freeze()
        self._aside += objects
        self._young_looks = self._rest = 0

    def _too_many(self) -> bool:
        """Whether so much of what was set aside is still there: most of it is freed without being walked."""
        if self._aside > _TOO_MANY:
            self._aside = max(1, gc.get_freeze_count() - self._kept)
        return self._aside > _TOO_MANY

    def _collect_everything(self) -> None:
        gc.unfreeze()
        gc.collect(_ALL)
        gc.freeze()
        self._looks = self._young_looks = self._rest = self._aside = 0
        self._kept = gc.get_freeze_count()


def _young() -> int:
    """How many objects a collection of the youngest would walk.

    The list of them is gone before another thread can run: it would hold a tuple that is still being put
    together there, which then can't be. So it is made, counted and dropped within one call of C.
    """
    return next(map(len, map(gc.get_objects, (_YOUNG,))))
