"""What lists with rows of two lines share: their size, the ground of a row, words cut to their room."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyleOptionViewItem

from timmy_desktop.gui.theme import GAP, RADIUS, TIGHT, Theme

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def two_line_size() -> QSize:
    """The size of a row: a line of text, a small one, and the room around them."""
    theme = Theme.current()
    lines = QFontMetrics(theme.font()).height() + QFontMetrics(theme.font("small")).height()
    return QSize(200, lines + TIGHT + 2 * GAP)


def paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Chosen, under the pointer, focused."""
    theme, state = Theme.current(), option.state
    selected = bool(state & QStyle.StateFlag.State_Selected)
    hovered = bool(state & QStyle.StateFlag.State_MouseOver)
    focused = bool(state & QStyle.StateFlag.State_HasFocus)
    if not (selected or hovered or focused):
        return
    ground = QRectF(option.rect).adjusted(TIGHT + 0.5, 1.5, -TIGHT - 0.5, -1.5)
    painter.setPen(theme.color("accent") if focused else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("selection" if selected else "hover"))
    painter.drawRoundedRect(ground, RADIUS - 2, RADIUS - 2)


def right_words(painter: QPainter, box: QRect, words: str, role: str, *, mono: bool = False) -> QRect:
    """Writes small at the right end; returns what is left of the box."""
    if not words:
        return box
    font = Theme.current().font("small", mono=mono)
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    painter.drawText(box, _RIGHT, words)
    return box.adjusted(0, 0, -QFontMetrics(font).horizontalAdvance(words) - GAP - TIGHT, 0)


def left_words(
    painter: QPainter, box: QRect, words: str, role: str, *, small: bool = False, strong: bool = False
) -> QRect:
    """Writes at the left end, cut with an ellipsis; returns what is left of the box."""
    font = Theme.current().font("small" if small else "body", strong=strong)
    metrics = QFontMetrics(font)
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, _LEFT, shown)
    return box.adjusted(metrics.horizontalAdvance(shown), 0, 0, 0)


def wrapped(words: str, width: int) -> list[str]:
    """`words`, small, on one line where they fit in `width`, else on two, the second cut with an ellipsis."""
    metrics = QFontMetrics(Theme.current().font("small"))
    if metrics.horizontalAdvance(words) <= width or " " not in words:
        return [words]
    first, rest = "", words.split(" ")
    while rest and metrics.horizontalAdvance(f"{first} {rest[0]}".strip()) <= width:
        first = f"{first} {rest.pop(0)}".strip()
    return [first, " ".join(rest)] if first and rest else [words]


def quiet_list(view: QListView, name: str) -> None:
    """A list as the house shows it."""
    view.setAccessibleName(name)
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setMouseTracking(True)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
