"""A task's story on screen: what happened at the left, when and for how long as bars at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.events.story import Span
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import button, label, row
from timmy_desktop.gui.widgets.two_line_rows import left_words, paint_ground, quiet_list, right_words
from timmy_desktop.gui.wording import count, duration, exact_time, short_id

SPAN_ROLE = Qt.ItemDataRole.UserRole
_MARK, _INDENT, _TIME_ROOM = 16, 18, 84
_TEXT_SHARE, _LEAST_TEXT = 0.5, 200
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex


class StoryModel(QAbstractListModel):
    """Spans in order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.spans: list[Span] = []

    def show_spans(self, spans: Sequence[Span]) -> None:
        self.beginResetModel()
        self.spans = list(spans)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.spans)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        span = self.spans[index.row()]
        if role == SPAN_ROLE:
            return span
        if role == Qt.ItemDataRole.DisplayRole:
            return span.title
        if role == Qt.ItemDataRole.ToolTipRole:
            words = (
                f"{exact_time(span.start_us)}, {took(span)}"
                if span.microseconds
                else exact_time(span.start_us)
            )
            return f"{span.title}\n{words}\n{span.detail}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (span.title, took(span), span.detail) if part)
        return None

    @property
    def ends(self) -> tuple[int, int]:
        """When the story begins and ends."""
        if not self.spans:
            return 0, 1
        begin, end = min(span.start_us for span in self.spans), max(span.end_us for span in self.spans)
        return begin, max(end, begin + 1)


def took(span: Span) -> str:
    """How long; nothing for a moment."""
    if not span.microseconds:
        return ""
    words = f"{span.microseconds} µs" if span.microseconds < 1000 else duration(span.microseconds // 1000)
    return f"{words}, goes on" if span.is_open else words


class StoryDelegate(QStyledItemDelegate):
    """One line: picture, words, bar, duration."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return QSize(300, QFontMetrics(Theme.current().font()).height() + GAP + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        span, model = index.data(SPAN_ROLE), index.model()
        if not isinstance(span, Span) or not isinstance(model, StoryModel):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        box = option.rect.adjusted(GAP + TIGHT, 0, -GAP - TIGHT, 0)
        text_width = max(_LEAST_TEXT, int(box.width() * _TEXT_SHARE))
        text = QRect(
            box.left() + span.depth * _INDENT,
            box.top(),
            text_width - span.depth * _INDENT - GAP,
            box.height(),
        )
        self._words(painter, text, span)
        bars = QRect(box.left() + text_width, box.top(), box.width() - text_width, box.height())
        right_words(painter, bars, took(span) or exact_time(span.start_us)[11:], "muted", mono=True)
        self._bar(painter, bars.adjusted(0, 0, -_TIME_ROOM - GAP, 0), span, model.ends)
        painter.restore()

    def _words(self, painter: QPainter, box: QRect, span: Span) -> None:
        theme = Theme.current()
        mark = QRect(box.left(), box.center().y() - _MARK // 2, _MARK, _MARK)
        paint_glyph(painter, span.glyph, mark, theme.color(span.tone))
        box = box.adjusted(_MARK + GAP, 0, 0, 0)
        role = span.tone if span.tone in ("bad", "warn") else "text"
        box = left_words(painter, box, span.title, role)
        if span.detail and box.width() > 4 * GAP:
            left_words(painter, box.adjusted(GAP, 0, 0, 0), span.detail, "muted", small=True)

    def _bar(self, painter: QPainter, box: QRect, span: Span, ends: tuple[int, int]) -> None:
        if box.width() < 4 * GAP:
            return
        theme, (begin, end) = Theme.current(), ends
        scale = box.width() / (end - begin)
        left = box.left() + (span.start_us - begin) * scale
        width = max(3.0, span.microseconds * scale)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("border"))
        painter.drawRect(QRectF(box.left(), box.center().y(), box.width(), 1))
        painter.setBrush(theme.tint(span.tone, 0.75))
        painter.drawRoundedRect(QRectF(min(left, box.right() - 3), box.center().y() - 4, width, 9), 2, 2)


class StoryList(QListView):
    """Return goes to the event."""

    event_wanted = Signal(int)

    def __init__(self, model: StoryModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(StoryDelegate(self))
        self.setUniformItemSizes(True)
        quiet_list(self, "Story of the task")
        self.doubleClicked.connect(self._go)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _go(self, index: QModelIndex) -> None:
        span = index.data(SPAN_ROLE)
        if isinstance(span, Span):
            self.event_wanted.emit(span.seq)


class StoryPage(QWidget):
    """In the place of the list; Escape goes back."""

    back_wanted = Signal()
    task_wanted = Signal(str)
    event_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.model = StoryModel(self)
        self.list = StoryList(self.model)
        self.list.event_wanted.connect(self.event_wanted)
        self.task_id = ""
        self._title, self._facts = label(strong=True), label(tone="muted", size="small")
        back = button("Back", self.back_wanted.emit, variant="quiet", hint="Back to the list (Escape)")
        task = button(
            "Open the task", lambda: self.task_wanted.emit(self.task_id), variant="quiet", glyph="tasks"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row(back, self._title, self._facts, None, task, margins=(GAP, TIGHT, GAP, TIGHT)))
        layout.addWidget(self.list, 1)

    def show_story(self, task_id: str, spans: Sequence[Span], events: int) -> None:
        self.task_id = task_id
        self.model.show_spans(spans)
        begin, end = self.model.ends
        self._title.setText(f"Story of task {short_id(task_id)}")
        whole = duration((end - begin) // 1000)
        self._facts.setText(f"{count(events, 'event')} in {whole}, from {exact_time(begin)[:19]}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back_wanted.emit()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 80)
