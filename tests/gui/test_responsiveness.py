from __future__ import annotations

import gc
import sys
import time

import pytest
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from timmy_desktop.gui import responsiveness
from timmy_desktop.gui.responsiveness import CalmInterpreter
from timmy_desktop.gui.stalls import StallMeter


def test_garbage_waits_until_it_is_calm(qapp: QApplication) -> None:
    gc.enable()  # as outside the application; the fixture of these tests turns it off
    busy = True
    interval = sys.getswitchinterval()
    interpreter = CalmInterpreter(lambda: busy)
    interpreter.start()
    assert not gc.isenabled()
    assert sys.getswitchinterval() < interval
    kept = [[number] for number in range(30_000)]
    assert not interpreter.look()
    busy = False
    assert interpreter.look()
    assert not interpreter.look(), "nothing new since"
    interpreter.stop()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == interval
    del kept


def test_only_what_is_new_is_looked_through_but_seldom(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responsiveness, "_YOUNG_BEFORE_ALL", 2)
    interpreter = CalmInterpreter(lambda: False)
    looked: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            looked.append(info["generation"])

    interpreter.start()
    gc.callbacks.append(note)
    kept = []
    for _ in range(4):
        # A little is looked through at once: of much that waited, one frame would bear all.
        kept.append([[number] for number in range(3_000)])
        assert interpreter.look()
    gc.callbacks.remove(note)
    interpreter.stop()
    assert looked == [1, 1, 2, 1]


async def test_a_block_of_the_loop_is_measured(qapp: QApplication) -> None:
    meter = StallMeter(interval_ms=2)
    meter.start()
    await eventually(lambda: meter.beats > 3)
    _block(0.05)
    await eventually(lambda: meter.longest_ms > 40)
    assert meter.stop() < 5000


def _block(seconds: float) -> None:
    """Holds up the loop, which is what is to be seen."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
