"""docs/guide/settings.md names every setting with its default, its range and its variable, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tests.papers import DOCS, code
from timmy_desktop.settings import PersonaSettings, ProviderSettings, Settings, load_settings

GUIDE = "guide/settings.md"
MODELS = (Settings, ProviderSettings, PersonaSettings)


def rows(model: type[BaseModel]) -> dict[str, list[str]]:
    """The cells of the table that follows `<!-- settings: Model -->`, by the setting's name."""
    text = (DOCS / GUIDE).read_text(encoding="utf-8")
    table = text.split(f"<!-- settings: {model.__name__} -->")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {found[1]: line for line in cells if (found := re.fullmatch(r"`(\w+)`", line[0]))}


def shown_default(field: FieldInfo) -> str:
    """A default as the guide writes it."""
    if field.is_required():
        return "needed"
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, tuple) and value and isinstance(value[0], ProviderSettings):
        return ", ".join(f"`{provider.label}`" for provider in value)
    if value is None or value in ("", (), {}):
        return "none"
    return f"`{value:,}`" if isinstance(value, int | float) and not isinstance(value, bool) else _word(value)


def shown_range(field: FieldInfo) -> str:
    """What is allowed, as the guide writes it; empty where the type says all."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    bounds = {
        name: getattr(part, name)
        for part in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(part, name)
    }
    least = f"above {bounds['gt']}" if "gt" in bounds else f"{bounds['ge']}" if "ge" in bounds else ""
    most = f" to {bounds['le']:,}" if "le" in bounds else " or more" if least else ""
    return least + most


def _word(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_is_there_and_nothing_else(model: type[BaseModel]) -> None:
    assert list(rows(model)) == list(model.model_fields)


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in MODELS for name in model.model_fields]
)
def test_its_default_and_its_range_are_true(model: type[BaseModel], name: str) -> None:
    default, allowed, meaning = rows(model)[name][1:4]
    assert default == shown_default(model.model_fields[name])
    if expected := shown_range(model.model_fields[name]):
        assert allowed == expected
    assert len(meaning) > 10, "say what it means"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_its_variable_works(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variable, example = (cell.strip("`") for cell in rows(Settings)[name][4].split("=", 1))
    assert variable == f"TIMMY_{name.upper()}"
    monkeypatch.setenv(variable, example)
    load_settings(tmp_path / "none.toml")


def test_the_example_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(code(GUIDE, "example"), encoding="utf-8")
    settings = load_settings(file)
    assert [provider.label for provider in settings.cascade_providers] == ["ollama", "embedded", "lab"]
    assert settings.theme == "light"
