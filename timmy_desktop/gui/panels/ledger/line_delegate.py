"""Paints a cell of the lines in one go: Qt's own way would ask Python seven questions for each."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from timmy_desktop.gui.panels.ledger.lines_model import NUMBERS, Column, LinesModel, role_of
from timmy_desktop.gui.panels.ledger.words import state_look
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.pill import paint_mark

_Index = QModelIndex | QPersistentModelIndex
_MARK = 7
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SELECTED = QStyle.StateFlag.State_Selected
_ELIDED = Qt.TextElideMode.ElideRight


class LineDelegate(QStyledItemDelegate):
    """The mark of the state stands before its word, or before what it is where there is no room for words.

    The chosen line is framed while the keyboard is in the table.
    """

    def __init__(self, model: LinesModel, table: QWidget) -> None:
        super().__init__(table)
        self._model, self._table = model, table
        self.mark_column = int(Column.STATE)
        self._looks: dict[str, tuple[QFont, QFontMetrics, QColor]] = {}
        Theme.current().changed.connect(self._looks.clear)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return QSize(60, 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        column, line = index.column(), self._model.row_at(index.row())
        box: QRect = option.rect
        if option.state & _SELECTED:
            painter.fillRect(box, Theme.current().color("selection"))
            if self._table.hasFocus():
                painter.setPen(Theme.current().color("accent"))
                painter.drawLine(box.topLeft(), box.topRight())
                painter.drawLine(box.bottomLeft(), box.bottomRight())
        if line is None:
            words, role = str(self._model.waiting(column, Qt.ItemDataRole.DisplayRole) or ""), "muted"
        else:
            words, role = self._model.words(line, column), role_of(line, column)
        left = box.left() + GAP
        if line is not None and column == self.mark_column:
            place = QRectF(left, box.center().y() - _MARK / 2 + 0.5, _MARK, _MARK)
            paint_mark(painter, place, state_look(line).tone)
            left += _MARK + GAP
        room = QRect(left, box.top(), box.right() - left - TIGHT, box.height())
        font, metrics, color = self._look(role, number=column in NUMBERS)
        painter.setFont(font)
        painter.setPen(color)
        shown = metrics.elidedText(words, _ELIDED, room.width())
        painter.drawText(room, _RIGHT if column in NUMBERS else _LEFT, shown)

    def _look(self, role: str, *, number: bool) -> tuple[QFont, QFontMetrics, QColor]:
        key = f"{role}{number}"
        if key not in self._looks:
            theme = Theme.current()
            font = theme.font("small", mono=True) if number else theme.font()
            self._looks[key] = font, QFontMetrics(font), theme.color(role)
        return self._looks[key]
