"""Paints a memory in two lines: what it says and how well it fits; what it is, why it was found, its age."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.memory.marked_text import paint_marked
from timmy_desktop.gui.panels.memory.model import ROW_ROLE
from timmy_desktop.gui.panels.memory.rows import Row, second_line
from timmy_desktop.gui.panels.memory.wording import TYPES, state_words
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.two_line_rows import paint_ground, two_line_size
from timmy_desktop.gui.wording import relative_time

_MARK, _BAR, _NARROW = 18, 34, 380
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_Index = QModelIndex | QPersistentModelIndex


class RowDelegate(QStyledItemDelegate):
    """Needs a model that gives Rows by ROW_ROLE."""

    def __init__(self, now_us: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_us = now_us

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return two_line_size()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        box = option.rect.adjusted(GAP + TIGHT, GAP, -GAP - TIGHT, -GAP)
        look, height = TYPES[row.type], QFontMetrics(Theme.current().font()).height()
        place = QRect(box.left(), box.top() + (height - _MARK) // 2, _MARK, _MARK)
        paint_glyph(painter, look.glyph, place, Theme.current().color(look.role))
        _paint_words(painter, box.adjusted(_MARK + GAP + 2, 0, 0, 0), row, self._now_us())
        painter.restore()


def _paint_words(painter: QPainter, box: QRect, row: Row, now_us: int) -> None:
    theme = Theme.current()
    body, small = QFontMetrics(theme.font()), QFontMetrics(theme.font("small"))
    first = QRect(box.left(), box.top(), box.width(), body.height())
    second = QRect(box.left(), first.bottom() + 1 + TIGHT, box.width(), small.height())
    if row.pinned:
        side = 14
        paint_glyph(
            painter,
            "pin",
            QRect(first.right() - side, first.top() + (first.height() - side) // 2, side, side),
            theme.color("accent"),
        )
        first.setRight(first.right() - side - GAP)
    if row.score is not None:
        first = _paint_score(painter, first, row.score)
    is_held = not row.superseded_by and row.state != "rejected"
    paint_marked(painter, first, row.text, row.marks, theme.font(), "text" if is_held else "muted")
    left = _right_words(painter, second, relative_time(row.created_us, now_us))
    word, tone = state_words(row.state, row.superseded_by)
    left = _left_words(painter, left, f"{word} · " if word else "", tone or "muted")
    if row.reason and box.width() < _NARROW:
        _left_words(painter, left, row.reason, "accent")
        return
    left = _left_words(painter, left, second_line(row) + (" · " if row.reason else ""), "muted")
    _left_words(painter, left, row.reason, "accent")


def _paint_score(painter: QPainter, box: QRect, score: float) -> QRect:
    """A bar and its number; returns what is left of the box."""
    theme = Theme.current()
    font = theme.font("small", mono=True)
    words = f"{score:.2f}"
    width = QFontMetrics(font).horizontalAdvance(words)
    painter.setFont(font)
    painter.setPen(theme.color("muted"))
    painter.drawText(box, _RIGHT, words)
    right = box.right() - width - GAP
    bar = QRectF(right - _BAR, box.center().y() - 1, _BAR, 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("border"))
    painter.drawRoundedRect(bar, 2, 2)
    painter.setBrush(theme.color("accent"))
    painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(4.0, _BAR * min(score, 1.0)), 4), 2, 2)
    return box.adjusted(0, 0, -width - _BAR - 2 * GAP - TIGHT, 0)


def _right_words(painter: QPainter, box: QRect, words: str) -> QRect:
    font = Theme.current().font("small")
    painter.setFont(font)
    painter.setPen(Theme.current().color("muted"))
    painter.drawText(box, _RIGHT, words)
    return box.adjusted(0, 0, -QFontMetrics(font).horizontalAdvance(words) - GAP - TIGHT, 0)


def _left_words(painter: QPainter, box: QRect, words: str, role: str) -> QRect:
    if not words or box.width() <= 0:
        return box
    font = Theme.current().font("small")
    metrics = QFontMetrics(font)
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, _LEFT, shown)
    return box.adjusted(metrics.horizontalAdvance(shown), 0, 0, 0)
