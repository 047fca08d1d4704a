from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.system import SystemInfo, SystemWarning
from timmy_desktop.gui.bridge import INTERVAL_MS, EventBridge


class Bus:
    def __init__(self) -> None:
        self.handlers: list[Callable[[Sequence[EventRecord]], None]] = []

    def subscribe_all(self, handler: Callable[[Sequence[EventRecord]], None]) -> Callable[[], None]:
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)

    def publish(self, *records: EventRecord) -> None:
        for handler in self.handlers:
            handler(records)


def info(seq: int) -> EventRecord:
    return EventRecord(seq, 0, SystemInfo(message=str(seq)), b"")


def timer_of(bridge: EventBridge) -> QTimer:
    timer = bridge.findChild(QTimer)
    assert timer is not None
    return timer


async def test_events_come_in_one_batch_and_in_order(qapp: QApplication) -> None:
    bus, batches = Bus(), []
    bridge = EventBridge(bus, interval_ms=5)
    bridge.batch_ready.connect(batches.append)
    for seq in range(50):
        bus.publish(info(seq))
    await eventually(lambda: batches)
    assert [record.seq for record in batches[0]] == list(range(50))
    bridge.stop()


async def test_the_timer_rests_when_nothing_comes(qapp: QApplication) -> None:
    bus = Bus()
    bridge = EventBridge(bus, interval_ms=5)
    assert not timer_of(bridge).isActive()
    bus.publish(info(1))
    assert timer_of(bridge).isActive()
    await eventually(lambda: not timer_of(bridge).isActive())
    bridge.stop()


async def test_what_does_not_fit_is_counted_never_kept(qapp: QApplication) -> None:
    bus, batches, folded = Bus(), [], []
    bridge = EventBridge(bus, capacity=100, batch=40, interval_ms=5)
    bridge.batch_ready.connect(batches.append)
    bridge.folded.connect(folded.append)
    for start in range(0, 1000, 250):
        bus.publish(*(info(seq) for seq in range(start, start + 250)))
        assert bridge.waiting <= 100
    await eventually(lambda: batches)
    assert [record.seq for record in batches[0]] == list(range(960, 1000))
    assert sum(folded) == 960
    assert bridge.total == 1000
    bridge.stop()


async def test_only_the_wanted_types(qapp: QApplication) -> None:
    bus, batches = Bus(), []
    bridge = EventBridge(bus, types=[SystemWarning], interval_ms=5)
    bridge.batch_ready.connect(batches.append)
    bus.publish(info(1))
    assert not timer_of(bridge).isActive()
    bus.publish(info(2), EventRecord(3, 0, SystemWarning(message="w"), b""))
    await eventually(lambda: batches)
    assert [record.seq for record in batches[0]] == [3]
    bridge.stop()


async def test_stopped_it_hears_nothing(qapp: QApplication) -> None:
    bus = Bus()
    bridge = EventBridge(bus)
    bus.publish(info(1))
    bridge.stop()
    bridge.stop()
    assert bus.handlers == []
    assert bridge.waiting == 0
    assert not timer_of(bridge).isActive()


def test_bridges_of_different_panels_drain_at_different_times(qapp: QApplication) -> None:
    class ActivityPanel(QObject): ...

    class TasksPanel(QObject): ...

    class RouterPanel(QObject): ...

    bus = Bus()
    owners = [ActivityPanel(), TasksPanel(), RouterPanel()]
    bridges = [EventBridge(bus, owner) for owner in owners]
    bus.publish(info(1))
    firsts = [timer_of(bridge).interval() for bridge in bridges]
    assert len(set(firsts)) == 3
    assert max(firsts) <= INTERVAL_MS, "the first event waits no longer than those that follow"
    assert all(timer_of(bridge).timerType() is Qt.TimerType.PreciseTimer for bridge in bridges)
    for bridge in bridges:
        bridge.stop()
