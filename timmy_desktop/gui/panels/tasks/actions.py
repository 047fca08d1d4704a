"""What can be done with a task, as a menu: the same under the pointer and behind the three dots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.tasks.export import as_json, as_markdown, file_name
from timmy_desktop.gui.panels.tasks.status_look import can_retry
from timmy_desktop.gui.panels.tasks.tellers import Names
from timmy_desktop.swarm.task import TaskView

_KINDS = {"json": "JSON (*.json)", "md": "Markdown (*.md)"}


class TaskActions:
    """Builds the menu; the panel gives it the ways to act."""

    def __init__(
        self,
        parent: QWidget,
        *,
        cancel: Callable[[str], object],
        retry: Callable[[str], object],
        repost: Callable[[str], object],
        export: Callable[[TaskView, str], object],
    ) -> None:
        self._parent = parent
        self._cancel, self._retry, self._repost, self._export = cancel, retry, repost, export

    def menu(self, view: TaskView) -> QMenu:
        """A menu for this task; whoever opens it owns it."""
        menu = QMenu(self._parent)
        self._life(menu, view)
        menu.addSeparator()
        copy = menu.addAction(icon("copy"), "Copy the result", lambda: _copy(view.result))
        copy.setEnabled(bool(view.result))
        menu.addAction("Copy the task's text", lambda: _copy(view.text))
        menu.addAction("Copy the id", lambda: _copy(view.id))
        menu.addSeparator()
        menu.addAction("Export as Markdown…", lambda: self._export(view, "md"))
        menu.addAction("Export as JSON…", lambda: self._export(view, "json"))
        return menu

    def _life(self, menu: QMenu, view: TaskView) -> None:
        if not view.status.is_terminal:
            menu.addAction(icon("stop"), "Cancel the task", lambda: self._cancel(view.id))
        if can_retry(view.status):
            menu.addAction(icon("retry"), "Try again", lambda: self._retry(view.id))
        menu.addAction(icon("plus"), "Post as a new task…", lambda: self._repost(view.text))


def ask_where(parent: QWidget, view: TaskView, ending: str, chosen: Callable[[str], object]) -> QFileDialog:
    """Opens a save dialog without a loop of its own; `chosen(path)` follows if the person agrees."""
    dialog = QFileDialog(
        parent, "Export the task", str(Path.home() / file_name(view, ending)), _KINDS[ending]
    )
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ending)
    dialog.fileSelected.connect(chosen)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def export_text(view: TaskView, records: Sequence[EventRecord], *, ending: str, name_of: Names) -> str:
    """The contents of the file that `ending` stands for."""
    return as_json(view, records) if ending == "json" else as_markdown(view, records, name_of)


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
