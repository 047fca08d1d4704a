"""What the menus do with black boxes: one is exported, one is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QWidget

from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.tasks import SlotTasks

if TYPE_CHECKING:
    from timmy_desktop.services import Services


class BoxDesk:
    """Hands the dialogs of a window what they need of the services."""

    def __init__(
        self, window: QWidget, services: Services, tasks: SlotTasks, say: Callable[[Say], object]
    ) -> None:
        self._window, self._services, self._tasks, self._say = window, services, tasks, say

    def export(self) -> QDialog:
        """Asks what is to be in it and where to, then writes."""
        from timmy_desktop.feed.box_writer import BoxWriter
        from timmy_desktop.gui.boxes.exporting import BoxParts, ExportBoxDialog

        services = self._services
        parts = BoxParts(
            writer=BoxWriter(settings=services.settings, secrets=services.secrets, paths=services.paths),
            database=services.paths.database,
            log=services.event_log,
            now_us=services.clock.now_us,
        )
        dialog = ExportBoxDialog(self._window, parts, self._tasks, self._say)
        dialog.open()
        return dialog

    def open(self) -> QDialog:
        """Asks which file, then shows it in a window of its own."""
        from timmy_desktop.gui.boxes.opening import BoxOpener

        key = self._services.event_log.key
        return BoxOpener(self._window, self._services.database, key, self._tasks, self._say).choose()
