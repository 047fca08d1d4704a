"""Models in the Preferences, as a person uses them: over a hub and an Ollama on loopback, and real folders."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QPushButton, QWidget

from tests.conditions import eventually
from tests.fakes.hub_server import HubServer
from tests.fakes.ollama_server import OllamaServer, tag
from timmy_desktop.clock import SystemClock
from timmy_desktop.gui.dialogs import Question
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.preferences import PreferencesDialog
from timmy_desktop.gui.preferences.models import ModelPulls, ModelsPage
from timmy_desktop.gui.preferences.models.card import ProviderCard
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import Theme
from timmy_desktop.routing import models
from timmy_desktop.routing.model_catalogue import CatalogueModel
from timmy_desktop.routing.models import ModelLibrary
from timmy_desktop.settings import Secrets, load_settings
from timmy_desktop.supervisor import TaskSupervisor

SMALL = CatalogueModel("small-instruct", "someone/small", "small.gguf", 1_000_000, "Apache-2.0", "trying out")


@dataclass
class Room:
    """A window with Preferences over it, and the world that its models come from."""

    folder: Path
    hub: HubServer
    ollama: OllamaServer
    parent: QWidget
    supervisor: TaskSupervisor
    said: list[Say] = field(default_factory=list)
    pulls: Any = None
    dialog: Any = None

    @property
    def file(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    def open(self) -> ModelsPage:
        """Preferences at its Models page."""
        tasks = SlotTasks(self.supervisor, self.said.append, "test")
        if self.pulls is None:
            library = ModelLibrary(
                settings=load_settings(self.file),
                folder=self.models,
                clock=SystemClock(),
                hub=self.hub.url,
                catalogue=(SMALL,),
            )
            self.pulls = ModelPulls(library, tasks, self.said.append, self.parent)
        self.dialog = PreferencesDialog(
            self.parent, self.file, Secrets(), tasks, self.said.append, self.pulls
        )
        self.dialog.open()
        sections = self.dialog.findChild(QListWidget)
        (item,) = sections.findItems("Models", Qt.MatchFlag.MatchExactly)
        sections.setCurrentItem(item)
        page = self.dialog.models
        assert isinstance(page, ModelsPage)
        return page

    async def seen(self) -> ModelsPage:
        """The page once it shows what there is."""
        page = self.open()
        await eventually(lambda: page.ollama.rows or page.ollama.notice.words)
        await eventually(lambda: all(row.isVisible() for row in page.embedded.rows.values()))
        return page

    async def close(self) -> None:
        """Nothing is under way any more. Within the test: after it Qt works on, and no loop runs."""
        if shiboken6.isValid(self.dialog):
            self.dialog.close()
        self.pulls.stop()
        await self.supervisor.close()
        await self.hub.die()
        await self.ollama.die()

    def answer(self, words: str) -> None:
        """Clicks this answer of the question that stands."""
        question = next(made for made in self.dialog.findChildren(Question) if made.isVisible())
        click(question, words)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def click(place: QWidget, words: str) -> None:
    (found,) = [
        made for made in place.findChildren(QPushButton) if made.text().strip() == words and made.isVisible()
    ]
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def tidy(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def tidied(room: Room, **more: Any) -> None:
        try:
            await test(room=room, **more)
        finally:
            await room.close()

    return tidied


def can(card: ProviderCard, name: str) -> list[str]:
    return [made.text() for made in card.rows[name].findChildren(QPushButton) if made.isVisible()]


def tiny_model(folder: Path, licence: str = "mit") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": 2}))
    header = json.dumps({"model.layers.0.w": {}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(2_000_000))
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\nA model.\n")
    return folder


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(models, "PROGRESS_SECONDS", 0.0)
    for name in [name for name in os.environ if name.startswith("TIMMY_")]:
        monkeypatch.delenv(name)
    Theme(QApplication.instance(), "dark").apply()  # type: ignore[arg-type]
    async with HubServer() as hub, OllamaServer() as ollama:
        parent = QWidget()
        parent.resize(900, 700)
        parent.show()
        (tmp_path / "settings.toml").write_text(
            f'[[cascade_providers]]\nkind = "ollama"\nbase_url = "{ollama.url}"\n\n'
            '[[cascade_providers]]\nkind = "embedded"\n\n[[cascade_providers]]\nkind = "airllm"\n'
        )
        (tmp_path / "models").mkdir()
        made = Room(tmp_path, hub, ollama, parent, TaskSupervisor())
        yield made
        parent.close()
        parent.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@tidy
async def test_what_is_there_stands_by_provider_with_size_and_licence(room: Room) -> None:
    (room.models / "mine.gguf").write_bytes(b"GGUF" + bytes(3_000_000))
    page = await room.seen()
    assert page.ollama.rows["llama3.2:latest"].words.text() == "2.0 GB · MIT License"
    assert page.embedded.rows["mine"].words.text() == "3 MB · licence not stated"
    assert page.embedded.rows["small-instruct"].words.text() == "1 MB · Apache-2.0 · trying out"
    assert can(page.embedded, "mine") == ["Delete"]
    assert can(page.embedded, "small-instruct") == ["Fetch"]


@tidy
async def test_without_ollama_it_says_what_to_do_and_shows_the_rest(room: Room) -> None:
    await room.ollama.die()
    page = await room.seen()
    assert "Start Ollama" in page.ollama.notice.words
    assert not page.ollama.rows
    assert "small-instruct" in page.embedded.rows
    await room.ollama.listen()
    await eventually(page.ollama.notice.action_button.isVisible)
    click(page.ollama, "Look again")
    await eventually(lambda: "llama3.2:latest" in page.ollama.rows and not page.ollama.notice.words)


@tidy
async def test_an_ollama_without_models_says_how_to_get_one(room: Room) -> None:
    room.ollama.models = []
    page = room.open()
    await eventually(lambda: page.ollama.empty.isVisible() and page.ollama.empty.text())
    assert "Pull one by its name" in page.ollama.empty.text()


@tidy
async def test_a_model_is_pulled_by_its_name(room: Room) -> None:
    room.ollama.pulls = {"qwen2.5:7b": 1_000_000}
    page = await room.seen()
    assert not page.pull_button.isEnabled()
    QTest.keyClicks(page.name_field, "qwen2.5:7b")
    QTest.keyClick(page.name_field, Qt.Key.Key_Return)
    await eventually(lambda: "2.0 GB" in page.ollama.rows["qwen2.5:7b"].words.text())
    assert room.said[-1].tone == "good"
    assert page.name_field.text() == ""


@tidy
async def test_a_pull_shows_how_far_it_is_and_can_be_cancelled(room: Room) -> None:
    room.ollama.pulls, room.ollama.pull_hangs = {"big": 2_000_000}, True
    page = await room.seen()
    QTest.keyClicks(page.name_field, "big")
    click(page.ollama, "Pull")
    await eventually(lambda: page.ollama.rows["big"].words.text() == "1 MB of 2 MB, 50 %")
    row = page.ollama.rows["big"]
    assert row.bar.isVisible()
    assert row.bar.value() * 2 == row.bar.maximum()
    click(row, "Cancel")
    await eventually(lambda: room.ollama.hung_up)
    await eventually(lambda: "big" not in page.ollama.rows)


@tidy
async def test_what_ollama_does_not_know_is_told_and_can_be_dismissed(room: Room, expected_log: Any) -> None:
    expected_log(r"pull no-such failed")
    page = await room.seen()
    QTest.keyClicks(page.name_field, "no-such")
    click(page.ollama, "Pull")
    await eventually(lambda: "knows no model" in page.ollama.rows["no-such"].words.text())
    assert can(page.ollama, "no-such") == ["Try again", "Dismiss"]
    click(page.ollama.rows["no-such"], "Dismiss")
    await eventually(lambda: "no-such" not in page.ollama.rows)


@tidy
async def test_a_small_model_is_fetched_after_a_yes(room: Room) -> None:
    page = await room.seen()
    click(page.embedded.rows["small-instruct"], "Fetch")
    room.answer("Not now")
    assert room.hub.requests == []
    click(page.embedded.rows["small-instruct"], "Fetch")
    room.answer("Fetch it")
    await eventually(lambda: can(page.embedded, "small-instruct") == ["Delete"])
    assert (room.models / "small-instruct.gguf").read_bytes() == room.hub.content


@tidy
async def test_a_fetch_that_is_cancelled_goes_on_where_it_was(room: Room) -> None:
    room.hub.hangs_after = 512_000
    page = await room.seen()
    click(page.embedded.rows["small-instruct"], "Fetch")
    room.answer("Fetch it")
    await eventually(lambda: "49 %" in page.embedded.rows["small-instruct"].words.text())
    click(page.embedded.rows["small-instruct"], "Cancel")
    await eventually(lambda: can(page.embedded, "small-instruct") == ["Go on", "Delete"])
    assert "fetched" in page.embedded.rows["small-instruct"].words.text()
    room.hub.hangs_after = None
    click(page.embedded.rows["small-instruct"], "Go on")
    room.answer("Fetch it")
    await eventually(lambda: can(page.embedded, "small-instruct") == ["Delete"])
    assert room.hub.ranges()[-1] == "bytes=512000-"


@tidy
async def test_without_the_hub_it_says_so_and_can_be_tried_again(room: Room, expected_log: Any) -> None:
    expected_log(r"pull small-instruct failed")
    room.hub.is_missing = True
    page = await room.seen()
    click(page.embedded.rows["small-instruct"], "Fetch")
    room.answer("Fetch it")
    await eventually(lambda: "does not give" in page.embedded.rows["small-instruct"].words.text())
    room.hub.is_missing = False
    click(page.embedded.rows["small-instruct"], "Try again")
    await eventually(lambda: can(page.embedded, "small-instruct") == ["Delete"])


@tidy
async def test_a_download_goes_on_while_preferences_is_closed(room: Room) -> None:
    room.hub.hangs_after = 512_000
    page = await room.seen()
    click(page.embedded.rows["small-instruct"], "Fetch")
    room.answer("Fetch it")
    await eventually(lambda: "49 %" in page.embedded.rows["small-instruct"].words.text())
    room.dialog.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert room.pulls.is_running("small-instruct")
    page = await room.seen()
    assert "49 %" in page.embedded.rows["small-instruct"].words.text()


@tidy
async def test_a_model_is_deleted_after_a_yes_that_says_what_it_is_for(room: Room) -> None:
    room.ollama.models.append(tag("qwen2.5:7b"))
    page = await room.seen()
    choice = page.purposes.choices[0, "code"]
    choice.setCurrentIndex(choice.findData("qwen2.5:7b"))
    click(page.ollama.rows["qwen2.5:7b"], "Delete")
    (question,) = room.dialog.findChildren(Question)
    assert "chosen for code" in " ".join(
        made.text() for made in question.findChildren(type(page.ollama.empty))
    )
    room.answer("Keep it")
    assert len(room.ollama.models) == 2
    click(page.ollama.rows["qwen2.5:7b"], "Delete")
    room.answer("Delete")
    await eventually(lambda: "qwen2.5:7b" not in page.ollama.rows)
    assert [model["name"] for model in room.ollama.models] == ["llama3.2:latest"]


@tidy
async def test_a_deletion_that_fails_is_told(room: Room, expected_log: Any) -> None:
    expected_log(r"delete model failed")
    page = await room.seen()
    click(page.ollama.rows["llama3.2:latest"], "Delete")
    room.ollama.models = []
    room.answer("Delete")
    await eventually(lambda: "did not delete" in page.failure.words)


@tidy
async def test_a_model_for_each_purpose_is_written_and_read_again(room: Room) -> None:
    room.ollama.models.append(tag("qwen2.5-coder:7b"))
    page = await room.seen()
    await eventually(lambda: page.purposes.choices[0, "code"].findData("qwen2.5-coder:7b") > 0)
    choice = page.purposes.choices[0, "code"]
    choice.setCurrentIndex(choice.findData("qwen2.5-coder:7b"))
    room.dialog.save()
    (ollama, *_) = load_settings(room.file).cascade_providers
    assert ollama.model_for("code") == "qwen2.5-coder:7b"
    assert ollama.model_for("agent") == ""
    assert "at the next start" in room.said[-1].text
    page = await room.seen()
    assert page.purposes.choices[0, "code"].currentData() == "qwen2.5-coder:7b"
    page.purposes.choices[0, "code"].setCurrentIndex(0)
    room.dialog.save()
    assert load_settings(room.file).cascade_providers[0].models == {}


@tidy
async def test_without_airllm_it_says_so_and_how_it_is_installed(room: Room) -> None:
    page = await room.seen()
    await eventually(lambda: page.airllm.notice.words)
    assert "it is optional" in page.airllm.notice.words
    assert "install airllm==4.0.0" in page.airllm.how.text()


@tidy
async def test_a_folder_is_trusted_after_a_yes_and_saved(room: Room) -> None:
    folder = tiny_model(room.folder / "giant")
    page = await room.seen()
    page.airllm.ask_folder(str(folder))
    room.answer("Don't trust it")
    assert page.airllm.changes() == {}
    page.airllm.ask_folder(str(folder))
    room.answer("Trust it")
    await eventually(lambda: "mit" in page.airllm.rows["giant"].words.text())
    assert page.purposes.choices[2, "chat"].findData("giant") > 0
    room.dialog.save()
    assert load_settings(room.file).airllm_models == (folder,)
    page = await room.seen()
    await eventually(lambda: "giant" in page.airllm.rows)
    click(page.airllm.rows["giant"], "Remove")
    room.dialog.save()
    assert load_settings(room.file).airllm_models == ()
    assert (folder / "config.json").exists()


@tidy
async def test_an_id_is_trusted_and_found_where_the_hubs_client_put_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(room.folder / "hub"))
    page = await room.seen()
    QTest.keyClicks(page.airllm.id_field, "nonsense")
    click(page.airllm, "Add id…")
    assert "two parts" in page.airllm.message.text()
    page.airllm.id_field.clear()
    QTest.keyClicks(page.airllm.id_field, "meta/giant-70b")
    click(page.airllm, "Add id…")
    room.answer("Trust it")
    await eventually(lambda: "hf download meta/giant-70b" in page.airllm.rows["giant-70b"].words.text())
    repository = room.folder / "hub/models--meta--giant-70b"
    tiny_model(repository / "snapshots/0123abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("0123abc")
    page.refresh()
    await eventually(lambda: "2 MB · mit" in page.airllm.rows["giant-70b"].words.text())
    room.dialog.save()
    assert load_settings(room.file).airllm_models == (Path("meta/giant-70b"),)
