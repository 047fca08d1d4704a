from __future__ import annotations

from pathlib import Path

import pytest

from timmy_desktop.gui.preferences.document import SettingsDocument, save_theme
from timmy_desktop.settings import SettingsError, load_settings

TEXT = """\
# mine
theme = "dark"   # for the night

[[cascade_providers]]
kind = "ollama"
# the big machine
base_url = "http://10.0.0.2:11434"
"""


def test_comments_and_order_stay(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(TEXT, encoding="utf-8")
    SettingsDocument(file).save({"theme": "light", "task_max_steps": 4}, {0: {"model": "llama3.2"}})
    text = file.read_text(encoding="utf-8")
    assert "# mine" in text
    assert "# for the night" in text
    assert "# the big machine" in text
    settings = load_settings(file)
    assert (settings.theme, settings.task_max_steps) == ("light", 4)
    assert settings.cascade_providers[0].model == "llama3.2"
    assert settings.cascade_providers[0].base_url == "http://10.0.0.2:11434"


def test_a_first_file_is_made_private(tmp_path: Path) -> None:
    file = tmp_path / "config" / "settings.toml"
    save_theme(file, "light")
    assert load_settings(file).theme == "light"
    assert file.stat().st_mode & 0o077 == 0


def test_default_providers_are_written_out_when_one_changes(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    before = load_settings(file).cascade_providers
    SettingsDocument(file).save({}, {0: {}, 1: {"enabled": False}})
    after = load_settings(file).cascade_providers
    assert [provider.kind for provider in after] == [provider.kind for provider in before]
    assert [provider.enabled for provider in after] == [True, False, True, True]


def test_unusable_values_are_not_written(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(TEXT, encoding="utf-8")
    with pytest.raises(SettingsError, match="task_max_steps"):
        SettingsDocument(file).save({"task_max_steps": 0})
    assert file.read_text(encoding="utf-8") == TEXT


def test_a_broken_file_is_left_to_the_person(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("theme = ", encoding="utf-8")
    with pytest.raises(SettingsError, match="not valid TOML"):
        save_theme(file, "light")
    assert file.read_text(encoding="utf-8") == "theme = "


def test_none_removes_a_value(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('workspace = "/somewhere"\n', encoding="utf-8")
    SettingsDocument(file).save({"workspace": None})
    assert load_settings(file).workspace is None
