"""Says that changes wait for approval: in the status line, on the dock icon, and once as a notification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.upgrades import UpgradeProposed, UpgradeSuspected
from timmy_desktop.gui.bridge import EventBridge
from timmy_desktop.gui.glyphs import application_icon
from timmy_desktop.gui.panel import OpenUpgrade, Say
from timmy_desktop.gui.status import StatusLine
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.inert import inert_line

if TYPE_CHECKING:
    from timmy_desktop.services import Services

_TOPIC = "upgrade."


class Approvals(QObject):
    """Between `start` and `stop`. A burst of events costs one question."""

    said = Signal(object)
    """A Say."""
    wished = Signal(object)
    """An OpenUpgrade: the person clicked the notification."""

    def __init__(self, services: Services, line: StatusLine, window: QWidget) -> None:
        super().__init__(window)
        self._services, self._line, self._window = services, line, window
        self._tasks = SlotTasks(services.supervisor, self.said.emit, "approvals")
        self._bridge = EventBridge(services.bus, self)
        self._bridge.batch_ready.connect(self._take)
        self._tray: QSystemTrayIcon | None = None
        self._newest = ""

    def start(self) -> None:
        self._ask()

    def stop(self) -> None:
        self._bridge.stop()
        self._tasks.stop()
        if self._tray is not None:
            self._tray.hide()
        _badge(0)

    def _take(self, records: Sequence[EventRecord]) -> None:
        upgrades = [record.event for record in records if record.event.type.startswith(_TOPIC)]
        if not upgrades:
            return
        self._ask()
        for event in upgrades:
            if isinstance(event, UpgradeProposed):
                words = f"{inert_line(event.proposer, 40)} proposes a change: {inert_line(event.title, 120)}"
                self._notify(event.upgrade_id, f"{words}. It waits in Upgrades for your approval.", "info")
            elif isinstance(event, UpgradeSuspected):
                words = f"What was applied may have broken something: {inert_line(event.evidence, 200)}"
                self._notify(event.upgrade_id, f"{words}. Upgrades offers to roll it back.", "warn")

    def _notify(self, upgrade_id: str, words: str, tone: str) -> None:
        self._newest = upgrade_id
        self.said.emit(Say(words, tone))
        if QGuiApplication.applicationState().value & 4:  # active: the person sees it
            return
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._tray_icon().showMessage("Timmy Desktop", words, application_icon())

    def _tray_icon(self) -> QSystemTrayIcon:
        if self._tray is None:
            self._tray = QSystemTrayIcon(application_icon(), self)
            self._tray.messageClicked.connect(self._open_newest)
            self._tray.activated.connect(lambda _: self._open_newest())
        self._tray.show()
        return self._tray

    def _open_newest(self) -> None:
        self._window.raise_()
        self._window.activateWindow()
        self.wished.emit(OpenUpgrade(self._newest))

    def _ask(self) -> None:
        self._tasks.start("pending", self._services.upgrades.pending(), self._show)

    def _show(self, number: int) -> None:
        self._line.show_approvals(number)
        _badge(number)
        if not number and self._tray is not None:
            self._tray.hide()


def _badge(number: int) -> None:
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setBadgeNumber(number)  # where the desktop has a dock with badges
