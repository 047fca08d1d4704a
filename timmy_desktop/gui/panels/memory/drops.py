"""Takes files that are dropped on the dock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class DropTarget(QObject):
    """`hover(is_over)` says when files are over the widget, `dropped(paths)` what was let go there."""

    def __init__(
        self, widget: QWidget, hover: Callable[[bool], object], dropped: Callable[[Sequence[Path]], object]
    ) -> None:
        super().__init__(widget)
        self._hover, self._dropped = hover, dropped
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)
        for field in widget.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # a path as words to search for helps nobody

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            if dropped_files(event.mimeData()):
                event.acceptProposedAction()
                self._hover(True)
            return True
        if event.type() == QEvent.Type.DragLeave:
            self._hover(False)
        elif event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            event.acceptProposedAction()
            self._hover(False)
            self._dropped(dropped_files(event.mimeData()))
            return True
        return False


def dropped_files(mime: QMimeData) -> list[Path]:
    """The files and folders of this computer in it; empty for anything else."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile() and url.toLocalFile()]
