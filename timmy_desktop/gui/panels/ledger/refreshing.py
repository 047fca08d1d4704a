"""Reads again when something changed: one reading at a time, and a rest that grows with what it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, QTimer

from timmy_desktop.gui.tasks import SlotTasks

_LEAST_REST_MS, _MOST_REST_MS, _SHARE = 200, 20_000, 8


class Refresher(QObject):
    """`ask()` as often as events come: what was asked for meanwhile is read once, afterwards.

    A reading that takes long is followed by a rest of eight times as long: a large book is not read all day.
    """

    def __init__(
        self,
        name: str,
        starter: SlotTasks,
        work: Callable[[], Coroutine[Any, Any, Any]],
        then: Callable[[Any], object],
        failed: Callable[[Exception], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._name, self._starter = name, starter
        self._work, self._then, self._failed = work, then, failed
        self._again = False
        self._began = 0.0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._rested)

    @property
    def waiting(self) -> bool:
        """Whether something is being read, or will be."""
        return self._again or self._starter.running(self._name)

    def ask(self) -> None:
        """Something changed."""
        if self._rest.isActive() or self._starter.running(self._name):
            self._again = True
        else:
            self._start()

    def at_once(self) -> None:
        """The person asked for something else: what is being read is of no use any more."""
        self._rest.stop()
        self._start()

    def stop(self) -> None:
        """Reads nothing any more."""
        self._again = False
        self._rest.stop()
        self._starter.cancel(self._name)

    def _start(self) -> None:
        self._again = False
        self._began = time.monotonic()
        self._starter.start(self._name, self._work(), self._done, failed=self._fault)

    def _done(self, result: Any) -> None:
        self._take_rest()
        self._then(result)

    def _fault(self, error: Exception) -> None:
        self._take_rest()
        self._failed(error)

    def _take_rest(self) -> None:
        took_ms = round((time.monotonic() - self._began) * 1000)
        self._rest.start(min(max(took_ms * _SHARE, _LEAST_REST_MS), _MOST_REST_MS))

    def _rested(self) -> None:
        if self._again:
            self._start()
