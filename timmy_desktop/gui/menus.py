"""The window's menus and shortcuts: one action for each thing, in the menu bar and in the palette alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar

from timmy_desktop.gui.command import Command
from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panel import Panel

# title, keys, glyph, name of the slot in Slots
Entry = tuple[str, str, str, str] | None

_FILE: tuple[Entry, ...] = (
    ("New task", "Ctrl+N", "plus", "new_task"),
    ("New conversation", "Ctrl+Shift+N", "chat", "new_conversation"),
    None,
    ("Open workspace folder…", "Ctrl+O", "folder", "open_workspace"),
    ("Close workspace", "", "", "close_workspace"),
    None,
    ("Open black box…", "", "log", "open_box"),
    None,
    ("Preferences…", "Ctrl+,", "gear", "preferences"),
    ("Quit", "Ctrl+Q", "", "quit"),
)
_VIEW: tuple[Entry, ...] = (
    ("Command palette…", "Ctrl+K", "search", "palette"),
    ("Switch between dark and light", "Ctrl+Shift+L", "moon", "switch_theme"),
    None,
    ("Time scrubber", "Ctrl+T", "clock", "scrub"),
    ("Back to now", "Ctrl+Shift+T", "", "back_to_now"),
    None,
    ("Save layout", "", "", "save_layout"),
    ("Return to the saved layout", "", "", "load_layout"),
    ("Reset layout", "", "", "reset_layout"),
)
_HELP: tuple[Entry, ...] = (
    ("Keys", "F1", "keyboard", "keys"),
    ("Doctor", "", "good", "doctor"),
    ("Verify the event log", "", "shield", "verify"),
    ("Export a black box…", "", "log", "export_box"),
    ("Open data folder", "", "folder", "open_data_folder"),
    None,
    ("About Timmy Desktop", "", "timmy", "about"),
)

# What else people call these, for the palette.
_ALSO = {
    "Preferences…": "settings options configuration api key",
    "Switch between dark and light": "theme appearance mode",
    "Doctor": "health check diagnose models",
    "Verify the event log": "chain hash check",
    "Open workspace folder…": "project repository",
    "Open black box…": "view report timmybox file",
    "Export a black box…": "report bug send share redacted",
    "Quit": "exit close",
    "Time scrubber": "past history replay rewind time travel",
    "Back to now": "present live",
    "Keys": "shortcuts keyboard help",
    "New conversation": "chat",
}

NEEDS_SERVICES = frozenset(
    {
        "new_task",
        "new_conversation",
        "open_workspace",
        "close_workspace",
        "doctor",
        "verify",
        "export_box",
        "open_box",
        "scrub",
    }
)


class Menus:
    """Builds the actions on `window`; `slots[name]` is what each does."""

    def __init__(
        self,
        window: QMainWindow,
        bar: QMenuBar,
        docks: Sequence[PanelDock],
        slots: dict[str, Callable[[], object]],
    ) -> None:
        self._window, self._docks = window, docks
        self.actions: dict[str, QAction] = {}
        self._groups: list[tuple[str, list[QAction]]] = []
        file_menu = self._menu(bar, "&File", _FILE, slots)
        self.recent = QMenu("Recent workspaces", file_menu)
        file_menu.insertMenu(self.actions["close_workspace"], self.recent)
        view = self._menu(bar, "&View", _VIEW, slots)
        view.addSeparator()
        self._groups.append(("Show", [self._dock_action(view, dock) for dock in docks]))
        self._menu(bar, "&Help", _HELP, slots)

    def enable(self, running: bool) -> None:
        """Before the services run, what needs them is greyed."""
        for name in NEEDS_SERVICES:
            self.actions[name].setEnabled(running)

    def show_past(self, past: bool) -> None:
        """While one looks at the past, nothing that changes anything can be reached."""
        for name in (NEEDS_SERVICES | {"preferences"}) - {"scrub"}:
            self.actions[name].setEnabled(not past)
        self.recent.setEnabled(not past and bool(self.recent.actions()))
        self.actions["back_to_now"].setEnabled(past)

    def show_recent(self, folders: Sequence[str], choose: Callable[[str], object]) -> None:
        """Fills the menu of recent workspaces."""
        self.recent.clear()
        self.recent.setEnabled(bool(folders))
        for folder in folders:
            self.recent.addAction(folder.replace("&", "&&")).triggered.connect(
                lambda *_, it=folder: choose(it)
            )

    def commands(self, recent: Sequence[str], choose: Callable[[str], object]) -> list[Command]:
        """Everything for the palette: the window's actions, the panels' own, and recent workspaces."""
        found = [
            _command(group, action)
            for group, actions in self._groups
            for action in actions
            if action.isEnabled()
        ]
        for dock in self._docks:
            if isinstance(dock.panel, Panel) and not dock.shows_past:
                found += [
                    _command(dock.spec.title, action, dock.spec.glyph)
                    for action in dock.panel.palette_actions()
                ]
        for folder in recent if self.actions["open_workspace"].isEnabled() else ():
            found.append(Command(f"Open {folder}", partial(choose, folder), "Workspace", glyph="folder"))
        return [command for command in found if command.title != "Command palette…"]

    def keys(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Every shortcut, in groups, for the keys dialog."""
        groups = [
            (
                title,
                [
                    (_plain(action), action.shortcut().toString())
                    for action in actions
                    if not action.shortcut().isEmpty()
                ],
            )
            for title, actions in self._groups
        ]
        groups.append(
            (
                "In lists",
                [("Move", "Up / Down"), ("Open", "Return"), ("Copy", "Ctrl+C"), ("To the newest", "Home")],
            )
        )
        groups.append(
            (
                "Writing",
                [
                    ("Post the task", "Ctrl+Return"),
                    ("Send to Timmy", "Return"),
                    ("Break the line", "Shift+Return"),
                    ("Stop the answer", "Esc"),
                    ("What was said before", "Up"),
                    ("Complete /task", "Tab"),
                ],
            )
        )
        groups.append(
            (
                "In the memory",
                [
                    ("Search", "/"),
                    ("Edit", "E"),
                    ("Pin, or no longer", "P"),
                    ("Accept, reject a proposed fact", "A / R"),
                    ("Merge what is chosen", "M"),
                    ("Forget", "Delete"),
                    ("Undo", "Ctrl+Z"),
                ],
            )
        )
        groups.append(
            (
                "In the ledger",
                [("Search", "/"), ("Create an invoice", "I"), ("Pay one", "P"), ("Back", "Esc")],
            )
        )
        groups.append(
            (
                "In the upgrades",
                [
                    ("Approve what is on screen", "Ctrl+Return"),
                    ("Reject it", "Ctrl+Shift+Return"),
                    ("Changes, tests, proof, history", "Alt+1 … 4"),
                    ("Back to the queue", "Alt+Left"),
                ],
            )
        )
        return [(title, entries) for title, entries in groups if entries]

    def _menu(
        self, bar: QMenuBar, title: str, entries: Sequence[Entry], slots: dict[str, Callable[[], object]]
    ) -> QMenu:
        menu = bar.addMenu(title)
        made: list[QAction] = []
        for entry in entries:
            if entry is None:
                menu.addSeparator()
                continue
            words, keys, glyph, name = entry
            action = self._action(words, keys, glyph, slots[name])
            self.actions[name] = action
            menu.addAction(action)
            made.append(action)
        self._groups.append((title.replace("&", ""), made))
        return menu

    def _dock_action(self, menu: QMenu, dock: PanelDock) -> QAction:
        action = self._action(
            f"Show {dock.spec.title}", dock.spec.shortcut, dock.spec.glyph, dock.bring_forward
        )
        action.setToolTip(dock.spec.summary)
        menu.addAction(action)
        return action

    def _action(self, words: str, keys: str, glyph: str, slot: Callable[[], object]) -> QAction:
        action = QAction(words, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        if glyph:
            action.setIcon(icon(glyph))
        action.triggered.connect(lambda *_: slot())
        self._window.addAction(action)
        return action


def _plain(action: QAction) -> str:
    return action.text().replace("&", "").rstrip("…")


def _command(group: str, action: QAction, glyph: str = "right") -> Command:
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    glyphs = {**{entry[0]: entry[2] for entry in (*_FILE, *_VIEW, *_HELP) if entry}}
    found = glyphs.get(action.text()) or glyph
    also = _ALSO.get(action.text().replace("&", ""), "")
    return Command(action.text().replace("&", ""), action.trigger, group, keys, found, also)
