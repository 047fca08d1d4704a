"""The page itself: asks what there is, shows it, and does what is clicked."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from timmy_desktop.gui.dialogs import Question
from timmy_desktop.gui.findings import provider_title
from timmy_desktop.gui.preferences.models.card import ProviderCard
from timmy_desktop.gui.preferences.models.pulls import ModelPulls
from timmy_desktop.gui.preferences.models.purposes import PurposeGrid
from timmy_desktop.gui.preferences.models.rows import Action, ModelRow
from timmy_desktop.gui.preferences.models.trusted import TrustedCard
from timmy_desktop.gui.preferences.models.words import before_deleting, before_fetching, facts
from timmy_desktop.gui.preferences.pages import named_provider
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, ROOM
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, row
from timmy_desktop.routing.models import Listing, ModelEntry
from timmy_desktop.settings import ProviderSettings, Settings

_KINDS = ("ollama", "embedded", "airllm")


class ModelsPage(QWidget):
    """`changes` and `provider_changes` are what Save has to write; downloads and deletions happen at once."""

    def __init__(self, settings: Settings, pulls: ModelPulls, tasks: SlotTasks) -> None:
        super().__init__()
        self._pulls, self._library, self._tasks = pulls, pulls.library, tasks
        self._listing = Listing(())
        self._was_shown = False
        self.busy, self.failure = BusyBar(), NoticeBar("Look again", self.refresh)
        self.purposes = PurposeGrid(_columns(settings))
        self.ollama = ProviderCard("Ollama", "Models that Ollama keeps and runs.", self.refresh)
        self.embedded = ProviderCard("Embedded model", "Files that Timmy runs itself, with llama.cpp.")
        self.airllm = TrustedCard(settings, pulls.library, tasks, partial(self.purposes.offer, "airllm"))
        self.name_field = QLineEdit(placeholderText="A name from ollama.com, as llama3.2")
        self.pull_button = button("Pull", self._pull_by_name)
        self._compose()
        pulls.changed.connect(self._show_pull)
        pulls.ended.connect(self._pull_ended)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.refresh()

    def refresh(self) -> None:
        """Asks what there is."""
        self.busy.start("Looking for models")
        self._tasks.start("list models", self._library.listing(), self._show, failed=self._failed)
        self.airllm.refresh()

    def stop(self) -> None:
        """The dialog closes: nobody waits for lists any more. Downloads go on."""
        self._tasks.cancel("list models")
        self._tasks.cancel("delete model")
        self.busy.finish()
        self.airllm.stop()
        self._pulls.changed.disconnect(self._show_pull)
        self._pulls.ended.disconnect(self._pull_ended)

    def changes(self) -> dict[str, Any]:
        """Top-level settings that were made different."""
        return self.airllm.changes()

    def provider_changes(self) -> dict[int, dict[str, Any]]:
        """Those of the providers, by their place."""
        return self.purposes.changes()

    def _compose(self) -> None:
        self.name_field.setAccessibleName("Name of a model for Ollama")
        self.name_field.returnPressed.connect(self._pull_by_name)
        self.name_field.textChanged.connect(self._name_changed)
        self.pull_button.setEnabled(False)
        pulling = row(self.name_field, self.pull_button, gap=GAP)
        pulling.setStretch(0, 1)
        self.ollama.body.addSpacing(GAP)
        self.ollama.body.addLayout(pulling)
        parts = (self.busy, self.failure, self.ollama, self.embedded, self.purposes, self.airllm)
        self.setLayout(column(*parts, gap=ROOM, margins=(0, 0, 0, 0)))

    # What there is

    def _show(self, listing: Listing) -> None:
        self.busy.finish()
        self.failure.say("")
        self._listing = listing
        self._show_ollama()
        self._show_embedded()

    def _failed(self, error: Exception) -> None:
        self.busy.finish()
        self.failure.say(f"The models can't be listed: {error}", "bad")

    def _show_ollama(self) -> None:
        models = self._of("ollama")
        names = [model.name for model in models]
        coming = [pull.name for pull in self._pulls.all() if not pull.is_file and pull.name not in names]
        rows = [self._row(model) for model in models] + [self._coming(name) for name in coming]
        problem = self._listing.ollama_problem
        self.ollama.notice.say(problem, "warn")
        empty = "" if problem else "No model is installed yet. Pull one by its name: llama3.2, for instance."
        self.ollama.show_rows([("", rows)], empty)
        self.purposes.offer("ollama", names)
        self._show_pulls()

    def _show_embedded(self) -> None:
        models = self._of("embedded")
        there = [model for model in models if model.state == "installed"]
        others = [model for model in models if model.state != "installed"]
        groups = [
            ("", [self._row(model) for model in there]),
            ("Good small ones that can be fetched", [self._row(model) for model in others]),
        ]
        self.embedded.show_rows(groups, "No model is there.")
        self.purposes.offer("embedded", [model.name for model in there])
        self._show_pulls()

    def _of(self, provider: str) -> list[ModelEntry]:
        return [model for model in self._listing.models if model.provider == provider]

    def _row(self, model: ModelEntry) -> ModelRow:
        actions = []
        if model.state != "installed":
            words = "Go on" if model.state == "partial" else "Fetch"
            actions.append(Action(words, partial(self._ask_to_fetch, model)))
        if model.can_go and model.state != "available":
            actions.append(Action("Delete", partial(self._ask_to_delete, model), "quiet"))
        start = partial(self._pulls.start, model.name, is_file=model.provider == "embedded")
        return ModelRow(
            model.name, facts(model), actions, cancel=partial(self._pulls.cancel, model.name), again=start
        )

    def _coming(self, name: str) -> ModelRow:
        start = partial(self._pulls.start, name, is_file=False)
        return ModelRow(name, "", cancel=partial(self._pulls.cancel, name), again=start)

    # Fetching

    def _name_changed(self, text: str) -> None:
        self.pull_button.setEnabled(bool(text.strip()))

    def _pull_by_name(self) -> None:
        name = self.name_field.text().strip()
        if name:
            self.name_field.clear()
            self._pulls.start(name, is_file=False)

    def _ask_to_fetch(self, model: ModelEntry) -> None:
        Question(
            self.window(),
            f"Fetch {model.name}?",
            before_fetching(model),
            stay="Not now",
            go="Fetch it",
            gone=partial(self._pulls.start, model.name, is_file=True),
            variant="plain",
        ).open()

    def _show_pull(self, name: str) -> None:
        pull = self._pulls.of(name)
        card = self.embedded if pull is not None and pull.is_file else self.ollama
        if name not in card.rows and pull is not None and not pull.is_file:
            self._show_ollama()
        if name in card.rows:
            card.rows[name].show_pull(pull)

    def _show_pulls(self) -> None:
        for pull in self._pulls.all():
            card = self.embedded if pull.is_file else self.ollama
            if pull.name in card.rows:
                card.rows[pull.name].show_pull(pull)

    def _pull_ended(self, name: str) -> None:
        for card in (self.ollama, self.embedded):
            if name in card.rows:
                card.rows[name].show_pull(None)
        self.refresh()

    # Deleting

    def _ask_to_delete(self, model: ModelEntry) -> None:
        Question(
            self.window(),
            f"Delete {model.name}?",
            before_deleting(model, self.purposes.chosen_for(model.provider, model.name)),
            stay="Keep it",
            go="Delete",
            gone=partial(self._delete, model),
        ).open()

    def _delete(self, model: ModelEntry) -> None:
        self.busy.start(f"Deleting {model.name}")
        work = self._library.delete(model.name, model.provider)
        self._tasks.start("delete model", work, lambda _: self.refresh(), failed=self._not_deleted)

    def _not_deleted(self, error: Exception) -> None:
        self.busy.finish()
        self.failure.say(str(error), "bad")


def _columns(settings: Settings) -> dict[int, tuple[str, ProviderSettings]]:
    """The first provider of each kind that has models of its own, by its place."""
    made: dict[int, tuple[str, ProviderSettings]] = {}
    for kind in _KINDS:
        places = [place for place, entry in enumerate(settings.cascade_providers) if entry.kind == kind]
        if places:
            entry = settings.cascade_providers[places[0]]
            made[places[0]] = (provider_title(named_provider(entry)), entry)
    return made
