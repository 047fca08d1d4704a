"""A few measured values side by side, each over its caption; they wrap where the room ends."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from timmy_desktop.gui.theme import GAP, HAIR, ROOM, Theme
from timmy_desktop.inert import inert_line

Fact = tuple[str, str, str]
"""Value, caption, and what the pointer tells about it."""
_WIDEST = 200


class FactsStrip(QWidget):
    """Shows ready words; screen readers hear them as the widget's name."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: list[Fact] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        self._facts = [(inert_line(value, 60), inert_line(name, 40), tip) for value, name, tip in facts]
        self.setAccessibleName(", ".join(f"{name} {value}" for value, name, _ in self._facts))
        self.updateGeometry()
        self.update()

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What it shows."""
        return [(value, name) for value, name, _ in self._facts]

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return places[-1].bottom() + 1 if places else 0

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(max(self.width(), 240)))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.heightForWidth(max(self.width(), 80)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.heightForWidth(event.size().width()) != event.size().height():
            self.updateGeometry()  # the facts wrap otherwise at this width

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            tip = self._tip_at(event.pos())
            QToolTip.showText(event.globalPos(), tip, self) if tip else QToolTip.hideText()
            return True
        return super().event(event)  # type: ignore[arg-type]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        body, small = theme.font("body", strong=True), theme.font("small")
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        down = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft
        for (value, name, _), place in zip(self._facts, self._places(self.width()), strict=True):
            painter.setFont(body)
            painter.setPen(theme.color("text"))
            shown = QFontMetrics(body).elidedText(value, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, top, shown)
            painter.setFont(small)
            painter.setPen(theme.color("muted"))
            painter.drawText(place, down, name)

    def _places(self, width: int) -> list[QRect]:
        theme = Theme.current()
        body, small = QFontMetrics(theme.font("body", strong=True)), QFontMetrics(theme.font("small"))
        height = body.height() + HAIR + small.height()
        places, left, top = [], 0, 0
        for value, name, _ in self._facts:
            wide = min(_WIDEST, width, max(body.horizontalAdvance(value), small.horizontalAdvance(name)) + 2)
            if left and left + wide > width:
                left, top = 0, top + height + GAP
            places.append(QRect(left, top, wide, height))
            left += wide + ROOM
        return places

    def _tip_at(self, point: QPoint) -> str:
        for (value, _, tip), place in zip(self._facts, self._places(self.width()), strict=True):
            if place.contains(point):
                return tip or value
        return ""
