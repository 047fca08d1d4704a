"""Which model is for what: one row for each purpose, one column for each provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from timmy_desktop.gui.preferences.models.words import ABOUT_PURPOSES, PURPOSES
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import card, column, label
from timmy_desktop.inert import inert_line
from timmy_desktop.settings import ProviderSettings

_WIDTH = 152


class PurposeGrid(QWidget):
    """`providers` are those with a column, by their place in the settings."""

    def __init__(self, providers: Mapping[int, tuple[str, ProviderSettings]]) -> None:
        super().__init__()
        self._providers = providers
        self.choices: dict[tuple[int, str], Choice] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP)
        grid.setColumnStretch(0, 1)
        for at, (provider, _) in enumerate(providers.values(), 1):
            grid.addWidget(label(provider, tone="muted", size="small"), 0, at)
        for line, (purpose, title) in enumerate(PURPOSES, 1):
            grid.addWidget(label(title), line, 0)
            for at, (place, (provider, entry)) in enumerate(providers.items(), 1):
                choice = self.choices[place, purpose] = _choice(f"{title} model of {provider}")
                self._fill(choice, (), str(entry.models.get(purpose, "")))  # type: ignore[call-overload]
                grid.addWidget(choice, line, at)
        frame = card()
        inner = column(
            label("Which model for what", strong=True),
            label(ABOUT_PURPOSES, tone="muted", size="small", wrap=True),
            gap=GAP,
        )
        inner.addSpacing(GAP)
        inner.addLayout(grid)
        frame.setLayout(inner)
        self.setLayout(column(frame, margins=(0, 0, 0, 0)))

    def offer(self, kind: str, names: Sequence[str]) -> None:
        """What can be chosen of the providers of this kind; what was chosen stays, there or not."""
        for (place, _), choice in self.choices.items():
            if self._providers[place][1].kind == kind:
                self._fill(choice, names, str(choice.currentData() or ""))

    def chosen_for(self, kind: str, name: str) -> str:
        """The purposes that this model is chosen for now, in words."""
        titles = {purpose: title.lower() for purpose, title in PURPOSES}
        found = [
            titles[purpose]
            for (place, purpose), choice in self.choices.items()
            if self._providers[place][1].kind == kind and choice.currentData() == name
        ]
        return " and ".join(found)

    def changes(self) -> dict[int, dict[str, Any]]:
        """By the provider's place: its `models`, where the person made them different."""
        made: dict[int, dict[str, Any]] = {}
        for place, (_, entry) in self._providers.items():
            before = {purpose: name for purpose, name in entry.models.items() if name}
            now = {
                purpose: str(choice.currentData())
                for (at, purpose), choice in self.choices.items()
                if at == place and choice.currentData()
            }
            if now != before:
                made[place] = {"models": now or None}
        return made

    def _fill(self, choice: Choice, names: Sequence[str], chosen: str) -> None:
        choice.clear()
        choice.addItem("Default", "")
        for name in names:
            choice.addItem(inert_line(name, 60), name)
        if chosen and chosen not in names:
            shown = inert_line(chosen, 60)
            choice.addItem(f"{shown} (not there)" if names else shown, chosen)
        choice.setCurrentIndex(max(0, choice.findData(chosen)))
        choice.setToolTip(inert_line(chosen, 120))


def _choice(name: str) -> Choice:
    made = Choice()
    made.setFixedWidth(_WIDTH)
    made.setAccessibleName(name)
    return made
