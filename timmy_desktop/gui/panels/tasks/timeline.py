"""The life of a task as a list: one thread down the left, what happened in words, and when."""

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
)
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.tasks.life import Moment
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.wording import duration, exact_time

MOMENT_ROLE = Qt.ItemDataRole.UserRole
OFFSET_ROLE = Qt.ItemDataRole.UserRole + 1
_MARK, _EDGE = 16, GAP + TIGHT
_SHORT_LINES, _LONG_LINES = 2, 40
_NO_PARENT = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_WRAP = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere | Qt.AlignmentFlag.AlignLeft


class TimelineModel(QAbstractListModel):
    """Moments in order; new ones are appended, another task's replace them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._moments: list[Moment] = []

    def show_moments(self, moments: Sequence[Moment]) -> None:
        known = len(self._moments)
        if known and list(moments[:known]) == self._moments:
            self._append(moments[known:])
            return
        self.beginResetModel()
        self._moments = list(moments)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._moments)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        moment = self._moments[index.row()]
        if role == MOMENT_ROLE:
            return moment
        if role == OFFSET_ROLE:
            return offset_words(moment.time_us - self._moments[0].time_us)
        if role == Qt.ItemDataRole.DisplayRole:
            return moment.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return exact_time(moment.time_us)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{moment.title}. {moment.detail}" if moment.detail else moment.title
        return None

    def _append(self, moments: Sequence[Moment]) -> None:
        if moments:
            first = len(self._moments)
            self.beginInsertRows(QModelIndex(), first, first + len(moments) - 1)
            self._moments.extend(moments)
            self.endInsertRows()


def offset_words(microseconds: int) -> str:
    """`+420 ms` since the task was posted; nothing for the beginning itself."""
    return f"+{duration(microseconds // 1000)}" if microseconds > 0 else ""


class TimelineDelegate(QStyledItemDelegate):
    """Two lines of detail; all of it on the chosen row."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        view = option.widget
        width = view.viewport().width() if isinstance(view, QAbstractItemView) else 300
        current = isinstance(view, QAbstractItemView) and view.currentIndex().row() == index.row()
        moment = index.data(MOMENT_ROLE)
        height = QFontMetrics(Theme.current().font()).height()
        if moment.detail:
            height += 2 + _detail_height(moment.detail, _detail_width(width), opened=current)
        return QSize(width, height + GAP + TIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        moment, offset = index.data(MOMENT_ROLE), index.data(OFFSET_ROLE)
        last = index.row() == index.model().rowCount() - 1
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, option)
        _paint_thread(painter, option.rect, moment, first=index.row() == 0, last=last)
        _paint_words(painter, option, moment, offset)
        painter.restore()


def _detail_width(width: int) -> int:
    return max(40, width - 2 * _EDGE - _MARK - GAP)


def _detail_height(text: str, width: int, *, opened: bool) -> int:
    metrics = QFontMetrics(Theme.current().font("small"))
    most = metrics.lineSpacing() * (_LONG_LINES if opened else _SHORT_LINES)
    # Only as much text is measured as can be shown: a tool's answer may be long.
    text = text[: width * (_LONG_LINES if opened else _SHORT_LINES)]
    return min(most, metrics.boundingRect(QRect(0, 0, width, 100_000), _WRAP, text).height())


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    theme, state = Theme.current(), option.state
    if not state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
        return
    selected = bool(state & QStyle.StateFlag.State_Selected)
    focused = bool(state & QStyle.StateFlag.State_HasFocus)
    painter.setPen(theme.color("accent") if focused else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("selection" if selected else "hover"))
    painter.drawRoundedRect(QRectF(option.rect).adjusted(TIGHT + 0.5, 0.5, -TIGHT - 0.5, -0.5), 6, 6)


def _paint_thread(painter: QPainter, rect: QRect, moment: Moment, *, first: bool, last: bool) -> None:
    theme = Theme.current()
    height = QFontMetrics(theme.font()).height()
    top = rect.top() + TIGHT + GAP // 4 + (height - _MARK) // 2
    x = rect.left() + _EDGE + _MARK / 2
    painter.setPen(theme.color("border"))
    if not first:
        painter.drawLine(int(x), rect.top(), int(x), top - 3)
    if not last:
        painter.drawLine(int(x), top + _MARK + 3, int(x), rect.bottom() + 1)
    paint_glyph(
        painter, moment.glyph, QRect(rect.left() + _EDGE, top, _MARK, _MARK), theme.color(moment.role)
    )


def _paint_words(painter: QPainter, option: QStyleOptionViewItem, moment: Moment, offset: str) -> None:
    theme, rect = Theme.current(), option.rect
    body, small = QFontMetrics(theme.font()), QFontMetrics(theme.font("small"))
    left = rect.left() + _EDGE + _MARK + GAP
    line = QRect(left, rect.top() + TIGHT + GAP // 4, rect.right() - left - _EDGE, body.height())
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("muted"))
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, offset)
    room = line.width() - small.horizontalAdvance(offset) - GAP
    painter.setFont(theme.font())
    painter.setPen(theme.color(moment.role if moment.role in ("bad", "warn") else "text"))
    title = body.elidedText(moment.title, Qt.TextElideMode.ElideRight, room)
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
    if moment.detail:
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        below = QRect(left, line.bottom() + 3, line.width(), rect.bottom() - line.bottom() - TIGHT - 2)
        painter.setClipRect(below)
        painter.drawText(below, _WRAP, moment.detail[: below.width() * _LONG_LINES])


class Timeline(QListView):
    """The chosen moment opens; Ctrl+C copies it."""

    def __init__(self) -> None:
        super().__init__()
        self.moments = TimelineModel(self)
        self.setModel(self.moments)
        self.setItemDelegate(TimelineDelegate(self))
        self.setAccessibleName("Timeline")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.selectionModel().currentChanged.connect(lambda: self.scheduleDelayedItemsLayout())

    def show_moments(self, moments: Sequence[Moment]) -> None:
        """Follows the newest moment where the person was looking at the end."""
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - GAP
        was_empty = self.moments.rowCount() == 0
        self.moments.show_moments(moments)
        if at_end and not was_empty:
            self.scrollToBottom()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def keyPressEvent(self, event: Any) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self.currentIndex().isValid():
            moment = self.currentIndex().data(MOMENT_ROLE)
            words = (exact_time(moment.time_us), moment.title, moment.detail)
            QGuiApplication.clipboard().setText("\n".join(part for part in words if part))
            return
        super().keyPressEvent(event)
