"""AirLLM's card: the folders and ids that the person trusts, its Python, and how it is installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit

from timmy_desktop.gui.dialogs import Question
from timmy_desktop.gui.preferences.models.card import ProviderCard
from timmy_desktop.gui.preferences.models.rows import Action, ModelRow
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.parts import button, label, mono, row, selectable, set_tone
from timmy_desktop.routing.airllm_folder import gigabytes, is_hub_id
from timmy_desktop.routing.airllm_models import INSTALLATION, TrustedModel
from timmy_desktop.routing.models import ModelLibrary
from timmy_desktop.settings import Settings

_ABOUT = "For models larger than the memory: read from the disk layer by layer. It is slow."
_WARNING = (
    "AirLLM may run code that lies beside a model, with your rights. Trust {name} if you trust who made it. "
    "It is used from the next start, once you save."
)


class TrustedCard(ProviderCard):
    """What is added or taken away holds once Preferences is saved."""

    def __init__(
        self,
        settings: Settings,
        library: ModelLibrary,
        tasks: SlotTasks,
        named: Callable[[list[str]], object],
    ) -> None:
        """`named(names)` is told which models can be chosen."""
        super().__init__("AirLLM", _ABOUT)
        self._library, self._tasks, self._named = library, tasks, named
        self._before = list(settings.airllm_models)
        self._python_before = str(settings.airllm_python or "")
        self._entries = list(settings.airllm_models)
        self._seen: dict[Path, TrustedModel] = {}
        self.how = selectable(mono(label("\n".join(INSTALLATION)), "small"))
        self.how.setProperty("variant", "code")
        self.how.setAccessibleName("How AirLLM is installed")
        self.how.hide()
        self.id_field = QLineEdit(placeholderText="An id, as Qwen/Qwen2.5-7B-Instruct")
        self.id_field.setAccessibleName("Id of a model for AirLLM")
        self.id_field.returnPressed.connect(self._ask_id)
        self.folder_button = button("Add folder…", self._choose_folder)
        self.id_button = button("Add id…", self._ask_id)
        self.python_field = QLineEdit(self._python_before, placeholderText="Timmy's own")
        self.python_field.setAccessibleName("Python that has AirLLM")
        self.python_field.editingFinished.connect(self._look_for_airllm)
        self.message = label(size="small", wrap=True)
        self.message.hide()
        self._compose()

    def changes(self) -> dict[str, Any]:
        """Top-level settings that the person made different."""
        made: dict[str, Any] = {}
        if self._entries != self._before:
            made["airllm_models"] = list(self._entries) or None
        python = self.python_field.text().strip()
        if python != self._python_before:
            made["airllm_python"] = python or None
        return made

    def refresh(self) -> None:
        """Looks at every entry, and for AirLLM itself."""
        for entry in self._entries:
            self._look_at(entry)
        self._show()
        self._look_for_airllm()

    def add(self, entry: Path) -> None:
        """Trusts a folder or an id, until it is saved only here."""
        if entry not in self._entries:
            self._entries.append(entry)
            self._look_at(entry)
            self._show()

    def stop(self) -> None:
        """Gives up what is being looked at."""
        self._tasks.cancel("look for airllm")
        for entry in {*self._entries, *self._seen}:
            self._tasks.cancel(f"look at {entry}")

    def _compose(self) -> None:
        for widget in (self.how, self.message):
            self.body.addWidget(widget)
        self.body.addSpacing(GAP)
        adding = row(self.id_field, self.id_button, self.folder_button, gap=GAP)
        adding.setStretch(0, 1)
        self.body.addLayout(adding)
        python = row(label("Its Python (airllm_python)"), self.python_field, gap=GAP)
        python.setStretch(1, 1)
        self.body.addLayout(python)
        self._lock("TIMMY_AIRLLM_MODELS", self.id_field, self.id_button, self.folder_button)
        self._lock("TIMMY_AIRLLM_PYTHON", self.python_field)

    def _lock(self, owner: str, *fields: Any) -> None:
        if owner in os.environ:
            for field in fields:
                field.setEnabled(False)
                field.setToolTip(f"Set by the environment variable {owner}.")

    def _show(self) -> None:
        rows = [self._row(entry) for entry in self._entries]
        empty = "No model is trusted yet. Add the folder of one that you have downloaded."
        self.show_rows([("", rows)], empty)
        self._named([self._seen[entry].name for entry in self._entries if entry in self._seen])

    def _row(self, entry: Path) -> ModelRow:
        seen = self._seen.get(entry)
        if seen is None:
            return ModelRow(entry.name, "Being looked at.")
        size = f"{gigabytes(seen.size)} · {seen.licence or 'licence not stated'}" if seen.size else ""
        about = seen.problem or f"{size} · {entry}"
        actions = [Action("Remove", partial(self._remove, entry), "quiet")]
        return ModelRow(seen.name, about, actions, tone="warn" if seen.problem else "muted")

    def _look_at(self, entry: Path) -> None:
        self._tasks.start(f"look at {entry}", self._library.trusted(entry), self._seen_now)

    def _seen_now(self, model: TrustedModel) -> None:
        self._seen[model.entry] = model
        self._show()

    def _look_for_airllm(self) -> None:
        text = self.python_field.text().strip()
        python = Path(text) if text else None
        self._tasks.start("look for airllm", self._library.why_no_airllm(python), self._airllm_is)

    def _airllm_is(self, problem: str) -> None:
        self.notice.say(problem, "info")
        self.how.setVisible(bool(problem))

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self.window(), "The folder of a model", "")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.ask_folder)
        dialog.open()

    def ask_folder(self, folder: str) -> None:
        """Asks whether a folder that was chosen is trusted."""
        self._ask(Path(folder))

    def _ask_id(self) -> None:
        entry = Path(self.id_field.text().strip())
        if not is_hub_id(entry):
            self._tell("An id has two parts, as Qwen/Qwen2.5-7B-Instruct; a folder has a button.", "bad")
            return
        self._ask(entry)

    def _ask(self, entry: Path) -> None:
        if entry in self._entries:
            self._tell(f"{entry} is trusted already.", "muted")
            return
        self._tell("", "muted")
        Question(
            self.window(),
            f"Trust {entry.name}?",
            _WARNING.format(name=entry),
            stay="Don't trust it",
            go="Trust it",
            gone=partial(self._trust, entry),
        ).open()

    def _trust(self, entry: Path) -> None:
        self.id_field.clear()
        self.add(entry)

    def _remove(self, entry: Path) -> None:
        self._entries.remove(entry)
        self._seen.pop(entry, None)
        self._tasks.cancel(f"look at {entry}")
        self._show()
        self._tell(f"{entry.name} is not used any more, once you save. Its files stay.", "muted")

    def _tell(self, words: str, tone: str) -> None:
        self.message.setText(words)
        set_tone(self.message, tone)
        self.message.setVisible(bool(words))
