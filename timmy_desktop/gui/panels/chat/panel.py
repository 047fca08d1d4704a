"""Chat: talk with Timmy, see the answer come in, and see who gave it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from timmy_desktop.agent.conversation import ConversationView
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import (
    NewConversation,
    OpenConversation,
    OpenMemory,
    OpenTask,
    Panel,
    ShowPanel,
    Wish,
)
from timmy_desktop.gui.panels.chat.composer import Composer
from timmy_desktop.gui.panels.chat.controller import Chat, ChatController
from timmy_desktop.gui.panels.chat.start_page import StartPage
from timmy_desktop.gui.panels.chat.transcript import Change, Transcript
from timmy_desktop.gui.panels.chat.transcript_view import COLUMN, TranscriptView
from timmy_desktop.gui.reachability import Statuses, no_model_words
from timmy_desktop.gui.recalled import Recalled
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, glyph_button, line, row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.wording import relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.supervisor import TaskSupervisor

_NEW = "New conversation"
_HEAD = 480
_BAR = 10


class ChatPanel(Panel):
    """Conversations above, the transcript, and the box below it."""

    def __init__(
        self,
        *,
        chat: Chat,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        statuses: Statuses,
        now_us: Callable[[], int],
        folder_is_open: Callable[[], bool],
        all_local: bool = False,
        memory: Recalled | None = None,
    ) -> None:
        """`all_local` where the settings keep everything on this machine.

        `memory` tells what the answers took from it.
        """
        super().__init__()
        self._keepsakes, self._statuses, self._folder_is_open = keepsakes, statuses, folder_is_open
        self.slot_tasks = SlotTasks.of(self, supervisor, "chat")
        self.transcript = Transcript()
        self.controller = ChatController(chat, self.slot_tasks, self.transcript, self, memory)
        self.composer = Composer(keepsakes)
        if all_local:
            self.composer.keep_all_local()
        self.view = TranscriptView(self.transcript, now_us)
        self.start_page = StartPage()
        self.fault = EmptyState("bad", "", "", tone="bad")
        self.busy = BusyBar()
        self.offline = NoticeBar("Router", lambda: self.wished.emit(ShowPanel("router")))
        self.conversations = Choice()
        self.conversations.setAccessibleName("Conversation")
        self.new_button = glyph_button("plus", _NEW, self.new_conversation)
        self._started = self._loaded = False
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self.conversations.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.conversations.setMinimumContentsLength(10)
        self.conversations.setMaximumWidth(_HEAD)
        head = row(self.conversations, self.new_button, margins=(GAP + TIGHT, GAP, GAP, GAP))
        head.setStretch(0, 1)
        head.addStretch()
        self.stack = QStackedWidget()
        for page in (self.view, self.start_page, self.fault):
            self.stack.addWidget(page)
        self.foot = QWidget()
        foot = column(gap=0, margins=(0, 0, 0, 0))
        foot.addLayout(row(self.offline, margins=(GAP + TIGHT, GAP, GAP + TIGHT, 0), gap=0))
        foot.addWidget(self.composer)
        self.foot.setLayout(foot)
        self.foot.setMaximumWidth(COLUMN + 2 * (GAP + TIGHT))
        # The bar of the transcript takes its width off the column above.
        below = row(gap=0, margins=(0, 0, _BAR, 0))
        below.addStretch(1)
        below.addWidget(self.foot, 1000)
        below.addStretch(1)
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(head)
        layout.addWidget(line())
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)
        layout.addLayout(below)
        self.setLayout(layout)

    def _wire(self) -> None:
        self.composer.send_requested.connect(self.controller.send)
        self.composer.stop_requested.connect(self.controller.stop_answer)
        self.composer.local_only_chosen.connect(self.controller.choose_local_only)
        self.start_page.prompt_chosen.connect(self.composer.write)
        self.view.retry_requested.connect(self.controller.answer_again)
        self.view.task_requested.connect(lambda task_id: self.wished.emit(OpenTask(task_id)))
        self.view.recalled_requested.connect(self.controller.turn_recalled)
        self.view.memory_requested.connect(lambda entry_id: self.wished.emit(OpenMemory(entry_id)))
        self.conversations.activated.connect(self._chosen)
        TickWhileVisible(self, self._tick)

    # What the window asks of a panel.

    def start(self) -> None:
        """Reads the conversations; once the services run."""
        if not self._started:
            self._started = True
            self.composer.restore_draft()
            self.controller.start(self._keepsakes.text("conversation"))

    def fulfil(self, wish: Wish) -> bool:
        if isinstance(wish, OpenConversation):
            if wish.conversation_id:
                self.controller.open(wish.conversation_id)
            return True
        if isinstance(wish, NewConversation):
            self.new_conversation()
            return True
        return False

    def focus_first(self) -> None:
        self.composer.edit.setFocus()

    def palette_actions(self) -> list[QAction]:
        action = QAction(_NEW, self)
        action.triggered.connect(self.new_conversation)
        return [action]

    def unfinished(self) -> str:
        return "Timmy is still answering" if self.controller.answering_anywhere else ""

    def settle(self) -> bool:
        return self._loaded and not self.view.busy and not self.slot_tasks.running("open")

    def stop(self) -> None:
        self.composer.keep_draft()
        self.view.stop()
        self.controller.stop()
        self.slot_tasks.stop()

    def new_conversation(self) -> None:
        """An empty page; nothing is stored before the first message."""
        self.controller.begin()
        self.composer.edit.setFocus()

    # What the controller tells.

    def show_loading(self) -> None:
        self.busy.start("Reading the conversation")

    def show_fault(self, words: str) -> None:
        self.busy.finish()
        self._loaded = True
        again = ("Try again", lambda: self.controller.start(self._keepsakes.text("conversation")))
        self.fault.show_state("bad", "The conversation can't be read", words, (again,), tone="bad")
        self.stack.setCurrentWidget(self.fault)

    def show_conversations(self, views: Sequence[ConversationView], current: str) -> None:
        self.conversations.clear()
        if not current:
            self.conversations.addItem(_NEW, "")
        for view in views:
            self.conversations.addItem(inert_line(view.title, 80) or _NEW, view.id)
            tip = f"Last message {relative_time(view.updated_us)}"
            tip += ", local only" if view.local_only else ""
            self.conversations.setItemData(self.conversations.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.conversations.setCurrentIndex(max(0, self.conversations.findData(current)))
        self._keepsakes.put("conversation", current)

    def show_local_only(self, local_only: bool) -> None:
        self.composer.show_local_only(local_only)

    def show_not_kept(self, words: str) -> None:
        self.composer.show_not_kept(words)

    def show_transcript(self) -> None:
        self.busy.finish()
        self._loaded = True
        self.composer.history.reset(self.transcript.questions())
        self.view.show_all()
        self._show_page()

    def show_change(self, change: Change) -> None:
        self.view.show_change(change)
        self._show_page()

    def show_answering(self, answering: bool) -> None:
        self.composer.show_answering(answering)
        self.subtitle_changed.emit("answering" if answering else "")

    def show_sent(self) -> None:
        self.composer.show_sent()
        self.view.jump_to_latest()

    def show_not_sent(self, words: str) -> None:
        self.composer.show_not_sent(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.controller.answering:
            self.controller.stop_answer()
            return
        super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 320)

    def _show_page(self) -> None:
        self.start_page.show_folder(self._folder_is_open())
        self.stack.setCurrentWidget(self.view if len(self.transcript) else self.start_page)

    def _chosen(self, place: int) -> None:
        conversation_id = str(self.conversations.itemData(place) or "")
        if conversation_id:
            self.controller.open(conversation_id)
        else:
            self.controller.begin()

    def _tick(self) -> None:
        self.view.tick()
        self.start_page.show_folder(self._folder_is_open())
        self._look_for_models()

    def _look_for_models(self) -> None:
        words = no_model_words(self._statuses())
        self.offline.say(f"No model answers, so Timmy can't either. {words}" if words else "")
