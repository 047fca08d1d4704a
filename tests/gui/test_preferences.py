"""Preferences: what was typed is kept or told, also when the dialog has gone before the keychain answers."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.preferences import PreferencesDialog
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import Theme
from timmy_desktop.settings import Settings, load_settings
from timmy_desktop.supervisor import TaskSupervisor


class SlowKeychain:
    """Answers when it is released, as one that asks the person first."""

    def __init__(self, works: bool) -> None:
        self.works = works
        self.answer = threading.Event()
        self.kept: dict[str, str] = {}

    def set(self, name: str, value: str) -> bool:
        self.answer.wait(10)
        if self.works:
            self.kept[name] = value
        return self.works


def _everything_written(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("works", [True, False])
async def test_a_key_is_kept_or_told_after_the_dialog_has_gone(
    qtbot: QtBot, tmp_path: Path, works: bool
) -> None:
    Theme(QApplication.instance(), "dark").apply()  # type: ignore[arg-type]
    said: list[Say] = []
    keychain: Any = SlowKeychain(works)
    supervisor = TaskSupervisor()
    parent = QWidget()
    qtbot.addWidget(parent)
    tasks = SlotTasks(supervisor, said.append, "test")
    dialog = PreferencesDialog(parent, tmp_path / "settings.toml", keychain, tasks, said.append)
    entry = next(entry for entry in dialog.providers if entry.key is not None)
    entry.key.setText("a-secret-key")
    dialog.save()
    dialog.deleteLater()
    del dialog, entry
    await asyncio.sleep(0)
    assert said == []
    keychain.answer.set()
    await eventually(lambda: said)
    assert ("is in the keychain" in said[0].text) is works
    assert (said[0].tone == "good") is works
    assert keychain.kept == ({"api": "a-secret-key"} if works else {})
    assert "a-secret-key" not in _everything_written(tmp_path)
    tasks.stop()
    await supervisor.close()


def _opened(qtbot: QtBot, folder: Path, text: str = "") -> tuple[PreferencesDialog, Path]:
    Theme(QApplication.instance(), "dark").apply()  # type: ignore[arg-type]
    file = folder / "settings.toml"
    if text:
        file.write_text(text, encoding="utf-8")
    parent = QWidget()
    qtbot.addWidget(parent)
    nothing: Any = None
    dialog = PreferencesDialog(parent, file, nothing, nothing, lambda _: None)
    return dialog, file


def test_budgets_and_prices_are_dollars_on_the_screen_and_microcents_in_the_file(
    qtbot: QtBot, tmp_path: Path
) -> None:
    dialog, file = _opened(qtbot, tmp_path)
    models = dialog.forms["Providers"].fields
    api = next(entry.form.fields for entry in dialog.providers if entry.provider.kind == "api")
    day: Any = models["daily_budget_microcents"]
    task: Any = models["task_budget_microcents"]
    prompt: Any = api["input_price_microcents"]
    assert (day.text(), task.text(), prompt.text()) == ("$ 1.0000", "$ 0.2000", "$ 0.0000")
    day.setValue(2.5)
    task.setValue(0)
    prompt.setValue(0.075)
    dialog.save()
    settings = load_settings(file)
    assert (settings.daily_budget_microcents, settings.task_budget_microcents) == (250_000_000, 0)
    prices = {entry.label: entry.input_price_microcents for entry in settings.cascade_providers}
    assert prices == {"ollama": 0, "airllm": 0, "embedded": 0, "api": 7_500_000}


def test_an_amount_finer_than_the_field_stays_as_it_was_written(qtbot: QtBot, tmp_path: Path) -> None:
    dialog, file = _opened(qtbot, tmp_path, "daily_budget_microcents = 123456789\n")
    reader: Any = dialog.forms["Swarm"].fields["task_max_steps"]
    reader.setValue(9)
    dialog.save()
    assert "daily_budget_microcents = 123456789\n" in file.read_text(encoding="utf-8")


def test_only_what_may_be_remote_has_a_price(qtbot: QtBot, tmp_path: Path) -> None:
    text = "".join(
        f'[[cascade_providers]]\nkind = "{kind}"\nname = "{name}"\nbase_url = "{address}"\n'
        for kind, name, address in (
            ("ollama", "here", "http://127.0.0.1:11434"),
            ("ollama", "there", "https://models.example"),
            ("embedded", "small", ""),
            ("api", "paid", "https://api.example/v1"),
        )
    )
    dialog, _ = _opened(qtbot, tmp_path, text)
    priced = [
        entry.provider.label for entry in dialog.providers if "output_price_microcents" in entry.form.fields
    ]
    assert priced == ["there", "paid"]


def test_a_budget_from_the_environment_is_shown_and_not_changed_here(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMMY_DAILY_BUDGET_MICROCENTS", "500000000")
    dialog, _ = _opened(qtbot, tmp_path)
    day: Any = dialog.forms["Providers"].fields["daily_budget_microcents"]
    assert (day.text(), day.isEnabled()) == ("$ 5.0000", False)


def test_a_section_is_opened_by_its_name(qtbot: QtBot, tmp_path: Path) -> None:
    dialog, _ = _opened(qtbot, tmp_path)
    dialog.show_section("Providers")
    assert dialog._stack.currentIndex() == 1
    dialog.show_section("There is none")
    assert dialog._stack.currentIndex() == 1


def test_the_memory_has_a_section_of_its_own(qtbot: QtBot, tmp_path: Path) -> None:
    dialog, file = _opened(qtbot, tmp_path)
    form = dialog.forms["Memory"]
    names = {name for name in Settings.model_fields if name.startswith("memory_")}
    assert form.fields.keys() == names
    form.fields["memory_keep_results"].setChecked(False)  # type: ignore[attr-defined]
    form.fields["memory_context_tokens"].setValue(800)  # type: ignore[attr-defined]
    choice: Any = form.fields["memory_facts"]
    choice.setCurrentIndex(choice.findData("off"))
    dialog.save()
    saved = load_settings(file)
    assert (saved.memory_keep_results, saved.memory_context_tokens, saved.memory_facts) == (False, 800, "off")


def test_an_api_says_when_it_is_asked_and_the_embedded_model_is_chosen_in_one_place(
    qtbot: QtBot, tmp_path: Path
) -> None:
    dialog, _ = _opened(qtbot, tmp_path, "")
    by_kind = {entry.provider.kind: entry.form for entry in dialog.providers}
    words = [label.text() for label in by_kind["api"].findChildren(QLabel)]
    assert "Asked only once it has an address and a key." in words
    assert "model" not in by_kind["embedded"].fields
    assert "model" in by_kind["ollama"].fields


def test_a_rate_is_whole_units_on_the_screen_and_hundredths_in_the_file(qtbot: QtBot, tmp_path: Path) -> None:
    dialog, file = _opened(qtbot, tmp_path)
    fields = next(form.fields for form in dialog.forms.values() if "fiat_cents_per_bitcoin" in form.fields)
    rate: Any = fields["fiat_cents_per_bitcoin"]
    currency: Any = fields["fiat_currency"]
    assert rate.value() == 0
    rate.setValue(95_123.45)
    currency.setText("EUR")
    told: list[Any] = []
    dialog.saved.connect(told.append)
    dialog.save()
    settings = load_settings(file)
    assert (settings.fiat_cents_per_bitcoin, settings.fiat_currency) == (9_512_345, "EUR")
    assert told == [settings], "the open window is told, and shows it at once"
