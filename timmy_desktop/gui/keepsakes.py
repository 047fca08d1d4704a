"""What a panel remembers between starts: drafts, orders, filters. A small file that is its owner's alone."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


class Keepsakes:
    """Values by name in one JSON file. Losing it costs comfort, never work: faults are logged, not raised."""

    def __init__(self, path: Path | None) -> None:
        """Without a path nothing outlives the object. The file is read at the first question."""
        self._path = path
        self._values: dict[str, Any] | None = None
        self._changed = False

    def text(self, name: str) -> str:
        """The text kept under `name`, or ""."""
        value = self._known().get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """The number kept under `name`, or 0."""
        value = self._known().get(name)
        return value if isinstance(value, int) else 0

    def put(self, name: str, value: str | int) -> None:
        """Keeps `value`; it is on the disk after the next `save`."""
        values = self._known()
        if values.get(name) != value:
            values[name] = value
            self._changed = True

    def save(self) -> None:
        """Writes what changed, whole or not at all."""
        if not self._changed or self._path is None:
            return
        self._changed = False
        beside = self._path.with_suffix(".new")
        try:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(self._values, file)
            beside.replace(self._path)
        except OSError as error:
            logger.warning("What the window remembers could not be written to %s: %s", self._path, error)

    def _known(self) -> dict[str, Any]:
        if self._values is None:
            self._values = _read(self._path)
        return self._values


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
