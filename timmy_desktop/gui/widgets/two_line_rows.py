"""What lists with rows of two lines share: their size, the ground of a row, words cut to their room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, RADIUS, TIGHT, Theme

T = TypeVar("T")
PaintLines = Callable[[QPainter, QRect, QRect, T], None]
"""Paints a row's first and second line, each within its box."""

_MARK = 18
_Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class TwoLineDelegate(QStyledItemDelegate):
    """A row of two lines, behind a picture where it has one."""

    def __init__(
        self,
        role: int,
        kind: type[T],
        paint_lines: PaintLines[T],
        *,
        mark: Callable[[T], tuple[str, str]] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """The model gives a `kind` by `role`; `mark` names its glyph and the glyph's role of colour."""
        super().__init__(parent)
        self._role, self._kind = role, kind
        self._paint_lines, self._mark = paint_lines, mark

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return two_line_size()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item = index.data(self._role)
        if not isinstance(item, self._kind):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        theme, box = Theme.current(), option.rect.adjusted(GAP + TIGHT, GAP, -GAP - TIGHT, -GAP)
        body, small = QFontMetrics(theme.font()).height(), QFontMetrics(theme.font("small")).height()
        if self._mark is not None:
            glyph, tone = self._mark(item)
            top = box.top() + (body - _MARK) // 2
            paint_glyph(painter, glyph, QRect(box.left(), top, _MARK, _MARK), theme.color(tone))
            box = box.adjusted(_MARK + GAP + 2, 0, 0, 0)
        first = QRect(box.left(), box.top(), box.width(), body)
        second = QRect(box.left(), first.bottom() + 1 + TIGHT, box.width(), small)
        self._paint_lines(painter, first, second, item)
        painter.restore()


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


def right_words(
    painter: QPainter, box: QRect, words: str, role: str, *, mono: bool = False, small: bool = True
) -> QRect:
    """Writes at the right end; returns what is left of the box."""
    if not words:
        return box
    font = Theme.current().font("small" if small else "body", mono=mono)
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    painter.drawText(box, _RIGHT, words)
    return box.adjusted(0, 0, -QFontMetrics(font).horizontalAdvance(words) - GAP - TIGHT, 0)


def left_words(
    painter: QPainter, box: QRect, words: str, role: str, *, small: bool = False, strong: bool = False
) -> QRect:
    """Writes at the left end, cut with an ellipsis; returns what is left of the box."""
    if not words or box.width() <= 0:
        return box
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
