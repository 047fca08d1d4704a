"""The window: docks of the panels, the line at the bottom, and what stands between them and the services."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenuBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.disuse import Disuse
from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.glyphs import application_icon
from timmy_desktop.gui.layout import LayoutStore, arrange
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
from timmy_desktop.gui.status import StatusLine
from timmy_desktop.gui.theme import GAP, Theme
from timmy_desktop.gui.widgets.fields import SearchButton
from timmy_desktop.gui.widgets.message_bar import MessageBar
from timmy_desktop.gui.widgets.parts import glyph_button, row
from timmy_desktop.gui.wording import count
from timmy_desktop.gui.workspaces import Workspaces
from timmy_desktop.paths import Paths

# Dialogs, the palette and what follows the services are imported where they are first used: importing a Qt
# class for the first time costs milliseconds, and the window is to be painted before all that.
if TYPE_CHECKING:
    from timmy_desktop.gui.approvals import Approvals
    from timmy_desktop.gui.live_status import LiveStatus
    from timmy_desktop.gui.preferences.models import ModelPulls
    from timmy_desktop.gui.scrubber.bar import ScrubBar
    from timmy_desktop.gui.scrubber.conductor import Conductor
    from timmy_desktop.gui.startup import StartupPage
    from timmy_desktop.gui.tasks import SlotTasks
    from timmy_desktop.gui.welcome import Welcome
    from timmy_desktop.services import Services
    from timmy_desktop.settings import Settings
    from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)
_REMEMBER_MS = 1500
_MODEL_ANSWERED = "model-answered"
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
        self._paths, self._store = paths, store
        self.supervisor: TaskSupervisor | None = None
        """Runs what outlives the services, as keeping a key does; one of its own where none is set."""
        self._services: Services | None = None
        self._pulls: ModelPulls | None = None
        self._live: LiveStatus | None = None
        self.conductor: Conductor | None = None
        """Made when somebody first looks at the past."""
        self._approvals: Approvals | None = None
        self._may_close = self._laid_out = self._dismissed = self._was_painted = False
        self._page: StartupPage | None = None
        self._scrub_bar: ScrubBar | None = None
        self._focusing = QTimer(self)
        self._focusing.setInterval(_LOOK_AGAIN_MS)
        self._focusing.timeout.connect(self._focus_where_work_begins)
        self.docks = {spec.name: PanelDock(spec, self) for spec in specs}
        self.messages, self.status = MessageBar(), StatusLine()
        self.workspaces = Workspaces(self, store, self.grant)
        self._build_frame()
        self._store.restore_geometry(self)

    # What the application calls

    def show_progress(self, words: str) -> None:
        """What starting is busy with."""
        self.status.show_progress(f"{words}…")

    def attach(self, services: Services) -> None:
        """The services run: builds every panel and begins to follow them."""
        self._services = services
        self._clear_page()
        for dock in self.docks.values():
            self._fill(dock, services)
        from timmy_desktop.gui.live_status import LiveStatus

        self._live = LiveStatus(services, self.status, self)
        self._live.said.connect(self.grant)
        self._live.models_changed.connect(self._show_models)
        self._live.start()
        from timmy_desktop.gui.approvals import Approvals

        self._approvals = Approvals(services, self.status, self)
        self._approvals.said.connect(self.grant)
        self._approvals.wished.connect(self.grant)
        self._approvals.start()
        self._interpreter = CalmInterpreter(Disuse(self), self, busy=self._live.is_busy)
        self._interpreter.start()
        self.menus.enable(True)
        self.workspaces.attach(services.workspace)
        self._focusing.start()

    def detach(self) -> None:
        """The services are about to stop: lets go of them."""
        if self.conductor is not None:
            self.conductor.stop()
            self.conductor.deleteLater()
            self.conductor = None
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
        if self._pulls is not None:
            self._pulls.stop()
            self._pulls = None
        self._services = None

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
            self._open_preferences(wish.page)
        else:
            self._ask_panels(wish)

    @cached_property
    def welcome(self) -> Welcome:
        """The card that says what is missing; most starts never need it."""
        from timmy_desktop.gui.welcome import Welcome

        made = Welcome()
        made.hide()
        made.check_requested.connect(self._check_models)
        made.workspace_requested.connect(self.workspaces.choose)
        made.models_requested.connect(lambda: self._open_preferences("Models"))
        made.fetch_requested.connect(self._fetch_model)
        made.stop_requested.connect(self._stop_fetching)
        made.details_requested.connect(self._open_doctor)
        made.dismissed.connect(self._dismiss_welcome)
        self._top.addWidget(made)
        return made

    @cached_property
    def _tasks(self) -> SlotTasks:
        from timmy_desktop.gui.tasks import SlotTasks
        from timmy_desktop.supervisor import TaskSupervisor

        return SlotTasks(self.supervisor or TaskSupervisor(), self.grant, "window")

    @property
    def settled(self) -> bool:
        """Whether everything asked for is on screen; screenshots wait for it."""
        panels = [dock.panel for dock in self.docks.values()]
        is_then = self.conductor is None or self.conductor.settled
        return self._live is not None and is_then and all(panel is None or panel.settle() for panel in panels)

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

    def scrub(self) -> None:
        """Shows the time scrubber."""
        if self._services is None:
            return
        if self.conductor is None:
            self.conductor = self._make_conductor(self._services)
        self.conductor.enter()

    def show_part(self, part: str) -> bool:
        """`past:60` shows the docks as they were after 60 % of the log, as `screenshot --part` asks."""
        name, _, share = part.partition(":")
        if name != "past" or not (share or "50").isdecimal() or self._services is None:
            return False
        self.scrub()
        if self.conductor is not None:
            self.conductor.pick_share(min(int(share or "50"), 100))
        return True

    def back_to_now(self) -> None:
        """Every dock shows the present again."""
        if self.conductor is not None:
            self.conductor.leave()

    def reset_layout(self) -> None:
        """Puts the docks where they stand on a first start."""
        arrange(self, list(self.docks.values()))

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._laid_out:
            self._laid_out = True
            self.setFocus()
            self.reset_layout()
            self._store.restore_docks(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.conductor is not None and self.conductor.in_past:
            self.back_to_now()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self, self._stand)

    def _stand(self) -> None:
        """Docks that float were put back before the window came, which then lay over them."""
        for dock in self.docks.values():
            if dock.isFloating() and dock.isVisible():
                dock.raise_()
        self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        running = self._live.running if self._live is not None else 0
        clauses = [dock.panel.unfinished() for dock in self.docks.values() if dock.panel is not None]
        clauses = [clause for clause in clauses if clause]
        if not self._may_close and (running or clauses):
            event.ignore()
            self._ask_before_closing(running, clauses)
            return
        self._remembering.stop()
        self._remember()
        event.accept()
        self.closed.emit()

    def _remember(self) -> None:
        if self._page is None and self._was_painted:
            self._store.save(self)

    # Building

    def _build_frame(self) -> None:
        # The layout is kept when it changes, not only at a good end.
        self._remembering = QTimer(self)
        self._remembering.setSingleShot(True)
        self._remembering.setInterval(_REMEMBER_MS)
        self._remembering.timeout.connect(self._remember)
        for dock in self.docks.values():
            for moved in (dock.topLevelChanged, dock.dockLocationChanged, dock.closed_by_person):
                moved.connect(lambda *_: self._remembering.start())
        bar = QMenuBar()
        self.menus = Menus(self, bar, list(self.docks.values()), self._slots())
        self.menus.enable(False)
        self.menus.actions["back_to_now"].setEnabled(False)
        self.workspaces.changed.connect(self._show_recent)
        self._show_recent()
        self.status.chosen.connect(self._show_place)
        self._palette_button = SearchButton("Search or run", "Ctrl+K", self._open_palette)
        theme = glyph_button("moon", "Switch between dark and light", self._switch_theme)
        head = row(bar, None, self._palette_button, theme, margins=(0, 6, 0, 2))
        top = QWidget()
        self._top = layout = QVBoxLayout(top)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(head)
        layout.addWidget(self.messages)
        layout.setContentsMargins(0, 0, 0, 6)
        self.setMenuWidget(top)
        self.setStatusBar(self.status)
        self.setContentsMargins(GAP, 0, GAP, 0)

    def _make_conductor(self, services: Services) -> Conductor:
        from timmy_desktop.gui.scrubber.bar import ScrubBar
        from timmy_desktop.gui.scrubber.conductor import Conductor

        if self._scrub_bar is None:
            self._scrub_bar = ScrubBar()
            self._scrub_bar.hide()
            self._top.addWidget(self._scrub_bar)
        made = Conductor(
            scrubber=services.scrubber,
            docks=self.docks,
            bar=self._scrub_bar,
            supervisor=services.supervisor,
            now_us=services.clock.now_us,
            say=self.grant,
            parent=self,
        )
        made.past_entered.connect(lambda: self._show_past(True))
        made.past_left.connect(lambda: self._show_past(False))
        return made

    def _show_past(self, past: bool) -> None:
        self.menus.show_past(past)
        if "welcome" in self.__dict__:
            self.welcome.setEnabled(not past)
        if not past:
            self._focusing.start()

    def _show_recent(self) -> None:
        self.menus.show_recent(self._store.recent_workspaces, self.workspaces.open)

    def _slots(self) -> dict[str, Callable[[], object]]:
        return {
            "new_task": lambda: self._ask_panels(NewTask()),
            "new_conversation": lambda: self._ask_panels(NewConversation()),
            "open_workspace": self.workspaces.choose,
            "close_workspace": self.workspaces.close,
            "preferences": self._open_preferences,
            "quit": self.close,
            "palette": self._open_palette,
            "switch_theme": self._switch_theme,
            "scrub": self.scrub,
            "back_to_now": self.back_to_now,
            "save_layout": self._save_layout,
            "load_layout": self._load_layout,
            "reset_layout": self.reset_layout,
            "keys": self._open_keys,
            "doctor": self._open_doctor,
            "verify": self._verify,
            "export_box": self._export_box,
            "open_box": self._open_box,
            "open_data_folder": self._open_data_folder,
            "about": self._open_about,
        }

    def _fill(self, dock: PanelDock, services: Services) -> None:
        try:
            panel = dock.spec.build(services)
        except Exception as error:  # the other panels still work
            logger.exception("The panel %r could not be built", dock.spec.name)
            dock.fail(str(error) or type(error).__name__)
            return
        panel.wished.connect(self.grant)
        dock.put(panel)

    def _focus_where_work_begins(self) -> None:
        """Once that panel stands, however long others take, unless the person has gone somewhere already."""
        dock = self.docks.get("chat") or next(iter(self.docks.values()), None)
        if dock is None or dock.panel is None or not dock.panel.settle():
            return
        self._focusing.stop()
        if QApplication.focusWidget() in (None, self, self._palette_button):
            dock.panel.focus_first()

    def _clear_page(self) -> None:
        if self._page is None:
            return
        page, self._page = self._page, None
        self.takeCentralWidget()
        page.deleteLater()
        self.reset_layout()
        self._store.restore_docks(self)

    # What the person does

    def _ask_panels(self, wish: Wish) -> None:
        if self.conductor is not None and self.conductor.in_past:
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

    def _show_models(self, found: bool) -> None:
        if found:
            self._dismissed = False
            if not self._store.flag(_MODEL_ANSWERED):
                self._store.set_flag(_MODEL_ANSWERED)
            self.welcome.hide()
        elif not self._dismissed and self._live is not None:
            findings = self._live.findings()
            if (pulls := self._model_pulls()) is not None and self._live.has_embedded():
                self.welcome.show_offer(pulls.library.smallest)
            if self._store.flag(_MODEL_ANSWERED):
                self.welcome.show_offline(findings)
            else:
                self.welcome.show_first_run(findings)
            self.welcome.show()

    def _dismiss_welcome(self) -> None:
        self._dismissed = True
        self.welcome.hide()

    def _check_models(self) -> None:
        if self._live is not None:
            self.welcome.show_checking(True)
            self._live.check_models(lambda: self.welcome.show_checking(False))

    def _verify(self) -> None:
        if self._live is not None:
            self._live.verify(aloud=True)

    def _open_doctor(self) -> None:
        if self._live is not None:
            from timmy_desktop.gui.dialogs import DoctorDialog

            DoctorDialog(self, self._live.findings, self._live.check_models).open()

    def _open_keys(self) -> None:
        from timmy_desktop.gui.dialogs import KeysDialog

        KeysDialog(self, self.menus.keys()).open()

    def _export_box(self) -> None:
        if self._services is None:
            return
        from timmy_desktop.feed.box_writer import BoxWriter
        from timmy_desktop.gui.boxes.exporting import BoxParts, ExportBoxDialog

        services = self._services
        parts = BoxParts(
            writer=BoxWriter(settings=services.settings, secrets=services.secrets, paths=services.paths),
            database=services.paths.database,
            log=services.event_log,
            now_us=services.clock.now_us,
        )
        ExportBoxDialog(self, parts, self._tasks, self.grant).open()

    def _open_box(self) -> None:
        if self._services is None:
            return
        from timmy_desktop.gui.boxes.opening import BoxOpener

        services = self._services
        key = services.event_log.key
        BoxOpener(self, services.database, key, self._tasks, self.grant).choose()

    def _open_about(self) -> None:
        from timmy_desktop.gui.dialogs import AboutDialog

        AboutDialog(self, str(self._paths.data_dir)).open()

    def _open_palette(self) -> None:
        from timmy_desktop.gui.command_palette import CommandPalette

        shown = self.findChild(CommandPalette)
        if shown is not None:
            shown.leave()
            return
        commands = self.menus.commands(self._store.recent_workspaces, self.workspaces.open)
        CommandPalette(commands, self).open()

    def _open_preferences(self, page: str = "") -> None:
        from timmy_desktop.gui.preferences import PreferencesDialog
        from timmy_desktop.settings import Secrets, SettingsError

        try:
            dialog = PreferencesDialog(
                self, self._paths.config_file, Secrets(), self._tasks, self.grant, self._model_pulls()
            )
        except SettingsError as error:
            self.messages.say(str(error), "bad")
            return
        dialog.saved.connect(self._take_settings)
        dialog.show_section(page)
        dialog.open()

    def _take_settings(self, settings: Settings) -> None:
        for dock in self.docks.values():
            if dock.panel is not None:
                dock.panel.take_settings(settings)

    def _model_pulls(self) -> ModelPulls | None:
        if self._pulls is None and self._services is not None:
            from timmy_desktop.gui.preferences.models import ModelPulls

            self._pulls = ModelPulls(self._services.models, self._tasks, self.grant, self)
            self._pulls.changed.connect(self._show_pull)
            self._pulls.ended.connect(self._show_pull)
        return self._pulls

    def _fetch_model(self) -> None:
        if (pulls := self._model_pulls()) is not None:
            pulls.start(pulls.library.smallest.name, is_file=True)

    def _stop_fetching(self) -> None:
        if (pulls := self._pulls) is not None:
            for pull in pulls.all():
                pulls.cancel(pull.name)

    def _show_pull(self, name: str) -> None:
        pull = self._pulls.of(name) if self._pulls is not None else None
        self.welcome.show_pull(pull)
        if pull is None:  # it is here, or it was stopped
            self._check_models()

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

    def _save_layout(self) -> None:
        self._store.save(self, "saved")
        self.messages.say("Layout saved. View, Return to the saved layout brings it back.", "good")

    def _load_layout(self) -> None:
        if not self._store.restore_docks(self, "saved"):
            self.messages.say("No layout was saved yet. View, Save layout keeps this one.", "info")

    def _open_data_folder(self) -> None:
        _open_folder(self._paths.data_dir)

    # Closing

    def _ask_before_closing(self, running: int, clauses: Sequence[str]) -> None:
        words = []
        if running:
            verb, them = ("is", "it") if running == 1 else ("are", "them")
            words.append(
                f"{count(running, 'task')} {verb} running. Closing stops {them} now; "
                f"Timmy takes {them} up again at the next start."
            )
        words += [f"{clause[0].upper()}{clause[1:]}." for clause in clauses]
        from timmy_desktop.gui.dialogs import Question

        Question(
            self,
            "Close while work is running?",
            " ".join(words),
            stay="Keep working",
            go="Close anyway",
            gone=self.close_now,
        ).open()


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
