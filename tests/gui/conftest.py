"""GUI tests: coroutines run on a qasync loop, and no timer lives on."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping

import pytest
import qasync
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication


def _loop_on_qt() -> asyncio.AbstractEventLoop:
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    # As the application does it: closing a test's last window must not stop the loop under the test.
    application.setQuitOnLastWindowClosed(False)
    return qasync.QEventLoop(application)


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
