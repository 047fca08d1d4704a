"""Settings: defaults, the file, the environment over it, and words for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from timmy_desktop.paths import Paths
from timmy_desktop.settings import ProviderSettings, Secrets, SettingsError, load_settings


def test_a_missing_file_means_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "none.toml")
    assert settings.circuit_breaker_threshold == 5
    assert settings.upgrade_timeout_hours == 24
    assert [provider.kind for provider in settings.cascade_providers] == [
        "ollama",
        "airllm",
        "embedded",
        "api",
    ]


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('theme = "light"\ncircuit_breaker_threshold = 7\n')
    monkeypatch.setenv("TIMMY_CIRCUIT_BREAKER_THRESHOLD", "9")
    settings = load_settings(file)
    assert settings.theme == "light"
    assert settings.circuit_breaker_threshold == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = ", "not valid TOML"),
        ('them = "dark"', "them: there is no such setting"),
        ("circuit_breaker_threshold = 0", "circuit_breaker_threshold: Input should be greater"),
        (
            '[[cascade_providers]]\nkind = "ollama"\nport = 1',
            "cascade_providers.0.port: there is no such setting",
        ),
        ('[[cascade_providers]]\nkind = "magic"', "cascade_providers.0.kind"),
    ],
)
def test_a_broken_file_says_where_and_what_to_do(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match="orrect") as caught:
        load_settings(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://[::1", "the host of this address can't be read"),
        ("http://localhost:99999", "a number from 1 to 65535"),
        ("http://localhost:0", "a number from 1 to 65535"),
        ("http://localhost:eleven", "a number from 1 to 65535"),
        ("localhost:11434", "begins with http:// or https://"),
        ("file:///etc/passwd", "begins with http:// or https://"),
        ("http://", "names no host"),
        ("http://a..b", "names no host"),
        ("http://a b/", "no spaces"),
        ("http://user:hunter2@:1", "names no host"),
    ],
)
def test_an_address_that_cannot_be_called_is_said_and_not_repeated(
    tmp_path: Path, url: str, words: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'[[cascade_providers]]\nkind = "api"\nbase_url = "{url}"\n')
    with pytest.raises(SettingsError, match=r"cascade_providers\.0\.base_url: ") as caught:
        load_settings(file)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "http://127.0.0.1:11434", "https://api.example.com/v1/", "http://[::1]:8080/v1", "HTTP://my_host.",
     "https://bücher.example"],
)  # fmt: skip
def test_an_address_that_can_be_called_is_kept(url: str) -> None:
    assert ProviderSettings(kind="api", base_url=f" {url} ").base_url == url


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError):
        load_settings(file)


def test_a_data_folder_of_ones_own_holds_everything(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path)
    assert paths.config_file.parent == paths.database.parent == paths.backups.parent == tmp_path


def test_secrets_come_from_the_environment_and_blanks_are_unset() -> None:
    secrets = Secrets({"TIMMY_SECRET_API": " key ", "TIMMY_SECRET_BLANK": "  "})
    key = secrets.get("api")
    assert key is not None
    assert key.get_secret_value() == "key"
    assert "key" not in repr(key)
    assert secrets.get("blank") is None
    assert secrets.get("none") is None


def test_a_purpose_has_its_model_the_closest_choice_first() -> None:
    entry = ProviderSettings(kind="ollama", model="any", models={"chat": "talker", "agents": "doer"})
    asked = {purpose: entry.model_for(purpose) for purpose in ("chat", "probe", "agent", "code", "other")}
    assert asked == {"chat": "talker", "probe": "talker", "agent": "doer", "code": "doer", "other": "any"}
    coder = entry.model_copy(update={"models": {"code": "coder"}})
    assert (coder.model_for("code"), coder.model_for("agent")) == ("coder", "any")


def test_an_environment_variable_that_is_no_json_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMMY_CASCADE_PROVIDERS", "foo")
    with pytest.raises(SettingsError, match="cascade_providers"):
        load_settings(tmp_path / "none.toml")
