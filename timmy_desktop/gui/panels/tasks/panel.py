"""Tasks: post one, watch it being bid for and done, read what came of it and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QSplitter

from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import NewTask, OpenMemory, OpenTask, Panel, Say, ShowPanel, Wish
from timmy_desktop.gui.panels.tasks.actions import TaskActions, ask_where, export_text
from timmy_desktop.gui.panels.tasks.controller import Swarm, TasksController
from timmy_desktop.gui.panels.tasks.detail import DetailPane, menu_below
from timmy_desktop.gui.panels.tasks.list_page import ListPage
from timmy_desktop.gui.panels.tasks.model import TasksModel
from timmy_desktop.gui.panels.tasks.post_box import PostBox
from timmy_desktop.gui.panels.tasks.tellers import FOLLOWED, Names
from timmy_desktop.gui.reachability import Statuses, no_model_words
from timmy_desktop.gui.recalled import Recalled, RecalledGroup
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.parts import column
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.task import TaskView

_WIDE = 720
_CALM_MS = 500


class TasksPanel(Panel):
    """List and detail side by side; on a narrow dock one at a time."""

    def __init__(
        self,
        *,
        swarm: Swarm,
        bus: Bus,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        name_of: Names,
        statuses: Statuses,
        simulated: bool,
        now_us: Callable[[], int],
        memory: Recalled | None = None,
    ) -> None:
        super().__init__()
        self._keepsakes, self._name_of, self._statuses = keepsakes, name_of, statuses
        self.bridge = EventBridge(bus, self, types=FOLLOWED)
        self.slot_tasks = SlotTasks.of(self, supervisor, "tasks")
        self.model = TasksModel(name_of, self)
        self.controller = TasksController(swarm, self.slot_tasks, self.model, self, memory)
        self.post_box = PostBox(keepsakes)
        self.page = ListPage(
            self.post_box, self.model, now_us, simulated, self._show_router, self.controller.load
        )
        self.detail = DetailPane(name_of, now_us, simulated=simulated)
        self.actions_of = TaskActions(
            self,
            cancel=self.controller.cancel,
            retry=self.controller.retry,
            repost=self.write_task,
            export=self._export,
        )
        self._records: Sequence[EventRecord] = ()
        self._wide = True
        self._reading = False
        self._started = False
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.page)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        self.splitter.setSizes([400, 600])
        self.setLayout(column(self.splitter, margins=(0, 0, 0, 0)))

    def _wire(self) -> None:
        self.bridge.batch_ready.connect(self.controller.take)
        # Events that were folded are caught up with once it is calm again.
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self.controller.catch_up)
        self.bridge.folded.connect(lambda _: self._calm.start())
        self.model.older_wanted.connect(self.controller.older)
        self.post_box.post_requested.connect(self._post)
        page, detail = self.page, self.detail
        page.filter_changed.connect(self._filtered)
        page.order_changed.connect(lambda name: self._keep("order", name))
        page.menu_requested.connect(self._menu_at)
        page.list.open_requested.connect(self.open_task)
        page.list.delete_pressed.connect(self._delete_pressed)
        detail.back_requested.connect(self.close_task)
        detail.cancel_requested.connect(self.controller.cancel)
        detail.retry_requested.connect(self.controller.retry)
        detail.more_requested.connect(self._more)
        result = detail.result_page
        for asked in (result.result.memory_requested, result.recalled.entry_requested):
            asked.connect(lambda mark: self.wished.emit(OpenMemory(mark)))
        TickWhileVisible(self, self._look_for_models)

    # What the window asks of a panel.

    def start(self) -> None:
        """Reads the tasks and what was being written; once the services run."""
        if self._started:
            return
        self._started = True
        self.post_box.restore_draft()
        kept = self._keepsakes
        self.controller.load()
        self.page.restore(kept.text("filter"), kept.text("status"), kept.text("order"))

    def fulfil(self, wish: Wish) -> bool:
        if isinstance(wish, OpenTask):
            self.open_task(wish.task_id)
            return True
        if isinstance(wish, NewTask):
            self.write_task(wish.text)
            return True
        return False

    def focus_first(self) -> None:
        self.post_box.edit.setFocus()

    def palette_actions(self) -> list[QAction]:
        find = QAction("Find a task", self)
        find.triggered.connect(self.page.look_for)
        write = QAction("Write a task", self)
        write.triggered.connect(lambda: self.write_task(""))
        return [write, find]

    def settle(self) -> bool:
        return self._started and not self.slot_tasks.running()

    def stop(self) -> None:
        self.post_box.keep_draft()
        self._keepsakes.save()
        self.bridge.stop()
        self._calm.stop()
        self.slot_tasks.stop()

    # Wishes of its own parts.

    def open_task(self, task_id: str) -> None:
        """Shows the task's detail; on a narrow dock in the list's place."""
        self._reading = True
        self._records = ()
        self.page.choose(task_id)
        known = self.model.view_of(task_id)
        if known is not None:
            self.detail.show_opening(known)
        self.controller.open(task_id)
        self._arrange()
        if not self._wide:
            self.detail.tabs.setFocus()

    def close_task(self) -> None:
        """Back to the list."""
        self._reading = False
        self.controller.close_detail()
        self._arrange()
        self.page.list.setFocus()
        if self._wide:
            self.detail.clear()

    def write_task(self, text: str) -> None:
        """Lets the person write a task that begins with `text`."""
        self._reading = self._reading and self._wide
        self._arrange()
        if text:
            self.post_box.write(text)
        self.post_box.edit.setFocus()

    def _post(self, text: str, local_only: bool, max_price_msat: int) -> None:
        self.controller.post(text, local_only=local_only, max_price_msat=max_price_msat)

    def _delete_pressed(self, task_id: str) -> None:
        """Calls off what is under way; what is over stays in the log and in the list."""
        view = self.model.view_of(task_id)
        if view is not None and not view.status.is_terminal:
            self.controller.cancel(task_id)
        else:
            self.say("This task is over: there is nothing to cancel. Tasks are kept in the log.", "info")

    def _filtered(self, text: str, status: str) -> None:
        self._keep("filter", text)
        self._keep("status", status)
        if self._started:
            self.controller.filter(text, status)

    def _keep(self, name: str, value: str) -> None:
        if self._started:
            self._keepsakes.put(name, value)
            self._keepsakes.save()

    def _show_router(self) -> None:
        self.wished.emit(ShowPanel("router"))

    def _menu_at(self, task_id: str, place: QPoint) -> None:
        view = self.model.view_of(task_id)
        if view is not None:
            menu = self.actions_of.menu(view)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(place)

    def _more(self) -> None:
        view = self.model.view_of(self.detail.shown_id)
        if view is not None:
            menu_below(self.actions_of.menu(view), self.detail.more_button)

    def _export(self, view: TaskView, ending: str) -> None:
        ask_where(self, view, ending, lambda path: self.export_to(view.id, ending, path))

    def export_to(self, task_id: str, ending: str, path: str) -> None:
        """Writes the task to `path`, off the window's thread."""
        text_of = partial(export_text, ending=ending, name_of=self._name_of)
        self.slot_tasks.start(
            "export",
            self.controller.export(task_id, text_of, Path(path)),
            lambda _: self.say(f"The task was written to {path}.", "good"),
            failed=lambda error: self.say(
                f"The task was not written to {path}: {error}. Choose another place.", "bad"
            ),
        )

    # What the controller tells.

    def show_loading(self) -> None:
        self.page.show_loading()

    def show_loaded(self) -> None:
        self.page.show_loaded()
        self._tell_subtitle()

    def show_fault(self, words: str) -> None:
        self.page.show_fault(words)

    def show_posted(self, task_id: str) -> None:  # noqa: ARG002 - its event brings the row
        self.post_box.show_posted()

    def show_rejected(self, words: str) -> None:
        self.post_box.show_rejected(words)

    def show_detail(self, view: TaskView, records: Sequence[EventRecord]) -> None:
        self._records = records
        self.detail.show_task(view, records)

    def show_detail_fault(self, words: str) -> None:
        self.detail.show_fault(words)

    def show_recalled(self, words: str, groups: Sequence[RecalledGroup]) -> None:
        self.detail.result_page.show_recalled(words, groups)

    def show_changed(self) -> None:
        self._tell_subtitle()

    def say(self, words: str, tone: str) -> None:
        self.wished.emit(Say(words, tone))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 280)

    def _arrange(self) -> None:
        """Both beside each other where there is room, else the one that is being read."""
        self._wide = self.width() >= _WIDE
        self.page.setVisible(self._wide or not self._reading)
        self.detail.setVisible(self._wide or self._reading)
        self.detail.show_back(not self._wide)
        self._follow_what_is_shown()

    def _follow_what_is_shown(self) -> None:
        """A task that was left on a narrow dock comes back as it is now, and is followed again."""
        shown = self.detail.shown_id
        if self.detail.isHidden() or not shown or shown == self.controller.followed_id:
            return
        known = self.model.view_of(shown)
        if known is not None:
            self.detail.show_opening(known)
        self.controller.open(shown)

    def _tell_subtitle(self) -> None:
        under_way = self.model.under_way
        self.subtitle_changed.emit(f"{under_way} under way" if under_way else "")

    def _look_for_models(self) -> None:
        words = no_model_words(self._statuses())
        self.page.offline.say(f"No model answers, so tasks can't be done. {words}" if words else "")
