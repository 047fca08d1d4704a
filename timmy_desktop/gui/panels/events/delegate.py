"""Paints a row of the Events list: severity by colour and shape, data as names and values, hits marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.panels.events.columns import COLUMNS, DATA, TYPE, data_parts
from timmy_desktop.gui.panels.events.marks import Mark, marks_of
from timmy_desktop.gui.panels.events.model import ROW_ROLE
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.pill import paint_mark
from timmy_desktop.storage.event_filter import severity_of
from timmy_desktop.storage.event_rows import LogRow

TONES = {"info": "muted", "warning": "warn", "error": "bad"}
_MARK = 8
_BEFORE_HIT = 24
_Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class EventsDelegate(QStyledItemDelegate):
    """`words` are marked wherever they stand."""

    def __init__(self, parent: object = None) -> None:
        super().__init__(parent)  # type: ignore[arg-type]
        self.words: Sequence[str] = ()
        self.refresh_fonts()

    def refresh_fonts(self) -> None:
        theme = Theme.current()
        self._body, self._mono = theme.font("small"), theme.font("small", mono=True)
        self._metrics = {id(font): QFontMetrics(font) for font in (self._body, self._mono)}
        self.height = QFontMetrics(theme.font()).height() + TIGHT + 2

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return QSize(COLUMNS[index.column()].width, self.height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row, theme = index.data(ROW_ROLE), Theme.current()
        tone = TONES[severity_of(row.type)] if isinstance(row, LogRow) else "muted"
        _paint_ground(painter, option, tone)
        box = option.rect.adjusted(GAP - 2, 0, -GAP + 2, 0)
        if not isinstance(row, LogRow):
            if index.column() == DATA:
                painter.fillRect(
                    QRect(box.left(), box.center().y(), box.width() // 3, 2), theme.color("border")
                )
            return
        column = COLUMNS[index.column()]
        if index.column() in (TYPE, DATA):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.column() == TYPE:
            place = QRectF(box.left(), box.center().y() - _MARK / 2 + 0.5, _MARK, _MARK)
            paint_mark(painter, place, tone, "dot" if tone == "muted" else "")
            box = box.adjusted(_MARK + GAP - 2, 0, 0, 0)
            self._words(painter, box, column.text(row, {}), "text" if tone == "muted" else tone, self._body)
        elif index.column() == DATA:
            self._data(painter, box, row)
        else:
            font = self._mono if column.mono else self._body
            text = str(index.data(Qt.ItemDataRole.DisplayRole))
            role = "text" if column.name in ("time", "agent", "severity") else "muted"
            self._words(painter, box, text, role, font, right=column.right)

    def _data(self, painter: QPainter, box: QRect, row: LogRow) -> None:
        for name, text in self._from_hit(data_parts(row), box.width()):
            if box.width() < GAP:
                return
            box = self._words(painter, box, name, "muted", self._body, gap=TIGHT) if name else box
            box = self._words(painter, box, text, "text", self._body, gap=GAP + TIGHT)

    def _from_hit(self, parts: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
        """The parts, from the one on in which a word was found where that would be out of sight."""
        metrics, used = self._metrics[id(self._body)], 0
        for place, (name, text) in enumerate(parts if self.words else ()):
            before = used
            marks = marks_of(text, self.words)
            if marks:
                start, length = marks[0]
                used += metrics.horizontalAdvance(f"{name}  {text[: start + length]}")
                if used <= width:
                    return parts
                room = width - metrics.horizontalAdvance(f"{name}  ")
                return (
                    [(name, _nearer(text, start, room, metrics)), *parts[place + 1 :]]
                    if before or start
                    else parts
                )
            used += metrics.horizontalAdvance(f"{name}  {text}  ")
        return parts

    def _words(
        self,
        painter: QPainter,
        box: QRect,
        text: str,
        role: str,
        font: QFont,
        *,
        right: bool = False,
        gap: int = 0,
    ) -> QRect:
        """Writes into the box; what is left of it."""
        metrics = self._metrics[id(font)]
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        if self.words:
            self._mark(painter, box, shown, marks_of(shown, self.words), metrics)
        painter.setFont(font)
        painter.setPen(Theme.current().color(role))
        painter.drawText(box, _RIGHT if right else _LEFT, shown)
        return box.adjusted(metrics.horizontalAdvance(shown) + gap, 0, 0, 0)

    def _mark(
        self, painter: QPainter, box: QRect, shown: str, marks: Sequence[Mark], metrics: QFontMetrics
    ) -> None:
        theme = Theme.current()
        for start, length in marks:
            left = box.left() + metrics.horizontalAdvance(shown[:start])
            width = metrics.horizontalAdvance(shown[start : start + length])
            painter.fillRect(
                QRect(left - 1, box.top() + 2, width + 2, box.height() - 4), theme.tint("accent", 0.3)
            )
            painter.fillRect(QRect(left, box.bottom() - 2, width, 1), theme.color("accent"))


def _nearer(text: str, start: int, room: int, metrics: QFontMetrics) -> str:
    """The text from shortly before a hit on, where the hit would be cut off else."""
    if metrics.horizontalAdvance(text[:start]) < room // 2:
        return text
    space = text.find(" ", max(0, start - _BEFORE_HIT), start)
    return f"…{text[space + 1 if space >= 0 else start :]}"


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, tone: str) -> None:
    theme, state = Theme.current(), option.state
    if state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, theme.color("selection"))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(option.rect, theme.color("hover"))
    elif tone == "bad":
        painter.fillRect(option.rect, theme.tint("bad", 0.07))
