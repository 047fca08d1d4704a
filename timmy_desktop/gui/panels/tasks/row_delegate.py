"""Paints a task in two lines: what it is and what it costs; how it goes, who does it and since when."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QPainter

from timmy_desktop.gui.panels.tasks.model import VIEW_ROLE, money_of, title_of
from timmy_desktop.gui.panels.tasks.status_look import LOOKS
from timmy_desktop.gui.widgets.two_line_rows import TwoLineDelegate, left_words, right_words
from timmy_desktop.gui.wording import duration, relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.swarm.task import TaskStatus, TaskView

_SECOND_US = 1_000_000
_LONG_US = 2 * _SECOND_US


def task_delegate(
    now_us: Callable[[], int], *, simulated: bool, parent: QObject | None = None
) -> TwoLineDelegate:
    """For a model that gives TaskViews by VIEW_ROLE."""

    def mark(view: TaskView) -> tuple[str, str]:
        return LOOKS[view.status].glyph, LOOKS[view.status].role

    def lines(painter: QPainter, first: QRect, second: QRect, view: TaskView) -> None:
        _paint_first(painter, first, view)
        _paint_second(painter, second, view, now_us(), simulated)

    return TwoLineDelegate(VIEW_ROLE, TaskView, lines, mark=mark, parent=parent)


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


def _paint_first(painter: QPainter, box: QRect, view: TaskView) -> None:
    """The text of a task matters more than its price: that gives way first on a narrow dock."""
    role = "text" if view.paid_msat else "muted"
    left = right_words(painter, box, money_of(view), role, small=False)
    left_words(painter, left, title_of(view), "text")


def _paint_second(painter: QPainter, box: QRect, view: TaskView, now_us: int, simulated: bool) -> None:
    status, rest = second_line(view, now_us)
    label = "simulated · " if simulated and money_of(view) else ""
    left = right_words(painter, box, f"{label}{relative_time(view.created_us, now_us)}", "muted")
    left = left_words(painter, left, status, LOOKS[view.status].role, small=True)
    left_words(painter, left, rest, "muted", small=True)
