"""The folder that agents may read: opened, closed, remembered and opened again at the next start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.panel import Say


class WorkspaceLike(Protocol):
    """swarm.tools.workspace.Workspace, as far as the window uses it."""

    @property
    def folder(self) -> Path | None: ...

    def open(self, path: Path) -> None: ...

    def close(self) -> None: ...


class Workspaces(QObject):
    """Between the menu and the workspace; does nothing while no services run."""

    changed = Signal()

    def __init__(self, window: QWidget, store: LayoutStore, say: Callable[[Say], object]) -> None:
        super().__init__(window)
        self._window, self._store, self._say = window, store, say
        self._workspace: WorkspaceLike | None = None

    def attach(self, workspace: WorkspaceLike) -> None:
        """Takes the workspace, and opens in it what was open last time unless the settings named one."""
        self._workspace = workspace
        folder = self._store.workspace
        if not folder or workspace.folder is not None:
            return
        try:
            workspace.open(Path(folder))
        except Exception as error:  # noqa: BLE001 - gone since last time; its message is for the person
            self._say(Say(f"The workspace was not opened again: {error}", "warn"))
            self._store.workspace = ""

    def detach(self) -> None:
        """The services are about to stop."""
        self._workspace = None

    def choose(self) -> None:
        """Lets the person point at a folder."""
        dialog = QFileDialog(self._window, "Open workspace folder", self._store.workspace)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.open)
        dialog.open()

    def open(self, folder: str) -> None:
        """Opens `folder` to the agents, or says why not."""
        if self._workspace is None:
            return
        try:
            self._workspace.open(Path(folder))
        except Exception as error:  # noqa: BLE001 - its message is for the person
            self._say(Say(str(error), "bad"))
            return
        self._store.workspace = folder
        self._store.remember_workspace(folder)
        self.changed.emit()
        self._say(Say(f"Agents can now read {folder}, and nothing outside it.", "good"))

    def close(self) -> None:
        """Opens nothing to the agents any more."""
        if self._workspace is not None:
            self._workspace.close()
            self._store.workspace = ""
            self._say(Say("No folder is open to the agents any more.", "good"))
