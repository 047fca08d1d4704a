"""An invoice as a QR code; the one place that knows segno."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.colors import LIGHT

_QUIET = 4
"""Modules of empty ground around a code, as its standard asks for."""


def modules_of(text: str) -> tuple[tuple[bool, ...], ...]:
    """The code's rows, dark is True. Upper case takes a third less room, and means the same in an invoice."""
    import segno

    code = segno.make_qr(text.upper(), error="l", boost_error=True)
    return tuple(tuple(bool(module) for module in line) for line in code.matrix)


class QrCode(QWidget):
    """Dark on light in every theme: cameras want it so."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[tuple[bool, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("QR code of the invoice")

    def show_text(self, text: str) -> None:
        """Shows another text."""
        self.rows = modules_of(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        if not self.rows:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(LIGHT.raised))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(LIGHT.text))
        many = len(self.rows) + 2 * _QUIET
        side = min(self.width(), self.height()) // many or min(self.width(), self.height()) / many
        edge = (min(self.width(), self.height()) - side * len(self.rows)) / 2
        painter.drawRects(
            [
                QRectF(edge + x * side, edge + y * side, side, side)
                for y, line in enumerate(self.rows)
                for x, dark in enumerate(line)
                if dark
            ]
        )
