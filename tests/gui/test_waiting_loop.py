"""What a test left due is not run by Qt alone, outside of the loop."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QApplication

from tests.gui.conftest import _loop_on_qt


def test_nothing_steps_while_the_loop_does_not_run(qapp: QApplication) -> None:
    loop = _loop_on_qt()
    steps: list[asyncio.AbstractEventLoop] = []

    async def late() -> None:
        await asyncio.sleep(0)
        steps.append(asyncio.get_running_loop())

    task = loop.create_task(late())
    for _ in range(3):
        qapp.processEvents()
    assert steps == []
    loop.run_until_complete(task)
    assert steps == [loop]
    loop.close()
