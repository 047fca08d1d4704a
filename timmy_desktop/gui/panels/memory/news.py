"""Follows what is stored, changed and forgotten, and brings the panel up to it a few times a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.memory import MemoryForgotten, MemoryIndexed, MemoryStored, MemoryUpdated
from timmy_desktop.gui.bridge import Bus, EventBridge

FOLLOWED = (MemoryStored, MemoryUpdated, MemoryForgotten, MemoryIndexed)
_CALM_MS = 200


class News(QObject):
    """`forgotten(ids)` comes at once, `changed(ids, owners)` a moment later."""

    def __init__(
        self,
        bus: Bus,
        parent: QObject,
        *,
        forgotten: Callable[[list[str]], object],
        changed: Callable[[set[str], set[str]], object],
    ) -> None:
        super().__init__(parent)
        self._forgotten, self._changed = forgotten, changed
        self._ids: set[str] = set()
        self._owners: set[str] = set()
        self.bridge = EventBridge(bus, self, types=FOLLOWED)
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self._tell)
        self.bridge.batch_ready.connect(self._take)
        self.bridge.folded.connect(lambda _: self._wait())

    @property
    def is_waiting(self) -> bool:
        """Whether something happened that is not on screen."""
        return self._calm.isActive() or self.bridge.waiting > 0

    def stop(self) -> None:
        self.bridge.stop()
        self._calm.stop()

    def _take(self, records: Sequence[EventRecord]) -> None:
        for record in records:
            event = record.event
            if isinstance(event, MemoryForgotten):
                self._forgotten(event.entries)
            elif isinstance(event, (MemoryStored, MemoryUpdated)):
                self._ids.update(event.entries)
            if isinstance(event, MemoryStored):
                self._owners.add(event.owner)
        self._wait()

    def _wait(self) -> None:
        if not self._calm.isActive():
            self._calm.start()

    def _tell(self) -> None:
        ids, owners = self._ids, self._owners
        self._ids, self._owners = set(), set()
        self._changed(ids, owners)
