"""The head of a task: state, identifier, age and buttons on one line; what has no room is left out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.parts import row
from timmy_desktop.inert import inert_line


class HeadLine(QWidget):
    """Parts at the left, a gap, parts at the right; those that may go do so in the order given."""

    def __init__(
        self, left: Sequence[QWidget], right: Sequence[QWidget], *, may_go: Sequence[QWidget]
    ) -> None:
        """`may_go`: the least needed first."""
        super().__init__()
        self._parts = (*left, *right)
        self._may_go = tuple(may_go)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setLayout(row(*left, None, *right, gap=GAP))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def event(self, event: QEvent) -> bool:
        # Comes whenever a part changed its words, or was shown or hidden.
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().event(event)

    def fit(self) -> None:
        """Hides what there is no room for, shows again what there is."""
        needed = [part for part in self._parts if part not in self._may_go and not part.isHidden()]
        room = self.width() - sum(part.sizeHint().width() + GAP for part in needed)
        for part in reversed(self._may_go):
            room -= part.sizeHint().width() + GAP
            # Once one has gone, the less needed ones before it go as well.
            shown = room >= 0
            if part.isHidden() == shown:
                part.setVisible(shown)


class OneLine(QLabel):
    """As much of its words as there is room for; all of them on hover."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_words(self, words: str) -> None:
        """Shows other words."""
        self._words = inert_line(words, 400)
        self.setToolTip(self._words)
        self.setAccessibleName(self._words)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, self.width()))
