"""The widgets that stand between the lines of a diff: comments, and the box in which one is written."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QWidget

from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.growing_edit import GrowingEdit
from timmy_desktop.gui.widgets.parts import button, column, label, row

LONGEST = 4_000
_EDGE = GAP


class DraftBox(QFrame):
    """A comment being written. Ctrl+Enter keeps it, Escape drops it."""

    kept = Signal(str)
    dropped = Signal()
    resized = Signal()

    def __init__(self, about: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("variant", "card")
        self.edit = GrowingEdit(enter_sends=False, most_characters=LONGEST)
        self.edit.setAccessibleName(about)
        self.edit.setPlaceholderText("What should be different?")
        self.keep_button = button("Comment", self._keep, variant="primary", hint="Ctrl+Enter")
        self.drop_button = button("Discard", self.dropped.emit, variant="quiet", hint="Escape")
        layout = column(
            label(about, tone="muted", size="small"), self.edit, gap=TIGHT, margins=(GAP, GAP, GAP, GAP)
        )
        layout.addLayout(row(self.keep_button, self.drop_button, None))
        self.setLayout(layout)
        self.edit.submitted.connect(self._keep)
        self.edit.textChanged.connect(self.resized.emit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dropped.emit()
        # Keys of the diff below must not act while somebody writes.

    def _keep(self) -> None:
        text = self.edit.text().strip()
        if text:
            self.keep_button.setEnabled(False)
            self.kept.emit(text)

    def keep_failed(self) -> None:
        """It could not be kept: it can be tried again."""
        self.keep_button.setEnabled(True)


class Embedded:
    """Widgets on the viewport, each in the place that its part has."""

    def __init__(self, viewport: QWidget) -> None:
        self._viewport = viewport
        self._widgets: dict[str, QWidget] = {}

    def put(self, key: str, make: Callable[[], QWidget]) -> QWidget:
        """The widget of this key, made when it is asked for first."""
        if key not in self._widgets:
            self._widgets[key] = make()
        return self._widgets[key]

    def keep_only(self, keys: set[str]) -> None:
        """Lets go of the others."""
        for key in set(self._widgets) - keys:
            widget = self._widgets.pop(key)
            widget.hide()
            widget.deleteLater()

    def height(self, widget: QWidget, width: int) -> int:
        """How high a widget is at the view's width, with the room around it."""
        wide = self._width(width)
        layout = widget.layout()
        if layout is not None and layout.hasHeightForWidth():
            return layout.totalHeightForWidth(wide) + 2 * _EDGE
        return widget.sizeHint().height() + 2 * _EDGE

    def place(self, widget: QWidget, top: int, height: int, width: int) -> None:
        widget.setGeometry(_EDGE, top + _EDGE, self._width(width), height - 2 * _EDGE)
        widget.setVisible(top + height > 0 and top < self._viewport.height())

    def hide_but(self, shown: set[QWidget]) -> None:
        for widget in self._widgets.values():
            if widget not in shown:
                widget.hide()

    def _width(self, width: int) -> int:
        return max(min(width - 2 * _EDGE, 760), 120)
