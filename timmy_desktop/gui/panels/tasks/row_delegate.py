"""Paints a task in two lines: what it is and what it costs; how it goes, who does it and since when."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.tasks.model import VIEW_ROLE, money_of, title_of
from timmy_desktop.gui.panels.tasks.status_look import LOOKS
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.two_line_rows import paint_ground, two_line_size
from timmy_desktop.gui.wording import duration, relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.swarm.task import TaskStatus, TaskView

_MARK = 18
_SECOND_US = 1_000_000
_LONG_US = 2 * _SECOND_US
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_Index = QModelIndex | QPersistentModelIndex


class TaskRowDelegate(QStyledItemDelegate):
    """Needs a model that gives TaskViews by VIEW_ROLE."""

    def __init__(self, now_us: Callable[[], int], *, simulated: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_us, self._simulated = now_us, simulated

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return two_line_size()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view = index.data(VIEW_ROLE)
        if not isinstance(view, TaskView):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        box = option.rect.adjusted(GAP + TIGHT, GAP, -GAP - TIGHT, -GAP)
        _paint_mark(painter, box, view)
        _paint_words(painter, box.adjusted(_MARK + GAP + 2, 0, 0, 0), view, self._now_us(), self._simulated)
        painter.restore()


def second_line(view: TaskView, now_us: int) -> tuple[str, str]:
    """The status word, and what follows it: the agent and how long it takes or took."""
    parts = [inert_line(view.agent_name, 40)]
    if view.status.is_terminal:
        parts.append(duration(view.duration_ms) if view.duration_ms else "")
    elif view.agent_id and now_us - view.updated_us >= _SECOND_US:
        parts.append(duration((now_us - view.updated_us) // _SECOND_US * 1000))
        if view.status is TaskStatus.RUNNING and not view.provider and now_us - view.updated_us >= _LONG_US:
            parts.append("waits for the model")
    if view.attempt > 1:
        parts.append(f"attempt {view.attempt}")
    if view.local_only:
        parts.append("local only")
    return LOOKS[view.status].word, "".join(f" · {part}" for part in parts if part)


def _paint_mark(painter: QPainter, box: QRect, view: TaskView) -> None:
    look, theme = LOOKS[view.status], Theme.current()
    top = box.top() + (QFontMetrics(theme.font()).height() - _MARK) // 2
    paint_glyph(painter, look.glyph, QRect(box.left(), top, _MARK, _MARK), theme.color(look.role))


def _paint_words(painter: QPainter, box: QRect, view: TaskView, now_us: int, simulated: bool) -> None:
    theme = Theme.current()
    body, small = QFontMetrics(theme.font()), QFontMetrics(theme.font("small"))
    first = QRect(box.left(), box.top(), box.width(), body.height())
    second = QRect(box.left(), first.bottom() + 1 + TIGHT, box.width(), small.height())
    status, rest = second_line(view, now_us)
    role = LOOKS[view.status].role
    # The text of a task matters more than its price: that gives way first on a narrow dock.
    left = _right_words(painter, first, money_of(view), "text" if view.paid_msat else "muted", small=False)
    _left_words(painter, left, title_of(view), "text", small=False)
    age = relative_time(view.created_us, now_us)
    label = "simulated · " if simulated and money_of(view) else ""
    left = _right_words(painter, second, f"{label}{age}", "muted", small=True)
    left = _left_words(painter, left, status, role, small=True)
    _left_words(painter, left, rest, "muted", small=True)


def _right_words(painter: QPainter, box: QRect, words: str, role: str, *, small: bool) -> QRect:
    """Writes at the right end; returns what is left of the box."""
    if not words:
        return box
    font = Theme.current().font("small" if small else "body")
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    painter.drawText(box, _RIGHT, words)
    return box.adjusted(0, 0, -QFontMetrics(font).horizontalAdvance(words) - GAP - TIGHT, 0)


def _left_words(painter: QPainter, box: QRect, words: str, role: str, *, small: bool) -> QRect:
    """Writes at the left end, cut with an ellipsis; returns what is left of the box."""
    font = Theme.current().font("small" if small else "body")
    metrics = QFontMetrics(font)
    painter.setFont(font)
    painter.setPen(Theme.current().color(role))
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, _LEFT, shown)
    return box.adjusted(metrics.horizontalAdvance(shown), 0, 0, 0)
