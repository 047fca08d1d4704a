"""Carries events from the bus to the widgets: a bounded ring, drained in batches by one timer."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from timmy_desktop.events.base import Event, EventRecord

INTERVAL_MS = 66
CAPACITY = 5_000
MOST_IN_A_BATCH = 1_000


class Bus(Protocol):
    """What the bridge needs of the event bus."""

    def subscribe_all(self, handler: Callable[[Sequence[EventRecord]], None]) -> Callable[[], None]: ...


class EventBridge(QObject):
    """Emits what was committed at most fifteen times a second; idle, it runs no timer.

    When events come faster than they are drained the oldest in the ring are dropped *from the screen*
    (the log has them) and counted in `folded`, which goes out with the next batch.
    """

    batch_ready = Signal(list)
    """list[EventRecord] in the order of their sequence numbers."""
    folded = Signal(int)
    """How many events were left out just before the batch that follows."""

    def __init__(
        self,
        bus: Bus,
        parent: QObject | None = None,
        *,
        types: Iterable[type[Event]] | None = None,
        capacity: int = CAPACITY,
        batch: int = MOST_IN_A_BATCH,
        interval_ms: int = INTERVAL_MS,
    ) -> None:
        """`types`: only events of exactly these; everything where none are named."""
        super().__init__(parent)
        self.total = 0
        """Events seen since the start, shown or not."""
        self._types = None if types is None else frozenset(types)
        self._ring: deque[EventRecord] = deque(maxlen=capacity)
        self._left_out = 0
        self._batch = batch
        self._timer = QTimer(self)
        # Coarse timers are made to fire together: then all panels' work would be one block of the window.
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._interval, self._first = interval_ms, phase(parent, interval_ms)
        self._timer.timeout.connect(self._drain)
        self._unsubscribe: Callable[[], None] | None = bus.subscribe_all(self._take)

    def stop(self) -> None:
        """Stops listening; what is in the ring is not shown any more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._timer.stop()
        self._ring.clear()

    @property
    def waiting(self) -> int:
        """Events in the ring."""
        return len(self._ring)

    def _take(self, records: Sequence[EventRecord]) -> None:
        types = self._types
        wanted = records if types is None else [record for record in records if type(record.event) in types]
        if not wanted:
            return
        self.total += len(wanted)
        room = (self._ring.maxlen or 0) - len(self._ring)
        self._left_out += max(0, len(wanted) - room)
        self._ring.extend(wanted)
        if not self._timer.isActive():
            self._timer.start(self._first)

    def _drain(self) -> None:
        if not self._ring:
            self._timer.stop()
            return
        if self._timer.interval() != self._interval:
            self._timer.setInterval(self._interval)
        # More than a batch waits: the newest are worth showing, what lies between is folded.
        excess = len(self._ring) - self._batch
        if excess > 0:
            self._left_out += excess
            batch = list(islice(self._ring, excess, None))
        else:
            batch = list(self._ring)
        self._ring.clear()
        left_out, self._left_out = self._left_out, 0
        if left_out:
            self.folded.emit(left_out)
        self.batch_ready.emit(batch)


def phase(owner: QObject | None, interval_ms: int) -> int:
    """When in the interval the bridge of `owner` begins, the same at every start, another for every class."""
    return 1 + zlib.crc32(type(owner).__name__.encode()) % max(interval_ms, 1)
