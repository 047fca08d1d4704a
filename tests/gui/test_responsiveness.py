from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from timmy_desktop.gui import responsiveness
from timmy_desktop.gui.disuse import Disuse
from timmy_desktop.gui.responsiveness import PORTION, CalmInterpreter
from timmy_desktop.gui.stalls import StallMeter


class Ring:
    """What only the collector can free."""

    def __init__(self) -> None:
        self.me = self


@contextmanager
def calm(unused: Callable[[], bool] = lambda: False) -> Iterator[CalmInterpreter]:
    interpreter = CalmInterpreter(unused)
    interpreter.start()
    try:
        yield interpreter
    finally:
        interpreter.stop()


@contextmanager
def walks() -> Iterator[list[int]]:
    """How many objects each collection looks through."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(sum(len(gc.get_objects(part)) for part in range(info["generation"] + 1)))

    gc.callbacks.append(note)
    try:
        yield found
    finally:
        gc.callbacks.remove(note)


def rings(number: int) -> list[Ring]:
    return [Ring() for _ in range(number)]


def marks_of(made: Sequence[Ring]) -> list[weakref.ref[Ring]]:
    return [weakref.ref(ring) for ring in made]


def living(marks: Sequence[weakref.ref[Ring]]) -> int:
    return sum(mark() is not None for mark in marks)


def test_python_gets_its_own_ways_back(qapp: QApplication) -> None:
    gc.enable()  # as outside the application; the fixture of these tests turns it off
    interval = sys.getswitchinterval()
    with calm():
        assert not gc.isenabled()
        assert sys.getswitchinterval() < interval
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == interval


def test_what_is_new_is_looked_through_in_the_middle_of_work(qapp: QApplication) -> None:
    with calm() as interpreter, walks() as walked:
        assert not interpreter.look(), "nothing new"
        marks = marks_of(rings(PORTION // 4))
        assert living(marks) == len(marks)
        assert interpreter.look()
        assert living(marks) == 0
        assert max(walked) <= PORTION


def test_a_large_heap_is_not_walked_in_a_frame_but_when_nobody_is_there(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responsiveness, "_BEFORE_EVERYTHING", 3)
    unused = False
    with calm(lambda: unused) as interpreter, walks() as walked:
        marks = marks_of(rings(PORTION * 2))
        assert not any(interpreter.look() for _ in range(20))
        assert walked == []
        assert living(marks) == len(marks)
        unused = True
        assert interpreter.look()
        assert living(marks) == 0
        assert len(walked) == 1
        assert not interpreter.look(), "nothing was set aside since"


def test_what_was_freed_hides_no_heap(qapp: QApplication) -> None:
    """Python's count goes down for each old object that is freed, while as many new ones come."""
    old = [[number] for number in range(PORTION * 2)]
    with calm() as interpreter, walks() as walked:
        kept = [[number] for number in range(PORTION * 2)]
        del old
        kept += [[number] for number in range(2_500)]
        assert gc.get_count()[0] < PORTION < len(kept)
        assert not interpreter.look()
        assert walked == []


def test_tuples_that_are_being_put_together_are_let_be(qapp: QApplication) -> None:
    """Were they held when they take their last size, Python would raise a SystemError."""

    def slowly() -> Iterator[list[int]]:
        for number in range(200_000):
            yield [number]

    failed: list[BaseException] = []

    def put_together() -> None:
        try:
            for _ in range(3):
                tuple(slowly())
        except SystemError as error:
            failed.append(error)

    thread = threading.Thread(target=put_together)
    with calm() as interpreter:
        thread.start()
        while thread.is_alive():
            interpreter.look()
            responsiveness._young()
        thread.join()
    assert failed == []


def test_nothing_is_walked_in_a_flood(qapp: QApplication) -> None:
    """What is freed hides what is made: the count says little, and there may be a heap behind it."""
    interpreter = CalmInterpreter(lambda: False, busy=lambda: True)
    interpreter.start()
    with walks() as walked:
        kept = rings(PORTION // 4)
        assert not interpreter.look()
        assert walked == []
        assert gc.get_count()[0] < 2_000, "it is set aside"
    interpreter.stop()
    del kept


def test_days_of_use_without_a_pause_hold_a_bounded_heap(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cycles that live for a moment, for a while, and until they were set aside; nobody ever leaves the window."""
    most = PORTION * 5
    monkeypatch.setattr(responsiveness, "_TOO_MANY", most)
    with calm() as interpreter, walks() as walked:
        marks: list[weakref.ref[Ring]] = []
        held = deque[list[Ring]](maxlen=30)
        made, highest = 0, 0
        for turn in range(400):
            fresh = rings(PORTION * 2 if turn % 25 == 0 else 1_500)
            marks += marks_of(fresh)
            made += len(fresh)
            held.append(fresh[: len(fresh) // 2])
            del fresh
            interpreter.look()
            marks = [mark for mark in marks if mark() is not None]
            highest = max(highest, len(marks))
        in_use = sum(map(len, held))
        assert made > most * 8
        assert highest < in_use + most + PORTION * 2
        everything = [size for size in walked if size > PORTION]
        assert len(everything) <= made // most, "so much has to come in for each walk of everything"
        assert len(walked) > len(everything) * 10


def test_a_window_is_in_use_while_it_is_touched(qtbot: QtBot) -> None:
    now = 100.0
    window = QWidget()
    qtbot.addWidget(window)
    disuse = Disuse(window, lambda: now)
    assert disuse(), "not shown yet"
    window.show()
    qtbot.waitExposed(window)
    assert not disuse(), "looked at for the first time"
    now += 19
    qtbot.keyClick(window.windowHandle(), "a")
    now += 19
    assert not disuse()
    now += 2
    assert disuse()
    QTest.mouseMove(window.windowHandle(), QPoint(3, 3))
    assert not disuse()


def test_another_window_in_use_is_use(qtbot: QtBot) -> None:
    now = 100.0
    window, dialog = QWidget(), QDialog()
    for one in (window, dialog):
        qtbot.addWidget(one)
        one.show()
        qtbot.waitExposed(one)
    disuse = Disuse(window, lambda: now)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    disuse()
    now += 1000
    assert not disuse()
    dialog.close()
    qtbot.waitUntil(lambda: not dialog.isActiveWindow())
    now += 1000
    assert disuse()


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
