"""A bus without a log: numbers and times events and hands them on at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from timmy_desktop.events.base import Event, EventRecord

BatchHandler = Callable[[Sequence[EventRecord]], None]


class FakeBus:
    """Keeps what was published in `records`; each event is a millisecond after the one before."""

    def __init__(self, start_us: int = 1_700_000_000_000_000) -> None:
        self.records: list[EventRecord] = []
        self.now = start_us
        self._handlers: list[BatchHandler] = []

    def now_us(self) -> int:
        return self.now

    def subscribe_all(self, handler: BatchHandler) -> Callable[[], None]:
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    def publish_now(self, *events: Event, after_ms: int = 1) -> list[EventRecord]:
        batch = []
        for event in events:
            self.now += after_ms * 1000
            batch.append(EventRecord(len(self.records) + 1, self.now, event, b"\0" * 32))
            self.records.append(batch[-1])
        for handler in tuple(self._handlers):
            handler(batch)
        return batch
