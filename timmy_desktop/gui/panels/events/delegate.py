"""Paints a row of the Events list: severity by colour and shape, data as names and values, hits marked.

A screenful is some two hundred cells, painted anew at each jump: colours, words and widths are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.panels.events.columns import COLUMNS, DATA, TYPE, data_parts
from timmy_desktop.gui.panels.events.marks import Mark, marks_of
from timmy_desktop.gui.panels.events.model import EventsModel
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.pill import paint_mark
from timmy_desktop.storage.event_filter import severity_of
from timmy_desktop.storage.event_rows import LogRow

TONES = {"info": "muted", "warning": "warn", "error": "bad"}
_MARK = 8
_BEFORE_HIT = 24
_MOST_KEPT = 4_000
_CLEAR = frozenset({"time", "agent", "severity"})
"""Columns in the text's own colour; the others are muted."""
# As numbers: Python's flags take a microsecond for each question, and a frame asks for every cell.
_SELECTED, _UNDER_MOUSE = QStyle.StateFlag.State_Selected.value, QStyle.StateFlag.State_MouseOver.value
_Index = QModelIndex | QPersistentModelIndex
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class _Words(NamedTuple):
    """What a row shows, made once."""

    tone: str
    texts: tuple[str, ...]
    parts: list[tuple[str, str]]


class _Pen(NamedTuple):
    """A font and how wide it writes: each text is measured once."""

    font: QFont
    metrics: QFontMetrics
    wide: float
    """The width of every character of a monospaced font; 0 for others."""
    widths: dict[str, int]

    def width(self, text: str) -> int:
        if self.wide:
            return round(self.wide * len(text))
        found = self.widths.get(text)
        if found is None:
            if len(self.widths) > _MOST_KEPT:
                self.widths.clear()
            found = self.widths[text] = self.metrics.horizontalAdvance(text)
        return found


class EventsDelegate(QStyledItemDelegate):
    """`words` are marked wherever they stand."""

    def __init__(self, model: EventsModel, parent: object = None) -> None:
        super().__init__(parent)  # type: ignore[arg-type]
        self._model = model
        self._kept: dict[int, _Words] = {}
        self.words: Sequence[str] = ()
        self.refresh_fonts()

    def refresh_fonts(self) -> None:
        """After a switch of theme as well."""
        theme = Theme.current()
        self._body, self._mono = _pen(theme.font("small")), _pen(theme.font("small", mono=True), mono=True)
        roles = ("text", "muted", "warn", "bad", "selection", "hover", "border", "accent")
        self._colors = {role: QColor(theme.color(role)) for role in roles}
        self._error_ground, self._hit_ground = theme.tint("bad", 0.07), theme.tint("accent", 0.3)
        self.height = QFontMetrics(theme.font()).height() + TIGHT + 2

    def forget(self) -> None:
        """Other names, or another log."""
        self._kept.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return QSize(COLUMNS[index.column()].width, self.height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row, place, rect = self._model.row(index.row()), index.column(), option.rect
        box = rect.adjusted(GAP - 2, 0, -GAP + 2, 0)
        if row is None:
            if place == DATA:
                bar = QRect(box.left(), box.center().y(), box.width() // 3, 2)
                painter.fillRect(bar, self._colors["border"])
            return
        words = self._words_of(row)
        self._paint_ground(painter, option, rect, words.tone)
        if place == TYPE:
            mark = QRectF(box.left(), box.center().y() - _MARK / 2 + 0.5, _MARK, _MARK)
            paint_mark(painter, mark, words.tone, "dot" if words.tone == "muted" else "")
            role = "text" if words.tone == "muted" else words.tone
            self._write(painter, box.adjusted(_MARK + GAP - 2, 0, 0, 0), words.texts[place], role, self._body)
        elif place == DATA:
            self._data(painter, box, words.parts)
        else:
            column = COLUMNS[place]
            pen = self._mono if column.mono else self._body
            role = "text" if column.name in _CLEAR else "muted"
            self._write(painter, box, words.texts[place], role, pen, _RIGHT if column.right else _LEFT)

    def _words_of(self, row: LogRow) -> _Words:
        found = self._kept.get(row.seq)
        if found is None:
            if len(self._kept) > _MOST_KEPT:
                self._kept.clear()
            texts = tuple(
                "" if column.name == "data" else column.text(row, self._model.names) for column in COLUMNS
            )
            found = self._kept[row.seq] = _Words(TONES[severity_of(row.type)], texts, data_parts(row))
        return found

    def _data(self, painter: QPainter, box: QRect, parts: list[tuple[str, str]]) -> None:
        for name, text in self._from_hit(parts, box.width()) if self.words else parts:
            if box.width() < GAP:
                return
            if name:
                left = self._write(painter, box, name, "muted", self._body)
                box = box.adjusted(left + TIGHT, 0, 0, 0)
            left = self._write(painter, box, text, "text", self._body)
            box = box.adjusted(left + GAP + TIGHT, 0, 0, 0)

    def _from_hit(self, parts: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
        """The parts, from the one on in which a word was found where that would be out of sight."""
        used = 0
        for place, (name, text) in enumerate(parts):
            marks = marks_of(text, self.words)
            if not marks:
                used += self._body.width(f"{name}  {text}  ")
                continue
            start, length = marks[0]
            if used + self._body.width(f"{name}  {text[: start + length]}") <= width:
                return parts
            room = width - self._body.width(f"{name}  ")
            return [(name, _nearer(text, start, room, self._body.metrics)), *parts[place + 1 :]]
        return parts

    def _write(
        self, painter: QPainter, box: QRect, text: str, role: str, pen: _Pen, where: int = _LEFT
    ) -> int:
        """Writes into the box, cut where it ends; how wide that is."""
        width = pen.width(text)
        if width > box.width():
            text = pen.metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
            width = pen.width(text)
        if self.words:
            self._mark(painter, box, text, marks_of(text, self.words), pen)
        painter.setFont(pen.font)
        painter.setPen(self._colors[role])
        painter.drawText(box, where, text)
        return width

    def _mark(self, painter: QPainter, box: QRect, shown: str, marks: Sequence[Mark], pen: _Pen) -> None:
        for start, length in marks:
            left = box.left() + pen.width(shown[:start])
            width = pen.width(shown[start : start + length])
            painter.fillRect(QRect(left - 1, box.top() + 2, width + 2, box.height() - 4), self._hit_ground)
            painter.fillRect(QRect(left, box.bottom() - 2, width, 1), self._colors["accent"])

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, tone: str) -> None:
        state = option.state.value
        if state & _SELECTED:
            painter.fillRect(rect, self._colors["selection"])
        elif state & _UNDER_MOUSE:
            painter.fillRect(rect, self._colors["hover"])
        elif tone == "bad":
            painter.fillRect(rect, self._error_ground)


def _pen(font: QFont, *, mono: bool = False) -> _Pen:
    metrics = QFontMetrics(font)
    return _Pen(font, metrics, metrics.horizontalAdvance("0" * 100) / 100 if mono else 0.0, {})


def _nearer(text: str, start: int, room: int, metrics: QFontMetrics) -> str:
    """The text from shortly before a hit on, where the hit would be cut off else."""
    if metrics.horizontalAdvance(text[:start]) < room // 2:
        return text
    space = text.find(" ", max(0, start - _BEFORE_HIT), start)
    return f"…{text[space + 1 if space >= 0 else start :]}"
