"""Preferences: the settings file in words, checked before it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.preferences.document import SettingsDocument
from timmy_desktop.gui.preferences.models import ModelPulls, ModelsPage
from timmy_desktop.gui.preferences.pages import (
    FEED,
    GENERAL,
    LEDGER,
    MEMORY,
    MODELS,
    SWARM,
    UPGRADES,
    Form,
    provider_forms,
)
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, ROOM, WIDE, Theme
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone
from timmy_desktop.settings import Secrets, SettingsError, load_settings

_KEYCHAIN_MISSING = (
    "The key was not kept: this computer has no keychain that works. "
    "Set the environment variable TIMMY_SECRET_{name} instead."
)

_AT_ONCE = {"theme", "fiat_currency", "fiat_cents_per_bitcoin"}
_NOT_YET = "Timmy is still starting. Close Preferences and open it again to see the models."


class PreferencesDialog(WindowDialog):
    """Window-modal. What it has to tell goes to `say`, which outlives it: a keychain may answer late."""

    saved = Signal(object)
    """The settings as they are in force now (Settings)."""

    def __init__(
        self,
        parent: QWidget,
        file: Path,
        secrets: Secrets,
        tasks: SlotTasks,
        say: Callable[[Say], object],
        pulls: ModelPulls | None = None,
    ) -> None:
        """`pulls` is None until the services run. Raises SettingsError when the file is broken."""
        super().__init__(parent, "Preferences")
        self._file, self._secrets, self._tasks, self._say = file, secrets, tasks, say
        self._document = SettingsDocument(file)
        values = self._document.settings.model_dump()
        self.forms = {name: Form(items, values) for name, items in _PAGES.items()}
        self.providers = provider_forms(self._document.settings)
        self.models = ModelsPage(self._document.settings, pulls, tasks) if pulls is not None else None
        if self.models is not None:
            self.finished.connect(self.models.stop)
        self.message = label(tone="muted", wrap=True)
        self.save_button = button("Save", self.save, variant="primary")
        self._compose()

    def save(self) -> None:
        """Checks and writes; what can't be used is told here, and nothing is written."""
        changes = {name: value for form in self.forms.values() for name, value in form.changes().items()}
        by_place = {place: entry.form.changes() for place, entry in enumerate(self.providers)}
        if self.models is not None:
            changes |= self.models.changes()
            for place, made in self.models.provider_changes().items():
                by_place[place] |= made
        try:
            self._document.save(changes, by_place)
        except SettingsError as error:
            self.message.setText(str(error))
            set_tone(self.message, "bad")
            return
        Theme.current().switch(str(changes.get("theme", Theme.current().name)))
        self.saved.emit(load_settings(self._file))
        later = bool(set(changes) - _AT_ONCE) or any(by_place.values())
        words = "Saved. It takes effect at the next start." if later else "Saved."
        if not self._keep_keys():
            self._say(Say(words, "good"))
        self.close()

    def show_section(self, name: str) -> None:
        """Brings the section called `name` to the front; the first one stays where there is none."""
        for item in self._list.findItems(name, Qt.MatchFlag.MatchExactly):
            self._list.setCurrentItem(item)

    def _keep_keys(self) -> bool:
        """Hands the keys that were typed to the keychain; whether there were any."""
        any_key = False
        for entry in self.providers:
            if entry.key is not None and entry.key.text().strip():
                name, value = entry.provider.label, entry.key.text().strip()
                entry.key.clear()
                work = asyncio.to_thread(self._secrets.set, name, value)
                self._tasks.start(f"keep key {name}", work, partial(_tell_of_key, self._say, name))
                any_key = True
        return any_key

    def _compose(self) -> None:
        self._list, self._stack = QListWidget(), QStackedWidget()
        self._list.setProperty("variant", "nav")
        self._list.setAccessibleName("Sections")
        self._list.setFixedWidth(150)
        for name, body in self._sections():
            item = QListWidgetItem(name, self._list)
            item.setSizeHint(QSize(0, 34))
            self._stack.addWidget(_page(name, body))
        self._list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._list.setCurrentRow(0)
        middle = row(gap=0)
        middle.addWidget(self._list)
        middle.addWidget(self._stack, 1)
        edit = button("Open settings.toml", self._open_file, variant="quiet", hint=str(self._file))
        foot = row(edit, self.message, None, button("Cancel", self.close), self.save_button)
        foot.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(ROOM, ROOM, ROOM, ROOM)
        layout.setSpacing(ROOM)
        layout.addLayout(middle, 1)
        layout.addLayout(foot)
        self.resize(800, 580)

    def _sections(self) -> Sequence[tuple[str, Sequence[QWidget]]]:
        forms = self.forms
        return (
            ("General", [forms["General"]]),
            ("Providers", [*self.providers, forms["Providers"]]),
            ("Models", [self.models or label(_NOT_YET, tone="muted", wrap=True)]),
            ("Swarm", [forms["Swarm"]]),
            ("Memory", [forms["Memory"]]),
            ("Ledger", [forms["Ledger"]]),
            ("Upgrades", [forms["Upgrades"]]),
            ("Feed", [forms["Feed"]]),
        )

    def _open_file(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._file)))


_PAGES = {
    "General": GENERAL,
    "Providers": MODELS,
    "Swarm": SWARM,
    "Memory": MEMORY,
    "Ledger": LEDGER,
    "Upgrades": UPGRADES,
    "Feed": FEED,
}


def _tell_of_key(say: Callable[[Say], object], name: str, kept: bool) -> None:
    """Free of the dialog, which is gone by now."""
    if kept:
        say(Say(f"Saved. The key of “{name}” is in the keychain; it is used from the next start.", "good"))
    else:
        say(Say(_KEYCHAIN_MISSING.format(name=name.upper().replace("-", "_")), "warn"))


def _page(title: str, body: Sequence[QWidget]) -> QScrollArea:
    inner = QWidget()
    layout = column(label(title, size="title"), gap=ROOM, margins=(WIDE, GAP, WIDE, GAP))
    for part in body:
        layout.addWidget(part)
    layout.addStretch(1)
    inner.setLayout(layout)
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
