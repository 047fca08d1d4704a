"""Paints a memory in two lines: what it says and how well it fits; what it is, why it was found, its age."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.memory.marked_text import paint_marked
from timmy_desktop.gui.panels.memory.model import ROW_ROLE
from timmy_desktop.gui.panels.memory.rows import Row, second_line
from timmy_desktop.gui.panels.memory.wording import TYPES, state_words
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.two_line_rows import TwoLineDelegate, left_words, right_words
from timmy_desktop.gui.wording import relative_time

_PIN, _BAR, _NARROW = 14, 34, 380
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def memory_delegate(now_us: Callable[[], int], parent: QObject | None = None) -> TwoLineDelegate:
    """For a model that gives Rows by ROW_ROLE."""

    def mark(row: Row) -> tuple[str, str]:
        return TYPES[row.type].glyph, TYPES[row.type].role

    def lines(painter: QPainter, first: QRect, second: QRect, row: Row) -> None:
        _paint_first(painter, first, row)
        _paint_second(painter, second, row, now_us())

    return TwoLineDelegate(ROW_ROLE, Row, lines, mark=mark, parent=parent)


def _paint_first(painter: QPainter, box: QRect, row: Row) -> None:
    theme = Theme.current()
    if row.pinned:
        place = QRect(box.right() - _PIN, box.top() + (box.height() - _PIN) // 2, _PIN, _PIN)
        paint_glyph(painter, "pin", place, theme.color("accent"))
        box.setRight(box.right() - _PIN - GAP)
    if row.score is not None:
        box = _paint_score(painter, box, row.score)
    is_held = not row.superseded_by and row.state != "rejected"
    paint_marked(painter, box, row.text, row.marks, theme.font(), "text" if is_held else "muted")


def _paint_second(painter: QPainter, box: QRect, row: Row, now_us: int) -> None:
    left = right_words(painter, box, relative_time(row.created_us, now_us), "muted")
    word, tone = state_words(row.state, row.superseded_by)
    left = left_words(painter, left, f"{word} · " if word else "", tone or "muted", small=True)
    if not row.reason or box.width() >= _NARROW:
        end = " · " if row.reason else ""
        left = left_words(painter, left, second_line(row) + end, "muted", small=True)
    left_words(painter, left, row.reason, "accent", small=True)


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
