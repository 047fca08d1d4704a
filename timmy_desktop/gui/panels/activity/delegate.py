"""Paints a row of the feed: picture, sentence, and below it who, which task and when."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.activity.model import ActivityModel, Row
from timmy_desktop.gui.panels.activity.sentences import who
from timmy_desktop.gui.theme import GAP, RADIUS, Theme
from timmy_desktop.gui.wording import relative_time, short_id

_DISC, _LEFT, _PAD = 28, 12, 7
_MARKED = {"good": "good", "warn": "warn", "bad": "bad"}


class ActivityDelegate(QStyledItemDelegate):
    """Severity is a shape (triangle, octagon, tick) as well as a colour."""

    def __init__(self, model: ActivityModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.now_us = 0
        """What times are relative to; the panel moves it on once a second."""
        self.refresh_fonts()

    def refresh_fonts(self) -> None:
        """After a switch of theme."""
        theme = Theme.current()
        self._body, self._small = theme.font(), theme.font("small")
        self._mono = theme.font("small", mono=True)
        self._body_metrics, self._small_metrics = QFontMetrics(self._body), QFontMetrics(self._small)
        self.height = self._body_metrics.height() + self._small_metrics.height() + 2 * _PAD + 2

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(120, self.height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = self._model.row(index)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, rect, option.state)
        self._paint_disc(painter, rect, row)
        left = rect.left() + _LEFT + _DISC + 10
        words = QRect(left, rect.top() + _PAD, rect.right() - left - 12, self._body_metrics.height())
        self._paint_sentence(painter, words, row)
        below = QRect(left, words.bottom() + 3, words.width(), self._small_metrics.height())
        self._paint_below(painter, below, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, rect: QRect, state: QStyle.StateFlag) -> None:
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if not chosen and not state & QStyle.StateFlag.State_MouseOver:
            return
        theme = Theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("selection" if chosen else "hover"))
        painter.drawRoundedRect(rect.adjusted(4, 1, -4, -1), RADIUS - 2, RADIUS - 2)

    def _paint_disc(self, painter: QPainter, rect: QRect, row: Row) -> None:
        theme, shown = Theme.current(), row.sentence(self._model.names)
        disc = QRectF(rect.left() + _LEFT, rect.center().y() - _DISC / 2 + 1, _DISC, _DISC)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(shown.tone, 0.12))
        painter.drawEllipse(disc)
        glyph = _MARKED.get(shown.tone, shown.glyph)
        paint_glyph(painter, glyph, disc.adjusted(6.5, 6.5, -6.5, -6.5), theme.color(shown.tone))

    def _paint_sentence(self, painter: QPainter, rect: QRect, row: Row) -> None:
        painter.setFont(self._body)
        painter.setPen(Theme.current().color("text"))
        text = row.sentence(self._model.names).text
        shown = self._body_metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_below(self, painter: QPainter, rect: QRect, row: Row) -> None:
        painter.setPen(Theme.current().color("muted"))
        when = relative_time(row.record.time_us, self.now_us)
        painter.setFont(self._small)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, when)
        room = rect.adjusted(0, 0, -self._small_metrics.horizontalAdvance(when) - GAP, 0)
        event = row.record.event
        name = "" if row.is_of_several else who(event.agent_id, self._model.names)
        left = self._write(painter, room, name or row.record.type, self._small)
        if event.task_id:
            left = self._write(painter, room.adjusted(left, 0, 0, 0), " · ", self._small) + left
            self._write(painter, room.adjusted(left, 0, 0, 0), short_id(event.task_id), self._mono)

    def _write(self, painter: QPainter, rect: QRect, text: str, font: QFont) -> int:
        painter.setFont(font)
        metrics = QFontMetrics(font)
        if rect.width() < 12:
            return 0
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        return metrics.horizontalAdvance(shown)
