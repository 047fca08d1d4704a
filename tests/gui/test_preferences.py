"""Preferences: what was typed is kept or told, also when the dialog has gone before the keychain answers."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.preferences import PreferencesDialog
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import Theme
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
