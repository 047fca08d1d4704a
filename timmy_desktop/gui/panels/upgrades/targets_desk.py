"""What a person does with the repositories that are open to proposals, asked of the queue."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from timmy_desktop.gui.panels.upgrades.dialogs import DecisionDialog
from timmy_desktop.gui.panels.upgrades.targets_dialog import TargetsDialog
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.queue import UpgradeQueue
from timmy_desktop.upgrades.types import Target


class TargetsDesk:
    """`refresh` reads the queue again after something has changed."""

    def __init__(
        self,
        queue: UpgradeQueue,
        starter: SlotTasks,
        parent: QWidget,
        *,
        say: Callable[[str, str], object],
        refresh: Callable[[], object],
    ) -> None:
        self._queue, self._starter, self._parent = queue, starter, parent
        self._say, self._refresh = say, refresh
        self._dialog: TargetsDialog | None = None
        self._targets: list[Target] = []

    def show(self) -> None:
        """The dialog with all of them."""
        if self._dialog is not None:
            return
        dialog = TargetsDialog(self._parent, sandbox=self._queue.sandbox(), own=self._queue.own_source())
        dialog.open_wanted.connect(self.ask_for_folder)
        dialog.own_wanted.connect(self.open_folder)
        dialog.ask_wanted.connect(self._ask_for_change)
        dialog.close_wanted.connect(self._close)
        dialog.unsandboxed_wanted.connect(self._allow_unsandboxed)
        dialog.finished.connect(lambda _: self._forget())
        self._dialog = dialog
        dialog.open()
        self._load()

    def ask_for_folder(self) -> None:
        """Which folder agents may propose changes to."""
        dialog = QFileDialog(self._dialog or self._parent, "Open a repository to proposals")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.open_folder)
        dialog.open()

    def open_folder(self, folder: str) -> None:
        def opened(target: Target) -> None:
            name, branch = inert_line(target.name, 60), inert_line(target.branch, 60)
            self._done(f"{name} is open to proposals on {branch}. Your checkout is not touched.")

        self._starter.start("open", self._queue.open_target(Path(folder)), opened, failed=self._failed)

    def _close(self, target_id: str) -> None:
        work = self._queue.close_target(target_id)
        self._do(work, "It takes no more proposals. The repository itself was not touched.")

    def _allow_unsandboxed(self, target_id: str, allowed: bool) -> None:
        words = "without a sandbox" if allowed else "in a sandbox, or not at all"
        self._do(self._queue.allow_unsandboxed(target_id, allowed), f"Its tests run {words} from now on.")

    def _ask_for_change(self, target_id: str) -> None:
        target = next((one for one in self._targets if one.id == target_id), None)
        if target is None:
            return
        DecisionDialog(
            self._dialog or self._parent,
            f"Ask for a change to {inert_line(target.name, 60)}",
            "It is posted as a task. An agent that may propose changes takes it, works on a draft, tests it "
            "and ends with a proposal, which waits here for your decision. Nothing is applied before that.",
            ask="What should be different?",
            go="Ask for it",
            stay="Not now",
            gone=lambda words: self._do(
                self._queue.ask_for_change(target_id, words), "It was posted. The proposal will come here."
            ),
            needs_words=True,
        ).open()

    def _do(self, work: Coroutine[Any, Any, object], words: str) -> None:
        self._starter.start("targets", work, lambda _: self._done(words), failed=self._failed)

    def _done(self, words: str) -> None:
        self._say(words, "good")
        self._refresh()
        self._load()

    def _failed(self, error: Exception) -> None:
        self._say(str(error) or type(error).__name__, "bad")
        self._load()

    def _load(self) -> None:
        if self._dialog is not None:
            self._starter.start("targets of the dialog", self._queue.targets(), self._show)

    def _show(self, targets: list[Target]) -> None:
        self._targets = targets
        if self._dialog is not None:
            self._dialog.show_targets(targets)

    def _forget(self) -> None:
        self._dialog = None
