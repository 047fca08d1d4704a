"""`settings.toml` as a person wrote it: changed in place, comments and order kept. Free of Qt."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from timmy_desktop.settings import Settings, SettingsError, load_settings

Changes = Mapping[str, Any]


class SettingsDocument:
    """Reads the file once; `save` writes it whole or not at all."""

    def __init__(self, file: Path) -> None:
        """Raises SettingsError for a file that is broken: it is mended by hand, not overwritten."""
        import tomlkit

        self._file = file
        self.settings = load_settings(file)
        """What is in force: file and environment over the defaults."""
        try:
            self._document = tomlkit.parse(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._document = tomlkit.document()

    def save(self, changes: Changes, providers: Mapping[int, Changes] | None = None) -> None:
        """Sets top-level values (None removes one) and values of the providers by their place.

        Raises SettingsError, and writes nothing, when the settings would not be usable.
        """
        for name, value in changes.items():
            self._set(self._document, name, value)
        if providers and any(providers.values()):
            self._set_providers(providers)
        self._check()
        self._write()

    def _set(self, table: Any, name: str, value: Any) -> None:
        if value is None:
            table.pop(name, None)
        else:
            table[name] = _written(value)

    def _set_providers(self, changes: Mapping[int, Changes]) -> None:
        if "cascade_providers" not in self._document:
            self._document["cascade_providers"] = self._default_providers()
        entries: Any = self._document["cascade_providers"]
        for place, values in changes.items():
            for name, value in values.items():
                self._set(entries[place], name, value)

    def _default_providers(self) -> Any:
        import tomlkit

        entries = tomlkit.aot()
        for provider in self.settings.cascade_providers:
            entry = tomlkit.table()
            for name, value in provider.model_dump(exclude_defaults=True).items():
                entry[name] = _written(value)
            entries.append(entry)
        return entries

    def _check(self) -> None:
        try:
            Settings(**self._document.unwrap())
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            words = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in problems)
            raise SettingsError(f"Not saved: {words}. Correct this and save again.") from error

    def _write(self) -> None:
        partial = self._file.with_suffix(".partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self._document.as_string())
            partial.replace(self._file)
        except OSError as error:
            raise SettingsError(
                f"The settings were not saved: {self._file} can't be written ({error.strerror})."
            ) from error


def _written(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update({name: _written(item) for name, item in value.items()})
        return table
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def save_theme(file: Path, theme: str) -> None:
    """Keeps the theme that was chosen in the window; SettingsError when the file can't take it."""
    SettingsDocument(file).save({"theme": theme})
