"""The pages of the Preferences dialog: rows of a name, a field and a line that explains it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.findings import provider_title
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, WIDE
from timmy_desktop.gui.widgets.fields import CheckBox, Choice, number, whole_number
from timmy_desktop.gui.widgets.parts import button, card, column, label
from timmy_desktop.settings import ProviderSettings, Settings

_FIELD_WIDTH = 220


@dataclass(frozen=True, slots=True)
class Item:
    """One setting: its name in the file, its words, and how it is edited."""

    name: str
    title: str
    hint: str
    kind: str
    """`yes`, `whole`, `number`, `sats`, `folder`, `file`, `text`, or choices joined by a bar."""
    least: float = 0
    most: float = 1
    unit: str = ""


GENERAL = (
    Item("theme", "Theme", "Takes effect at once.", "dark|light"),
    Item("workspace", "Workspace", "The folder that agents may read from the start. Empty: none.", "folder"),
    Item("local_only", "Local models only", "Nothing is ever sent to a remote provider.", "yes"),
)
MODELS = (
    Item(
        "circuit_breaker_threshold",
        "Failures before a provider is left out",
        "Consecutive ones; a provider that can't be reached is left out at once.",
        "whole",
        1,
        1000,
    ),
    Item("circuit_recovery_seconds", "Tried again after", "", "number", 1, 86_400, "s"),
    Item("embedded_model_path", "Embedded model", "A GGUF file. Empty: the small one.", "file"),
)
SWARM = (
    Item(
        "auction_seconds",
        "Longest auction",
        "It closes sooner when every agent has bid.",
        "number",
        0.1,
        60,
        "s",
    ),
    Item("task_max_steps", "Steps of a task", "Rounds of thinking and tools.", "whole", 1, 100),
    Item("task_max_tokens", "Tokens of a task", "", "whole", 16, 1_000_000),
    Item("task_timeout_seconds", "Time of a task", "", "number", 1, 86_400, "s"),
    Item("task_max_attempts", "Attempts", "By another agent after a failure.", "whole", 1, 6),
    Item(
        "reply_max_tokens",
        "Tokens of an answer",
        "In the chat, and in each step of a task.",
        "whole",
        1,
        100_000,
    ),
)
LEDGER = (
    Item("treasury_msat", "Treasury", "Simulated sats to begin with.", "sats", 0, 100_000_000, "sat"),
    Item(
        "auto_approve_upgrades",
        "Approve low-risk upgrades",
        "No effect yet.",
        "yes",
    ),
    Item(
        "upgrade_timeout_hours",
        "Proposals expire after",
        "No effect yet.",
        "whole",
        1,
        8760,
        "h",
    ),
)
_PROVIDER = (
    Item("enabled", "Used", "", "yes"),
    Item("base_url", "Address", "", "text"),
    Item("model", "Model", "Empty: the first one that is there.", "text"),
    Item("connect_timeout", "Connects within", "", "number", 0.1, 60, "s"),
    Item("first_token_timeout", "First word within", "", "number", 0.1, 3600, "s"),
    Item("total_timeout", "Whole answer within", "", "number", 0.1, 86_400, "s"),
)
_OF_KIND = {"embedded": frozenset({"base_url", "connect_timeout"}), "airllm": frozenset({"base_url"})}


class Form(QWidget):
    """Rows of items over a set of values; `changes` is what the person made different."""

    def __init__(
        self, items: Sequence[Item], values: Mapping[str, Any], *, from_environment: bool = True
    ) -> None:
        super().__init__()
        self.fields: dict[str, QWidget] = {}
        self._read: dict[str, Callable[[], Any]] = {}
        self._before: dict[str, Any] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(WIDE)
        grid.setVerticalSpacing(ROOM)
        grid.setColumnStretch(0, 1)
        for place, item in enumerate(items):
            self._add(grid, place, item, values.get(item.name), from_environment)

    def changes(self) -> dict[str, Any]:
        """Values that differ from those shown first."""
        now = {name: read() for name, read in self._read.items()}
        return {name: value for name, value in now.items() if value != self._before[name]}

    def _add(self, grid: QGridLayout, place: int, item: Item, value: Any, from_environment: bool) -> None:
        field, read = _field(item, value)
        owner = f"TIMMY_{item.name.upper()}"
        hint = item.hint
        if from_environment and owner in os.environ:
            field.setEnabled(False)
            hint = f"Set by the environment variable {owner}."
        words = QVBoxLayout()
        words.setSpacing(TIGHT // 2)
        title = label(item.title, wrap=True)
        title.setBuddy(field)
        words.addWidget(title)
        if hint:
            words.addWidget(label(hint, tone="muted", size="small", wrap=True))
        grid.addLayout(words, place, 0)
        grid.addWidget(field, place, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        (field.focusProxy() or field).setAccessibleName(item.title)
        (field.focusProxy() or field).setAccessibleDescription(hint)
        self.fields[item.name], self._read[item.name] = field, read
        self._before[item.name] = read()


class ProviderForm(QWidget):
    """One provider's card; for a remote one its key, which goes to the keychain and nowhere else."""

    def __init__(self, provider: ProviderSettings, known: str) -> None:
        super().__init__()
        self.provider = provider
        left_out = _OF_KIND.get(provider.kind, frozenset())
        items = [item for item in _PROVIDER if item.name not in left_out]
        self.form = Form(items, provider.model_dump(), from_environment=False)
        self.key: QLineEdit | None = None
        frame = card()
        inner = column(label(known, strong=True), self.form, gap=ROOM)
        if provider.kind == "api":
            inner.addLayout(self._key_row())
        frame.setLayout(inner)
        self.setLayout(column(frame, margins=(0, 0, 0, 0)))

    def _key_row(self) -> QHBoxLayout:
        self.key = QLineEdit(placeholderText="Unchanged")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName("API key")
        self.key.setFixedWidth(_FIELD_WIDTH)
        words = QVBoxLayout()
        words.setSpacing(TIGHT // 2)
        words.addWidget(label("API key"))
        hint = "Kept in this computer's keychain, never in a file."
        words.addWidget(label(hint, tone="muted", size="small", wrap=True))
        made = QHBoxLayout()
        made.setSpacing(WIDE)
        made.addLayout(words, 1)
        made.addWidget(self.key)
        return made


def provider_forms(settings: Settings) -> list[ProviderForm]:
    """A form for each provider, in the order in which they are asked."""
    return [
        ProviderForm(provider, provider_title(named_provider(provider)))
        for provider in settings.cascade_providers
    ]


def named_provider(provider: ProviderSettings) -> _Named:
    """A provider of the settings, as far as `provider_title` reads it."""
    return _Named(provider.label, provider.kind)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    kind: str
    state: str = ""
    health: None = None
    last_error: str = ""
    model: str = ""


def _field(item: Item, value: Any) -> tuple[QWidget, Callable[[], Any]]:
    if item.kind == "yes":
        return _yes(bool(value))
    if item.kind in ("whole", "sats"):
        return _whole(item, int(value or 0))
    if item.kind == "number":
        return _number(item, float(value or 0))
    if item.kind in ("folder", "file"):
        return _path(item, value)
    if item.kind == "text":
        return _text(str(value or ""))
    return _choice(item.kind.split("|"), str(value))


def _yes(value: bool) -> tuple[QWidget, Callable[[], Any]]:
    field = CheckBox("")
    field.setChecked(value)
    return field, field.isChecked


def _whole(item: Item, value: int) -> tuple[QWidget, Callable[[], Any]]:
    factor = 1000 if item.kind == "sats" else 1
    field: QSpinBox = whole_number(int(item.least), int(item.most), item.unit)
    field.setValue(value // factor)
    field.setFixedWidth(_FIELD_WIDTH)
    return field, lambda: field.value() * factor


def _number(item: Item, value: float) -> tuple[QWidget, Callable[[], Any]]:
    field: QDoubleSpinBox = number(item.least, item.most, item.unit)
    field.setValue(value)
    field.setFixedWidth(_FIELD_WIDTH)
    return field, field.value


def _text(value: str) -> tuple[QWidget, Callable[[], Any]]:
    field = QLineEdit(value)
    field.setFixedWidth(_FIELD_WIDTH)
    return field, lambda: field.text().strip()


def _choice(names: Sequence[str], value: str) -> tuple[QWidget, Callable[[], Any]]:
    field = Choice()
    for name in names:
        field.addItem(name.capitalize(), name)
    field.setCurrentIndex(max(0, field.findData(value)))
    field.setFixedWidth(_FIELD_WIDTH)
    return field, field.currentData


def _path(item: Item, value: Path | None) -> tuple[QWidget, Callable[[], Any]]:
    holder = QWidget()
    line = QLineEdit(str(value) if value else "", placeholderText="None")

    def choose() -> None:
        dialog = QFileDialog(holder.window(), item.title, line.text())
        folder = item.kind == "folder"
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(line.setText)
        dialog.open()

    browse = button("Choose…", choose)
    browse.setAccessibleName(f"Choose {item.title}")
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    line.setFixedWidth(_FIELD_WIDTH)
    layout.addWidget(browse)
    layout.addWidget(line)
    holder.setFocusProxy(line)
    return holder, lambda: line.text().strip() or None
