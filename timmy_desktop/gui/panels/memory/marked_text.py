"""Paints one line of text with marked words in it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter

from timmy_desktop.gui.panels.memory.snippets import Mark
from timmy_desktop.gui.theme import Theme

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def paint_marked(
    painter: QPainter, box: QRect, text: str, marks: Sequence[Mark], font: QFont, role: str = "text"
) -> None:
    """Cuts the text with an ellipsis where the box ends; a mark is a tint and a line below the word."""
    theme, metrics = Theme.current(), QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    whole = len(shown) if shown == text else len(shown) - 1
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    for start, length in marks:
        if start >= whole:
            break
        left = box.left() + metrics.horizontalAdvance(shown[:start])
        width = metrics.horizontalAdvance(shown[start : min(start + length, whole)])
        ground = QRectF(left - 1, box.top(), width + 2, box.height())
        painter.setBrush(theme.tint("accent", 0.26))
        painter.drawRoundedRect(ground, 3, 3)
        painter.setBrush(theme.color("accent"))
        painter.drawRect(QRectF(left, box.bottom(), width, 1))
    painter.setPen(theme.color(role))
    painter.drawText(box, _LEFT, shown)
