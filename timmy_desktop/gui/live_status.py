"""Keeps the status line and the welcome card true: asks the services when an event says that it matters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from timmy_desktop.events import payments, tasks
from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.findings import Finding, all_checked, everything, usable
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.status import StatusLine
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.relative_time import SharedTick
from timmy_desktop.gui.wording import count, exact_time
from timmy_desktop.storage.chain import ChainReport

if TYPE_CHECKING:
    from timmy_desktop.services import Services

_MONEY = frozenset(kind for kind in vars(payments).values() if isinstance(kind, type))
_WORK = (
    tasks.TaskCreated,
    tasks.TaskAssigned,
    tasks.TaskStarted,
    tasks.TaskCompleted,
    tasks.TaskFailed,
    tasks.TaskCancelled,
    tasks.TaskRetried,
)
_OVER = (tasks.TaskCompleted, tasks.TaskFailed, tasks.TaskCancelled)
_ENDED = frozenset({"completed", "failed", "cancelled"})
_SMOOTHING = 0.5
_MOST_COUNTED = 500
_BUSY = 200


class LiveStatus(QObject):
    """Between `start` and `stop`. Bursts of events cost one question a second, not one each."""

    models_changed = Signal(bool)
    """Whether any provider is usable; only once every provider was looked at."""
    said = Signal(object)
    """A Say."""

    def __init__(self, services: Services, line: StatusLine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unfinished: set[str] = set()
        # What became of tasks since they were asked for: an answer may be older than that.
        self._moved: dict[str, bool] = {}
        self._services, self._line = services, line
        self._tasks = SlotTasks(services.supervisor, self.said.emit, "status")
        self._seen, self._rate = 0, 0.0
        self._stale_money = self._stale_work = True
        self._unsubscribe = services.bus.subscribe_all(self._count)
        line.show_started()

    @property
    def running(self) -> int:
        """How many tasks are not finished, to the last event."""
        return len(self._unfinished)

    def start(self) -> None:
        """Asks for everything once, then as events and the clock want it."""
        SharedTick.current().add(self, self._tick)
        self._tick()
        self.verify()

    def stop(self) -> None:
        """Asks nothing any more."""
        SharedTick.current().remove(self)
        self._unsubscribe()
        self._tasks.stop()

    def is_busy(self) -> bool:
        """Whether so much happens that nothing else should take time."""
        return self._rate > _BUSY or self._seen > _BUSY

    def findings(self) -> list[Finding]:
        """What is there and what is missing, now."""
        services = self._services
        return everything(services.router.status(), services.workspace.folder, services.memory.status())

    def has_embedded(self) -> bool:
        """Whether a model file of one's own would be used."""
        return any(status.kind == "embedded" for status in self._services.router.status())

    def check_models(self, done: object = None) -> None:
        """Asks every provider again; `done` is called afterwards, well or not."""
        after = done if callable(done) else lambda: None

        def told(_: object) -> None:
            self._tick()
            after()

        self._tasks.start("check models", self._services.router.check_now(), told, failed=told)

    def verify(self, *, aloud: bool = False) -> None:
        """Checks the whole chain on a reader; `aloud` tells the result in the message bar as well."""
        self._line.show_chain("accent", "Checking the chain…", "Every event is hashed again and compared.")
        self._tasks.start("verify", self._verify(), partial(self._verified, aloud))

    async def _verify(self) -> ChainReport:
        from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

        key, paths = self._services.event_log.key, self._services.paths
        report: ChainReport = await self._services.database.read(
            lambda session: verify_log(session, paths.database, key, paths.data_dir / ANCHOR_FILE)
        )
        return report

    def _verified(self, aloud: bool, report: ChainReport) -> None:
        when = exact_time(self._services.clock.now_us())[:16]
        if report.intact and report.unverified:
            words = f"Verified from event {report.first_seq:,}"
            self._line.show_chain("warn", words, "The key of the events before it is gone.")
            return
        if report.intact:
            hint = f"{count(report.rows, 'event')} were checked at {when}: all whole. Click to check again."
            self._line.show_chain("good", "Chain verified", hint)
            if aloud:
                self.said.emit(Say(f"The event log is whole: {count(report.rows, 'event')} checked.", "good"))
            return
        self._line.show_chain("bad", f"Chain broken at event {report.broken_seq:,}", report.problem)
        self.said.emit(
            Say(
                f"The event log was changed: {report.problem}. What came before is whole. Keep a copy of the "
                "data folder, and compare it with a backup.",
                "bad",
                details=repr(report),
            )
        )

    def _count(self, records: Sequence[EventRecord]) -> None:
        self._seen += len(records)
        for record in records:
            kind = type(record.event)
            self._stale_money = self._stale_money or kind in _MONEY
            if kind in _WORK:
                self._stale_work = True
                self._move(record.event.task_id, kind not in _OVER)

    def _tick(self) -> None:
        seen, self._seen = self._seen, 0
        self._rate = seen if seen > self._rate else self._rate * _SMOOTHING + seen * (1 - _SMOOTHING)
        self._rate = 0.0 if self._rate < 0.05 else self._rate
        self._line.show_rate(self._rate)
        statuses = self._services.router.status()
        self._line.show_models(statuses)
        found = any(usable(status) for status in statuses)
        if found or all_checked(statuses):
            self.models_changed.emit(found)
        if self._stale_money and not self._tasks.running("balance"):
            self._stale_money = False
            self._tasks.start("balance", self._services.ledger.balances(), self._show_balance)
        if self._stale_work and not self._tasks.running("work"):
            self._stale_work, self._moved = False, {}
            self._tasks.start("work", self._services.coordinator.tasks(limit=_MOST_COUNTED), self._show_work)

    def _show_balance(self, balances: object) -> None:
        available = int(getattr(balances, "available_msat", 0))
        self._line.show_balance(available, simulated=bool(self._services.ledger.is_simulated))

    def _show_work(self, views: Sequence[object]) -> None:
        moved, self._moved = self._moved, {}
        self._unfinished = {
            str(getattr(view, "id", "")) for view in views if str(getattr(view, "status", "")) not in _ENDED
        }
        for task_id, goes_on in moved.items():
            self._move(task_id, goes_on)
        self._line.show_work(self.running)

    def _move(self, task_id: str, goes_on: bool) -> None:
        self._moved[task_id] = goes_on
        if goes_on:
            self._unfinished.add(task_id)
        else:
            self._unfinished.discard(task_id)
