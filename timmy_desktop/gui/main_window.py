"""The window: docks of the panels, the line at the bottom, and what stands between them and the services."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QTabWidget

from timmy_desktop.gui.disuse import Disuse
from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.first_run import FirstRun
from timmy_desktop.gui.glyphs import application_icon
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.menus import Menus
from timmy_desktop.gui.panel import (
    NewConversation,
    NewTask,
    OpenPreferences,
    PanelSpec,
    Say,
    ShowPanel,
    Wish,
)
from timmy_desktop.gui.responsiveness import CalmInterpreter
from timmy_desktop.gui.scrubber.desk import ScrubberDesk
from timmy_desktop.gui.status import StatusLine
from timmy_desktop.gui.theme import GAP, Theme
from timmy_desktop.gui.widgets.message_bar import MessageBar
from timmy_desktop.gui.window_dialogs import WindowDialogs
from timmy_desktop.gui.window_head import WindowHead
from timmy_desktop.gui.window_layout import WindowLayout
from timmy_desktop.gui.workspaces import Workspaces
from timmy_desktop.paths import Paths

# What follows the services is imported where it is first used: importing a Qt class for the first time costs
# milliseconds, and the window is to be painted before all that.
if TYPE_CHECKING:
    from timmy_desktop.gui.approvals import Approvals
    from timmy_desktop.gui.boxes.desk import BoxDesk
    from timmy_desktop.gui.live_status import LiveStatus
    from timmy_desktop.gui.scrubber.conductor import Conductor
    from timmy_desktop.gui.startup import StartupPage
    from timmy_desktop.gui.tasks import SlotTasks
    from timmy_desktop.gui.welcome import Welcome
    from timmy_desktop.services import Services
    from timmy_desktop.settings import Settings
    from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)
_LOOK_AGAIN_MS = 50


class MainWindow(QMainWindow):
    """Shown before the services exist; `attach` gives it them, `detach` takes them away."""

    closed = Signal()
    """The person closed the window, and agreed where work was running."""
    retry_requested = Signal()
    """Starting failed and the person wants another try."""
    painted = Signal()
    """The window was on screen for the first time."""

    def __init__(
        self,
        *,
        paths: Paths,
        specs: Sequence[PanelSpec],
        store: LayoutStore,
    ) -> None:
        super().__init__()
        self._paths, self._store = paths, store
        self.supervisor: TaskSupervisor | None = None
        """Runs what outlives the services, as keeping a key does; one of its own where none is set."""
        self._live: LiveStatus | None = None
        self._approvals: Approvals | None = None
        self._boxes: BoxDesk | None = None
        self._page: StartupPage | None = None
        self._may_close = self._laid_out = self._was_painted = False
        self._focusing = QTimer(self)
        self._focusing.setInterval(_LOOK_AGAIN_MS)
        self._focusing.timeout.connect(self._focus_where_work_begins)
        self.docks = {spec.name: PanelDock(spec, self) for spec in specs}
        self.messages, self.status = MessageBar(), StatusLine()
        self.head = WindowHead(self._toggle_palette, self._switch_theme)
        self.workspaces = Workspaces(self, store, self.grant)
        docks = list(self.docks.values())
        self.layouts = WindowLayout(
            self, docks=docks, store=store, say=self.grant,
            may_keep=lambda: self._page is None and self._was_painted,
        )  # fmt: skip
        self.first_run = FirstRun(
            store=store, place=self.head.add, tasks=lambda: self._tasks, say=self.grant, parent=self
        )
        self.dialogs = WindowDialogs(
            self, paths=paths, tasks=lambda: self._tasks, pulls=self.first_run.pulls, say=self.grant
        )
        self.past = ScrubberDesk(self, docks=self.docks, place=self.head.add, say=self.grant)
        self.menus = Menus(self, self.head.menu_bar, docks, self._slots())
        self._dress()
        self._wire()
        self._store.restore_geometry(self)

    # What the application calls

    def show_progress(self, words: str) -> None:
        """What starting is busy with."""
        self.status.show_progress(f"{words}…")

    def attach(self, services: Services) -> None:
        """The services run: builds every panel and begins to follow them."""
        self._clear_page()
        for dock in self.docks.values():
            self._fill(dock, services)
        from timmy_desktop.gui.live_status import LiveStatus

        self._live = LiveStatus(services, self.status, self)
        self._live.said.connect(self.grant)
        self.first_run.attach(self._live, services.models)
        self._live.start()
        from timmy_desktop.gui.approvals import Approvals

        self._approvals = Approvals(services, self.status, self)
        self._approvals.said.connect(self.grant)
        self._approvals.wished.connect(self.grant)
        self._approvals.start()
        self._interpreter = CalmInterpreter(Disuse(self), self, busy=self._live.is_busy)
        self._interpreter.start()
        from timmy_desktop.gui.boxes.desk import BoxDesk

        self._boxes = BoxDesk(self, services, self._tasks, self.grant)
        self.past.attach(services)
        self.menus.enable(True)
        self.workspaces.attach(services.workspace)
        self._focusing.start()

    def detach(self) -> None:
        """The services are about to stop: lets go of them."""
        self.past.detach()
        self.menus.enable(False)
        self._focusing.stop()
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._interpreter.stop()
        if self._approvals is not None:
            self._approvals.stop()
            self._approvals = None
        for dock in self.docks.values():
            if dock.panel is not None:
                dock.panel.stop()
        self.workspaces.detach()
        self.first_run.detach()
        self._boxes = None

    def show_failure(self, error: BaseException) -> None:
        """Starting failed: says so in words, with the ways on."""
        self._clear_page()
        self.status.show_progress("Not started", "bad")
        self.welcome.hide()
        for dock in self.docks.values():
            dock.hide()
        from timmy_desktop.gui.startup import StartupPage, explained

        problem = explained(error)
        folder = self._paths.config_file.parent if problem.is_of_settings else self._paths.data_dir
        self._page = StartupPage(
            problem,
            try_again=self.retry_requested.emit,
            open_folder=partial(_open_folder, folder),
            leave=self.close,
        )
        self.setCentralWidget(self._page)
        QTimer.singleShot(0, self._page.retry_button, self._page.retry_button.setFocus)

    def grant(self, wish: Wish) -> None:
        """Does what a panel wished, or asks the other panels to."""
        if isinstance(wish, Say):
            self.messages.say(wish.text, wish.tone, wish.details)
        elif isinstance(wish, ShowPanel):
            if wish.name in self.docks:
                self.docks[wish.name].bring_forward()
            else:  # what it would show, the doctor tells in short
                self._open_doctor()
        elif isinstance(wish, OpenPreferences):
            self.dialogs.open_preferences(wish.page)
        else:
            self._ask_panels(wish)

    @property
    def welcome(self) -> Welcome:
        """The card that says what is missing; most starts never need it."""
        return self.first_run.card

    @property
    def conductor(self) -> Conductor | None:
        """What drives the docks through the past; None until somebody first looks at it."""
        return self.past.conductor

    @property
    def settled(self) -> bool:
        """Whether everything asked for is on screen; screenshots wait for it."""
        panels = [dock.panel for dock in self.docks.values()]
        is_there = self._live is not None and self.past.settled
        return is_there and all(panel is None or panel.settle() for panel in panels)

    def close_now(self) -> None:
        """Closes without a question, as after a signal."""
        self._may_close = True
        self.close()

    def come_forward(self) -> None:
        """Brings the window to the front: somebody started the application again."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def show_part(self, part: str) -> bool:
        """What of the window itself `screenshot --part` may ask for."""
        return self.past.show_part(part)

    def back_to_now(self) -> None:
        """Every dock shows the present again."""
        self.past.leave()

    def reset_layout(self) -> None:
        """Puts the docks where they stand on a first start."""
        self.layouts.reset()

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._laid_out:
            self._laid_out = True
            self.setFocus()
            self.layouts.restore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.layouts.note_size()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.past.in_past:
            self.back_to_now()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self, self._stand)

    def closeEvent(self, event: QCloseEvent) -> None:
        running = self._live.running if self._live is not None else 0
        clauses = [dock.panel.unfinished() for dock in self.docks.values() if dock.panel is not None]
        clauses = [clause for clause in clauses if clause]
        if not self._may_close and (running or clauses):
            event.ignore()
            self.dialogs.ask_before_closing(running, clauses, self.close_now)
            return
        self.layouts.remember()
        event.accept()
        self.closed.emit()

    # Building

    def _dress(self) -> None:
        self.setObjectName("timmy-window")
        self.setWindowTitle("Timmy Desktop")
        self.setWindowIcon(application_icon())
        self.setMinimumSize(800, 520)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.head.add(self.messages)
        self.setMenuWidget(self.head)
        self.setStatusBar(self.status)
        self.setContentsMargins(GAP, 0, GAP, 0)
        self.menus.enable(False)
        self.menus.actions["back_to_now"].setEnabled(False)
        self._show_recent()

    def _wire(self) -> None:
        self.workspaces.changed.connect(self._show_recent)
        self.status.chosen.connect(self._show_place)
        self.first_run.workspace_requested.connect(self.workspaces.choose)
        self.first_run.models_requested.connect(lambda: self.dialogs.open_preferences("Models"))
        self.first_run.details_requested.connect(self._open_doctor)
        self.dialogs.settings_saved.connect(self._take_settings)
        self.past.past_shown.connect(self._show_past)

    def _slots(self) -> dict[str, Callable[[], object]]:
        return {
            "new_task": lambda: self._ask_panels(NewTask()),
            "new_conversation": lambda: self._ask_panels(NewConversation()),
            "open_workspace": self.workspaces.choose,
            "close_workspace": self.workspaces.close,
            "preferences": self.dialogs.open_preferences,
            "quit": self.close,
            "palette": self._toggle_palette,
            "switch_theme": self._switch_theme,
            "scrub": self.past.enter,
            "back_to_now": self.back_to_now,
            "save_layout": self.layouts.save,
            "load_layout": self.layouts.load,
            "reset_layout": self.reset_layout,
            "keys": lambda: self.dialogs.open_keys(self.menus.keys()),
            "doctor": self._open_doctor,
            "verify": self._verify,
            "export_box": lambda: self._boxes and self._boxes.export(),
            "open_box": lambda: self._boxes and self._boxes.open(),
            "open_data_folder": partial(_open_folder, self._paths.data_dir),
            "about": self.dialogs.open_about,
        }

    @cached_property
    def _tasks(self) -> SlotTasks:
        from timmy_desktop.gui.tasks import SlotTasks
        from timmy_desktop.supervisor import TaskSupervisor

        return SlotTasks(self.supervisor or TaskSupervisor(), self.grant, "window")

    def _fill(self, dock: PanelDock, services: Services) -> None:
        try:
            panel = dock.spec.build(services)
        except Exception as error:  # the other panels still work
            logger.exception("The panel %r could not be built", dock.spec.name)
            dock.fail(str(error) or type(error).__name__)
            return
        panel.wished.connect(self.grant)
        dock.put(panel)

    def _stand(self) -> None:
        self.layouts.raise_floating()
        self.painted.emit()

    def _focus_where_work_begins(self) -> None:
        """Once that panel stands, however long others take, unless the person has gone somewhere already."""
        dock = self.docks.get("chat") or next(iter(self.docks.values()), None)
        if dock is None or dock.panel is None or not dock.panel.settle():
            return
        self._focusing.stop()
        if QApplication.focusWidget() in (None, self, self.head.search):
            dock.panel.focus_first()

    def _clear_page(self) -> None:
        if self._page is None:
            return
        page, self._page = self._page, None
        self.takeCentralWidget()
        page.deleteLater()
        self.layouts.restore()

    # What the person does

    def _ask_panels(self, wish: Wish) -> None:
        if self.past.in_past:
            self.messages.say("This is the past, to be looked at only. Esc goes back to now.", "info")
            return
        for dock in self.docks.values():
            if dock.panel is not None and dock.panel.fulfil(wish):
                dock.show()
                dock.raise_()
                return
        self.messages.say("Nothing in this window can show that yet.", "info")

    def _show_place(self, place: str) -> None:
        if place == "chain":
            self._verify()
        elif place in self.docks:
            self.docks[place].bring_forward()
        else:
            self._open_doctor()

    def _show_past(self, past: bool) -> None:
        self.menus.show_past(past)
        self.first_run.enable(not past)
        if not past:
            self._focusing.start()

    def _show_recent(self) -> None:
        self.menus.show_recent(self._store.recent_workspaces, self.workspaces.open)

    def _verify(self) -> None:
        if self._live is not None:
            self._live.verify(aloud=True)

    def _open_doctor(self) -> None:
        if self._live is not None:
            self.dialogs.open_doctor(self._live)

    def _toggle_palette(self) -> None:
        self.dialogs.toggle_palette(
            lambda: self.menus.commands(self._store.recent_workspaces, self.workspaces.open)
        )

    def _take_settings(self, settings: Settings) -> None:
        for dock in self.docks.values():
            if dock.panel is not None:
                dock.panel.take_settings(settings)

    def _switch_theme(self) -> None:
        theme = Theme.current()
        theme.switch("light" if theme.is_dark else "dark")
        self._store.theme = theme.name
        from timmy_desktop.gui.preferences.document import save_theme
        from timmy_desktop.settings import SettingsError

        try:
            save_theme(self._paths.config_file, theme.name)
        except SettingsError as error:
            self.messages.say(str(error), "warn")


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
