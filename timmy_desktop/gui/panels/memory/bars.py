"""Numbers by name as horizontal bars, each with its value; for statistics."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.theme import GAP, Theme
from timmy_desktop.inert import inert_line

_ROW, _NAMES, _NUMBERS = 22, 116, 60


class Bars(QWidget):
    """Shows ready numbers; screen readers hear them as the widget's name."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._values: list[tuple[str, int, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_values(self, values: Sequence[tuple[str, int, str]]) -> None:
        """Name, number, and the role of the bar's colour."""
        self._values = [(inert_line(name, 40), number, role) for name, number, role in values]
        told = ", ".join(f"{name} {number:,}" for name, number, _ in self._values)
        self.setAccessibleName(f"{self._title}: {told}")
        self.setToolTip(told)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(264, _ROW * len(self._values))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _ROW * len(self._values))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small, mono = theme.font("small"), theme.font("small", mono=True)
        names = min(_NAMES, self.width() // 3)
        room = max(self.width() - names - _NUMBERS - 2 * GAP, 10)
        most = max((number for _, number, _ in self._values), default=0) or 1
        for place, (name, number, role) in enumerate(self._values):
            top = place * _ROW
            painter.setFont(small)
            painter.setPen(theme.color("muted"))
            shown = QFontMetrics(small).elidedText(name, Qt.TextElideMode.ElideRight, names)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRect(0, top, names, _ROW), middle | Qt.AlignmentFlag.AlignLeft, shown)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(role))
            width = max(2.0, room * number / most)
            painter.drawRoundedRect(QRectF(names + GAP, top + _ROW / 2 - 4, width, 8), 2, 2)
            painter.setFont(mono)
            painter.setPen(theme.color("text"))
            numbers = QRect(self.width() - _NUMBERS, top, _NUMBERS, _ROW)
            painter.drawText(numbers, middle | Qt.AlignmentFlag.AlignRight, f"{number:,}")
