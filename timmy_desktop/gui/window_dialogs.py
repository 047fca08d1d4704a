"""The dialogs that the window's menus open, each imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.wording import count
from timmy_desktop.paths import Paths

if TYPE_CHECKING:
    from timmy_desktop.gui.command import Command
    from timmy_desktop.gui.live_status import LiveStatus
    from timmy_desktop.gui.preferences.models import ModelPulls
    from timmy_desktop.gui.tasks import SlotTasks


class WindowDialogs(QObject):
    """None of them waits: the window goes on behind each."""

    settings_saved = Signal(object)
    """The Settings that were saved in Preferences."""

    def __init__(
        self,
        window: QWidget,
        *,
        paths: Paths,
        tasks: Callable[[], SlotTasks],
        pulls: Callable[[], ModelPulls | None],
        say: Callable[[Say], object],
    ) -> None:
        super().__init__(window)
        self._window, self._paths = window, paths
        self._tasks, self._pulls, self._say = tasks, pulls, say

    def open_doctor(self, live: LiveStatus) -> None:
        """What is there, what is missing, and what to do about it."""
        from timmy_desktop.gui.dialogs import DoctorDialog

        DoctorDialog(self._window, live.findings, live.check_models).open()

    def open_keys(self, groups: Sequence[tuple[str, list[tuple[str, str]]]]) -> None:
        """Every shortcut."""
        from timmy_desktop.gui.dialogs import KeysDialog

        KeysDialog(self._window, list(groups)).open()

    def open_about(self) -> None:
        """The version, and where the data is."""
        from timmy_desktop.gui.dialogs import AboutDialog

        AboutDialog(self._window, str(self._paths.data_dir)).open()

    def toggle_palette(self, commands: Callable[[], list[Command]]) -> None:
        """Opens the command palette; asked for again it goes."""
        from timmy_desktop.gui.command_palette import CommandPalette

        shown = self._window.findChild(CommandPalette)
        if shown is not None:
            shown.leave()
        else:
            CommandPalette(commands(), self._window).open()

    def open_preferences(self, page: str = "") -> None:
        """The settings, beginning at `page`; a file that can't be read is told instead."""
        from timmy_desktop.gui.preferences import PreferencesDialog
        from timmy_desktop.settings import Secrets, SettingsError

        try:
            dialog = PreferencesDialog(
                self._window, self._paths.config_file, Secrets(), self._tasks(), self._say, self._pulls()
            )
        except SettingsError as error:
            self._say(Say(str(error), "bad"))
            return
        dialog.saved.connect(self.settings_saved)
        dialog.show_section(page)
        dialog.open()

    def ask_before_closing(self, running: int, clauses: Sequence[str], go: Callable[[], object]) -> None:
        """Says what closing would interrupt: `running` tasks, and what the panels say of themselves."""
        from timmy_desktop.gui.dialogs import Question

        Question(
            self._window,
            "Close while work is running?",
            _interrupted(running, clauses),
            stay="Keep working",
            go="Close anyway",
            gone=go,
        ).open()


def _interrupted(running: int, clauses: Sequence[str]) -> str:
    words = []
    if running:
        verb, them = ("is", "it") if running == 1 else ("are", "them")
        words.append(
            f"{count(running, 'task')} {verb} running. Closing stops {them} now; "
            f"Timmy takes {them} up again at the next start."
        )
    words += [f"{clause[0].upper()}{clause[1:]}." for clause in clauses]
    return " ".join(words)
