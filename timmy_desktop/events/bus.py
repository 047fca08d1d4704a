"""The one way that events travel: appended to the log first, then handed to whoever asked for them."""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from timmy_desktop.events.base import Event, EventRecord

logger = logging.getLogger(__name__)
E = TypeVar("E", bound=Event)

Handler = Callable[[EventRecord], None]
BatchHandler = Callable[[Sequence[EventRecord]], None]
Work = Callable[[Any], Any]


class Told(NamedTuple):
    """What `work` may return: its result, and events of what it alone could find out."""

    result: Any
    events: Sequence[Event]


class Log(Protocol):
    """What the bus needs of the event log."""

    def append(self, events: Sequence[Event], work: Work | None = None) -> Future[Any]: ...

    def enqueue(self, events: Sequence[Event]) -> None: ...

    def on_committed(self, handler: BatchHandler) -> None: ...


class EventBus:
    """Publishes events durably and dispatches them on the loop, in the order of their sequence numbers.

    Handlers are plain functions called on the loop; one that wants to await starts a supervised task.
    A handler that raises is logged and the others go on.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._by_type: dict[type[Event], list[Handler]] = {}
        self._batch: list[BatchHandler] = []
        log.on_committed(self._dispatch)

    def publish(self, *events: Event, work: Work | None = None) -> Future[Any]:
        """Appends `events` durably; awaiting it gives the result of `work`, after they were dispatched.

        `work(session)` runs on the writer in the same transaction: tables and log change together or
        not at all. Events that it returns in a `Told` are appended after `events`. When `work` raises, its
        changes and `events` are undone and its error is raised to the awaiter.
        """
        return self._log.append(events, work)

    def emit(self, *events: Event) -> None:
        """Queues `events` for the next commit without waiting; for measurements, not for promises."""
        self._log.enqueue(events)

    def subscribe(self, event_type: type[E], handler: Handler) -> Callable[[], None]:
        """Calls `handler` with each record of exactly this type; returns the way to stop it."""
        handlers = self._by_type.setdefault(event_type, [])
        handlers.append(handler)
        return lambda: handlers.remove(handler)

    def subscribe_all(self, handler: BatchHandler) -> Callable[[], None]:
        """Calls `handler` with every committed batch; returns the way to stop it."""
        self._batch.append(handler)
        return lambda: self._batch.remove(handler)

    def _dispatch(self, records: Sequence[EventRecord]) -> None:
        for batch_handler in tuple(self._batch):
            _guarded(batch_handler, records)
        if not self._by_type:
            return
        for record in records:
            for handler in tuple(self._by_type.get(type(record.event), ())):
                _guarded(handler, record)


def _guarded(handler: Callable[[Any], None], argument: Any) -> None:
    try:
        handler(argument)
    except Exception:
        logger.exception("An event handler failed: %r", handler)
