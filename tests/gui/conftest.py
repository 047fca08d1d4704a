"""GUI tests: coroutines run on a qasync loop, and no timer lives on."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping

import pytest
import qasync
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer, QTimerEvent
from PySide6.QtWidgets import QApplication


class _WaitingTimer(qasync._SimpleTimer):
    """Runs what is due only while its loop runs.

    After a test's last line pytest-qt lets Qt work once more, and a step that is taken then finds no running
    loop. What is due stays due: its Qt timer goes off again, and the loop that winds the test up runs it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def timerEvent(self, event: QTimerEvent) -> None:
        if self._stopped or self._loop.is_running():
            super().timerEvent(event)


def _loop_on_qt() -> asyncio.AbstractEventLoop:
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    # As the application does it: closing a test's last window must not stop the loop under the test.
    application.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(application)
    loop._timer = _WaitingTimer(loop)
    return loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"qasync": _loop_on_qt}


@pytest.fixture(autouse=True)
def _no_timer_left(_nothing_left_running: None, qapp: QApplication) -> Iterator[None]:
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    living = [
        f"{timer.objectName() or 'QTimer'} every {timer.interval()} ms, of {timer.parent()!r}"
        for timer in gc.get_objects()
        if issubclass(type(timer), QTimer) and shiboken6.isValid(timer) and timer.isActive()
    ]
    if living:
        pytest.fail(f"left running: {living}", pytrace=False)
