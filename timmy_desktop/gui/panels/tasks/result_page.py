"""What came of a task: its result as Markdown and what it took from the memory, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from timmy_desktop.gui.recalled import RecalledGroup
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.markdown_view import MarkdownView
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, label
from timmy_desktop.gui.widgets.recalled_view import RecalledView
from timmy_desktop.swarm.task import TaskStatus, TaskView

_WAITING = {
    TaskStatus.CREATED: "The task waits for its auction.",
    TaskStatus.BIDDING: "Agents are bidding. The timeline shows who may and who has.",
    TaskStatus.ASSIGNED: "{agent} has the task and is about to begin.",
    TaskStatus.RUNNING: "{agent} is working. The timeline shows each step.",
}


class ResultPage(QScrollArea):
    """Scrolls what the detail pane shows first once a task is over."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Result")
        self.waiting = label(tone="muted", wrap=True)
        self.notice = NoticeBar()
        self.result = MarkdownView()
        self.recalled = RecalledView()
        self.recalled.turned.connect(self._turn_recalled)
        self._groups: Sequence[RecalledGroup] = ()
        self.show_recalled("", ())
        body = QWidget()
        body.setLayout(
            column(
                self.notice,
                self.waiting,
                self.result,
                self.recalled,
                None,
                gap=GAP,
                margins=(GAP + TIGHT, GAP, GAP + TIGHT, ROOM),
            )
        )
        self.setWidget(body)

    def show_task(self, view: TaskView) -> None:
        over = view.status.is_terminal
        agent = view.agent_name or "An agent"
        self.waiting.setText("" if over else _WAITING[view.status].format(agent=agent))
        self.waiting.setVisible(not over)
        tone = {TaskStatus.FAILED: "bad", TaskStatus.CANCELLED: "info"}.get(view.status, "warn")
        self.notice.say(view.reason, tone)
        self.result.setVisible(bool(view.result))
        if view.result != self.result.text:
            self.result.show_text(view.result)
            self.verticalScrollBar().setValue(0)

    def show_recalled(self, words: str, groups: Sequence[RecalledGroup]) -> None:
        """What the result took from the memory; no words where the memory had no part in it."""
        self._groups = groups
        self.recalled.show_words(words)
        self.recalled.show_groups(None)
        self.recalled.setVisible(bool(words))

    def _turn_recalled(self) -> None:
        self.recalled.show_groups(self._groups if self.recalled.list is None else None)
